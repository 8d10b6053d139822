"""Phase-energy tables: formula and energy of known phases, from a file, from pymatgen entries or from mp-api.

Formation energies are counted from the elements in their standard states, which therefore lie at 0 eV/atom by
definition: the elements need no row of their own, and a row that puts one elsewhere says that the energies are of
another kind. Total energies (`energy_eV_atom`) have no such zero: there every element needs its row.
"""

import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...featurize.composition import CompositionBatch
from ...featurize.elements import N_ELEMENTS, SYMBOLS
from ...models.composition_index import SAME_COMPOSITION
from ...models.phases import Phases
from .external import EXTERNAL_DATA
from .fields import ERROR, WARNING
from .reading import TableError, no_problems, problems, read_table, to_numbers, with_rows
from .units_of_energy import check_unit, unbelievable

ENERGIES = "IONSCOUT_ENERGIES"
MATERIALS_PROJECT_FILE = "materials_project_formation_energies.csv.gz"
FORMATION_ENERGY = "formation_energy_eV_atom"
TOTAL_ENERGY = "energy_eV_atom"
# A lowest element entry further from zero than this is no rounding.
_ELEMENT_EV_ATOM = 0.02
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class PhaseEnergies:
    """A validated phase-energy table.

    Parameters
    ----------
    phases : Phases
        The elements, then the compounds in the order of `table`.
    table : DataFrame
        One row a composition, its lowest entry: formula, formation_energy_eV_atom, and whatever columns came along
        (entry_id, functional ...). The index `row` is the row number in the source, header = 1.
    problems : DataFrame
        Rows that cannot be used (severity error) or ask for a look (warning): row, column, value, severity, reason,
        remedy.
    superseded : DataFrame
        Entries that lost to a lower one of the same composition, with `kept_row` of that one.
    source : str
        File or origin.
    facts : dict
        What the source says of itself: database version, corrections, date.
    """

    phases: Phases
    table: pd.DataFrame
    problems: pd.DataFrame
    superseded: pd.DataFrame
    source: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.table)

    def __str__(self) -> str:
        elements = int(self.phases.known_elements.sum())
        return (
            f"{self.source}: {len(self):,} phases of {elements} elements, {len(self.superseded):,} higher entries, "
            f"{int(self.problems['severity'].eq(ERROR).sum()):,} rows not usable"
        )


def load_energies(source: Any = None, facts: Mapping[str, Any] | None = None) -> PhaseEnergies:
    """Read and validate a phase-energy table.

    Parameters
    ----------
    source : path, DataFrame, list of pymatgen entries, PhaseEnergies or None
        A CSV (.csv, .csv.gz, .tsv) or Parquet file, or a table, with columns `formula` and `formation_energy_eV_atom`
        (or, for total energies, `energy_eV_atom` with the elements among the rows), optionally `entry_id` and others,
        which are kept. None takes the file that `IONSCOUT_ENERGIES` names, or the Materials Project table in the folder
        `IONSCOUT_EXTERNAL_DATA`.
    facts : mapping, optional
        Provenance to keep with the table.

    Raises
    ------
    TableError
        If the table as a whole cannot be used: no such file, a column missing, energies in another unit or of another
        kind, elemental references missing. A row that cannot be used does not raise; it is listed in `problems`.
    FileNotFoundError
        If `source` is None and no table is configured.

    Examples
    --------
    >>> table = pd.DataFrame({"formula": ["NaCl", "Na2Cl2", "Na2S"], "formation_energy_eV_atom": [-2.13, -2.05, -1.26]})
    >>> energies = load_energies(table)
    >>> print(energies)
    table: 2 phases of 3 elements, 1 higher entries, 0 rows not usable
    >>> energies.superseded[["formula", "kept_row"]].values.tolist()
    [['Na2Cl2', 2]]
    """
    if isinstance(source, PhaseEnergies):
        return source
    if source is None:
        source = configured_energies()
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        frame, name = read_table(path), str(source)
        facts = {**_facts_beside(path), **(facts or {})}
    elif isinstance(source, pd.DataFrame):
        frame, name = with_rows(source), "table"
    else:
        frame, name = with_rows(_entries_table(source)), "pymatgen entries"
    energies = _validate(frame, name, dict(facts or {}))
    _LOG.info("%s", energies)
    unusable = energies.problems[energies.problems["severity"].eq(ERROR)]
    if len(unusable):
        first = unusable.iloc[0]
        _LOG.warning(
            "%s: %d rows left out; the first is row %s, %s %r: %s; %s",
            *(energies.source, len(unusable), first["row"], first["column"], first["value"]),
            *(first["reason"], first["remedy"]),
        )
    return energies


