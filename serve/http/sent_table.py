"""The table in a request's body, of any kind."""

from collections.abc import Mapping
from typing import Any

import orjson
import pandas as pd
from fastapi import Request

from ...training.data.fields import FIELDS
from .media import ARROW, CSV, JSON, NDJSON, PARQUET, check_cells, content_type, frame_of, read_table
from .off_loop import off_loop
from .service import service_of
from .settings import ServiceSettings
from .table_limits import check_rows
from .table_limits import unreadable as unreadable_body


def table_body(example: list[dict[str, Any]], columns: Mapping[str, str]) -> dict[str, Any]:
    """What the OpenAPI says of a body that is a table, with an example and the meanings of its columns."""
    names = list(dict.fromkeys(name for row in example for name in row))
    lines = [",".join(names), *(",".join(str(row.get(name, "")) for name in names) for row in example)]
    told = {name: {"description": meaning} for name, meaning in columns.items()}
    rows = {"type": "array", "items": {"type": "object", "additionalProperties": True}}
    told_rows = {"type": "array", "items": {**rows["items"], "properties": told}}
    in_object = {"rows": {**rows, "description": "In JSON: the rows, where an object is sent and no list of rows."}}
    return {
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": {"anyOf": [told_rows, {"type": "object", "required": ["rows"], "properties": in_object}]},
                    "example": example,
                },
                NDJSON: {"schema": {"type": "string"}},
                CSV: {"schema": {"type": "string"}, "example": "\n".join(lines) + "\n"},
                PARQUET: {"schema": {"type": "string", "format": "binary"}},
                ARROW: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    }


def meaning_of(column: str) -> str:
    """What a column of measurements holds, and which words it takes."""
    field = FIELDS[column]
    words = f"; one of {', '.join(field.choices)}" if field.choices else ""
    return f"{field.meaning[0].upper()}{field.meaning[1:]}{words}."


def table_answer(description: str, example: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the OpenAPI says of an answer that is a table, by Accept."""
    texts: dict[str, Any] = {media: {"schema": {"type": "string"}} for media in (NDJSON, CSV)}
    binaries: dict[str, Any] = {media: {"schema": {"type": "string", "format": "binary"}} for media in (PARQUET, ARROW)}
    about: dict[str, Any] = {"schema": {"type": "object", "required": ["rows"]}}
    if example is not None:
        about["example"] = example
    return {"description": description, "content": {JSON: about, **texts, **binaries}}


async def sent_table(request: Request) -> tuple[pd.DataFrame, str]:
    """The table and its content type; JSON is a list of rows, or an object with `rows`.

    Raises
    ------
    Problem
        If the body is no table, or too large.
    """
    service = service_of(request)
    media = content_type(request.headers.get("content-type"))
    body = await request.body()
    if media == JSON:
        return await off_loop(service, _read_json, body, service.settings), media
    return await off_loop(service, read_table, body, media, service.settings), media


def _read_json(body: bytes, settings: ServiceSettings) -> pd.DataFrame:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise unreadable_body(f"the body is not JSON: {error}") from error
    rows = given.get("rows") if isinstance(given, dict) else given
    if not isinstance(rows, list):
        raise unreadable_body('the body is no table; send a list of rows, such as [{"formula": "Na3PS4"}]')
    check_rows(len(rows), settings)
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise unreadable_body(f"row {number} is no JSON object", row=number)
        check_cells(row, number)
    return frame_of(rows)
