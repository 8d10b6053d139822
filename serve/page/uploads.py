"""Results of uploads, kept for a day as Parquet under the home, each under a name that nobody guesses."""

import json
import re
import secrets
import tempfile
import time
from pathlib import Path

import pandas as pd

from ...training.home import home
from ...training.registry import champions
from ..predict import CHUNK_ROWS, input_table, predict_table, side_by_side
from ..tables import TableError, TableWriter, ending, read_chunks
from .answering import PageError
from .large_work import large_work

MOST_BYTES = 5_000_000
MOST_ROWS = 20_000
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
    if len(content) > MOST_BYTES:
        raise PageError(f"the file has {len(content):,} bytes; the page takes {MOST_BYTES:,} at most", 413)
    shown = Path(name.replace("\\", "/")).name
    models = champions()
    folder = _folder()
    _forget(folder)
    token = secrets.token_urlsafe(18)
    with tempfile.TemporaryDirectory() as temporary:
        try:
            typed = Path(temporary) / f"upload{ending(Path(shown))}"
            typed.write_bytes(content)
            parts = _read(typed)
            with large_work(), TableWriter(folder / f"{token}.parquet") as writer:
                for part in side_by_side(lambda chunk: predict_table(input_table(chunk), models), parts):
                    writer.write(part)
        except (TableError, KeyError, ValueError) as error:
            if isinstance(error, PageError):
                raise
            message = str(error.args[0] if error.args else error).replace(temporary + "/", "")
            raise PageError(message.replace(f"upload{Path(shown).suffix}", shown), 422) from error
    (folder / f"{token}.json").write_text(json.dumps({"name": shown}))
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
    name = json.loads(path.with_suffix(".json").read_text())["name"]
    return Path(name).stem, pd.read_parquet(path)


def _read(path: Path) -> list[pd.DataFrame]:
    """Chunks of the file, not one row more than is taken."""
    parts, rows = [], 0
    for part in read_chunks(path, CHUNK_ROWS, as_typed=True):
        rows += len(part)
        if rows > MOST_ROWS:
            raise PageError(
                f"the file has more than {MOST_ROWS:,} rows, the most that the page takes; send it in parts, or run "
                "`ionscout predict --input`, which has no such limit",
                413,
            )
        parts.append(part)
    if not rows:
        raise TableError(f"{path}: the file has no row below its header")
    return parts


def _folder() -> Path:
    folder = home() / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _forget(folder: Path) -> None:
    """Remove results whose day is over."""
    for path in folder.iterdir():
        if time.time() - path.stat().st_mtime > KEPT_SECONDS:
            path.unlink(missing_ok=True)
