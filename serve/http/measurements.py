"""/v1/measurements: what laboratories add, kept for good."""

import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from fastapi import APIRouter, Query, Request, Response

from ...training.data.fields import FIELDS
from ...training.data.kinds import TABLES
from ...training.store.engine import StoreError
from ...training.store.measurements import Addition, add_measurements, measurements
from .access import ADD, READ
from .media import CSV, ENDINGS, JSON, content_type, records, wanted_type, write_json, write_table
from .off_loop import off_loop
from .problems import RESPONSES, Fault, Problem, asked_of_library, shortened
from .sent_table import meaning_of, sent_table, table_answer, table_body
from .service import service_of

router = APIRouter(tags=["measurements"])

Kind = Literal["electrolyte", "glass", "hybrid", "interface", "window"]
assert set(Kind.__args__) == set(TABLES)
# A service answers soon or says why; the command line waits longer for another writer.
WAIT_S = 5.0
_LISTED_FAULTS = 1000

_EXAMPLE = [
    {"formula": "Na3PS4", "temperature_C": 25, "conductivity_S_cm": 2.0e-4, "doi": "10.1000/example"},
    {"formula": "Na3Zr2Si2PO12", "temperature_C": 25, "conductivity_S_cm": 6.7e-4, "doi": "10.1000/example"},
]
_KINDS_WITH = {name: [kind for kind, table in TABLES.items() if name in table.columns] for name in FIELDS}
_COLUMNS = {name: f"{meaning_of(name)} In tables of {', '.join(kinds)}." for name, kinds in _KINDS_WITH.items()}
_ADDED = {
    "table": "electrolyte",
    "n_rows": 2,
    "added": [{"row": 2, "measurement_id": 17}],
    "already": [],
    "problems": [],
    "assumed": ["state = crystalline in 2 rows that do not say"],
}


@router.post(
    "/v1/measurements",
    status_code=201,
    summary="Add measurements for good",
    openapi_extra=table_body(_EXAMPLE, _COLUMNS),
    responses={
        **RESPONSES,
        200: {"description": "All valid rows were there already."},
        201: {
            "description": "What was added, what was there, and what was refused with reason and remedy.",
            "content": {JSON: {"schema": {"type": "object"}, "example": _ADDED}},
        },
    },
)
async def add(
    request: Request,
    caller: ADD,
    by: Annotated[
        str | None,
        Query(
            max_length=200,
            description="Who vouches for them; the key's name if nothing is said.",
            examples=["A. Volta"],
        ),
    ] = None,
    source: Annotated[str | None, Query(max_length=500, description="Where they come from, such as a DOI.")] = None,
    kind: Annotated[Kind | None, Query(description="Kind of table; by default its columns tell.")] = None,
) -> Response:
    """Valid rows are kept, all of them or, if something fails, none; bad ones come back with reason and remedy.

    Rows count as in a file: the header is row 1, the first measurement row 2. A row that says the same as one in the
    store is reported and not kept twice, so a request may be repeated.
    """
    service = service_of(request)
    who = by or caller.name
    if not who:
        raise Problem(
            422,
            "say who vouches for the measurements: by=...",
            [Fault(field="by", message="is missing", remedy="?by=A.%20Volta")],
        )
    told = source or ("sent by HTTP" if caller.name is None else f"sent by HTTP with the key {caller.name}")
    if content_type(request.headers.get("content-type")) == CSV:
        done = await off_loop(service, _add_file, await request.body(), who, told, kind)
    else:
        table, _ = await sent_table(request)
        done = await off_loop(service, _add, table, who, told, kind)
    service.metrics.measurements.labels("added").inc(len(done.added))
    service.metrics.measurements.labels("refused").inc(done.errors["row"].nunique())
    request.scope["noted"].update(rows=done.n_rows, bad=int(done.errors["row"].nunique()))
    kept = len(done.added) + len(done.already)
    if done.n_rows and not kept:
        raise Problem(422, f"{done}: see errors for what is wrong with each row", _faults(done))
    answer = {
        "table": done.table,
        "n_rows": done.n_rows,
        "added": records(done.added),
        "already": records(done.already),
        "problems": records(done.problems),
        "assumed": list(done.assumed),
    }
    return Response(write_json(answer), 201 if len(done.added) else 200, media_type=JSON)


@router.get(
    "/v1/measurements",
    summary="List measurements",
    responses={
        **RESPONSES,
        200: table_answer(
            "One row a measurement, oldest first, with who added it, when and from where.",
            {"next_after": 17, "rows": [{"measurement_id": 17}]},
        ),
    },
)
async def listed(
    request: Request,
    _: READ,
    kind: Annotated[Kind | None, Query(description="Kind of table, with all its columns.")] = None,
    by: Annotated[str | None, Query(max_length=200, description="Only what this person added.")] = None,
    after: Annotated[int, Query(ge=0, lt=2**62, description="Only what has a larger measurement_id.")] = 0,
    limit: Annotated[int, Query(ge=1, le=100_000, description="Most rows to answer with.")] = 10_000,
) -> Response:
    """What `ion.measurements()` gives; `next_after` continues a listing that `limit` cut."""
    service = service_of(request)
    wanted = wanted_type(request.headers.get("accept"), JSON)
    table = await off_loop(service, _stored, kind, by)
    rest = table[table["measurement_id"] > after]
    shown = rest.head(limit)
    more = int(shown["measurement_id"].iloc[-1]) if len(rest) > len(shown) else None
    content = await off_loop(service, write_table, shown, wanted, {"next_after": more})
    headers = {} if more is None else {"x-next-after": str(more)}
    if wanted != JSON:
        headers["content-disposition"] = f'attachment; filename="measurements.{ENDINGS[wanted]}"'
    return Response(content, headers=headers, media_type=wanted)


def _add_file(body: bytes, by: str, source: str, kind: str | None) -> Addition:
    """CSV goes the way of files, which finds rows that are too long or short one by one."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sent.csv"
        file.write_bytes(body)
        try:
            return _add(file, by, source, kind)
        except Problem as problem:
            problem.detail = str(problem.detail).replace(str(file), "the table")
            for fault in problem.errors:
                fault.message = fault.message.replace(str(file), "the table")
            raise


def _add(table: Path | pd.DataFrame, by: str, source: str, kind: str | None) -> Addition:
    try:
        with asked_of_library():
            return add_measurements(table, by, source, kind, wait_s=WAIT_S, open_files=False)
    except StoreError as error:
        raise _away(error) from error


def _stored(kind: str | None, by: str | None) -> pd.DataFrame:
    try:
        return measurements(kind, by)
    except StoreError as error:
        raise _away(error) from error


def _away(error: StoreError) -> Problem:
    return Problem(503, f"{error}; nothing of this request was kept, send it again", headers={"Retry-After": "10"})


def _faults(done: Addition) -> list[Fault]:
    """The refused rows, as problem details have them."""
    rows: list[dict[str, Any]] = records(done.errors.head(_LISTED_FAULTS))
    return [
        Fault(row=r["row"], field=r["column"], value=shortened(r["value"]), message=r["reason"], remedy=r["remedy"])
        for r in rows
    ]
