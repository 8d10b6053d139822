"""The front page and the answer to a search: any compositions in, one row of properties each."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from ...featurize.composition import CompositionBatch
from ...models.properties import PROPERTIES
from ..screen.guard_rails import guard
from . import asking
from .answering import PageError, PageRoute, page
from .asking import Text
from .downloads import table_response
from .interval_cells import property_columns
from .predictions import predicted

router = APIRouter(route_class=PageRoute)


@dataclass(frozen=True)
class Example:
    """A search worth trying."""

    title: str
    formulas: str
    temperature: str = "25"
    state: str = "crystalline"


EXAMPLES = (
    Example("NASICON, bare and with scandium", "Na3Zr2Si2PO12, Na3.4Sc0.4Zr1.6Si2PO12"),
    Example("Sulfides at 60 °C", "Na3PS4, Na3SbS4, Na2.88Sb0.88W0.12S4, Na11Sn2PS12", "60"),
    Example("Halides against oxidation", "Na2ZrCl6, Na2.5Zr0.5Y0.5Cl6, NaAlCl4, NaTaCl6"),
)


@router.get("/")
def home(request: Request) -> Response:
    """The front page."""
    return page(request, "home.html", form=_form(), examples=EXAMPLES, facts=PROPERTIES)


@router.get("/predict")
def search(request: Request, formulas: Text = "", temperature: Text = "", state: Text = "") -> Response:
    """Predictions of some formulas."""
    form = _form(formulas, temperature, state)
    try:
        asked = asking.formulas(formulas)
        if not asked:
            raise PageError("no formula is given; type one, e.g. Na3Zr2Si2PO12")
        temperature_C, chosen = asking.temperature_C(temperature), asking.state(state)
    except PageError as error:
        return page(
            request, "home.html", error.status, form=form, examples=EXAMPLES, facts=PROPERTIES, problem=str(error)
        )
    table = predicted(tuple(asked), (temperature_C,) * len(asked), chosen)
    return page(
        request,
        "predictions.html",
        form=form,
        rows=table.to_dict("records"),
        columns=property_columns(table),
        remarks=guard(CompositionBatch.from_formulas(asked)).tolist(),
        errors=int(table["error"].notna().sum()),
        temperature_C=temperature_C,
        state=chosen,
    )


@router.get("/predict.{ending}")
def search_download(ending: str, formulas: Text = "", temperature: Text = "", state: Text = "") -> Response:
    """The same predictions as a file."""
    asked = asking.formulas(formulas)
    if not asked:
        raise PageError("no formula is given")
    temperature_C = asking.temperature_C(temperature)
    return table_response(
        predicted(tuple(asked), (temperature_C,) * len(asked), asking.state(state)), "predictions", ending
    )


def _form(formulas: str = "", temperature: str = "", state: str = "") -> dict[str, str]:
    return {"formulas": formulas, "temperature": temperature or "25", "state": state or "crystalline"}
