"""Bond valence parameters of pairs of ions, and the Morse potentials they stand for.

Valence of a bond: exp((length - distance) / softness). Taken from I. D. Brown's accumulated table of 2020 (IUCr) as
matminer ships it: Adams' soft parameters where he gives them (10.1107/S0108768101003068; all alkali and many other
cations to O, S, Se, Te, F, Cl, Br, I), which count bonds to 6 angstrom and make the energy of an ion between places
meaningful, else the first entry. Pairs that no one tabulates follow from O'Keeffe and Brese's radii and softnesses of
the elements (10.1021/ja00009a002), which pymatgen ships.

The Morse potential of a pair follows S. Adams and R. P. Rao (10.1002/pssa.201001116): the minimum lies where the usual
number of equal bonds makes up the cation's charge, the width is the softness and the depth follows from both.
"""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..elements import INDEX

COULOMB_EV_ANGSTROM = 14.3996454  # e^2 / (4 pi epsilon_0), CODATA 2018
ADAMS = "c"  # reference code of Adams (2001) in the table
UNSTATED = 9  # oxidation state of parameters meant for any
BRESE_OKEEFFE_SOFTNESS = 0.37  # angstrom
# Usual numbers of anions around the ions that move (Shannon's most frequent; 10.1107/S0567739476001551).
USUAL_COORDINATION = {"Li": 4, "Na": 6, "K": 8, "Rb": 8, "Cs": 10, "Ag": 6, "Cu": 4, "Tl": 8, "Mg": 6, "Ca": 8, "Zn": 4}
# Last atomic number of each period: the principal quantum number of the outer shell follows.
_PERIOD_ENDS = (2, 10, 18, 36, 54, 86, 118)
_ROW = re.compile(r"^([A-Z][a-z]?)\s+(-?\d+)\s+([A-Z][a-z]?)\s+(-?\d+)\s+([\d.]+)\s+([\d.]+)\s+(\w+)")


class BondParameters(NamedTuple):
    """Of one pair of ions.

    Attributes
    ----------
    length, softness : float
        Angstrom.
    minimum : float
        Distance of the Morse minimum, angstrom.
    depth : float
        Of the Morse potential, eV.
    """

    length: float
    softness: float
    minimum: float
    depth: float


@cache
def bond_parameters(cation: str, cation_charge: float, anion: str, anion_charge: float) -> BondParameters:
    """Parameters of a pair.

    Parameters
    ----------
    cation, anion : str
        Element symbols.
    cation_charge, anion_charge : float
        Elementary charges; fractions are rounded to the nearest tabulated state.

    Returns
    -------
    BondParameters

    Examples
    --------
    >>> [round(value, 3) for value in bond_parameters("Na", 1, "S", -2)]
    [1.821, 0.626, 2.943, 0.639]
    """
    charge, other = max(abs(cation_charge), 0.1), max(abs(anion_charge), 0.1)
    length, softness = _tabulated(cation, round(charge), anion) or _from_radii(cation, anion)
    bonds = USUAL_COORDINATION.get(cation, 6)
    minimum = length - softness * np.log(charge / bonds)
    quantum = np.sqrt(principal_quantum_number(cation) * principal_quantum_number(anion))
    depth = COULOMB_EV_ANGSTROM * charge * other * softness**2 / (2 * minimum * quantum)
    return BondParameters(length, softness, float(minimum), float(depth))


def principal_quantum_number(symbol: str) -> int:
    """Of the outermost shell: the element's period.

    Examples
    --------
    >>> principal_quantum_number("Na"), principal_quantum_number("S"), principal_quantum_number("Zr")
    (3, 3, 5)
    """
    return int(np.searchsorted(_PERIOD_ENDS, INDEX[symbol] + 1)) + 1


def _tabulated(cation: str, charge: int, anion: str) -> tuple[float, float] | None:
    rows = _table().get((cation, anion), [])
    ranked = sorted(
        rows, key=lambda row: (row[0] not in (charge, UNSTATED), abs(row[0] - charge) % UNSTATED, row[3] != ADAMS)
    )
    return (ranked[0][1], ranked[0][2]) if ranked else None


def _from_radii(cation: str, anion: str) -> tuple[float, float]:
    """O'Keeffe and Brese's bond length of two elements; by covalent radii where an element is not in their table."""
    elements = _element_parameters()
    if cation not in elements or anion not in elements:
        from ..elements import magpie_property

        radii = magpie_property("CovalentRadius")[[INDEX[cation], INDEX[anion]]] / 100
        return float(radii.sum()), BRESE_OKEEFFE_SOFTNESS
    (r1, c1), (r2, c2) = elements[cation], elements[anion]
    length = r1 + r2 - r1 * r2 * (np.sqrt(c1) - np.sqrt(c2)) ** 2 / (c1 * r1 + c2 * r2)
    return float(length), BRESE_OKEEFFE_SOFTNESS


@cache
def _table() -> dict[tuple[str, str], list[tuple[int, float, float, str]]]:
    """Rows (state of the cation, length, softness, reference) of each pair of elements, in the table's order."""
    spec = find_spec("matminer")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("matminer holds the table of bond valences; install it: pip install matminer")
    text = (Path(spec.origin).parent / "utils" / "data_files" / "bvparm2020.cif").read_text(encoding="latin-1")
    table: dict[tuple[str, str], list[tuple[int, float, float, str]]] = {}
    for line in text.splitlines():
        if row := _ROW.match(line):
            cation, state, anion, _, length, softness, reference = row.groups()
            entry = (int(state), float(length), float(softness), reference)
            table.setdefault((cation, anion), []).append(entry)
    return table


@cache
def _element_parameters() -> dict[str, tuple[float, float]]:
    from pymatgen.core.bond_valence import BV_PARAMS

    return {element.symbol: (values["r"], values["c"]) for element, values in BV_PARAMS.items()}
