"""`ion.hybrids`: the space polymer x salt x loading x filler x filler fraction x plasticizer x temperature."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import pandas as pd

from ...featurize.fillers import read_filler
from ...featurize.mixture import LOADING_UNITS, MixtureBatch

COLUMNS = (
    "candidate_id", "polymer", "salt", "salt_loading", "salt_loading_unit", "filler", "filler_wt_pct", "plasticizer",
    "class", "temperature_C",
)  # fmt: skip
Names = str | None | Sequence[str | None]
Amounts = float | Sequence[float] | np.ndarray


@dataclass(frozen=True)
class HybridCandidates:
    """A space of mixtures that knows its size and builds only the rows that are asked for.

    Parameters
    ----------
    matrices : DataFrame
        The polymers with their salts and loadings: polymer, salt, salt_loading.
    fillings : DataFrame
        The fillers with their fractions, and the plasticizers: filler, filler_wt_pct, plasticizer.
    temperatures_C : (t,) float64
        Temperatures.
    unit : str
        Unit of all loadings.
    refused : DataFrame
        What could not be mixed: polymer, salt, salt_loading, filler, filler_wt_pct, plasticizer and reason; what is
        empty does not matter to the reason.
    """

    matrices: pd.DataFrame
    fillings: pd.DataFrame
    temperatures_C: np.ndarray
    unit: str
    refused: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __len__(self) -> int:
        return prod(self._shape)

    def __repr__(self) -> str:
        return (
            f"<{len(self):,} hybrids: {len(self.matrices):,} matrices x {len(self.fillings):,} fillings x "
            f"{len(self.temperatures_C):,} temperatures; {len(self.refused):,} refused>"
        )

    @property
    def _shape(self) -> tuple[int, int, int]:
        return len(self.matrices), len(self.fillings), len(self.temperatures_C)

    def chunks(self, rows: int = 8192) -> Iterator[pd.DataFrame]:
        """Yield the candidates in order, `rows` at a time; temperature runs fastest, then fillings, then matrices."""
        if rows < 1:
            raise ValueError(f"rows={rows} must be at least 1")
        for start in range(0, len(self), rows):
            yield self._rows(np.arange(start, min(start + rows, len(self))))

    def to_dataframe(self) -> pd.DataFrame:
        """All candidates as one table; see `COLUMNS`."""
        tables = list(self.chunks())
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))

    def _rows(self, numbers: np.ndarray) -> pd.DataFrame:
        matrix, filling, temperature = np.unravel_index(numbers, self._shape)
        table = pd.concat(
            [
                self.matrices.take(matrix).reset_index(drop=True),
                self.fillings.take(filling).reset_index(drop=True),
            ],
            axis=1,
        )
        units = [self.unit if salted else None for salted in table["salt_loading"].notna()]
        table.insert(3, "salt_loading_unit", pd.Series(units, dtype=object))
        gel, filled = table["plasticizer"].notna(), table["filler"].notna()
        table["class"] = np.select([gel & filled, gel, filled], ["gel_composite", "gel", "composite"], "polymer")
        table["temperature_C"] = self.temperatures_C[temperature]
        table.insert(0, "candidate_id", [hybrid_id(row) for row in table.itertuples(index=False, name=None)])
        return table


def hybrids(
    *,
    polymer: Names,
    salt: Names,
    salt_loading: Amounts = 20.0,
    salt_loading_unit: str = "EO_to_Na",
    filler: Names = None,
    filler_wt_pct: Amounts = (5.0, 10.0, 20.0, 40.0, 60.0),
    plasticizer: Names = None,
    temperature_C: Amounts = 25.0,
) -> HybridCandidates:
    """Describe a space of polymer, salt, filler and plasticizer mixtures; nothing is built yet.

    Parameters
    ----------
    polymer, salt, filler, plasticizer : str, None or a sequence
        Names as `hybrid_electrolytes.csv` writes them, or SMILES of a repeat unit and of a salt; filler and plasticizer
        may hold None for none. A plasticizer carries its amount: "EC/PC 50 wt%".
    salt_loading, filler_wt_pct, temperature_C : float or sequence
        Amounts; without a filler its fractions are not run through, nor loadings without a salt.
    salt_loading_unit : {"EO_to_Na", "wt_pct", "M", "molar_ratio", "mol_pct"}
        Unit of all loadings; "M" counts mol in a litre of plasticizer.

    Returns
    -------
    HybridCandidates
        `.refused` lists what cannot be mixed and why.

    Raises
    ------
    ValueError
        If a name is not known, an amount is not one, or nothing is left.

    Examples
    --------
    >>> space = hybrids(polymer=["PEO", "PVDF-HFP"], salt=["NaTFSI", "NaClO4"], salt_loading=[10, 20],
    ...     filler=[None, "Na3Zr2Si2PO12"], filler_wt_pct=[10, 40], temperature_C=[25, 60])
    >>> space
    <24 hybrids: 4 matrices x 3 fillings x 2 temperatures; 4 refused>
    >>> space.refused["reason"].iloc[0]
    'salt_loading_unit EO_to_Na, but the polymer has no group that coordinates sodium; give wt_pct'
    """
    if salt_loading_unit not in LOADING_UNITS:
        raise ValueError(f"salt_loading_unit={salt_loading_unit!r} is not known; one of {', '.join(LOADING_UNITS)}")
    loadings, weights = _amounts("salt_loading", salt_loading), _amounts("filler_wt_pct", filler_wt_pct)
    temperatures = _amounts("temperature_C", temperature_C)
    liquids = _names("plasticizer", plasticizer)
    if salt_loading_unit in ("M", "mol_pct") and None in liquids:
        raise ValueError(
            f"salt_loading_unit={salt_loading_unit!r} counts salt in the plasticizer, but one candidate has none; name "
            "a plasticizer for all, or give the loading as EO_to_Na or wt_pct"
        )
    matrices = pd.DataFrame(
        [
            (p, s, loading)
            for p in _names("polymer", polymer, needed=True)
            for s in _names("salt", salt, needed=True)
            for loading in ([np.nan] if s == "none" else loadings)
        ],
        columns=["polymer", "salt", "salt_loading"],
    )
    fillings = pd.DataFrame(
        [
            (f, weight, liquid)
            for f in _names("filler", filler)
            for weight in ([np.nan] if f is None else weights)
            for liquid in liquids
        ],
        columns=["filler", "filler_wt_pct", "plasticizer"],
    ).astype({"filler": object, "plasticizer": object})
    first = {"temperature_C": 25.0, "salt_loading_unit": salt_loading_unit}
    # A matrix is tried with a filling that is harmless, and the other way round; a single wrong name stops all.
    harmless = {"plasticizer": "PC 50 wt%" if salt_loading_unit in ("M", "mol_pct") else None}
    # A matrix without sodium may be mixed if every filler brings its own.
    found = [read_filler(f)[0] for f in fillings["filler"].unique()]
    ceramic = "Na3Zr2Si2PO12" if all(f is not None and f.conducts for f in found) else None
    filled = {"filler": ceramic, "filler_wt_pct": np.nan}
    matrix_errors = MixtureBatch.read(matrices.assign(**first, **harmless, **filled)).errors
    trial = {"polymer": "PEO", "salt": "NaTFSI", "temperature_C": 25.0}
    filling_errors = MixtureBatch.read(fillings.assign(**trial)).errors
    heat_errors = MixtureBatch.read(pd.DataFrame({**trial, "temperature_C": temperatures})).errors
    unknown = [e for e in (*matrix_errors, *filling_errors, *heat_errors) if e is not None and _stops(e)]
    if unknown:
        raise ValueError(unknown[0])
    refused = pd.concat(
        [
            _refused(matrices, matrix_errors, salt_loading_unit),
            _refused(fillings, filling_errors, salt_loading_unit),
        ],
        ignore_index=True,
    )
    left = [t[pd.isna(e)].reset_index(drop=True) for t, e in ((matrices, matrix_errors), (fillings, filling_errors))]
    if not all(map(len, left)):
        raise ValueError(f"no hybrid is left: {refused['reason'].iloc[0]}")
    return HybridCandidates(left[0], left[1], temperatures, salt_loading_unit, refused)


def hybrid_id(row: Sequence[Any]) -> str:
    """Stable name of a mixture from what it is made of.

    Examples
    --------
    >>> hybrid_id(("PEO", "NaTFSI", 20.0, "EO_to_Na", None, float("nan"), None, "polymer", 60.0))
    'h-5024945cc526'
    """
    parts = ["" if pd.isna(v) else f"{v:.10g}" if isinstance(v, float) else str(v) for v in row]
    return "h-" + hashlib.sha256("|".join(parts).encode()).hexdigest()[:12]


def _stops(error: str) -> bool:
    """Whether an error is a mistake of the asker, which stops all, rather than a mixture that cannot be."""
    return not error.startswith(("no sodium", "salt_loading_unit EO_to_Na", "filler_wt_pct", "the plasticizer"))


def _refused(table: pd.DataFrame, errors: np.ndarray, unit: str) -> pd.DataFrame:
    parts = ("polymer", "salt", "salt_loading", "filler", "filler_wt_pct", "plasticizer")
    bad = ~pd.isna(errors)
    return table[bad].reindex(columns=list(parts)).assign(reason=errors[bad]).astype(dict.fromkeys(parts, object))


def _names(what: str, given: Names, needed: bool = False) -> list[str | None]:
    """Distinct names in the order given; None and "none" are the same where nothing is needed."""
    listed = [given] if given is None or isinstance(given, str) else list(given)
    wrong = [n for n in listed if n is not None and not isinstance(n, str)]
    if wrong or not listed or (needed and None in listed):
        raise ValueError(f"{what}={given!r}: give names" + (", or 'none'" if what == "salt" else ""))
    same = listed if needed else [None if n is None or n.strip().casefold() == "none" else n for n in listed]
    return list(dict.fromkeys(n.strip() if n else n for n in same))


def _amounts(what: str, given: Amounts) -> np.ndarray:
    """Distinct finite numbers in rising order."""
    values = np.atleast_1d(np.asarray(given, dtype=np.float64))
    if not values.size or not np.isfinite(values).all():
        raise ValueError(f"{what}={given!r}: give one number, or several")
    if what != "temperature_C" and (values <= 0).any():
        raise ValueError(f"{what}={given!r}: amounts must be positive, not {values.min():g}")
    return np.unique(values)
