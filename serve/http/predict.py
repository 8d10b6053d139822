"""POST /v1/predict: `ion.predict` over HTTP."""

import threading
from typing import Any, Literal

import numpy as np
import orjson
import pandas as pd
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.routing import Route

from ...models.properties import PROPERTIES, STATES
from ..predict import input_table, predict_table
from .access import caller, needs
from .batching import How, Rows
from .described import query_parameters, schema_of
from .media import (
    ARROW,
    CSV,
    ENDINGS,
    JSON,
    NDJSON,
    PARQUET,
    check_cells,
    content_type,
    frame_of,
    read_table,
    wanted_type,
    write_table,
)
from .numbers import Number
from .off_loop import off_loop
from .problems import RESPONSES, Problem, asked_of_library, of_validation
from .sent_structures import checked_structures
from .sent_table import table_answer
from .service import Service, service_of
from .table_limits import check_rows, unreadable

router = APIRouter(tags=["predict"])

# Between two chunks a request that nobody waits for any more is given up.
CHUNK_ROWS = 1024
# Where rows bring structures, which may take a fifth of a second each.
CHUNK_STRUCTURES = 16
# Rows of more characters are not remembered: what is remembered has a known size.
_LONGEST_REMEMBERED = 500
# A body of more bytes is parsed off the event loop.
_QUICK_BYTES = 65_536

State = Literal["crystalline", "glass_ceramic", "glass", "amorphous", "unknown"]
assert State.__args__ == STATES
PropertyName = Literal["conductivity", "activation_energy", "reduction_limit", "oxidation_limit", "energy_above_hull"]
assert PropertyName.__args__ == tuple(PROPERTIES)


class Row(BaseModel):
    """One row of a table; fields besides these are carried through to the answer."""

    model_config = ConfigDict(extra="allow")

    formula: Any = Field(default=None, description="Composition, e.g. Na3Zr2Si2PO12.", examples=["Na3Zr2Si2PO12"])
    structure: Any = Field(default=None, description="CIF text, beside a formula or instead of one.")
    temperature_C: Any = Field(default=None, description="Celsius; 25 if nothing is said.", examples=[60])
    state: Any = Field(default=None, description=f"One of {', '.join(STATES)}.", examples=["crystalline"])


class PredictQuery(BaseModel):
    """What may be said of all rows, in the query or in a JSON body."""

    model_config = ConfigDict(extra="forbid")

    temperature_C: Number | None = Field(
        default=None, allow_inf_nan=False, description="Celsius; fills what the rows leave open."
    )
    state: State | None = Field(
        default=None, description="Fills what the rows leave open; crystalline if nothing is said."
    )
    interval: Number = Field(
        default=0.9, gt=0, lt=1, description="Fraction of new measurements the bounds should hold."
    )
    properties: list[PropertyName] = Field(
        default=[], max_length=10, description="Only these, and what comes from the same model; all if none is named."
    )


