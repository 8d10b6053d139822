"""Tables in bodies: JSON, NDJSON, CSV, Parquet and Arrow, by content type in and by Accept out."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pandas as pd

from .columnar import read_arrow, read_parquet
from .problems import Fault, Problem, shortened
from .safe_cells import guarded
from .settings import ServiceSettings
from .table_limits import check_rows, check_size, unreadable

JSON = "application/json"
NDJSON = "application/x-ndjson"
CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"
MEDIA_TYPES = (JSON, NDJSON, CSV, PARQUET, ARROW)
ENDINGS = {JSON: "json", NDJSON: "ndjson", CSV: "csv", PARQUET: "parquet", ARROW: "arrow"}
_SAME = {
    "application/ndjson": NDJSON,
    "application/jsonl": NDJSON,
    "application/x-parquet": PARQUET,
    "application/parquet": PARQUET,
    "application/vnd.apache.arrow.file": ARROW,
    "application/x-www-form-urlencoded": JSON,  # what curl -d says unless told otherwise
    "": JSON,
}


def content_type(header: str | None) -> str:
    """The kind of table a content type names.

    Raises
    ------
    Problem
        415 if it is none that is read.

    Examples
    --------
    >>> content_type("text/csv; charset=utf-8"), content_type(None)
    ('text/csv', 'application/json')
    """
    named = (header or "").partition(";")[0].strip().lower()
    named = _SAME.get(named, named)
    if named not in MEDIA_TYPES:
        raise Problem(
            415,
            f"content type {named!r} is not read; send one of {', '.join(MEDIA_TYPES)}",
            [Fault(field="Content-Type", value=named, message="not read", remedy=f"one of {', '.join(MEDIA_TYPES)}")],
        )
    return named


def wanted_type(accept: str | None, default: str) -> str:
    """The kind of table to answer with: the best that Accept names, else `default`.

    Raises
    ------
    Problem
        406 if Accept names none that is written.

    Examples
    --------
    >>> wanted_type("text/csv;q=0.5, application/json", CSV), wanted_type("*/*", CSV)
    ('application/json', 'text/csv')
    """
    if not accept:
        return default
    best, weight = None, 0.0
    for part in accept.split(","):
        named, _, parameters = part.strip().lower().partition(";")
        named = _SAME.get(named.strip(), named.strip()) if named.strip() else default
        quality = _quality(parameters)
        if named in ("*/*", "application/*") or (named == "text/*" and default == CSV):
            named = default
        elif named == "text/*":
            named = CSV
        if named in MEDIA_TYPES and quality > weight:
            best, weight = named, quality
    if best is None:
        raise Problem(
            406,
            f"Accept {shortened(accept)!r} names nothing that is written; ask for one of {', '.join(MEDIA_TYPES)}",
            [Fault(field="Accept", value=shortened(accept), message="not written", remedy=", ".join(MEDIA_TYPES))],
        )
    return best


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def read_table(body: bytes, media: str, settings: ServiceSettings) -> pd.DataFrame:
    """A body that is a table: CSV, NDJSON, Parquet or Arrow.

    Cells of CSV stay the texts they are, so that columns carried through come out as they went in; only an empty cell
    is missing.

    Raises
    ------
    Problem
        400 if the body is not what its content type says, 413 if it is too large.
    """
    table = _READERS[media](body, settings)
    check_size(len(table), len(table.columns), settings)
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise unreadable(f"column {twice[0]!r} is there twice; name each column once", field=str(twice[0]))
    return table


def _read_csv(body: bytes, settings: ServiceSettings) -> pd.DataFrame:
    head = body[:65536].partition(b"\n")[0]
    if head.count(b",") >= settings.max_columns:
        check_size(0, head.count(b",") + 1, settings)
    options: Any = {"encoding": "utf-8-sig", "keep_default_na": False, "na_values": [""], "dtype": str}
    try:
        table = pd.read_csv(io.BytesIO(body), nrows=settings.max_rows + 1, **options)
    except pd.errors.EmptyDataError:
        raise unreadable("the body is empty; the first line must name the columns, e.g. 'formula'") from None
    except UnicodeDecodeError as error:
        raise unreadable(f"the CSV is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except (pd.errors.ParserError, ValueError, OverflowError) as error:
        text = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise unreadable(f"the CSV cannot be read: {text}") from error
    if not isinstance(table.index, pd.RangeIndex):
        # pandas takes what a first line is longer by than the header for names of the rows.
        raise unreadable("the first row of the CSV has more cells than its header; quote texts that hold commas", row=0)
    return table


def _read_ndjson(body: bytes, settings: ServiceSettings) -> pd.DataFrame:
    rows = []
    lines = body.split(b"\n")
    check_rows(len(lines) - 1, settings)
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise unreadable(f"line {number + 1} is not JSON: {error}", row=len(rows)) from error
        if isinstance(row, str):
            row = {"formula": row}
        if not isinstance(row, dict):
            raise unreadable(f"line {number + 1} is no JSON object; write one row a line", row=len(rows))
        check_cells(row, len(rows))
        rows.append(row)
    return frame_of(rows)


def check_cells(row: dict[str, Any], number: int) -> None:
    """Refuse a row that holds a list or an object in a cell, or too many cells."""
    for name, value in row.items():
        if isinstance(value, dict | list):
            message = f"row {number}: {name} must be a text, a number, true, false or null"
            raise Problem(422, message, [Fault(row=number, field=name, value=shortened(value), message=message)])


def frame_of(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows as a table with all the columns that any of them has, cells as they are."""
    names = list(dict.fromkeys(name for row in rows for name in row)) or ["formula"]
    columns = {name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names}
    return pd.DataFrame(columns).infer_objects()


