"""Raw measurements to table columns: impedance to conductivity, temperature runs to energies, polarisation to t+."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ...models.impedance import conductivity_of_sample
from ...models.physics import ABSOLUTE_ZERO_C
from ...models.transference import LINEAR_V, bruce_vincent
from .censored import RELATION, VALUE, split_relation
from .columns import is_censored, text
from .fields import ERROR, WARNING
from .kinds import TABLES, table_of
from .reading import TableError, check_header, no_problems, problems, read_rows, to_numbers, with_rows
from .temperature_runs import fit_runs, note_energies

IMPEDANCE = ("resistance_ohm", "thickness_cm", "area_cm2")
IMPEDANCE_SDS = ("resistance_sd_ohm", "thickness_sd_cm", "area_sd_cm2")
POLARISATION = (
    *("polarisation_V", "initial_current_A", "steady_current_A"),
    *("initial_resistance_ohm", "steady_resistance_ohm"),
)
POLARISATION_SDS = (
    *("polarisation_sd_V", "initial_current_sd_A", "steady_current_sd_A"),
    *("initial_resistance_sd_ohm", "steady_resistance_sd_ohm"),
)
# Both a resistance and a conductivity may be given if they agree to this.
_AGREE = 0.05
_NUMBERS = (*IMPEDANCE, *IMPEDANCE_SDS, *POLARISATION, *POLARISATION_SDS, "temperature_C", "conductivity_S_cm")
_MAY_BE_ZERO = (*IMPEDANCE_SDS, *POLARISATION_SDS, "initial_resistance_ohm", "steady_resistance_ohm")
_OTHER_UNITS = {
    "resistance_kohm": ("resistance_ohm", "multiply by 1000"),
    "thickness_mm": ("thickness_cm", "divide by 10"),
    "thickness_um": ("thickness_cm", "divide by 10,000"),
    "area_mm2": ("area_cm2", "divide by 100"),
    "polarisation_mV": ("polarisation_V", "divide by 1000"),
    "initial_current_uA": ("initial_current_A", "divide by a million"),
    "steady_current_uA": ("steady_current_A", "divide by a million"),
}


@dataclass(frozen=True)
class Conversion:
    """What came of converting a table.

    Parameters
    ----------
    rows : DataFrame
        The rows given, in order, with conductivity_S_cm, conductivity_sd_S_cm, activation_energy_eV,
        transference_number and transference_number_sd where they follow, and `error`. The index is the row of the file.
    fits : DataFrame
        One row a sample with two temperatures or more; see `convert`.
    problems : DataFrame
        row, column, value, severity, reason, remedy, as `ValidationReport.problems`.
    run : Series
        Position in `fits` of each row, -1 for rows of no fit.
    """

    rows: pd.DataFrame
    fits: pd.DataFrame
    problems: pd.DataFrame
    run: pd.Series


def convert(source: str | Path | pd.DataFrame, interval: float = 0.9, encoding: str | None = None) -> Conversion:
    """Convert raw measurements, row by row and sample by sample.

    Parameters
    ----------
    source : path or DataFrame
        A row a measurement. Any of: resistance_ohm, thickness_cm and area_cm2 (for conductivity); temperature_C with
        those or with conductivity_S_cm (for fits, a sample being the rows that agree in `temperature_runs.SAMPLE`);
        polarisation_V, initial_current_A, steady_current_A, initial_resistance_ohm, steady_resistance_ohm (for t+).
        A conductivity of an electrolyte such as `<1e-10` comes back as validation reads it, and is no point of a fit;
        where an impedance says the value below it, that value takes its place.
        Uncertainties are standard ones, in columns such as resistance_sd_ohm. Other columns are carried through.
    interval : float
        Confidence of the bounds in `fits`.
    encoding : str, optional
        Encoding of a CSV file that is not UTF-8.

    Returns
    -------
    Conversion
        Its `fits` are those of `temperature_runs.fit_runs`.

    Raises
    ------
    TableError
        If there is nothing to convert, or a column is in another unit.

    Examples
    --------
    >>> pellet = pd.DataFrame(
    ...     {"formula": "Na3PS4", "temperature_C": [25.0, 60.0], "resistance_ohm": [500.0, 150.0],
    ...      "thickness_cm": 0.1, "area_cm2": 1.0, "resistance_sd_ohm": [5.0, 1.5]})
    >>> done = convert(pellet)
    >>> done.rows[["conductivity_S_cm", "activation_energy_eV"]].round(6).values.tolist()
    [[0.0002, 0.29444], [0.000667, 0.29444]]
    """
    if isinstance(source, pd.DataFrame):
        frame, found = with_rows(source), [no_problems()]
    else:
        frame, ragged = read_rows(source, encoding)
        found = [ragged]
    found.append(_header(frame))
    limits = table_of(list(frame.columns)) == "electrolyte"
    if limits:
        frame = split_relation(frame)
    numbers = pd.DataFrame(index=frame.index, columns=list(_NUMBERS), dtype="float64")
    for name in _NUMBERS:
        if name in frame:
            numbers[name], bad = to_numbers(frame[name], limits=limits and name == VALUE)
            found.append(bad)
    found.append(_impossible(numbers))
    bad_rows = pd.concat(found)
    good = ~frame.index.isin(bad_rows.loc[bad_rows["severity"].eq(ERROR), "row"])
    rows = frame.copy()
    for add in (_conductivity, _transference):
        found.append(add(rows, numbers, good))
        good &= ~frame.index.isin(found[-1].loc[found[-1]["severity"].eq(ERROR), "row"])
    # A limit is no point of a line.
    fits, run = fit_runs(rows, numbers["temperature_C"].where(good & ~is_censored(rows)), interval)
    note_energies(rows, fits, run)
    every = pd.concat(found, ignore_index=True).sort_values("row", kind="stable", ignore_index=True)
    errors = every[every["severity"].eq(ERROR)].drop_duplicates("row").set_index("row")
    said = errors["column"] + ": " + errors["reason"] + "; " + errors["remedy"]
    rows["error"] = pd.Series(said, dtype=object).reindex(rows.index)
    return Conversion(rows, fits, every, run)


def _header(frame: pd.DataFrame) -> pd.DataFrame:
    """Refuse a table without anything to convert, or with a known column in another unit."""
    for name, (ours, remedy) in _OTHER_UNITS.items():
        if name in frame:
            raise TableError(f"column {name!r}: {remedy} and name the column {ours}")
    remarks = check_header(frame, TABLES["electrolyte"].columns, ())
    whole = [group for group in (IMPEDANCE, POLARISATION, ("conductivity_S_cm",)) if set(group) <= set(frame.columns)]
    if not whole:
        started = [g for g in (IMPEDANCE, POLARISATION) if set(g) & set(frame.columns)] or [IMPEDANCE, POLARISATION]
        missing = " or ".join(", ".join(c for c in group if c not in frame) for group in started)
        raise TableError(f"there is nothing to convert: columns {missing} are missing")
    return remarks


def _impossible(numbers: pd.DataFrame) -> pd.DataFrame:
    """Problems of numbers that no instrument gives."""
    found = []
    for name in _NUMBERS:
        values = numbers[name]
        if name == "temperature_C":
            bad, remedy = values <= ABSOLUTE_ZERO_C, "give Celsius"
        elif name in _MAY_BE_ZERO:
            bad, remedy = values < 0, "give a number of at least 0"
        else:
            bad, remedy = values <= 0, "give a number above 0"
        found.append(_said(values[bad], ERROR, "no instrument gives this", remedy))
    return pd.concat(found)


def _incomplete(numbers: pd.DataFrame, group: tuple[str, ...], good: np.ndarray) -> pd.DataFrame:
    """Problems of rows that have some of the columns of a group and lack others."""
    lacks = numbers[list(group)].isna()
    part = lacks.any(axis=1) & ~lacks.all(axis=1) & good
    found = []
    for row in numbers.index[part]:
        missing = [name for name in group if lacks.loc[row, name]]
        reason = f"{' and '.join(missing)} blank, where {group[0]} and the like are given"
        found.append(
            (row, missing[0], "", ERROR, reason, f"fill in {', '.join(missing)}, or leave all {len(group)} blank")
        )
    return problems(found)


def _conductivity(rows: pd.DataFrame, numbers: pd.DataFrame, good: np.ndarray) -> pd.DataFrame:
    """Fill conductivity_S_cm and its uncertainty from the impedance; problems."""
    sigma, sd = numbers["conductivity_S_cm"].copy(), pd.Series(np.nan, index=rows.index)
    # A conductivity alone may come with its thickness and area: only a resistance calls for the others.
    measured = numbers.assign(**{c: numbers[c].where(numbers["resistance_ohm"].notna()) for c in IMPEDANCE})
    found = _incomplete(measured, IMPEDANCE, good)
    use = measured[list(IMPEDANCE)].notna().all(axis=1) & good
    if use.any():
        parts = [numbers.loc[use, c].to_numpy() for c in IMPEDANCE]
        sds = [numbers.loc[use, c].fillna(0.0).to_numpy() for c in IMPEDANCE_SDS]
        value, spread = conductivity_of_sample(*parts, *sds)
        given = sigma[use].to_numpy()
        with np.errstate(invalid="ignore"):
            # A limit agrees with all that lies below it.
            differ = np.where(is_censored(rows)[use], value / given - 1, np.abs(given / value - 1)) > _AGREE
        reason = "it is given, but thickness / (resistance x area) is another conductivity"
        remedy = "check the four numbers and their units, or leave conductivity_S_cm blank"
        found = pd.concat([found, _said(sigma[use][differ], ERROR, reason, remedy)])
        sigma[use] = value
        sd[use] = np.where(sum(sds) > 0, spread, np.nan)
        rows["method"] = text(rows, "method").mask(use & text(rows, "method").eq(""), "EIS").replace("", None)
    wrong = rows.index.isin(found["row"])
    if RELATION in rows:
        # Where the impedance does not lie well below the limit, it is what the instrument's own limit comes to.
        told = use & ~wrong & is_censored(rows) & (numbers["conductivity_S_cm"] > (1 + _AGREE) * sigma)
        rows[RELATION] = text(rows, RELATION).mask(told, "")
    rows["conductivity_S_cm"], rows["conductivity_sd_S_cm"] = sigma.mask(wrong | ~good), sd.mask(wrong)
    return found


def _transference(rows: pd.DataFrame, numbers: pd.DataFrame, good: np.ndarray) -> pd.DataFrame:
    """Fill transference_number and its uncertainty from the polarisation; problems."""
    if not set(POLARISATION) & set(rows.columns):
        return no_problems()
    found = [_incomplete(numbers, POLARISATION, good)]
    whole = numbers[list(POLARISATION)].notna().all(axis=1) & good
    volt = numbers["polarisation_V"]
    for which in ("initial", "steady"):
        column = f"{which}_resistance_ohm"
        over = whole & (numbers[f"{which}_current_A"] * numbers[column] >= volt)
        reason = f"the interfaces alone take the whole polarisation (I R is not below polarisation_V), {which} state"
        remedy = "give the resistance of the interfaces without the electrolyte, in ohm, and currents in A"
        found.append(_said(numbers[column][over], ERROR, reason, remedy))
        whole &= ~over
    t, sd = pd.Series(np.nan, index=rows.index), pd.Series(np.nan, index=rows.index)
    if whole.any():
        sds = [numbers.loc[whole, c].fillna(0.0).to_numpy() for c in POLARISATION_SDS]
        value, spread = bruce_vincent(*(numbers.loc[whole, c].to_numpy() for c in POLARISATION), *sds)
        t[whole], sd[whole] = value, np.where(sum(sds) > 0, spread, np.nan)
    above = t > 1
    remedy = "wait for the steady state; check that the initial resistance is that of the interfaces alone"
    found.append(_said(numbers["steady_current_A"][above], ERROR, "it makes a transference number above 1", remedy))
    reason = f"a polarisation above kT/e = {LINEAR_V} V leaves the linear regime of the method"
    found.append(_said(volt[whole & (volt > LINEAR_V)], WARNING, reason, "polarise by 10 mV"))
    rows["transference_number"], rows["transference_number_sd"] = t.mask(above), sd.mask(above)
    return pd.concat(found)


def _said(values: pd.Series, severity: str, reason: str, remedy: str) -> pd.DataFrame:
    """One problem a value, with the same words; the index says the row, the name the column."""
    return problems([(row, values.name, f"{value:g}", severity, reason, remedy) for row, value in values.items()])
