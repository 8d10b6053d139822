"""What stands behind the answers: the registered models with their cards, and the data sheet of the tables."""

from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Request, Response

from ...models.hybrid import HYBRID_CONDUCTIVITY
from ...models.properties import PROPERTIES
from ...training import curated
from ...training.registry import champion_run, connect, models
from .answering import PageError, PageRoute, page
from .markdown import as_html

router = APIRouter(route_class=PageRoute)
_FACTS = {**PROPERTIES, HYBRID_CONDUCTIVITY.name: HYBRID_CONDUCTIVITY}


@router.get("/models")
def model_list(request: Request) -> Response:
    """Registered models, newest first, and which serve."""
    rows: list[dict[Any, Any]] = models().to_dict("records")
    errors = sorted({column for row in rows for column in row if str(column).startswith("MAE_by_")})
    return page(request, "models.html", rows=rows, errors=errors, facts=_FACTS)


@router.get("/models/{name}")
def model_card(request: Request, name: str) -> Response:
    """The card of the model that serves a property."""
    if name not in _FACTS:
        raise PageError(f"property {name!r} is not known; choose one of {', '.join(_FACTS)}", 404)
    return page(request, "document.html", title=f"Model card: {name.replace('_', ' ')}", body=as_html(_card(name)))


@router.get("/datasheet")
def datasheet(request: Request) -> Response:
    """The data sheet of the curated tables."""
    text = (files(curated) / "DATASHEET.md").read_text(encoding="utf-8")
    return page(request, "document.html", title="Datasheet", body=as_html(text))


def _card(name: str) -> str:
    """Markdown of the card that was written when the champion was fitted."""
    from mlflow.artifacts import load_text
    from mlflow.exceptions import MlflowException

    run = connect().get_run(champion_run(name))
    try:
        return load_text(f"{run.info.artifact_uri}/model_card.md")
    except MlflowException as error:
        raise PageError(f"the run that made the model of {name} holds no model card", 404) from error
