"""Rows that speak of the same thing: duplicates, contradictions, and the noise floor that repeats reveal."""

from itertools import count

import numpy as np
import pandas as pd

from ...featurize.composition import CompositionBatch
from ...featurize.elements import N_ELEMENTS
from .censored import as_written, decades_apart
from .columns import compositions, is_censored, is_computed, number, text
from .fields import WARNING
from .reading import problems

SAME_TEMPERATURE_C = 2.0
CONTRADICTION_FACTOR = 30.0
# Two mole fractions are the same when they agree to this: one in ten thousand atoms.
FRACTION_STEP = 1e-4
# Median absolute deviation -> standard deviation of a normal distribution.
MAD_TO_SD = 1.4826


def composition_keys(batch: CompositionBatch) -> np.ndarray:
    """One integer a composition, equal for formulas with the same mole fractions (to 1e-4) however they are written.

    Returns
    -------
    (n,) int64; 0 for rows in error.

    Examples
    --------
    >>> a, b, c = composition_keys(CompositionBatch.from_formulas(["NaZr2(PO4)3", "Na2Zr4P6O24", "NaTi2(PO4)3"]))
    >>> bool(a == b), bool(a == c)
    (True, False)
    """
    weights = np.random.default_rng(20).integers(1, 2**62, size=N_ELEMENTS, dtype=np.int64)
    fractions = batch.fractions.tocsr()
    steps = fractions.copy()
    steps.data = np.rint(np.asarray(fractions.data, dtype=np.float64) / FRACTION_STEP)
    return steps.astype(np.int64) @ weights  # wraps around: a hash, not a sum


def group_keys(frame: pd.DataFrame, table: str) -> np.ndarray:
    """(n,) int64: equal for rows about the same composition, ion, state, kind of conductivity, measured or computed."""
    if table in ("electrolyte", "glass"):
        labels = [composition_keys(compositions(frame["formula"])), text(frame, "state"), text(frame, "mobile_ion")]
        labels += [text(frame, "conductivity_kind"), is_computed(frame)]
    else:
        mixture = ("polymer", "salt", "salt_loading", "salt_loading_unit", "filler", "filler_wt_pct", "plasticizer")
        labels = [text(frame, column) for column in (*mixture, "class")]
    codes = np.zeros(len(frame), dtype=np.int64)
    for label in labels:
        code = pd.factorize(np.asarray(label))[0]
        codes = pd.factorize(codes * (code.max(initial=0) + 1) + code)[0].astype(np.int64)
    return codes


