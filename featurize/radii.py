"""Ionic radii and oxidation states of the elements, from the tables pymatgen ships.

The numbers are read once from pymatgen's own data files (pymatgen itself is not imported): Shannon's effective ionic
radii (R. D. Shannon, Acta Cryst. A32, 751, 1976, https://doi.org/10.1107/S0567739476001551), the oxidation states
met in the Inorganic Crystal Structure Database and how often each is met, and Pauling electronegativities.
"""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

# Roman coordination labels of the table; square-planar and pyramidal ones carry a suffix (IVSQ, IIIPY).
ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "X": 10, "XI": 11}
ROMAN |= {"XII": 12, "XIV": 14}
# Deuterium and tritium are chemically hydrogen and have no entries of their own in most tables.
ISOTOPES = {"D": "H", "T": "H"}


class StateTable(NamedTuple):
    """What is known of one element's oxidation states.

    Attributes
    ----------
    known : tuple of int
        States met in the ICSD, or the common ones where the ICSD list is empty; ascending.
    common : tuple of int
        States textbooks call common; ascending.
    occurrence : dict of int to float
        How many ICSD species carry each state; states never counted are absent.
    """

    known: tuple[int, ...]
    common: tuple[int, ...]
    occurrence: dict[int, float]


def known_states(symbol: str) -> tuple[int, ...]:
    """Oxidation states an element may take in an assignment.

    Parameters
    ----------
    symbol : str
        Element symbol.

    Returns
    -------
    tuple of int
        Ascending; empty where no compound is known. These are the states pymatgen's guess searches.

    Raises
    ------
    ValueError
        If `symbol` is not an element.

    Examples
    --------
    >>> known_states("Sb")
    (-3, -2, -1, 3, 5)
    >>> known_states("Na")
    (1,)
    """
    return state_table(symbol).known


def common_states(symbol: str) -> tuple[int, ...]:
    """Oxidation states that are common for an element, a subset of textbook chemistry.

    Parameters
    ----------
    symbol : str
        Element symbol.

    Returns
    -------
    tuple of int
        Ascending.

    Raises
    ------
    ValueError
        If `symbol` is not an element.

    Examples
    --------
    >>> common_states("Zr")
    (4,)
    """
    return state_table(symbol).common


def shannon_radius(symbol: str, state: float, coordination: int = 6, nearest: bool = True) -> float:
    """Shannon effective ionic radius.

    High-spin radii are taken where both spins are tabulated: oxide, sulfide and halide ligands are weak fields.

    Parameters
    ----------
    symbol : str
        Element symbol.
    state : float
        Oxidation state; a fraction means an average over two valences.
    coordination : int, default 6
        Number of nearest neighbours.
    nearest : bool, default True
        Whether to fall back: first on the nearest tabulated coordination, then on the tabulated states of the same
        sign (interpolated between two, or the outermost one). With False only tabulated pairs have a radius.

    Returns
    -------
    float
        Radius in angstrom; NaN where the table has nothing to offer.

    Raises
    ------
    ValueError
        If `symbol` is not an element.

    References
    ----------
    R. D. Shannon, Acta Cryst. A32, 751 (1976), https://doi.org/10.1107/S0567739476001551

    Examples
    --------
    >>> shannon_radius("Na", 1), shannon_radius("Na", 1, coordination=8), shannon_radius("Zr", 4)
    (1.02, 1.18, 0.72)
    >>> round(shannon_radius("Fe", 2.5), 4)
    0.7125
    >>> shannon_radius("P", 5, coordination=8, nearest=False)
    nan
    """
    table = shannon_table(symbol)
    if not nearest:
        return table.get(int(state), {}).get(coordination, np.nan) if float(state).is_integer() else np.nan
    charges = np.array(sorted(q for q in table if q * state > 0), dtype=float)
    if charges.size == 0:
        return float("nan")
    radii = [_nearest_coordination(table[int(q)], coordination) for q in charges]
    return float(np.interp(state, charges, radii))


