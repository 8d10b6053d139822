"""CSV that a spreadsheet opens without running anything in it."""

from typing import Any

import pandas as pd

# A cell that begins with one of these is a formula to spreadsheets (OWASP, CSV Injection).
_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def guarded(table: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe before every text that a spreadsheet would run; numbers stay numbers.

    Examples
    --------
    >>> guarded(pd.DataFrame({"note": ["=1+1", "-0.5", "-2-3", "Na3PS4"], "x": [-1.0, 1, 2, 3]})).values.tolist()
    [["'=1+1", -1.0], ['-0.5', 1.0], ["'-2-3", 2.0], ['Na3PS4', 3.0]]
    """
    texts = [c for c in table if table[c].dtype.kind in "OT" or isinstance(table[c].dtype, pd.StringDtype)]
    changed = {c: table[c].map(guarded_cell) for c in texts}
    out = table.assign(**{str(c): v for c, v in changed.items()}) if all(isinstance(c, str) for c in texts) else table
    return out.rename(columns={c: guarded_cell(c) for c in out if guarded_cell(c) != c})


def guarded_cell(cell: Any) -> Any:
    """One cell, made harmless; anything but a text that begins like a formula comes back as it is."""
    if not isinstance(cell, str) or not cell.startswith(_BEGINNINGS) or _is_number(cell):
        return cell
    return f"'{cell}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.strip() == text
