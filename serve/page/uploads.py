"""Results of uploads, kept for a day as Parquet under the home, each under a name that nobody guesses."""

import gzip
import io
import json
import re
import secrets
import time
import zlib
from pathlib import Path

import pandas as pd

from ...training.home import home
from ...training.registry import champions
from ..http.media import CSV, PARQUET, read_table, write_table
from ..http.problems import Problem
from ..http.sent_structures import checked_structures
from ..http.settings import ServiceSettings
from ..predict import CHUNK_ROWS, CHUNK_STRUCTURES, input_table, predict_table, side_by_side
from .answering import PageError
from .large_work import large_work

MOST_BYTES = 16_000_000
MOST_ROWS = 100_000
# Text is packed four to ten times as small.
MOST_INFLATED_BYTES = 4 * MOST_BYTES
KEPT_SECONDS = 86_400
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,40}")


def answer_upload(name: str, content: bytes) -> str:
    """Predict the rows of a file and keep the result.

    Parameters
    ----------
    name : str
        What the reader's file is called; its ending says what it is.
    content : bytes
        The file.

    Returns
    -------
    str
        Name of the result, as `kept_upload` takes it.

    Raises
    ------
    PageError
        If it is too large, no table, or has no column `formula`, as `ionscout predict --input` says it.
    """
    shown = Path(name.replace("\\", "/")).name
    if len(content) > MOST_BYTES:
        raise PageError(f"{shown} has {len(content):,} bytes; the page takes {MOST_BYTES:,} at most", 413)
    models = champions()
    table = _read(shown, content)
    harmless, refused = checked_structures(table)
    try:
        given = input_table(harmless)
    except KeyError as error:
        raise PageError(f"{shown}: {error.args[0]}", 422) from error
    rows = CHUNK_STRUCTURES if "structure" in given else CHUNK_ROWS
    chunks = [given.iloc[start : start + rows] for start in range(0, len(given), rows)]
    with large_work():
        out = pd.concat(list(side_by_side(lambda chunk: predict_table(chunk, models), chunks)))
    for row, reason in refused.items():
        if isinstance(out["error"].iloc[row], str):
            out.loc[out.index[row], "error"] = reason
    if "structure" in table:
        out["structure"] = table["structure"]
    folder = _folder()
    _forget(folder)
    token = secrets.token_urlsafe(18)
    (folder / f"{token}.json").write_text(json.dumps({"name": shown}), encoding="utf-8")
    (folder / f"{token}.parquet").write_bytes(write_table(out, PARQUET))
    return token


def kept_upload(token: str) -> tuple[str, pd.DataFrame]:
    """Name of the file and the table of a kept result.

    Raises
    ------
    PageError
        If there is none: its day is over, or the address is not complete.
    """
    path = _folder() / f"{token}.parquet"
    if not _TOKEN.fullmatch(token) or not path.is_file():
        raise PageError("there is no such result; results are kept for a day. Upload the file again", 404)
    name = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["name"]
    return Path(name).stem, pd.read_parquet(path)


def _read(shown: str, content: bytes) -> pd.DataFrame:
    """The table of a file, within the page's limits; cells of a CSV stay the texts they are."""
    kind = shown.lower()
    if kind.endswith(".csv.gz"):
        content = _inflated(shown, content)
    elif not kind.endswith((".csv", ".parquet")):
        raise PageError(f"{shown}: give a table as .csv, .csv.gz or .parquet", 415)
    if not content:
        raise PageError(f"{shown} is empty; the first line must name the columns, e.g. 'formula'", 422)
    settings = ServiceSettings(max_rows=MOST_ROWS, max_inflated_bytes=MOST_INFLATED_BYTES)
    try:
        table = read_table(content, PARQUET if kind.endswith(".parquet") else CSV, settings)
    except Problem as problem:
        reason = problem.detail
        if len(problem.errors) and problem.errors[0].field == "rows":
            reason = f"the page takes {MOST_ROWS:,} rows at most; `ionscout predict --input` has no such limit"
        raise PageError(f"{shown}: {reason}", problem.status_code) from None
    if not len(table):
        raise PageError(f"{shown} has no row below its header", 422)
    return table


def _inflated(shown: str, content: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(content)) as stream:
            inflated = stream.read(MOST_INFLATED_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise PageError(f"{shown} is no whole gzip file: {error}", 422) from error
    if len(inflated) > MOST_INFLATED_BYTES:
        raise PageError(f"{shown} inflates beyond {MOST_INFLATED_BYTES:,} bytes, the most that the page takes", 413)
    return inflated


def _folder() -> Path:
    folder = home() / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _forget(folder: Path) -> None:
    """Remove results whose day is over."""
    for path in folder.iterdir():
        if time.time() - path.stat().st_mtime > KEPT_SECONDS:
            path.unlink(missing_ok=True)