def configured_energies() -> Path:
    """The phase-energy table that the environment names.

    Raises
    ------
    FileNotFoundError
        Naming the variables and how to get a table.
    """
    if named := os.environ.get(ENERGIES):
        if not Path(named).is_file():
            raise FileNotFoundError(f"{ENERGIES} names {named}, which is not there")
        return Path(named)
    folder = os.environ.get(EXTERNAL_DATA)
    if folder and (Path(folder) / MATERIALS_PROJECT_FILE).is_file():
        return Path(folder) / MATERIALS_PROJECT_FILE
    raise FileNotFoundError(
        f"no phase-energy table: pass energies=, or let {ENERGIES} name a CSV or Parquet file with columns formula and "
        f"{FORMATION_ENERGY}, or {EXTERNAL_DATA} a folder with {MATERIALS_PROJECT_FILE}. With a Materials Project key, "
        "ionscout.training.data.materials_project.pull_materials_project writes one"
    )


def _facts_beside(path: Path) -> dict[str, Any]:
    """Provenance written next to a pulled table."""
    import json

    beside = path.with_name(f"{path.name}.json")
    return json.loads(beside.read_text()) if beside.is_file() else {}


def _entries_table(entries: Iterable[Any]) -> pd.DataFrame:
    """Total energies, corrections included, of pymatgen entries."""
    entries = list(entries)
    if not entries or not all(hasattr(e, "energy_per_atom") and hasattr(e, "composition") for e in entries):
        raise TypeError("energies: give a path, a DataFrame, or a list of pymatgen entries")
    return pd.DataFrame(
        {
            "formula": [entry.composition.formula.replace(" ", "") for entry in entries],
            TOTAL_ENERGY: [float(entry.energy_per_atom) for entry in entries],
            "entry_id": [entry.entry_id for entry in entries],
            "correction_eV_atom": [float(getattr(entry, "correction_per_atom", 0.0)) for entry in entries],
        }
    )


def _validate(frame: pd.DataFrame, name: str, facts: dict) -> PhaseEnergies:
    column = _energy_column(frame, name)
    numbers, unreadable = to_numbers(frame[column])
    batch = CompositionBatch.from_formulas(frame["formula"])
    found = [unreadable, _problems(frame, "formula", ~batch.is_readable, batch.errors, "write it as Na3PS4")]
    blank = numbers.isna() & ~frame.index.isin(unreadable["row"])
    found.append(_problems(frame, column, blank.to_numpy(), "no energy", "give a number, or leave the row out"))
    usable = batch.is_readable & numbers.notna().to_numpy()
    if not usable.any():
        raise TableError(f"{name}: no row has both a formula and an energy")
    frame, batch, values = frame[usable], batch[usable], numbers[usable].to_numpy()
    is_element = np.diff(batch.amounts.indptr) == 1
    if column == TOTAL_ENERGY:
        values, without, absent = _from_elements(batch, values, is_element)
        if without.all():
            raise TableError(
                f"{name}: elemental references missing: {_listed(absent)} have no row of their own; add each element "
                f"with its {TOTAL_ENERGY}, or give {FORMATION_ENERGY} instead"
            )
        reason = [f"no elemental reference for {_listed(elements)}" for elements in _absent_of(batch, absent)]
        remedy = f"add the element's own row with its {TOTAL_ENERGY}"
        found.append(_problems(frame, column, without, np.array(reason, dtype=object), remedy))
        frame, batch, values, is_element = frame[~without], batch[~without], values[~without], is_element[~without]
    else:
        found.append(_check_elements(frame, batch, values, is_element, name))
    check_unit(values[~is_element], batch[~is_element], name)
    far = unbelievable(values)
    found.append(_problems(frame, column, far, "no formation energy of a solid, in eV/atom", "check unit and sign"))
    keep = ~far & ~is_element
    frame, batch, values = frame[keep], batch[keep], values[keep]
    lowest, kept_for = _lowest(batch, values)
    superseded = frame[~lowest].assign(**{FORMATION_ENERGY: values[~lowest]}, kept_row=frame.index[kept_for[~lowest]])
    table = frame[lowest].assign(**{FORMATION_ENERGY: values[lowest]})
    phases = Phases.from_compounds(batch[lowest].amounts, values[lowest])
    listed = pd.concat([part for part in found if len(part)] or [no_problems()]).sort_values("row", kind="stable")
    return PhaseEnergies(phases, table, listed.reset_index(drop=True), superseded, name, facts)


