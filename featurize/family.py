"""Which family of solid electrolytes a composition belongs to, read from its anions and their ratios."""

from functools import cache

import numpy as np

from .composition import CompositionBatch
from .elements import INDEX, N_ELEMENTS

# In the order they are asked; the first that fits is taken.
FAMILIES = ("hydride and closo-borate", "antiperovskite", "halide", "sulfide", "NASICON", "oxide", "other")
_HALOGENS = ("F", "Cl", "Br", "I")
_CHALCOGENS = ("S", "Se", "Te")
_ALKALIS = ("Li", "Na", "K", "Rb", "Cs", "Ag")
# What complex hydrides bind their hydrogen to.
_HYDRIDIC = ("B", "N", "Al", "C")
# Centres of the tetrahedra of NASICON, and what sits in its octahedra.
_TETRAHEDRAL = ("P", "Si", "As", "S")
_OCTAHEDRAL = (
    *("Mg", "Zn", "Ni", "Co", "Mn", "Cu", "Ca", "Cd", "Al", "Ga", "In", "Sc", "Y", "La", "Ce", "Pr", "Nd", "Sm", "Eu"),
    *("Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Bi", "Sb", "Cr", "Fe", "V", "Ti", "Zr", "Hf", "Sn", "Ge", "Nb"),
    *("Ta", "Mo", "W"),
)


def families(batch: CompositionBatch) -> np.ndarray:
    """Family (n,) of each composition, one of `FAMILIES`; None for rows in error.

    Rules, in this order: a hydride has more H than O and halogen, bound to B, N or Al; an antiperovskite has no
    framework cation and at least 1.3 alkali ions an anion of which one is O; a halide or sulfide has at least a quarter
    of its anions F, Cl, Br, I, or S, Se, Te; a NASICON has tetrahedra in the ratio 1:4 to oxygen and about two
    octahedral cations to three tetrahedra (H. Y.-P. Hong, 10.1016/0025-5408(76)90073-8); the rest with oxygen is oxide,
    and what has none of these anions (a phosphide, a nitride, an alloy) is other.

    Examples
    --------
    >>> families(CompositionBatch.from_formulas(["Na3.4Sc0.4Zr1.6Si2PO12", "NaAl11O17", "Na2B12H12", "Na3P"])).tolist()
    ['NASICON', 'oxide', 'hydride and closo-borate', 'other']
    """
    return np.array([*FAMILIES, None], dtype=object)[family_codes(batch)]


def family_codes(batch: CompositionBatch) -> np.ndarray:
    """Place (n,) int of each composition's family in `FAMILIES`; -1 for rows in error."""
    oxygen, halogen, chalcogen, hydrogen, alkali, hydridic, tetrahedral, octahedral, everything = (
        batch.amounts @ _groups()
    ).T
    # Sulfur with oxygen around it is the centre of a sulfate, not an anion.
    sulfate = (oxygen >= 3.5 * chalcogen) & (chalcogen > 0)
    chalcogen = np.where(sulfate, 0.0, chalcogen)
    with np.errstate(divide="ignore", invalid="ignore"):
        anions = oxygen + halogen + chalcogen + hydrogen
        framework = everything - alkali - anions
        rules = (
            (hydrogen > oxygen + halogen) & (hydridic > 0),
            (oxygen > 0) & (alkali >= 1.3 * (everything - alkali)) & (framework <= 0.3 * (everything - alkali)),
            (halogen > 0) & (halogen >= 0.25 * anions),
            (chalcogen > 0) & (chalcogen >= 0.25 * anions),
            (np.abs(tetrahedral / oxygen - 0.25) < 0.03) & (np.abs(octahedral / tetrahedral - 2 / 3) < 0.2),
            oxygen > 0,
            np.ones(len(batch), dtype=bool),
        )
    return np.where(batch.is_readable, np.argmax(np.vstack(rules) & (everything > 0), axis=0), -1)


@cache
def _groups() -> np.ndarray:
    """Which elements (118, 9) are in each group that the rules count, and last all of them."""
    groups = (("O",), _HALOGENS, _CHALCOGENS, ("H",), _ALKALIS, _HYDRIDIC, _TETRAHEDRAL, _OCTAHEDRAL)
    members = np.zeros((N_ELEMENTS, len(groups) + 1))
    for place, group in enumerate(groups):
        members[[INDEX[symbol] for symbol in group], place] = 1.0
    members[:, -1] = 1.0
    return members