class PredictBody(PredictQuery):
    """What is asked: one formula, or `inputs` with many."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"formula": "Na3Zr2Si2PO12", "temperature_C": 60},
                {"inputs": ["Na3PS4", "Na2.88Sb0.88W0.12S4"], "interval": 0.8},
                {"inputs": [{"formula": "Na3PS4", "temperature_C": 100, "label": "batch 7"}, {"formula": "NaCl"}]},
            ]
        },
    )

    formula: str | None = Field(default=None, description="One composition.")
    structure: str | None = Field(default=None, description="CIF text of one structure, instead of a formula.")
    inputs: str | list[str | Row] | None = Field(default=None, description="Compositions, or rows of a table.")

    @property
    def how(self) -> How:
        """What rows must share to be answered together."""
        return How(self.interval, frozenset(self.properties))

    def rows(self) -> list[dict[str, Any]]:
        """The rows as dictionaries, with temperature and state filled in.

        Raises
        ------
        Problem
            422 if there is not exactly one of formula, structure and inputs, or a cell is a list or an object.
        """
        given = [name for name in ("formula", "structure", "inputs") if getattr(self, name) is not None]
        if len(given) != 1:
            raise Problem(
                422, f"give one of formula, structure and inputs{', not ' + ' and '.join(given) if given else ''}"
            )
        if self.inputs is None:
            rows = [{name: value for name in ("formula", "structure") if (value := getattr(self, name)) is not None}]
        else:
            inputs = [self.inputs] if isinstance(self.inputs, str) else self.inputs
            rows = [{"formula": i} if isinstance(i, str) else i.model_dump(exclude_unset=True) for i in inputs]
            for number, row in enumerate(rows):
                check_cells(row, number)
        temperature = 25.0 if self.temperature_C is None else self.temperature_C
        filling: dict[str, Any] = {"temperature_C": temperature, "state": self.state or "crystalline"}
        for row in rows:
            for name, value in filling.items():
                if row.get(name) is None:
                    row[name] = value
        return rows


_TABLES = {
    CSV: {"schema": {"type": "string"}, "example": "formula,temperature_C\nNa3PS4,60\nNa3Zr2Si2PO12,25\n"},
    NDJSON: {"schema": {"type": "string"}, "example": '{"formula": "Na3PS4"}\n{"formula": "NaCl"}\n'},
    PARQUET: {"schema": {"type": "string", "format": "binary"}},
    ARROW: {"schema": {"type": "string", "format": "binary"}},
}
_ANSWER = {
    "interval": 0.9,
    "models": {"conductivity": 1, "activation_energy": 1},
    "rows": [{"formula": "Na3PS4", "temperature_C": 25.0, "state": "crystalline", "log10_conductivity": -4.06}],
}


@router.post(
    "/v1/predict",
    summary="Predict the properties of compositions",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": schema_of(PredictBody)}} | _TABLES,
        },
        "parameters": query_parameters(PredictQuery),
    },
    responses={**RESPONSES, 200: table_answer("One row an input, in order.", _ANSWER)},
    # What the OpenAPI tells; a request comes by `quick`, and is asked for its key below.
    dependencies=[Depends(needs("read"))],
)
async def predict(request: Request) -> Response:
    """Each input comes back as a row with every property, its interval, the domain score and `error`.

    A row that cannot be predicted says so in `error`; the others are answered all the same. A body of CSV, NDJSON,
    Parquet or Arrow is a table with a column `formula` (or `structure`), and optionally `temperature_C` and `state`;
    other columns are carried through. The answer has the body's type unless Accept asks for another.
    """
    # FastAPI's own reading of keys and queries takes longer than all that is done here for a small request.
    caller(request, "read")
    service = service_of(request)
    media = content_type(request.headers.get("content-type"))
    wanted = wanted_type(request.headers.get("accept"), media)
    query = _query(request)
    body = await request.body()
    filling = query.model_dump(exclude_unset=True)
    if media == JSON and len(body) <= _QUICK_BYTES:
        asked = _asked(body, filling)
        rows = asked.rows()
        check_rows(len(rows), service.settings)
        if wanted == JSON and len(rows) <= service.settings.small_rows and not any("structure" in row for row in rows):
            return await _answer_together(request, service, rows, asked.how)
        table, how = frame_of(rows), asked.how
    elif media == JSON:
        table, how = await off_loop(service, _large_json, body, filling, service)
    else:
        table = await off_loop(service, read_table, body, media, service.settings)
        how = How(query.interval, frozenset(query.properties))
    return await answer_table(request, service, table, how, wanted, query.temperature_C, query.state)


async def _predict(request: Request) -> Response:
    request.scope["route"] = quick
    return await predict(request)


# The same resource without FastAPI's routing, which takes half as long as all that a small request needs besides: it
# answers, and the one above is what the OpenAPI tells of.
quick = Route("/v1/predict", _predict, methods=["POST"])

_NOTHING_ASKED = PredictQuery()


def _query(request: Request) -> PredictQuery:
    if not request.scope["query_string"]:
        return _NOTHING_ASKED
    given: dict[str, Any] = dict(request.query_params)
    if "properties" in given:
        given["properties"] = request.query_params.getlist("properties")
    try:
        return PredictQuery.model_validate(given)
    except ValidationError as error:
        raise of_validation(error.errors(include_url=False), PredictQuery.model_fields) from error


def _asked(body: bytes, filling: dict[str, Any]) -> PredictBody:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise unreadable(f"the body is not JSON: {error}") from error
    if isinstance(given, str | list):
        given = {"inputs": given}
    if not isinstance(given, dict):
        raise unreadable('the body is no JSON object; send one such as {"formula": "Na3PS4"}')
    given = {**filling, **given}
    try:
        return PredictBody.model_validate(given)
    except ValidationError as error:
        raise of_validation(error.errors(include_url=False), PredictBody.model_fields) from error


def _large_json(body: bytes, filling: dict[str, Any], service: Service) -> tuple[pd.DataFrame, How]:
    asked = _asked(body, filling)
    check_rows(len(asked.inputs or ()), service.settings)
    return frame_of(asked.rows()), asked.how


async def _answer_together(request: Request, service: Service, rows: list[dict], how: How) -> Response:
    """A small request, in a batch with others; the same answer as `answer_table`, without a table."""
    served = service.models.current()
    key = (rows[0].get("formula"), rows[0]["temperature_C"], rows[0]["state"], how) if len(rows) == 1 else None
    if key is not None and len(str(key)) > _LONGEST_REMEMBERED:
        key = None
    known = None if key is None else service.recent.get(served, key)
    if known is not None:
        service.metrics.recalled.inc()
        answers = [known]
    else:
        asked = Rows(
            [row.get("formula") for row in rows],
            [row["temperature_C"] for row in rows],
            [row["state"] for row in rows],
        )
        answered = await service.batcher.ask(asked, how)
        served = answered.served
        columns = {name: values.tolist() for name, values in answered.columns.items()}
        answers = [{name: values[place] for name, values in columns.items()} for place in range(len(rows))]
        if key is not None and answers[0]["error"] is None:
            service.recent.put(served, key, answers[0])
    out = []
    for row, answer in zip(rows, answers, strict=True):
        kept = {"formula": row.get("formula"), **row}
        out.append({name: value for name, value in kept.items() if name not in answer} | answer)
    _note(request, service, len(out), sum(answer["error"] is not None for answer in answers))
    body = {"interval": how.interval, "models": served.versions, "rows": out}
    return Response(orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS), media_type=JSON)


async def answer_table(
    request: Request,
    service: Service,
    table: pd.DataFrame,
    how: How,
    wanted: str,
    temperature_C: float | None = None,
    state: str | None = None,
) -> Response:
    """A table of any size, on a thread of its own; no more than `max_large` at once."""
    given_up = threading.Event()

    def work() -> tuple[bytes, int]:
        with asked_of_library():
            given, errors = checked_structures(table)
            given = input_table(given, temperature_C, state)
        parts = []
        rows = CHUNK_STRUCTURES if "structure" in given else CHUNK_ROWS
        for start in range(0, max(len(given), 1), rows):
            if given_up.is_set():
                return b"", 0
            parts.append(predict_table(given.iloc[start : start + rows], served.asked(how.properties), how.interval))
        out = pd.concat(parts) if len(parts) > 1 else parts[0]
        if errors:
            out = _with_errors(out, errors)
        if "structure" in table:
            out["structure"] = table["structure"]
        about = {"interval": how.interval, "models": served.versions}
        return write_table(out, wanted, about), int(out["error"].notna().sum())

    served = service.models.current()
    async with service.large:
        try:
            content, bad = await off_loop(service, work)
        finally:
            given_up.set()
    _note(request, service, len(table), bad)
    name = f'attachment; filename="predictions.{ENDINGS[wanted]}"'
    headers = {} if wanted == JSON else {"content-disposition": name}
    return Response(content, headers=headers, media_type=wanted)


def _with_errors(out: pd.DataFrame, errors: dict[int, str]) -> pd.DataFrame:
    """The answer with the errors of structures that were not handed on, in rows that hang on them."""
    said = out["error"].to_numpy(object, copy=True)
    for place, text in errors.items():
        if said[place] is not None:
            said[place] = text
    return out.assign(error=np.asarray(said, dtype=object))


def _note(request: Request, service: Service, rows: int, bad: int) -> None:
    """Count rows, and have them in the log's line."""
    service.metrics.rows.labels("answered").inc(rows - bad)
    if bad:
        service.metrics.rows.labels("error").inc(bad)
    request.scope["noted"].update(rows=rows, bad=bad)
