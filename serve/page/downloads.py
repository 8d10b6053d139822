"""Tables as files to take away: CSV that is safe in a spreadsheet, or Parquet."""

import io
import re

import pandas as pd
from starlette.responses import Response

from ..http.safe_cells import guarded
from .answering import PageError

_KINDS = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


def table_response(table: pd.DataFrame, name: str, ending: str) -> Response:
    """A table as a download.

    Parameters
    ----------
    table : DataFrame
        Written whole, without its index.
    name : str
        Of the file, without its ending; what does not belong into a file's name is left out.
    ending : str
        csv or parquet.

    Raises
    ------
    PageError
        For another ending.
    """
    if ending not in _KINDS:
        raise PageError(f"tables are given as {' or '.join(_KINDS)}, not as {ending!r}", 404)
    if ending == "csv":
        content = guarded(table).to_csv(index=False).encode()
    else:
        # A column without any value has no type of its own; it holds texts elsewhere.
        empty = {c: "string" for c in table if table[c].dtype == object and table[c].isna().all()}
        buffer = io.BytesIO()
        table.astype(empty).to_parquet(buffer, index=False)
        content = buffer.getvalue()
    file = f"{re.sub(r'[^A-Za-z0-9._-]+', '-', name)}.{ending}"
    return Response(
        content, media_type=_KINDS[ending], headers={"Content-Disposition": f'attachment; filename="{file}"'}
    )