_READERS: dict[str, Callable[[bytes, ServiceSettings], pd.DataFrame]] = {
    NDJSON: _read_ndjson,
    CSV: _read_csv,
    PARQUET: read_parquet,
    ARROW: read_arrow,
}


def write_table(table: pd.DataFrame, media: str, about: dict[str, Any] | None = None) -> bytes:
    """A table as a body.

    Parameters
    ----------
    table : DataFrame
        n rows; the index is left out.
    media : str
        One of `MEDIA_TYPES`.
    about : dict, optional
        What a JSON body says besides its `rows`; the other kinds hold the rows alone.
    """
    if media == JSON:
        return orjson.dumps({**(about or {}), "rows": records(table)}, option=_ORJSON)
    if media == NDJSON:
        return b"".join(orjson.dumps(row, option=_ORJSON | orjson.OPT_APPEND_NEWLINE) for row in records(table))
    if media == CSV:
        return guarded(table).to_csv(index=False).encode()
    import pyarrow as pa
    import pyarrow.parquet as pq

    mixed = {c: "string" for c in table if _is_mixed(table[c])}
    stored = pa.Table.from_pandas(table.astype(mixed), preserve_index=False)
    for number, column in enumerate(stored.schema):
        if pa.types.is_null(column.type):  # A column without a value; many readers refuse this type.
            texts = pa.nulls(len(stored), pa.string())
            stored = stored.set_column(number, column.with_type(pa.string()), texts)
    sink = pa.BufferOutputStream()
    if media == PARQUET:
        pq.write_table(stored, sink)
    else:
        with pa.ipc.new_stream(sink, stored.schema) as writer:
            writer.write_table(stored)
    return sink.getvalue().to_pybytes()


def write_json(content: Any) -> bytes:
    """Anything in JSON types as a body."""
    return orjson.dumps(content, option=_ORJSON)


_ORJSON = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries in JSON types; what is missing is None."""
    columns = [_plain(table[name]) for name in table]
    names = [str(name) for name in table]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain(column: pd.Series) -> list[Any]:
    if column.dtype.kind in "fiub":
        return column.tolist()  # orjson writes NaN as null
    if column.dtype.kind == "M":
        return [None if pd.isna(value) else value.isoformat() for value in column]
    return [None if value is None or value is pd.NA or value is pd.NaT or _is_nan(value) else value for value in column]


def _is_nan(value: Any) -> bool:
    return isinstance(value, float | np.floating) and value != value


def _is_mixed(column: pd.Series) -> bool:
    """Whether a column of objects holds more than one kind of value, which Arrow refuses."""
    if column.dtype != object:
        return False
    kinds = {type(value) for value in column.dropna()}
    return len(kinds) > 1
