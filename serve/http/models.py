"""/v1/models: what is registered, and what serves."""

from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ...training.registry import models as registered
from ...training.registry import promote_together, roll_back
from .access import PROMOTE, READ
from .media import JSON, wanted_type, write_table
from .numbers import Whole
from .off_loop import off_loop
from .problems import RESPONSES, Problem
from .sent_table import table_answer
from .service import Service, service_of
from .store_troubles import while_registry_answers

router = APIRouter(tags=["models"])


def registered_models() -> pd.DataFrame:
    """What `ion.models()` gives."""
    return while_registry_answers(registered)


_EXAMPLE = {
    "serving": {"conductivity": 2},
    "rows": [
        {
            "property": "conductivity",
            "version": 2,
            "champion": True,
            "created": "2026-11-26T14:00:00+00:00",
            "data_hash": "4f1c...",
            "run_id": "0a1b...",
            "MAE_chemical_system": 0.73,
        }
    ],
}


@router.get(
    "/v1/models",
    summary="Registered models",
    responses={
        **RESPONSES,
        200: table_answer("One row a version, newest first, with its metrics and the hash of its data.", _EXAMPLE),
    },
)
async def models(request: Request, _: READ) -> Response:
    """What `ion.models()` gives, and under `serving` the version that answers each property at this moment."""
    service = service_of(request)
    wanted = wanted_type(request.headers.get("accept"), JSON)
    table = await off_loop(service, registered_models)
    about: dict[str, Any] = {"serving": service.models.current().versions} if len(table) else {"serving": {}}
    return Response(write_table(table, wanted, about), media_type=wanted)


class Promotion(BaseModel):
    """Which version shall serve."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"version": 1}]})

    version: Whole = Field(ge=1, le=2**31 - 1, description="Version, as /v1/models lists it.")


class Moved(BaseModel):
    """What serves now."""

    moved: dict[str, int] = Field(description="Property to version whose alias was set.")
    serving: dict[str, int] = Field(description="Property to version that answers from now on.")


Name = Annotated[str, Path(max_length=64, description="Property.", examples=["conductivity"])]
_MOVES: dict[int | str, dict[str, Any]] = {**RESPONSES, 404: {"description": "No such property or version."}}


@router.post(
    "/v1/models/{name}/promote",
    summary="Let a version serve",
    response_description="What serves now.",
    responses=_MOVES,
)
async def promote(request: Request, _: PROMOTE, name: Name, asked: Promotion) -> Moved:
    """The property that comes from the same model moves with it. Requests under way end with the old model."""
    return await off_loop(service_of(request), _move, service_of(request), promote_together, name, asked.version)


@router.post(
    "/v1/models/{name}/rollback",
    summary="Let the version before serve again",
    response_description="What serves now.",
    responses=_MOVES,
)
async def rollback(request: Request, _: PROMOTE, name: Name) -> Moved:
    """Rolling back twice ends where it began. Where no other version has served, the answer is 404."""
    return await off_loop(service_of(request), _move, service_of(request), roll_back, name)


def _move(service: Service, move: Any, *arguments: Any) -> Moved:
    try:
        moved = while_registry_answers(lambda: move(*arguments))
    except LookupError as error:
        raise Problem(404, str(error.args[0])) from error
    service.models.look()
    return Moved(moved=moved, serving=service.models.current().versions)