def _energy_column(frame: pd.DataFrame, name: str) -> str:
    if "formula" not in frame:
        raise TableError(f"{name}: column formula is missing (columns: {', '.join(map(str, frame.columns))})")
    for column in (FORMATION_ENERGY, TOTAL_ENERGY):
        if column in frame:
            return column
    alike = [c for c in frame.columns if "energy" in str(c).lower() or "enthalpy" in str(c).lower()]
    hint = f"; {alike[0]!r} is there: convert it to eV/atom and name it so" if alike else ""
    raise TableError(f"{name}: column {FORMATION_ENERGY} is missing{hint}")


def _problems(
    frame: pd.DataFrame, column: str, wrong: np.ndarray, reason: Any, remedy: str, severity: str = ERROR
) -> pd.DataFrame:
    reasons = np.broadcast_to(np.asarray(reason, dtype=object), (len(frame),))
    return problems(
        [
            (row, column, str(value), severity, why, remedy)
            for row, value, why in zip(frame.index[wrong], frame[column][wrong], reasons[wrong], strict=True)
        ]
    )


def _from_elements(
    batch: CompositionBatch, values: np.ndarray, is_element: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Formation energies from total energies; rows without all references, and the elements that have none."""
    references = np.full(N_ELEMENTS, np.inf)
    np.minimum.at(references, batch.amounts[is_element].indices, values[is_element])
    occurs = np.bincount(batch.amounts.indices, minlength=N_ELEMENTS) > 0
    absent = np.flatnonzero(occurs & np.isinf(references))
    without = batch.amounts[:, absent].sum(axis=1) > 0 if len(absent) else np.zeros(len(batch), dtype=bool)
    return values - batch.fractions @ np.where(np.isinf(references), 0.0, references), without, absent


def _absent_of(batch: CompositionBatch, absent: np.ndarray) -> list[np.ndarray]:
    return [
        np.intersect1d(batch.amounts.indices[a:b], absent)
        for a, b in pairwise(np.asarray(batch.amounts.indptr).tolist())
    ]


def _listed(elements: np.ndarray) -> str:
    return ", ".join(SYMBOLS[element] for element in elements)


def _check_elements(
    frame: pd.DataFrame, batch: CompositionBatch, values: np.ndarray, is_element: np.ndarray, name: str
) -> pd.DataFrame:
    """Refuse energies that put an element below 0 eV/atom; remark on elements whose lowest entry lies above it."""
    rows = np.flatnonzero(is_element)
    elements = batch.amounts[rows].indices
    order = np.lexsort((values[rows], elements))
    lowest = rows[order][np.unique(elements[order], return_index=True)[1]]
    wrong = lowest[values[lowest] < -_ELEMENT_EV_ATOM]
    if len(wrong):
        place = wrong[0]
        more = f" ({len(wrong) - 1} more elements likewise)" if len(wrong) > 1 else ""
        raise TableError(
            f"{name}: row {frame.index[place]}: {frame['formula'].iloc[place]} has {values[place]:g} eV/atom{more}, "
            "but an element's formation energy is 0: these look like total energies; put them into column "
            f"{TOTAL_ENERGY}, with a row for every element"
        )
    high = np.zeros(len(frame), dtype=bool)
    high[lowest[values[lowest] > _ELEMENT_EV_ATOM]] = True
    reason = "the element's standard state is at 0 eV/atom and stands in"
    return _problems(frame, "formula", high, reason, "nothing, if this is a higher form", WARNING)


def _lowest(batch: CompositionBatch, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which rows are the lowest of their composition (n,), and the position of that row for each (n,)."""
    fractions = batch.fractions
    rounded = np.round(np.asarray(fractions.data, dtype=np.float64) / SAME_COMPOSITION).astype(np.int64)
    keys = [
        fractions.indices[a:b].tobytes() + rounded[a:b].tobytes()
        for a, b in pairwise(np.asarray(fractions.indptr).tolist())
    ]
    group = pd.factorize(np.array(keys, dtype=object))[0] if keys else np.empty(0, dtype=np.intp)
    order = np.lexsort((values, group))
    first = np.unique(group[order], return_index=True)[1]
    kept_for = order[first][group]
    return kept_for == np.arange(len(values)), kept_for
