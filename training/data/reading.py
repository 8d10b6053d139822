"""Reading a measurement table as it was typed: CSV, compressed CSV or Parquet, with the row numbers a person sees.

Row numbers count as a spreadsheet shows them: the header is row 1, the first measurement row 2. They become the index
(named `row`) of every frame read here and stay with the measurements through validation.
"""

import csv
import gzip
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd

from .fields import BELOW, BELOW_AS_WRITTEN, ERROR, FIELDS, WARNING

PROBLEM_COLUMNS = ("row", "column", "value", "severity", "reason", "remedy")
ROW_INDEX = "row"
FIRST_ROW = 2
_BLANK = ("", "nan", "na", "n/a", "none", "null", "-", "–", "—")


class TableError(ValueError):
    """A table that cannot be used as a whole: no file, no header, a column missing or in the wrong unit."""


# Column names that say the right thing in the wrong unit or word -> (our column, what to do).
_RENAMED = {
    **{
        alias: ("conductivity_S_cm", remedy)
        for remedy, aliases in {
            "divide by 1000 and name the column conductivity_S_cm": "conductivitymscm ionicconductivitymscm sigmamscm",
            "divide by 100 and name the column conductivity_S_cm": "conductivitysm sigmasm",
            "raise 10 to it and name the column conductivity_S_cm": "log10conductivity logconductivity logsigma "
            "log10sigma log10conductivityscm",
            "name the column conductivity_S_cm and give S/cm": "conductivity ionicconductivity ionicconductivityscm "
            "sigma sigmascm conductivityscm conductivityscm1 ionicconductivityscm1",
        }.items()
        for alias in aliases.split()
    },
    **{
        alias: ("temperature_C", remedy)
        for remedy, aliases in {
            "subtract 273.15 and name the column temperature_C": "temperaturek tk tempk",
            "name the column temperature_C and give Celsius": "temperature temp t tc temperaturec tempc",
        }.items()
        for alias in aliases.split()
    },
    **{
        alias: ("activation_energy_eV", remedy)
        for remedy, aliases in {
            "divide by 96.485 and name the column activation_energy_eV": "activationenergykjmol eakjmol eakjmol1",
            "divide by 1000 and name the column activation_energy_eV": "activationenergymev eamev",
            "name the column activation_energy_eV and give eV": "activationenergy ea eaev activationenergyev",
        }.items()
        for alias in aliases.split()
    },
    **dict.fromkeys(
        ("composition", "compound", "material", "chemicalformula", "formula"), ("formula", "name the column formula")
    ),
    "reductionlimitv": ("window_low_V", "name the column window_low_V"),
    "oxidationlimitv": ("window_high_V", "name the column window_high_V"),
    "ion": ("mobile_ion", "name the column mobile_ion"),
    "carrier": ("mobile_ion", "name the column mobile_ion"),
}


def read_table(path: str | Path, encoding: str | None = None) -> pd.DataFrame:
    """Read a table as text cells, row numbers in the index; validation makes numbers of it.

    Parameters
    ----------
    path : str or path
        `.csv`, `.csv.gz`, `.tsv`, `.txt` or `.parquet`. Comma, semicolon and tab separate columns.
    encoding : str, optional
        Encoding of the text; by default UTF-8 (with or without a byte order mark) or UTF-16 with one.

    Returns
    -------
    DataFrame
        Index `row` (header = 1). Blank lines are left out, their numbers too. Cells of a CSV are text as typed or NaN.

    Raises
    ------
    TableError
        If there is no such file, no header, no row, another encoding, a repeated column name or a row with too many or
        too few cells.
    """
    frame, ragged = read_rows(path, encoding)
    if len(ragged):
        first = ragged.iloc[0]
        raise TableError(f"{path}: {len(ragged)} rows do not fit the header; row {first['row']}: {first['reason']}")
    return frame


