"""Which family of solid electrolytes a composition belongs to, read from its anions and their ratios."""

import numpy as np

from .composition import CompositionBatch
from .elements import INDEX

# In the order they are asked; the first that fits is taken.
FAMILIES = ("hydride and closo-borate", "antiperovskite", "halide", "sulfide", "NASICON", "oxide", "other")
_HALOGENS = ("F", "Cl", "Br", "I")
_CHALCOGENS = ("S", "Se", "Te")
_ALKALIS = ("Li", "Na", "K", "Rb", "Cs", "Ag")
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
    amounts = batch.amounts.tocsc()

    def total(*symbols: str) -> np.ndarray:
        return np.asarray(amounts[:, [INDEX[s] for s in symbols]].sum(axis=1)).ravel()

    oxygen, halogen, chalcogen, hydrogen = total("O"), total(*_HALOGENS), total(*_CHALCOGENS), total("H")
    alkali = total(*_ALKALIS)
    everything = np.asarray(amounts.sum(axis=1)).ravel()
    tetrahedral, octahedral = total(*_TETRAHEDRAL), total(*_OCTAHEDRAL)
    # Sulfur with oxygen around it is the centre of a sulfate, not an anion.
    sulfate = (oxygen >= 3.5 * chalcogen) & (chalcogen > 0)
    chalcogen = np.where(sulfate, 0.0, chalcogen)
    with np.errstate(divide="ignore", invalid="ignore"):
        anions = oxygen + halogen + chalcogen + hydrogen
        framework = everything - alkali - anions
        rules = (
            (hydrogen > oxygen + halogen) & (total("B", "N", "Al", "C") > 0),
            (oxygen > 0) & (alkali >= 1.3 * (everything - alkali)) & (framework <= 0.3 * (everything - alkali)),
            (halogen > 0) & (halogen >= 0.25 * anions),
            (chalcogen > 0) & (chalcogen >= 0.25 * anions),
            (np.abs(tetrahedral / oxygen - 0.25) < 0.03) & (np.abs(octahedral / tetrahedral - 2 / 3) < 0.2),
            oxygen > 0,
            np.ones(len(batch), dtype=bool),
        )
    return np.where(batch.is_readable, np.argmax(np.vstack(rules) & (everything > 0), axis=0), -1)
