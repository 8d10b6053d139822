"""What measurement tables amount to: counts, spans, sources, contradictions and the noise floor."""

from collections.abc import Iterable

import pandas as pd

from .columns import compositions, is_censored, is_computed, number, text
from .repeats import composition_keys, noise_floor, source_of
from .sources import CURATED, validate_curated
from .validate import ValidationReport, validate


def summarise(tables: Iterable[str | pd.DataFrame | ValidationReport] = tuple(CURATED)) -> pd.DataFrame:
    """One row a table: how much there is, of what span, from how many sources, with how many problems.

    Parameters
    ----------
    tables : iterable of str, DataFrame or ValidationReport
        Shipped tables by name (all of them by default), tables in memory, or reports of validation.

    Returns
    -------
    DataFrame
        table, kind, rows, valid, errors (rows left out), warnings (rows remarked on), measured_conductivity (rows that
        are neither simulated nor a grain boundary), below_a_limit (such as `<1e-10`, not among them),
        activation_energies, compositions, sources, year_first, year_last, temperature_min_C, temperature_max_C,
        without_temperature, duplicates (rows that repeat an earlier one), contradictions (rows to look at: see
        `repeats.repeat_problems`).

    Examples
    --------
    >>> summarise(["sodium_electrolytes"])[["table", "rows", "measured_conductivity"]].values.tolist()
    [['sodium_electrolytes', 782, 564]]
    """
    return pd.DataFrame([_summary(name, report) for name, report in _reports(tables)])


def count_by(column: str, tables: Iterable[str | pd.DataFrame | ValidationReport] = tuple(CURATED)) -> pd.DataFrame:
    """Valid rows and measured conductivities by table and word of one column (family, state, quality, mobile_ion, ...).

    Returns
    -------
    DataFrame
        table, `column`, rows, measured_conductivity; the most frequent word of each table first. Tables without the
        column do not appear.
    """
    parts = []
    for name, report in _reports(tables):
        frame = report.valid
        if column not in frame:
            continue
        words = frame[column].astype(object).where(frame[column].notna(), "(blank)")
        counts = pd.DataFrame(
            {column: words, "rows": 1, "measured_conductivity": measured_conductivity(frame).astype(int)}
        )
        counts = counts.groupby(column, sort=True)[["rows", "measured_conductivity"]].sum().reset_index()
        counts = counts.sort_values("rows", ascending=False, kind="stable")
        parts.append(counts.assign(table=name)[["table", column, "rows", "measured_conductivity"]])
    if not parts:
        return pd.DataFrame(columns=["table", column, "rows", "measured_conductivity"])
    return pd.concat(parts, ignore_index=True)


def noise_floors(tables: Iterable[str | pd.DataFrame | ValidationReport] = ()) -> pd.DataFrame:
    """`noise_floor` of each table, one row a table; by default the three shipped tables of conductivities."""
    chosen = tuple(tables) or ("sodium_electrolytes", "other_ion_electrolytes", "glass_electrolytes")
    parts = [noise_floor(report.valid).assign(table=name) for name, report in _reports(chosen)]
    floors = pd.concat(parts, ignore_index=True)
    return floors[["table", *[c for c in floors.columns if c != "table"]]]


def measured_conductivity(frame: pd.DataFrame) -> pd.Series:
    """Rows that hold a measured conductivity of the material: no simulation, no limit alone, no grain boundary."""
    return (
        number(frame, "conductivity_S_cm").notna()
        & ~is_computed(frame)
        & ~is_censored(frame)
        & text(frame, "conductivity_kind").ne("grain_boundary")
    )


def _reports(tables: Iterable[str | pd.DataFrame | ValidationReport]) -> list[tuple[str, ValidationReport]]:
    named = []
    for place, table in enumerate(tables, start=1):
        if isinstance(table, str):
            named.append((table, validate_curated(table)))
        elif isinstance(table, ValidationReport):
            named.append((f"table {place}", table))
        else:
            named.append((f"table {place}", validate(table)))
    return named


def _summary(name: str, report: ValidationReport) -> dict[str, object]:
    frame = report.valid
    year, temperature = number(frame, "year"), number(frame, "temperature_C")
    source = source_of(frame)
    reasons = report.problems["reason"]
    return {
        "table": name,
        "kind": report.table,
        "rows": report.n_rows,
        "valid": len(frame),
        "errors": report.n_rows - len(frame),
        "warnings": report.warnings["row"].nunique(),
        "measured_conductivity": int(measured_conductivity(frame).sum()),
        "below_a_limit": int(is_censored(frame).sum()),
        "activation_energies": int(number(frame, "activation_energy_eV").notna().sum()),
        "compositions": _distinct_compositions(frame),
        "sources": source[source.ne("")].nunique(),
        "year_first": year.min(),
        "year_last": year.max(),
        "temperature_min_C": temperature.min(),
        "temperature_max_C": temperature.max(),
        "without_temperature": int(temperature.isna().sum()) if "temperature_C" in frame else 0,
        "duplicates": int(reasons.str.startswith("the same composition").sum()),
        "contradictions": int(reasons.str.contains(" contradicts row ", regex=False).sum()),
    }


def _distinct_compositions(frame: pd.DataFrame) -> int:
    """Compositions that differ in mole fractions; for a table without formulas, the electrolytes named."""
    if "formula" in frame:
        batch = compositions(frame["formula"])
        return int(pd.Series(composition_keys(batch)[batch.is_readable]).nunique())
    names = [c for c in ("electrolyte_formula", "polymer", "salt", "filler", "plasticizer") if c in frame]
    return len(frame[names].drop_duplicates())
