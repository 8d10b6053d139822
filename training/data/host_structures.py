"""Structures for rows of the curated table: a shipped host, doped to the composition, where the row names its phase.

A row has a structure if and only if all of this holds:

- it is a crystal or a glass ceramic, and its structure_label names the host's space group or its lattice, and no other
  space group;
- all its elements lie on the host's sites as `SERIES` lists them, every site of the framework is as full as the host's
  to 1 %, and the places of the mobile ion have room;
- on no site of the framework does the mean bond, by Shannon's radii, differ from the host's by more than 5 %, nor does
  the anion itself.

Any other row has none. Doping moves no atom: the last rule keeps out members of a series whose cell is not the host's.
"""

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from pymatgen.core import Composition, Structure

from ...featurize.composition import CompositionBatch
from ...featurize.elements import INDEX
from ...featurize.oxidation import assign_oxidation_states
from ...featurize.structure.crystal import ionic_radius
from ...featurize.structure.doping import dope
from ...featurize.structure.hosts import HOSTS, host_structure
from ...featurize.structure.plain_text import structure_text
from ...featurize.structure.reading import StructureError
from .columns import text

SITE_TOLERANCE = 0.01
BOND_TOLERANCE = 0.05
# A space group as labels write it: R-3c, I-43m, C2/c, P21/n, Cmca.
_SPACE_GROUP = re.compile(r"[PIFCRA]-?[1-6mncabd][-\dmncabd/]*")
_STATES = ("crystalline", "glass_ceramic")


@dataclass(frozen=True)
class Series:
    """What a host's structure stands for.

    Parameters
    ----------
    host : str
        Key of `HOSTS`.
    words : tuple of str
        Words of a label that name its phase: space group, lattice.
    sites : dict of str to tuple of str
        Elements that may lie on the sites of each element of the framework; its anion last.
    """

    host: str
    words: tuple[str, ...]
    sites: dict[str, tuple[str, ...]]


_OCTAHEDRAL = ("Zr", "Hf", "Sn", "Ti", "Sc", "Y", "In", "Cr", "Fe", "Al", "Ga", "Mg", "Zn", "Sm", "Yb", "Nb", "Ta")
_THIO = {"S": ("S", "Se", "Cl", "Br")}
_CENTRES = ("P", "Sb", "As", "Si", "Ge", "Sn", "W", "Mo")
SERIES = (
    Series("Na4Zr2Si3O12", ("R-3c", "rhombohedral", "trigonal"), {"Zr": _OCTAHEDRAL, "Si": ("Si", "P"), "O": ("O",)}),
    Series("Na3PS4", ("P-421c", "tetragonal"), {"P": _CENTRES, **_THIO}),
    Series("Na3PS4_cubic", ("I-43m", "cubic"), {"P": _CENTRES, **_THIO}),
    Series("Na3SbS4_cubic", ("I-43m", "cubic"), {"Sb": _CENTRES, **_THIO}),
    Series("Na4P2S6", ("C2/m",), {"P": ("P",), "S": ("S",)}),
    Series("NaAl11O17", ("P63/mmc",), {"Al": ("Al",), "O": ("O",)}),
    Series("Na3PO4", ("P-421c", "tetragonal"), {"P": ("P", "Si"), "O": ("O",)}),
    Series("Na3Sc2V3O12", ("Ia-3d",), {"Sc": ("Sc",), "V": ("V",), "O": ("O",)}),
    Series("NaAlCl4", ("P212121",), {"Al": ("Al", "Ga", "Fe"), "Cl": ("Cl", "Br")}),
    Series("Na3AlF6", ("P21/n",), {"Al": ("Al", "Ga", "Fe"), "F": ("F",)}),
    Series("Na3BiP2O8", ("Pnam",), {"Bi": ("Bi",), "P": ("P",), "O": ("O",)}),
    Series("NaCl", ("Fm-3m",), {"Cl": ("Cl", "Br")}),
)


def host_structures(rows: pd.DataFrame) -> pd.Series:
    """Structure (n,) of each row as JSON text, None where no shipped host stands for it; index as in `rows`.

    Parameters
    ----------
    rows : DataFrame
        formula, state, structure_label.

    Examples
    --------
    >>> rows = pd.DataFrame({"formula": ["Na3PS4", "Na3PS4"], "structure_label": ["tetragonal", None]})
    >>> host_structures(rows.assign(state="crystalline")).notna().tolist()
    [True, False]
    """
    cells = zip(text(rows, "formula"), text(rows, "state"), text(rows, "structure_label"), strict=True)
    return pd.Series([_structure(*cell) for cell in cells], index=rows.index, dtype=object)


@cache
def _structure(formula: str, state: str, label: str) -> str | None:
    if state not in _STATES:
        return None
    words = label.replace(",", " ").split()
    for series in SERIES:
        named = [word for word in words if word in series.words]
        other = [word for word in words if word not in series.words and _SPACE_GROUP.fullmatch(word)]
        if named and not other and (structure := _member(series, formula)) is not None:
            return structure_text(structure)
    return None


def _member(series: Series, formula: str) -> Structure | None:
    """The host doped to a composition, None where that breaks a rule."""
    host: dict[str, float] = Composition(HOSTS[series.host].formula).get_el_amt_dict()
    amounts: dict[str, float] = Composition(formula).get_el_amt_dict()
    anion = list(series.sites)[-1]
    held = sum(amounts.get(symbol, 0.0) for symbol in series.sites[anion])
    if not held or set(amounts) - {"Na"} - {symbol for allowed in series.sites.values() for symbol in allowed}:
        return None
    amounts = {symbol: amount * host[anion] / held for symbol, amount in amounts.items()}
    batch = CompositionBatch.from_compositions([Composition(HOSTS[series.host].formula), Composition(formula)])
    own, new = (
        {symbol: ionic_radius(symbol, states[INDEX[symbol]]) for symbol in held_by}
        for states, held_by in zip(_states(batch), (host, amounts), strict=True)
    )
    for site, allowed in series.sites.items():
        here = {symbol: amounts[symbol] for symbol in allowed if amounts.get(symbol, 0.0) > 0}
        if abs(sum(here.values()) / host[site] - 1) > SITE_TOLERANCE:
            return None
        mean = sum(amount * new[symbol] for symbol, amount in here.items()) / sum(here.values())
        bond = own[site] + own[anion] if site != anion else own[anion]
        if abs(mean - own[site]) > BOND_TOLERANCE * bond:
            return None
    return _doped(series, host, amounts)


def _states(batch: CompositionBatch) -> np.ndarray:
    """Oxidation state (n, elements), zero where none is known."""
    return np.nan_to_num(assign_oxidation_states(batch).states)


def _doped(series: Series, host: dict[str, float], amounts: dict[str, float]) -> Structure | None:
    structure = host_structure(series.host)
    units = structure.composition["Na"] / host["Na"]
    try:
        for site, allowed in series.sites.items():
            for symbol in allowed:
                if symbol != site and amounts.get(symbol, 0.0) > 0:
                    structure = dope(structure, site, symbol, amounts[symbol], formula_units=units)
        change = amounts.get("Na", 0.0) - host["Na"]
        return dope(structure, "Na", "K", 0.0, mobile_change=change, formula_units=units)
    except StructureError:
        return None  # no room for the sodium, or more of an element than the site holds