def read_rows(path: str | Path, encoding: str | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """As `read_table`, but rows that do not fit the header come back as a second frame of problems."""
    path = Path(path)
    if not path.is_file():
        raise TableError(f"{path}: there is no such file")
    if path.name.endswith((".parquet", ".pq")):
        frame = pd.read_parquet(path).reset_index(drop=True)
        return with_rows(frame), no_problems()
    if path.suffix.lower() in (".xlsx", ".xls", ".ods"):
        raise TableError(f"{path}: a spreadsheet; save the sheet as CSV (UTF-8)")
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    return _parse(_decode(raw, path, encoding), path)


def _decode(raw: bytes, path: Path, encoding: str | None) -> str:
    if encoding is None:
        encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, error.start) + 1
        byte = f"0x{raw[error.start]:02x}"
        raise TableError(
            f"{path}: row {row}: byte {byte} is not {encoding}; save the file as UTF-8, or say its encoding "
            "(often cp1252 from older spreadsheets)"
        ) from None


def _parse(content: str, path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    header_line = content.split("\n", 1)[0]
    separator = max(",;\t", key=header_line.count)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=separator)
    header = [name.strip() for name in next(reader, [])]
    if not any(header):
        raise TableError(f"{path}: the file is empty or its first row is; the first row must name the columns")
    doubled = sorted({name for name in header if name and header.count(name) > 1})
    if doubled:
        raise TableError(f"{path}: column {doubled[0]!r} appears twice; keep one")
    rows: list[list[str]] = []
    numbers: list[int] = []
    ragged: list[tuple] = []
    for number, cells in enumerate(reader, start=FIRST_ROW):
        if len(cells) == len(header):
            if any(map(str.strip, cells)):
                rows.append(cells)
                numbers.append(number)
        elif any(map(str.strip, cells)):
            reason = f"{len(cells)} cells where the header has {len(header)}"
            remedy = "quote cells that hold the separator, and write decimals with a point, not a comma"
            ragged.append((number, "", separator.join(cells)[:80], ERROR, reason, remedy))
    if not rows and not ragged:
        raise TableError(f"{path}: no measurement below the header; the first one belongs in row {FIRST_ROW}")
    frame = pd.DataFrame(rows, columns=header, index=pd.Index(numbers, name=ROW_INDEX, dtype="int64"), dtype=object)
    frame = frame.apply(lambda column: column.str.strip())
    return frame.mask(frame == "", np.nan), problems(ragged)


