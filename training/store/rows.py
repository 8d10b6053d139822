"""Measurements as rows of the store and back: every number to its last bit, every text as written."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..data.fields import ERROR, FIELDS
from ..data.kinds import TABLES
from ..data.reading import problems
from .tables import PROVENANCE

_PROVENANCE_TEXT = ("measurement_kind", "added_by", "added_from", "row_hash")


def to_rows(valid: pd.DataFrame, kind: str) -> list[dict[str, Any]]:
    """Rows of the table `measurements` from valid measurements, without their addition.

    Parameters
    ----------
    valid : DataFrame
        As `ValidationReport.valid`: row numbers in the index, the table's columns, then any others.
    kind : str
        Kind of table.

    Returns
    -------
    list of dict
        A blank cell is None; columns beyond the table's are JSON text in `other_columns`; every row has the same keys.
    """
    own = TABLES[kind].columns
    cells = {name: _cells(valid[name], FIELDS[name].number) for name in own}
    others = {str(c): valid[c] for c in valid.columns if c not in own and c not in (*PROVENANCE, "other_columns")}
    rows = []
    for at, number in enumerate(valid.index):
        row = dict.fromkeys(FIELDS) | {name: column[at] for name, column in cells.items()}
        extra = {name: _as_text(column.iloc[at]) for name, column in others.items()}
        extra = {name: text for name, text in sorted(extra.items()) if text}
        row |= {"measurement_kind": kind, "added_row": int(number)}
        row["other_columns"] = json.dumps(extra, ensure_ascii=False) if extra else None
        row["row_hash"] = row_hash(row)
        rows.append(row)
    return rows


def row_hash(row: Mapping[str, Any]) -> str:
    """SHA-256 of what a row says: its kind and every cell that is not blank; not who brought it, nor when.

    Blank cells do not count, so that a column added to the store later changes no hash.

    Examples
    --------
    >>> a = row_hash({"measurement_kind": "electrolyte", "formula": "Na3PS4", "temperature_C": 25.0, "note": None})
    >>> b = row_hash({"measurement_kind": "electrolyte", "formula": "Na3PS4", "temperature_C": 25.0})
    >>> a == b, len(a)
    (True, 64)
    """
    digest = hashlib.sha256()
    for name in ("measurement_kind", *FIELDS, "other_columns"):
        cell = row.get(name)
        if cell is not None:
            digest.update(f"{name}\x1e{cell.hex() if isinstance(cell, float) else cell}\x1d".encode())
    return digest.hexdigest()


def to_frame(records: Sequence[Mapping[str, Any]], kind: str | None) -> pd.DataFrame:
    """Measurements with their provenance from rows of the store.

    Parameters
    ----------
    records : sequence of mapping
        Columns of `additions` and `measurements`. Where `other_columns` names a column of the row's table, which an
        older store had not, it fills a blank cell of that column with what may stand there.
    kind : str, optional
        Kind of all of them: its columns come first, then the users' own. Without one the users' own stay in
        `other_columns` as JSON, and columns that are blank in every row are left out.
    """
    others = [json.loads(record["other_columns"] or "{}") for record in records]
    records = [_with_own(record, extra) for record, extra in zip(records, others, strict=True)]
    names = TABLES[kind].columns if kind else tuple(FIELDS)
    columns: dict[str, Any] = {name: [record[name] for record in records] for name in (*PROVENANCE, *names)}
    frame = pd.DataFrame(columns, columns=[*PROVENANCE, *names])
    for name in names:
        frame[name] = frame[name].astype("float64" if FIELDS[name].number else object)
    frame = frame.astype(dict.fromkeys(_PROVENANCE_TEXT, object))
    frame["added_at"] = pd.to_datetime(frame["added_at"], utc=True)
    if kind is None:
        frame = frame.drop(columns=[name for name in names if frame[name].isna().all()])
        if any(others):
            frame["other_columns"] = [record["other_columns"] for record in records]
        return frame
    for name in sorted({name for extra in others for name in extra} - set(names)):
        frame[name] = [extra.get(name) for extra in others]
    return frame


def _with_own(record: Mapping[str, Any], extra: Mapping[str, str]) -> dict[str, Any]:
    """A row with its blank cells filled from the user's own columns, where those are columns of the row's table by now.

    A word that may not stand there, such as `=` for the relation of a conductivity, leaves the cell blank.
    """
    fields = [FIELDS[name] for name in extra if name in TABLES[record["measurement_kind"]].columns]
    filled = {
        field.name: pd.to_numeric(extra[field.name], errors="coerce") if field.number else extra[field.name]
        for field in fields
        if record[field.name] is None and (not field.choices or extra[field.name] in field.choices)
    }
    return {**record, **filled}


def unstorable(valid: pd.DataFrame) -> pd.DataFrame:
    """Problems of text that not every database can hold: NUL characters and halves of surrogate pairs."""
    found = []
    for name in valid.columns:
        if valid[name].dtype != object:
            continue
        for row, cell in valid[name].items():
            if isinstance(cell, str) and ("\x00" in cell or not _encodes(cell)):
                shown = cell.encode("unicode_escape").decode()
                reason = "a character that is no text (NUL, or half of a surrogate pair)"
                found.append((row, str(name), shown[:80], ERROR, reason, "delete it; save the file as UTF-8"))
    return problems(found)


def _cells(column: pd.Series, number: bool) -> list[Any]:
    if number:
        values = column.to_numpy(dtype="float64", na_value=np.nan) + 0.0  # -0.0 is 0.0: SQLite does not tell them apart
        return [None if np.isnan(value) else value for value in values.tolist()]
    return [None if pd.isna(cell) else str(cell) for cell in column]


def _as_text(cell: Any) -> str:
    """A cell of a user's own column as text; "" where it is blank."""
    if cell is None or (pd.api.types.is_scalar(cell) and pd.isna(cell)):
        return ""
    return str(cell)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
