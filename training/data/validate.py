"""Validating a measurement table: what can be used, what cannot and why, with the row numbers a person sees.

Row numbers count the header as row 1, so the first measurement is row 2, as a spreadsheet or editor shows them. An
error takes its row out; a warning leaves it in.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pandera.errors

from .censored import RELATION, VALUE, split_relation
from .columns import compositions, contains, infer_mobile_ion, number, text
from .fields import ERROR, FIELDS, WARNING
from .given_structures import with_structure_texts
from .kinds import TABLES, Table, table_of
from .reading import TableError, check_header, no_problems, problems, read_rows, to_numbers, with_rows
from .repeats import repeat_problems
from .rules import rules
from .schema import measurement_schema


@dataclass(frozen=True)
class ValidationReport:
    """What came of validating one table.

    Parameters
    ----------
    table : str
        Kind of table: electrolyte, glass, hybrid, interface or window.
    valid : DataFrame
        Rows without an error, typed, defaults filled in, the table's columns first and any others after them. The
        index `row` keeps the row numbers of the file.
    problems : DataFrame
        row, column, value, severity (error | warning), reason, remedy; sorted by row. Row 1 is the header.
    assumed : tuple of str
        What was taken for blank cells, one sentence a column.
    n_rows : int
        Rows that were looked at.
    """

    table: str
    valid: pd.DataFrame
    problems: pd.DataFrame
    assumed: tuple[str, ...]
    n_rows: int

    @property
    def errors(self) -> pd.DataFrame:
        """Problems that took a row out."""
        return self.problems[self.problems["severity"] == ERROR]

    @property
    def warnings(self) -> pd.DataFrame:
        """Problems that left their row in."""
        return self.problems[self.problems["severity"] == WARNING]

    def __str__(self) -> str:
        out = self.n_rows - len(self.valid)
        return (
            f"{self.n_rows} rows of a table of kind {self.table}: {len(self.valid)} valid, {out} left out, "
            f"{len(self.warnings)} warnings on {self.warnings['row'].nunique()} rows"
        )


def validate(
    source: str | Path | pd.DataFrame,
    table: str | None = None,
    encoding: str | None = None,
    open_files: bool = True,
) -> ValidationReport:
    """Validate a file or a DataFrame of measurements.

    Parameters
    ----------
    source : path or DataFrame
        CSV, compressed CSV or Parquet file, or a table in memory.
    table : {"electrolyte", "glass", "hybrid", "interface", "window"}, optional
        Kind of table; by default its columns tell.
    encoding : str, optional
        Encoding of a CSV file that is not UTF-8.
    open_files : bool
        Whether a cell of the column `structure` may name a file.

    Raises
    ------
    TableError
        If the table as a whole cannot be used (see `read_table`, `validate_measurements`).
    """
    if isinstance(source, pd.DataFrame):
        return _report(source, table, no_problems(), open_files)
    frame, ragged = read_rows(source, encoding)
    return _report(frame, table, ragged, open_files)


def validate_measurements(frame: pd.DataFrame, table: str | None = None) -> ValidationReport:
    """Validate a table of measurements; a formula, a temperature and a conductivity are enough.

    Parameters
    ----------
    frame : DataFrame
        Columns of `fields.FIELDS`, numbers or text as typed; others are carried through, in a table of electrolytes
        `structure` (CIF text, path, pymatgen Structure or its JSON) as the text of the structure. There a conductivity
        may be `<1e-10`, measured and below what the instrument reads: it comes back as the limit, with `<` in
        conductivity_relation. Blank or absent columns take these defaults: state crystalline (glass in a glass table),
        quality B (measured, traceable: you vouch for it), conductivity_kind and method unspecified, temperature_stated
        exact, mobile_ion the first of Na, Li, K, Ag, ... that the formula holds.
    table : str, optional
        Kind of table; by default its columns tell.

    Returns
    -------
    ValidationReport
        Row numbers are those of `frame.index` if it is named `row`, else position + 2 (header = row 1).

    Raises
    ------
    TableError
        If a required column is missing, or conductivity or temperature are there in another unit only.

    Examples
    --------
    >>> lab = pd.DataFrame({"formula": ["Na3PS4", "Na3P(S4"], "temperature_C": 25, "conductivity_S_cm": 2e-4})
    >>> report = validate_measurements(lab)
    >>> report.valid[["formula", "mobile_ion", "state", "quality"]].values.tolist()
    [['Na3PS4', 'Na', 'crystalline', 'B']]
    >>> report.problems[["row", "column", "severity"]].values.tolist()
    [[3, 'formula', 'error']]
    """
    return _report(frame, table, no_problems())


def _report(frame: pd.DataFrame, table: str | None, ragged: pd.DataFrame, open_files: bool = True) -> ValidationReport:
    frame = with_rows(frame.rename(columns=lambda name: str(name).strip().lstrip("\ufeff")))
    table = table or table_of(list(frame.columns))
    if table not in TABLES:
        raise TableError(f"{table=} is not known; choose one of {', '.join(TABLES)}")
    spec = TABLES[table]
    header = check_header(frame, spec.columns, spec.required)
    if RELATION in spec.columns:
        frame = split_relation(frame)
    typed, unreadable = _typed(frame, spec)
    filled, assumed, guessed = _with_defaults(typed, spec)
    failed = _failures(filled, typed, table, ERROR)
    # A cell that could not be read is blank from here on; what follows from its being blank is no second error.
    already = pd.MultiIndex.from_frame(unreadable[["row", "column"]])
    failed = failed[~pd.MultiIndex.from_frame(failed[["row", "column"]]).isin(already)]
    errors = pd.concat([unreadable, failed], ignore_index=True)
    valid = filled.drop(index=pd.Index(errors["row"].unique()))
    if table == "electrolyte":
        valid, unusable = with_structure_texts(valid, open_files)
        errors = pd.concat([errors, unusable], ignore_index=True)
        valid = valid.drop(index=pd.Index(unusable["row"].unique()))
    warnings = _failures(valid, valid, table, WARNING)
    repeats = repeat_problems(valid, table)
    guessed = guessed[guessed["row"].isin(valid.index)]
    found = pd.concat([header, _kelvin_column(valid), ragged, errors, warnings, guessed, repeats], ignore_index=True)
    found = found.drop_duplicates(["row", "column", "reason"]).sort_values("row", kind="stable", ignore_index=True)
    return ValidationReport(table, valid, found, assumed, len(frame) + len(ragged))


def _typed(frame: pd.DataFrame, spec: Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every column of the table, numbers as float64 and text stripped; other columns follow untouched."""
    columns: dict[str, pd.Series] = {}
    found = []
    for name in spec.columns:
        if name not in frame:
            kind = "float64" if FIELDS[name].number else object
            columns[name] = pd.Series([None] * len(frame), index=frame.index, dtype=kind)
        elif FIELDS[name].number:
            columns[name], bad = to_numbers(frame[name], limits=name == VALUE and RELATION in spec.columns)
            found.append(bad)
        else:
            words = text(frame, name).str.strip()
            columns[name] = words.mask(words.eq(""), None).astype(object)
    extra = {name: frame[name] for name in frame.columns if name not in columns}
    return pd.DataFrame({**columns, **extra}, index=frame.index), pd.concat([no_problems(), *found], ignore_index=True)


