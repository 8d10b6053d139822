"""Mixtures of polymer, salt, filler and plasticizer -> numbers, row by row, errors in their place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from . import plasticizers, polymers, salts
from .fillers import PASSIVE_LOG10_CONDUCTIVITY, read_filler
from .plasticizers import read_plasticizer
from .polymers import read_polymer
from .salts import read_salt

CLASSES = ("polymer", "gel", "composite", "gel_composite")
LOADING_UNITS = ("EO_to_Na", "M", "wt_pct", "mol_pct", "molar_ratio")
# In g/cm3. EC has 1.32, PC 1.20, DMC 1.06 (10.1021/cr030203g), PEO 1.2; fluoropolymers are denser.
MATRIX_DENSITY = 1.2
# Below, everything here is a glass; above, polymers and carbonates do not live, and a larger number is in kelvin.
COLDEST_C, HOTTEST_C = -60.0, 300.0
_COORDINATING = ("ether_oxygen_mol_kg", "carbonyl_oxygen_mol_kg", "hydroxyl_mol_kg", "amine_nitrogen_mol_kg",
                 "amide_nitrogen_mol_kg", "nitrile_mol_kg")  # fmt: skip
_TEXT = ("polymer", "polymer_smiles", "salt", "salt_loading_unit", "filler", "plasticizer", "class")
_NUMBER = ("salt_loading", "filler_wt_pct", "temperature_C")

COLUMNS = (
    *polymers.COLUMNS,
    *salts.COLUMNS,
    "salt_molality_mol_kg",
    "coordinating_per_sodium",
    *plasticizers.COLUMNS,
    "gel",
    "has_filler",
    "filler_conducts",
    "filler_log10_conductivity",
    "filler_weight_fraction",
    "filler_volume_fraction",
)
_PLACE = {name: i for i, name in enumerate(COLUMNS)}


@dataclass(frozen=True)
class MixtureBatch:
    """n mixtures as numbers.

    Parameters
    ----------
    numbers : (n, p) float64
        Columns `COLUMNS`; NaN where something is not known, and in rows with an error.
    temperature_C : (n,) float64
        NaN where it is missing or wrong.
    polymer : (n,) str
        Polymer or blend in one spelling, which cross-validation groups by.
    errors : (n,) object
        str or None.
    """

    numbers: np.ndarray
    temperature_C: np.ndarray
    polymer: np.ndarray
    errors: np.ndarray

    def __len__(self) -> int:
        return len(self.errors)

    def column(self, name: str) -> np.ndarray:
        """One column (n,)."""
        return self.numbers[:, _PLACE[name]]

    def columns(self, names: tuple[str, ...]) -> np.ndarray:
        """Several columns (n, k)."""
        return self.numbers[:, [_PLACE[name] for name in names]]

    def take(self, rows: np.ndarray) -> Self:
        """The mixtures at positions, or where a mask is true."""
        return type(self)(self.numbers[rows], self.temperature_C[rows], self.polymer[rows], self.errors[rows])

    @classmethod
    def read(cls, table: pd.DataFrame) -> Self:
        """Read a table with the columns of `hybrid_electrolytes.csv`; those it lacks are empty.

        Parameters
        ----------
        table : DataFrame
            polymer (or polymer_smiles), salt, salt_loading, salt_loading_unit, filler, filler_wt_pct, plasticizer,
            class, temperature_C. Amounts: `EO_to_Na` and `molar_ratio` count coordinating groups of the polymer (ether
            oxygen, or the group it has) a sodium; `wt_pct` is salt in polymer and salt; `M` mol per litre of liquid;
            `mol_pct` salt in salt and plasticizer. `filler_wt_pct` is of the whole.

        Raises
        ------
        KeyError
            If the table has neither a polymer nor a polymer_smiles column.

        Examples
        --------
        >>> batch = MixtureBatch.read(pd.DataFrame({"polymer": ["PEO", "PEO", "Peo2"], "salt": "NaTFSI",
        ...     "salt_loading": 20, "salt_loading_unit": "EO_to_Na", "temperature_C": [60, None, 60]}))
        >>> batch.column("salt_molality_mol_kg").round(2).tolist()
        [1.13, nan, nan]
        >>> batch.errors[1]
        'temperature_C is missing; give degrees Celsius'
        """
        if not {"polymer", "polymer_smiles"} & set(table.columns):
            raise KeyError(
                f"the table has no column 'polymer' (columns: {', '.join(map(str, table.columns))}); a hybrid is given "
                "by polymer, salt, salt_loading, salt_loading_unit, filler, filler_wt_pct, plasticizer, temperature_C"
            )
        n = len(table)
        errors = np.full(n, None, dtype=object)
        text = {name: _texts(table, name) for name in _TEXT}
        number = {name: _numbers(table, name, errors) for name in _NUMBER}
        _check_ranges(number, table, errors)
        _check_words(text, errors)

        values = np.full((n, len(COLUMNS)), np.nan)
        names = np.full(n, "", dtype=object)
        both = np.array([f"{a or ''}\x00{b or ''}" for a, b in zip(text["polymer"], text["polymer_smiles"])])  # noqa: B905
        polymer = _each(both, lambda t: read_polymer(*(part or None for part in t.split("\x00"))), errors)
        salt = _each(text["salt"], read_salt, errors)
        plasticizer = _each(text["plasticizer"], read_plasticizer, errors)
        filler = _each(text["filler"], read_filler, errors)
        for name, found in (("has_polymer", polymer), ("has_salt", salt), ("plasticized", plasticizer)):
            width = len({"has_polymer": polymers, "has_salt": salts, "plasticized": plasticizers}[name].COLUMNS)
            start = _PLACE[name]
            values[:, start : start + width] = found.rows(0, width)
        names[:] = [name or "" for name in polymer.items(1)]

        _fill_filler(values, filler, number["filler_wt_pct"], text["filler"], errors)
        kind = text["class"]
        said_gel = np.array([k in ("gel", "gel_composite") for k in kind])
        values[:, _PLACE["gel"]] = np.maximum(said_gel, values[:, _PLACE["plasticized"]])
        _fill_loading(values, number["salt_loading"], text, salt, plasticizer, errors)
        _check_sodium(values, text, errors)
        bad = np.array([e is not None for e in errors], dtype=bool)
        values[bad] = np.nan
        return cls(values, number["temperature_C"], names, errors)


@dataclass(frozen=True)
class _Read:
    """What a reader made of each distinct cell, and which of them each row holds."""

    found: list[Any]
    which: np.ndarray

    def items(self, part: int) -> list[Any]:
        return [None if self.found[w] is None else self.found[w][part] for w in self.which]

    def rows(self, part: int, width: int) -> np.ndarray:
        table = np.array([[np.nan] * width if f is None else f[part] for f in self.found]).reshape(-1, width)
        return table[self.which]

    def amounts(self, part: int) -> np.ndarray:
        return np.array([np.nan if f is None else f[part] for f in self.found], dtype=np.float64)[self.which]


def _each(cells: np.ndarray, read: Callable[[Any], Any], errors: np.ndarray) -> _Read:
    """Read each distinct cell once; a cell that cannot be read gives its rows an error."""
    which, distinct = pd.factorize(cells, use_na_sentinel=False)
    found: list[Any] = []
    for number, cell in enumerate(distinct):
        try:
            found.append(read(None if pd.isna(cell) else cell))
        except ValueError as error:
            found.append(None)
            for row in np.flatnonzero(which == number):
                _tell(errors, row, str(error))
    return _Read(found, which)


def _tell(errors: np.ndarray, row: int | np.integer, message: str) -> None:
    if errors[row] is None:
        errors[row] = message


def _texts(table: pd.DataFrame, name: str) -> np.ndarray:
    if name not in table:
        return np.full(len(table), None, dtype=object)
    column = table[name]
    return np.array([None if pd.isna(v) or not str(v).strip() else str(v).strip() for v in column], dtype=object)


def _numbers(table: pd.DataFrame, name: str, errors: np.ndarray) -> np.ndarray:
    if name not in table:
        return np.full(len(table), np.nan)
    column = table[name]
    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, copy=True)
    blank = column.isna() | column.astype(str).str.strip().eq("")
    for row in np.flatnonzero(~np.isfinite(values) & ~blank.to_numpy(bool)):
        _tell(errors, row, f"{name} {column.iloc[row]!r} is not a number")
        values[row] = np.nan
    return values


def _check_ranges(number: dict[str, np.ndarray], table: pd.DataFrame, errors: np.ndarray) -> None:
    temperature, loading, filler = number["temperature_C"], number["salt_loading"], number["filler_wt_pct"]
    for row in np.flatnonzero(np.isnan(temperature)):
        _tell(errors, row, "temperature_C is missing; give degrees Celsius")
    for row in np.flatnonzero((temperature < COLDEST_C) | (temperature > HOTTEST_C)):
        allowed = f"between {COLDEST_C:g} and {HOTTEST_C:g}"
        _tell(errors, row, f"temperature_C {temperature[row]:g} is not {allowed}; give Celsius")
    for row in np.flatnonzero(loading <= 0):
        _tell(errors, row, f"salt_loading {loading[row]:g} must be positive; without salt write salt 'none'")
    for row in np.flatnonzero((filler < 0) | (filler > 100)):
        _tell(errors, row, f"filler_wt_pct {filler[row]:g} must lie between 0 and 100, percent of the whole by weight")
    if "filler_wt_pct" in table and "filler" not in table and np.nanmax(filler, initial=0.0) > 0:
        for row in np.flatnonzero(filler > 0):
            _tell(errors, row, f"filler_wt_pct {filler[row]:g} but no filler is named; add a column 'filler'")


def _check_words(text: dict[str, np.ndarray], errors: np.ndarray) -> None:
    for name, known in (("class", CLASSES), ("salt_loading_unit", LOADING_UNITS)):
        for row, word in enumerate(text[name]):
            if word is not None and word not in known:
                _tell(errors, row, f"{name} {word!r} is not known; choose one of {', '.join(known)}")


def _fill_filler(
    values: np.ndarray, filler: _Read, weight_pct: np.ndarray, typed: np.ndarray, errors: np.ndarray
) -> None:
    facts = filler.items(0)
    there = np.array([f is not None for f in facts])
    for row in np.flatnonzero(~there & (weight_pct > 0)):
        if filler.found[filler.which[row]] is not None:
            _tell(errors, row, f"filler_wt_pct {weight_pct[row]:g} but no filler is named")
    weight = np.where(there, weight_pct / 100.0, 0.0)
    density = np.array([f.density_g_cm3 if f else 1.0 for f in facts])
    volume = weight / density / (weight / density + (1.0 - weight) / MATRIX_DENSITY)
    liquid = np.nan_to_num(values[:, _PLACE["plasticizer_fraction"]])
    no_polymer = values[:, _PLACE["has_polymer"]] == 0
    for row in np.flatnonzero((weight >= 1.0) & ~no_polymer):
        _tell(errors, row, f"filler_wt_pct {weight_pct[row]:g} leaves nothing for the polymer; write polymer 'none'")
    for row in np.flatnonzero((liquid >= 1.0) & ~no_polymer):
        _tell(errors, row, "the plasticizer is 100 % of the matrix and leaves nothing for the polymer")
    values[:, _PLACE["has_filler"]] = there
    values[:, _PLACE["filler_conducts"]] = [float(f is not None and f.conducts) for f in facts]
    values[:, _PLACE["filler_log10_conductivity"]] = [
        f.log10_conductivity if f else PASSIVE_LOG10_CONDUCTIVITY for f in facts
    ]
    values[:, _PLACE["filler_weight_fraction"]] = weight
    values[:, _PLACE["filler_volume_fraction"]] = volume


def _fill_loading(
    values: np.ndarray,
    loading: np.ndarray,
    text: dict[str, np.ndarray],
    salt: _Read,
    plasticizer: _Read,
    errors: np.ndarray,
) -> None:
    """Molality (mol of sodium a kg of what dissolves it) and coordinating groups a sodium, from any unit."""
    unit = text["salt_loading_unit"]
    sodium, mass = salt.amounts(1), salt.amounts(2)
    groups = values[:, [_PLACE[name] for name in _COORDINATING]]
    ether = groups[:, 0]
    held = np.where(ether > 0, ether, groups.sum(axis=1))  # mol of coordinating groups a kg of polymer
    molality = np.full(len(loading), np.nan)
    for row in np.flatnonzero(np.isfinite(loading)):
        if text["salt"][row] is None or salt.found[salt.which[row]] is None:
            if unit[row] is None:
                _tell(errors, row, f"salt_loading {loading[row]:g} has neither a salt nor a unit")
            continue
        message = _loading_error(loading[row], unit[row], text["salt"][row], held[row])
        if message:
            _tell(errors, row, message)
            continue
        molality[row] = _molality(
            loading[row], unit[row], sodium[row], mass[row], held[row], plasticizer.amounts(1)[row]
        )
    none = values[:, _PLACE["has_salt"]] == 0
    molality[none] = values[none, _PLACE["bound_anion_mol_kg"]]  # an ionomer brings its own
    values[:, _PLACE["salt_molality_mol_kg"]] = molality
    with np.errstate(divide="ignore", invalid="ignore"):
        values[:, _PLACE["coordinating_per_sodium"]] = np.where(molality > 0, held / molality, np.nan)


def _loading_error(loading: float, unit: str | None, salt: str, held: float) -> str | None:
    """Why an amount of salt makes no sense, or None."""
    if salt.casefold() == "none":
        # An ionomer's own sodium may be told as a molarity; it says nothing of a salt.
        return None if unit == "M" else f"salt_loading {loading:g} but the salt is 'none'"
    if unit is None:
        return f"salt_loading {loading:g} has no unit; give salt_loading_unit, one of {', '.join(LOADING_UNITS)}"
    if unit in ("wt_pct", "mol_pct") and loading >= 100.0:
        return f"salt_loading {loading:g} {unit} must be below 100"
    if unit == "EO_to_Na" and held == 0:
        return "salt_loading_unit EO_to_Na, but the polymer has no group that coordinates sodium; give wt_pct"
    return None


def _molality(loading: float, unit: str | None, sodium: float, mass: float, held: float, solvent: float) -> float:
    if unit in ("EO_to_Na", "molar_ratio"):
        return held / loading
    if unit == "wt_pct":
        return 1000.0 * sodium * loading / (100.0 - loading) / mass
    if unit == "M":
        # Litres of solution, not of solvent: the salt's own weight is not in the kilogram.
        return 1000.0 * sodium * loading / max(1000.0 * MATRIX_DENSITY - loading * mass, 100.0)
    if unit == "mol_pct":
        return 1000.0 * sodium * loading / (100.0 - loading) / solvent
    return float("nan")


def _check_sodium(values: np.ndarray, text: dict[str, np.ndarray], errors: np.ndarray) -> None:
    bare = (values[:, _PLACE["has_salt"]] == 0) & (values[:, _PLACE["polymer_sodium"]] == 0)
    for row in np.flatnonzero(bare & (values[:, _PLACE["filler_conducts"]] == 0)):
        _tell(
            errors,
            row,
            f"no sodium: salt 'none', and neither polymer {text['polymer'][row]!r} nor the filler holds any that moves",
        )
    empty = (values[:, _PLACE["has_polymer"]] == 0) & (values[:, _PLACE["plasticized"]] == 0)
    for row in np.flatnonzero(empty & (values[:, _PLACE["has_filler"]] == 0)):
        _tell(errors, row, "polymer 'none' without filler or plasticizer: nothing is left to mix")