def repeat_problems(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Warnings for duplicates (the same value again) and contradictions (a factor of 30 apart within 2 C).

    A duplicate is listed with the first row that holds the value, a contradiction with the row furthest away. A value
    below a limit contradicts what lies above the limit, and nothing else.
    """
    if "conductivity_S_cm" not in frame:
        return problems([])
    measured = frame[number(frame, "conductivity_S_cm").gt(0) & number(frame, "temperature_C").notna()]
    keys = group_keys(measured, table)
    temperature = measured["temperature_C"].to_numpy(dtype=float)
    decades = np.log10(measured["conductivity_S_cm"].to_numpy(dtype=float))
    first, second = _pairs(keys, temperature)
    censored = is_censored(measured).to_numpy()
    gap = np.abs(decades_apart(decades[first], decades[second], censored[first], censored[second]))
    rows = measured.index.to_numpy()
    values = as_written(measured).to_numpy(object)
    source = np.asarray(source_of(measured))
    found: list[tuple] = []

    same = (np.abs(decades[first] - decades[second]) < 1e-6) & (censored[first] == censored[second])
    same &= temperature[first] == temperature[second]
    later = pd.DataFrame(
        {"late": np.maximum(rows[first], rows[second]), "early": np.minimum(rows[first], rows[second])}
    )
    position = pd.Series(np.arange(len(rows)), index=rows)
    for late, early in later[same].groupby("late")["early"].min().items():
        i, j = position[late], position[early]
        whose = "the same source" if source[i] and source[i] == source[j] else "another source"
        reason = f"the same composition, temperature and value as row {early}, from {whose}"
        remedy = "keep one if it is the same sample; a value quoted twice is no second measurement"
        found.append((int(late), "conductivity_S_cm", values[i], WARNING, reason, remedy))

    apart = gap > np.log10(CONTRADICTION_FACTOR)
    label = text(measured, "structure_label").to_numpy()
    for i, others in _culprits(first[apart], second[apart]).items():
        furthest = max(others, key=lambda j: abs(decades[i] - decades[j]))
        factor = 10 ** abs(decades[i] - decades[furthest])
        reason = (
            f"{values[i]} S/cm at {temperature[i]:g} C contradicts row {rows[furthest]} of the same composition: "
            f"{values[furthest]} S/cm at {temperature[furthest]:g} C, a factor of {factor:.0f}"
        )
        if len(others) > 1:
            reason += f"; {len(others)} rows are {CONTRADICTION_FACTOR:g} times or more away"
        if label[i] != label[furthest]:
            reason += f" (structure {label[i] or 'not stated'} against {label[furthest] or 'not stated'})"
        remedy = "check exponent, unit and phase in both sources; if both stand, both stay"
        found.append((int(rows[i]), "conductivity_S_cm", values[i], WARNING, reason, remedy))
    return problems(found)


def _culprits(first: np.ndarray, second: np.ndarray) -> dict[int, list[int]]:
    """Rows to look at, each with all rows that it contradicts: the fewest that explain every contradiction.

    One outlier among sixty repeats is one row to look at, not sixty-one; of two rows that contradict only each other,
    both are.
    """
    against: dict[int, set[int]] = {}
    for i, j in zip(first.tolist(), second.tolist(), strict=True):
        against.setdefault(i, set()).add(j)
        against.setdefault(j, set()).add(i)
    found: dict[int, list[int]] = {}
    left = {i: set(others) for i, others in against.items()}
    while left:
        most = max(map(len, left.values()))
        if most == 0:
            break
        # Equals are named together, so that nobody is blamed by the order of rows.
        worst = [i for i, others in left.items() if len(others) == most]
        for i in worst:
            found[i] = sorted(against[i])
        for i in worst:
            for j in left.pop(i):
                if j in left:
                    left[j].discard(i)
    return found


def _pairs(keys: np.ndarray, temperature_C: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs (positions) of rows with equal keys and temperatures within 2 C."""
    order = np.lexsort((temperature_C, keys))
    key, temperature = keys[order], temperature_C[order]
    first: list[np.ndarray] = []
    second: list[np.ndarray] = []
    for step in count(1):
        near = (key[step:] == key[:-step]) & (temperature[step:] - temperature[:-step] <= SAME_TEMPERATURE_C)
        at = np.flatnonzero(near)
        if not len(at):
            break
        first.append(order[at])
        second.append(order[at + step])
    if not first:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    return np.concatenate(first), np.concatenate(second)


def source_of(frame: pd.DataFrame) -> pd.Series:
    """Where each row comes from: DOI, else the SciGlass paper, else address, else "" (no source named)."""
    source = text(frame, "doi").str.lower()
    paper = text(frame, "sciglass_id").str.split("/", n=1).str[0]
    source = source.where(source.ne("") | paper.eq(""), "sciglass:" + paper)
    return source.where(source.ne(""), text(frame, "url"))


def noise_floor(frame: pd.DataFrame, low_C: float = 15.0, high_C: float = 35.0) -> pd.DataFrame:
    """How far independent sources disagree about one composition near room temperature.

    Counted are measured conductivities of the material (no grain boundaries, nothing simulated) that name their source
    and are not of quality C (quoted, derived, doubtful) nor below a limit. Each source counts once a
    composition, by its median; one value found in two sources counts once, as a quotation. What is left is the error
    that a perfect model of composition would still make.

    Parameters
    ----------
    frame : DataFrame
        Valid measurements (electrolyte or glass columns).
    low_C, high_C : float
        Temperatures taken as room temperature.

    Returns
    -------
    DataFrame
        One row: `compositions` with two sources or more, `measurements` (sources counted), `robust_sd` and `sd`, both
        in decades. robust_sd is 1.4826 x the median absolute deviation from each composition's median; both are
        corrected for the degree of freedom that each centre takes.
    """
    source = source_of(frame)
    kept = frame[
        number(frame, "conductivity_S_cm").gt(0)
        & number(frame, "temperature_C").between(low_C, high_C)
        & text(frame, "conductivity_kind").ne("grain_boundary")
        & text(frame, "quality").ne("C")
        & ~is_computed(frame)
        & ~is_censored(frame)
        & source.ne("")
    ]
    table = pd.DataFrame(
        {
            "composition": composition_keys(compositions(kept["formula"])),
            "source": source[kept.index],
            "decades": np.log10(kept["conductivity_S_cm"].to_numpy(dtype=float)),
        }
    )
    medians = table.groupby(["composition", "source"])["decades"].median().round(9).reset_index()
    medians = medians.drop_duplicates(["composition", "decades"])
    size = medians.groupby("composition")["decades"].transform("size")
    medians = medians[size > 1]
    if medians.empty:
        return pd.DataFrame({"compositions": [0], "measurements": [0], "robust_sd": [np.nan], "sd": [np.nan]})
    by_composition = medians.groupby("composition")["decades"]
    size = by_composition.transform("size")
    correction = np.sqrt(size / (size - 1))
    from_median = (medians["decades"] - by_composition.transform("median")) * correction
    from_mean = (medians["decades"] - by_composition.transform("mean")) * correction
    return pd.DataFrame(
        {
            "compositions": [medians["composition"].nunique()],
            "measurements": [len(medians)],
            "robust_sd": [MAD_TO_SD * from_median.abs().median()],
            "sd": [np.sqrt((from_mean**2).mean())],
        }
    )
