"""A CSV in, its rows predicted, the first shown and the whole to be taken away."""

from typing import Any

import pandas as pd
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse

from .answering import PageError, PageRoute, page
from .downloads import table_response
from .interval_cells import property_columns
from .uploads import MOST_BYTES, MOST_ROWS, answer_upload, kept_upload

router = APIRouter(route_class=PageRoute)
FIRST_ROWS = 20
BAD_ROWS = 20
# What a browser puts around the file.
_WRAPPING = 10_000


@router.get("/upload")
def upload_form(request: Request) -> Response:
    """The form."""
    return _form_page(request)


@router.post("/upload")
async def upload(request: Request) -> Response:
    """Predict a file and lead to its result."""
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        raise PageError("the file came without its length; upload it with a browser, or use the service", 411)
    try:
        if int(length) > MOST_BYTES + _WRAPPING:
            raise PageError(f"the file has {int(length):,} bytes; the page takes {MOST_BYTES:,} at most", 413)
        async with request.form(max_files=1, max_fields=10) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile) or not file.filename:
                raise PageError("no file is chosen; choose a CSV with a column 'formula'")
            content = await file.read()
            name = file.filename
        token = await run_in_threadpool(answer_upload, name, content)
    except PageError as error:
        return await run_in_threadpool(_form_page, request, error)
    root = request.scope.get("root_path", "").rstrip("/")
    return RedirectResponse(f"{root}/upload/{token}", 303)


@router.get("/upload/{token}.{ending}")
def upload_download(token: str, ending: str) -> Response:
    """The whole result as a file."""
    name, table = kept_upload(token)
    return table_response(table, f"{name}-predicted", ending)


@router.get("/upload/{token}")
def upload_result(request: Request, token: str) -> Response:
    """First rows and bad rows of a result."""
    name, table = kept_upload(token)
    bad = table[table["error"].notna()]
    first = table[table["error"].isna()].head(FIRST_ROWS)
    records: list[dict[Any, Any]] = first.to_dict("records")
    return page(
        request,
        "uploaded.html",
        name=name,
        token=token,
        total=len(table),
        rows=records,
        columns=property_columns(first),
        remarks=[None] * len(records),
        bad=[(row + 2, formula, error) for row, formula, error in _listed(bad.head(BAD_ROWS))],
        bad_total=len(bad),
    )


def _listed(bad: pd.DataFrame) -> list[tuple[int, Any, str]]:
    """Place in the table, formula and reason of each row."""
    return list(zip(bad.index.tolist(), bad["formula"], bad["error"], strict=True))


def _form_page(request: Request, problem: PageError | None = None) -> Response:
    return page(
        request,
        "upload.html",
        200 if problem is None else problem.status,
        problem=None if problem is None else str(problem),
        most_rows=MOST_ROWS,
        most_bytes=MOST_BYTES,
    )