def with_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with row numbers (header = 1) as its index, unless it has them already."""
    if frame.index.name == ROW_INDEX and frame.index.is_unique:
        return frame
    numbers = pd.RangeIndex(FIRST_ROW, FIRST_ROW + len(frame), name=ROW_INDEX)
    return frame.set_axis(numbers, axis=0)


def problems(rows: list[tuple]) -> pd.DataFrame:
    """A frame of problems from tuples in the order of `PROBLEM_COLUMNS`."""
    return pd.DataFrame(rows, columns=list(PROBLEM_COLUMNS)).astype({"row": "int64"})


def no_problems() -> pd.DataFrame:
    """An empty frame of problems."""
    return problems([])


def check_header(frame: pd.DataFrame, columns: tuple[str, ...], required: tuple[str, ...]) -> pd.DataFrame:
    """Refuse a table without a column it needs; remark on columns that look like ours and are not read.

    Returns
    -------
    DataFrame
        Problems of row 1, all warnings.

    Raises
    ------
    TableError
        Naming every missing column, and the column that was probably meant for it with what to do to it.
    """
    meant: dict[str, list[tuple[str, str]]] = {}
    for name in map(str, frame.columns):
        if name in columns:
            continue
        plain = re.sub(r"[^a-z0-9]", "", name.lower().replace("µ", "u"))
        same = [c for c in columns if re.sub(r"[^a-z0-9]", "", c.lower()) == plain]
        target, remedy = (same[0], f"name the column {same[0]}") if same else _RENAMED.get(plain, ("", ""))
        if target in columns and target not in frame:
            meant.setdefault(target, []).append((name, remedy))
    missing = [name for name in required if name not in frame]
    # A conductivity or temperature in another unit would pass unseen as an extra column: refuse it.
    refused = [c for c in (*missing, "conductivity_S_cm", "temperature_C") if c in missing or c in meant]
    if refused:
        parts = []
        for name in dict.fromkeys(refused):
            hints = "; ".join(f"column {found!r} is there: {remedy}" for found, remedy in meant.get(name, []))
            parts.append(f"column {name} ({FIELDS[name].meaning}) is missing" + (f" ({hints})" if hints else ""))
        raise TableError("; ".join(parts))
    rows = [
        (1, found, "", WARNING, f"column {found!r} is not read; it looks like {name}", remedy)
        for name, pairs in meant.items()
        for found, remedy in pairs
    ]
    return problems(rows)


def to_numbers(cells: pd.Series, limits: bool = False) -> tuple[pd.Series, pd.DataFrame]:
    """A column of numbers from cells as typed; what is no number becomes NaN and a problem.

    Parameters
    ----------
    cells : Series
        As typed; limits that can be read are taken apart already (`censored.split_relation`).
    limits : bool
        Whether a limit such as `<1e-10` could stand there, for the remedies.

    Returns
    -------
    numbers : Series of float64
    problems : DataFrame
    """
    if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells):
        return cells.astype("float64"), no_problems()
    typed = cells.astype(object).map(lambda cell: "" if pd.isna(cell) else str(cell).strip())
    typed = typed.mask(typed.str.lower().isin(_BLANK), "").str.replace("−", "-")
    numbers = pd.to_numeric(typed.mask(typed.eq(""), None), errors="coerce").astype("float64")
    bad = typed.ne("") & ~np.isfinite(numbers)
    rows = [(row, cells.name, value, ERROR, *_why_no_number(value, limits)) for row, value in typed[bad].items()]
    # pandas reads two numbers in five one bit off; what was written must come back as it was.
    exact = typed[np.isfinite(numbers)].map(float).reindex(numbers.index).astype("float64")
    return exact, problems(rows)


def _why_no_number(value: str, limits: bool) -> tuple[str, str]:
    if re.fullmatch(r"(>=?|=>|[≥⩾≧\uFF1E])\s*[\d.eE+-]+", value):
        return "a lower limit, not a measured number", "give the number that was read, or leave the row out"
    relation = next((sign for sign in sorted(BELOW_AS_WRITTEN, key=len, reverse=True) if value.startswith(sign)), "")
    number, below = value.removeprefix(relation).lstrip(), BELOW if relation else ""
    if re.fullmatch(r"[~≈]\s*[\d.eE+-]+", value) or (below and not limits and re.match(r"[+-]?\.?\d", number)):
        return "a bound or an estimate, not a measured number", "give a number with quality C, or leave the row out"
    if re.fullmatch(r"[+-]?\d+,\d+([eE][+-]?\d+)?", number):
        return "a comma as decimal sign", f"write {below}{number.replace(',', '.')}"
    if re.search(r"[x×*·]\s*10", number):
        return "a power of ten in words", f"write it as {below}1.2e-4"
    if re.fullmatch(r"[+-]?[\d.]+([eE][+-]?\d+)?\s*(-|–|to|±|\+/-)\s*[\d.eE+-]+", number):
        return "a range or an uncertainty, not one number", "give the value, and the range in note"
    if re.match(r"[+-]?[\d.]+([eE][+-]?\d+)?\s*[A-Za-z°µ]", number):
        alone = "the limit alone, such as <1e-10" if below else "the number alone"
        return "a unit inside the cell", f"give {alone}; the column names the unit"
    if limits:
        return "not a number", "give a plain number such as 1.2e-4, or a limit such as <1e-10"
    return "not a number", "give a plain number such as 25 or 1.2e-4"