def _with_defaults(frame: pd.DataFrame, spec: Table) -> tuple[pd.DataFrame, tuple[str, ...], pd.DataFrame]:
    """The frame with blank cells filled by default, what was assumed, and warnings where the guess is open."""
    filled = frame.copy(deep=False)
    assumed = []
    for name in spec.columns:
        word, needs = spec.default(name), FIELDS[name].default_needs
        blank = frame[name].isna() & (frame[needs].notna() if needs in frame else True)
        if word and blank.any():
            filled[name] = frame[name].mask(blank, word)
            assumed.append(f"{name} = {word} in {int(blank.sum())} rows that do not say")
    guessed = no_problems()
    if "mobile_ion" in spec.columns and frame["mobile_ion"].isna().any():
        blank = frame["mobile_ion"].isna()
        batch = compositions(frame.loc[blank, "formula"])
        ions = pd.Series(infer_mobile_ion(batch), index=frame.index[blank], dtype=object)
        filled["mobile_ion"] = frame["mobile_ion"].mask(blank, ions)
        assumed.append(f"mobile_ion read from the formula in {int(ions.notna().sum())} rows that do not say")
        alkali = sum(contains(batch, pd.Series([s] * len(batch))).astype(int) for s in ("Na", "Li", "K", "Ag"))
        open_rows = ions.index[alkali > 1]
        reason = "several ions could conduct and mobile_ion is blank; {} was taken"
        guessed = problems(
            [
                (int(row), "mobile_ion", "", WARNING, reason.format(ions[row]), "say in mobile_ion which one conducts")
                for row in open_rows
            ]
        )
    return filled, tuple(assumed), guessed


def _kelvin_column(frame: pd.DataFrame) -> pd.DataFrame:
    """A remark on the header where the whole temperature column looks like K: none below 250, most near 300."""
    temperature = number(frame, "temperature_C").dropna()
    if len(temperature) < 3 or temperature.min() < 250 or temperature.between(290, 310).mean() < 0.5:
        return no_problems()
    reason = (
        f"{len(temperature)} temperatures, none below {temperature.min():g}, most near 300: the column looks like K"
    )
    return problems([(1, "temperature_C", "", WARNING, reason, "subtract 273.15, or leave it if it is Celsius")])


def _failures(frame: pd.DataFrame, typed: pd.DataFrame, table: str, severity: str) -> pd.DataFrame:
    """Problems that the schema finds in `frame`; values are quoted from `typed`, before defaults."""
    if frame.empty:
        return no_problems()
    try:
        measurement_schema(table, severity).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as failed:
        cases = failed.failure_cases[["check", "index"]].drop_duplicates()
    else:
        return no_problems()
    known = rules(table)
    rows = []
    for key, row in cases.itertuples(index=False):
        rule = known.get(str(key))
        if rule is None:  # a failure of pandera itself, not of a row
            raise TableError(f"the table cannot be checked: {key} (row {row})")
        value, reason = _quote(typed, row, rule.column), rule.reason
        if rule.key == "formula:parsable":
            reason = str(compositions(pd.Series([value])).errors[0])
        elif rule.key == "mobile_ion:present":
            ion = _quote(frame, row, "mobile_ion")
            reason = f"{_quote(frame, row, 'formula')} holds no {ion}" if ion else "the formula holds no mobile ion"
        rows.append((int(row), rule.column, value, severity, reason, rule.remedy))
    return problems(rows)


def _quote(frame: pd.DataFrame, row: int, column: str) -> str:
    """A cell as a person would write it."""
    if column not in frame:
        return ""
    cell = frame[column].loc[row]
    if pd.isna(cell):
        return ""
    return f"{cell:g}" if FIELDS[column].number else str(cell)
