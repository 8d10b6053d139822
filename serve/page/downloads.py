"""Tables as files to take away: CSV that is safe in a spreadsheet, or Parquet."""

import re

import pandas as pd
from starlette.responses import Response

from ..http.media import CSV, PARQUET, write_table
from .answering import PageError

_KINDS = {"csv": CSV, "parquet": PARQUET}


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
    file = f"{re.sub(r'[^A-Za-z0-9._-]+', '-', name)}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{file}"'}
    return Response(write_table(table, _KINDS[ending]), media_type=_KINDS[ending], headers=headers)
