"""Verbs that take a table and give one: /v1/predict_hybrids, /v1/rank, /v1/explain and /v1/neighbours."""

from collections.abc import Callable
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Query, Request, Response

from ...models.properties import PROPERTIES, STATES
from ...training.store.engine import StoreError
from ..explain import explain_with, neighbours
from ..hybrids import hybrid_input, predict_hybrid_table
from ..screen.ranking import rank
from ..screen.spec import DEFAULT_SPEC
from .access import READ
from .media import ENDINGS, JSON, wanted_type, write_table
from .off_loop import off_loop
from .predict import State
from .problems import RESPONSES, Problem, asked_of_library
from .sent_table import meaning_of, sent_table, table_answer, table_body
from .service import service_of

router = APIRouter(tags=["tables"])

_HYBRIDS = [
    {"polymer": "PEO", "salt": "NaTFSI", "salt_loading": 20, "salt_loading_unit": "EO_to_Na", "temperature_C": 60}
]
_PREDICTED = [
    {"formula": "NaCl", "oxidation_limit_V": 3.8, "oxidation_limit_V_lower": 3.4, "oxidation_limit_V_upper": 4.2},
    {"formula": "Na3PS4", "oxidation_limit_V": 2.1, "oxidation_limit_V_lower": 1.7, "oxidation_limit_V_upper": 2.5},
]
_FORMULAS = [{"formula": "Na3Zr2Si2PO12"}, {"formula": "Na3PS4"}]
_MIXTURE = (
    *("polymer", "polymer_smiles", "salt", "salt_loading", "salt_loading_unit", "filler", "filler_wt_pct"),
    *("plasticizer", "class", "temperature_C"),
)
_FORMULA = {"formula": "Composition, e.g. Na3Zr2Si2PO12."}
_STATE = {"state": f"One of {', '.join(STATES)}."}
_PROPERTY_COLUMNS = {
    fact.column: f"{fact.label}; its bounds in `{'` and `'.join(fact.columns[1:])}`." for fact in PROPERTIES.values()
}


def _responses(told: str) -> dict[int | str, dict[str, Any]]:
    return {**RESPONSES, 200: table_answer(told)}


Interval = Annotated[float, Query(gt=0, lt=1, description="Fraction of new measurements the bounds hold.")]


@router.post(
    "/v1/predict_hybrids",
    summary="Predict the conductivity of mixtures",
    openapi_extra=table_body(_HYBRIDS, {name: meaning_of(name) for name in _MIXTURE}),
    responses=_responses("The table, with `log10_conductivity`, its bounds, the domain score and `error` behind it."),
)
async def predict_hybrids(
    request: Request,
    _: READ,
    temperature_C: Annotated[
        float | None, Query(allow_inf_nan=False, description="Celsius; fills what the table leaves open.")
    ] = None,
    interval: Interval = 0.9,
) -> Response:
    """A table of polymer, salt, filler and plasticizer, as `ion.predict_hybrids` takes it."""
    served = service_of(request).models.current()
    if served.hybrid is None:
        raise Problem(503, "no model of hybrids serves; run `ionscout train` first", headers={"Retry-After": "30"})
    hybrid = served.hybrid
    return await _answered(
        request, lambda table: predict_hybrid_table(hybrid_input(table, temperature_C), hybrid, interval)
    )


@router.post(
    "/v1/rank",
    summary="Order predictions",
    openapi_extra=table_body(_PREDICTED, _FORMULA | _PROPERTY_COLUMNS),
    responses=_responses("The table, best first, with `rank`, `probability`, `limited_by` and `why`."),
)
async def ranked(
    request: Request,
    _: READ,
    spec: Annotated[
        str,
        Query(
            max_length=1000,
            description="What must be met, as chemists write it.",
            examples=["oxidation limit >= 3, no Co"],
        ),
    ] = DEFAULT_SPEC,
    interval: Interval = 0.9,
) -> Response:
    """Predictions in the order of the probability that they meet a spec, as `ion.rank` gives them, and why."""
    return await _answered(request, lambda table: rank(numbers_of(table), spec, interval=interval))


@router.post(
    "/v1/explain",
    summary="Why a prediction is what it is",
    openapi_extra=table_body(_FORMULAS, _FORMULA | _STATE),
    responses=_responses("A row for each formula and word: what it adds, and `because`."),
)
async def explained(
    request: Request, _: READ, state: Annotated[State | None, Query(description="Of rows that do not say.")] = None
) -> Response:
    """What adds to the predicted conductivity and activation energy of each formula, as `ion.explain` says."""
    models = service_of(request).models.current().models
    return await _answered(request, lambda table: explain_with(models, table, state))


@router.post(
    "/v1/neighbours",
    summary="What was measured nearest",
    openapi_extra=table_body(_FORMULAS, _FORMULA),
    responses=_responses("A row for each formula and neighbour, nearest first."),
)
async def nearest(
    request: Request,
    _: READ,
    count: Annotated[int, Query(ge=1, le=100, description="Compositions for each formula.")] = 5,
    stored: Annotated[bool, Query(description="Look among the measurements that were added, too.")] = False,
) -> Response:
    """The measured electrolytes nearest to each formula, with values and sources, as `ion.neighbours` gives them."""

    def near(table: pd.DataFrame) -> pd.DataFrame:
        try:
            return neighbours(table, count, stored)
        except StoreError as error:
            raise Problem(503, f"{error}; ask again", headers={"Retry-After": "10"}) from error

    return await _answered(request, near)


async def _answered(request: Request, do: Callable[[pd.DataFrame], pd.DataFrame]) -> Response:
    service = service_of(request)
    table, media = await sent_table(request)
    wanted = wanted_type(request.headers.get("accept"), media)

    def work() -> bytes:
        with asked_of_library():
            out = do(table)
        return write_table(out, wanted)

    async with service.large:
        content = await off_loop(service, work)
    headers = {} if wanted == JSON else {"content-disposition": f'attachment; filename="table.{ENDINGS[wanted]}"'}
    return Response(content, headers=headers, media_type=wanted)


def numbers_of(table: pd.DataFrame) -> pd.DataFrame:
    """The table with texts of CSV cells made numbers, where a whole column is."""
    out = {}
    for name, column in table.items():
        try:
            out[name] = pd.to_numeric(column) if column.dtype == object and column.notna().any() else column
        except (ValueError, TypeError):
            out[name] = column
    return pd.DataFrame(out, index=table.index)