@cache
def shannon_table(symbol: str) -> dict[int, dict[int, float]]:
    """Every Shannon radius of one element.

    Parameters
    ----------
    symbol : str
        Element symbol.

    Returns
    -------
    dict
        ``{state: {coordination: radius in angstrom}}``.

    Raises
    ------
    ValueError
        If `symbol` is not an element.

    Examples
    --------
    >>> shannon_table("P")[5]
    {4: 0.17, 5: 0.29, 6: 0.38}
    """
    table: dict[int, dict[int, float]] = {}
    for state, sites in element_record(symbol).get("Shannon radii", {}).items():
        if not state:  # one stray entry (Eu, VII) names none
            continue
        for label in sorted(sites, key=lambda label: label not in ROMAN):  # plain geometries win over SQ and PY
            radius = sites[label].get("High Spin") or sites[label].get("") or sites[label]["Low Spin"]
            number = ROMAN[re.sub("SQ|PY", "", label)]
            table.setdefault(int(state), {}).setdefault(number, float(radius["ionic_radius"]))
    return table


@cache
def state_table(symbol: str) -> StateTable:
    """Known and common oxidation states of one element with their ICSD counts.

    Parameters
    ----------
    symbol : str
        Element symbol.

    Returns
    -------
    StateTable

    Raises
    ------
    ValueError
        If `symbol` is not an element.

    Examples
    --------
    >>> state_table("Fe").occurrence[3]
    549.0
    """
    record = element_record(symbol)
    common = tuple(sorted(record.get("Common oxidation states", ())))
    known = tuple(sorted(record.get("ICSD oxidation states", ()))) or common
    return StateTable(known, common, _occurrences().get(ISOTOPES.get(symbol, symbol), {}))


def electronegativity(symbol: str) -> float:
    """Pauling electronegativity.

    Parameters
    ----------
    symbol : str
        Element symbol.

    Returns
    -------
    float
        Dimensionless; NaN where there is none (light noble gases, transactinides).

    Raises
    ------
    ValueError
        If `symbol` is not an element.

    Examples
    --------
    >>> electronegativity("O"), electronegativity("Na")
    (3.44, 0.93)
    """
    return float(element_record(symbol).get("X") or np.nan)


def element_record(symbol: str) -> dict:
    """All that pymatgen's periodic table knows of one element.

    Parameters
    ----------
    symbol : str
        Element symbol; D and T give hydrogen.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If `symbol` is not an element.
    """
    try:
        return _periodic_table()[ISOTOPES.get(symbol, symbol)]
    except KeyError:
        raise ValueError(f"{symbol!r} is not an element symbol (write it like 'Na')") from None


def _nearest_coordination(radii: dict[int, float], coordination: int) -> float:
    # Of two equally near the smaller is taken, as for a site that lost a neighbour.
    return radii[min(radii, key=lambda number: (abs(number - coordination), number))]


def _data_file(name: str) -> Path:
    spec = find_spec("pymatgen.core")  # finds the folder without running the package
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("pymatgen is needed for its element tables: pip install pymatgen")
    return Path(spec.submodule_search_locations[0]) / name


@cache
def _periodic_table() -> dict[str, dict]:
    with gzip.open(_data_file("periodic_table.json.gz"), "rt", encoding="utf-8") as file:
        table = json.load(file)
    table.pop("_unit", None)
    return table


@cache
def _occurrences() -> dict[str, dict[int, float]]:
    """``{element: {state: count}}`` from lines like ``  Fe3+: 549`` below ``occurrence:``."""
    text = _data_file("icsd_bv.yaml").read_text(encoding="utf-8").partition("occurrence:")[2]
    counts: dict[str, dict[int, float]] = {}
    for symbol, size, sign, count in re.findall(r"^\s+([A-Z][a-z]?)(\d*)([+-]): (\S+)", text, flags=re.M):
        counts.setdefault(symbol, {})[int(sign + (size or "1"))] = float(count)
    return counts
