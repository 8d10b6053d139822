"""What a composition's elements cost, how rare they are, who controls their supply, and which are hazardous."""

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from .composition import CompositionBatch
from .elements import INDEX, N_ELEMENTS, magpie_property

# Price in USD per kg of the element as traded, the middle of a range, mostly of 2019 and 2020; boron, fluorine, barium
# and carbon as the compounds they are sold as. Collected with their sources in Wikipedia, "Prices of chemical
# elements", 8 September 2020.
# fmt: off
PRICES_USD_KG: dict[str, float] = {
    "H": 1.39, "Li": 83.5, "Be": 857, "B": 3.68, "C": 0.122, "N": 0.140, "O": 0.154, "F": 2.0, "Na": 3.0, "Mg": 2.32,
    "Al": 1.79, "Si": 1.70, "P": 2.69, "S": 0.0926, "Cl": 0.082, "K": 12.85, "Ca": 2.28, "Sc": 3460, "Ti": 11.4,
    "V": 371, "Cr": 9.40, "Mn": 1.82, "Fe": 0.424, "Co": 32.8, "Ni": 13.9, "Cu": 6.00, "Zn": 2.55, "Ga": 148,
    "Ge": 962, "As": 1.15, "Se": 21.4, "Br": 4.39, "Rb": 15500, "Sr": 6.6, "Y": 31.0, "Zr": 36.4, "Nb": 73.5,
    "Mo": 40.1, "Ru": 10500, "Rh": 147000, "Pd": 49500, "Ag": 521, "Cd": 2.73, "In": 167, "Sn": 18.7, "Sb": 5.79,
    "Te": 63.5, "I": 35, "Cs": 61800, "Ba": 0.26, "La": 4.85, "Ce": 4.64, "Pr": 103, "Nd": 57.5, "Sm": 13.9, "Eu": 31.4,
    "Gd": 28.6, "Tb": 658, "Dy": 307, "Ho": 57.1, "Er": 26.4, "Tm": 3000, "Yb": 17.1, "Lu": 643, "Hf": 900, "Ta": 305,
    "W": 35.3, "Re": 3580, "Os": 12000, "Ir": 55850, "Pt": 27800, "Au": 44800, "Hg": 30.2, "Tl": 4200, "Pb": 2.00,
    "Bi": 6.36, "Th": 287, "U": 101,
}
# Mass of the element in the Earth's crust, mg per kg: CRC Handbook of Chemistry and Physics, 92nd ed. (2011), ch. 14.
CRUSTAL_ABUNDANCE_PPM: dict[str, float] = {
    "H": 1400, "Li": 20, "Be": 2.8, "B": 10, "C": 200, "N": 19, "O": 461000, "F": 585, "Na": 23600, "Mg": 23300,
    "Al": 82300, "Si": 282000, "P": 1050, "S": 350, "Cl": 145, "K": 20900, "Ca": 41500, "Sc": 22, "Ti": 5650, "V": 120,
    "Cr": 102, "Mn": 950, "Fe": 56300, "Co": 25, "Ni": 84, "Cu": 60, "Zn": 70, "Ga": 19, "Ge": 1.5, "As": 1.8,
    "Se": 0.05, "Br": 2.4, "Rb": 90, "Sr": 370, "Y": 33, "Zr": 165, "Nb": 20, "Mo": 1.2, "Ru": 0.001, "Rh": 0.001,
    "Pd": 0.015, "Ag": 0.075, "Cd": 0.15, "In": 0.25, "Sn": 2.3, "Sb": 0.2, "Te": 0.001, "I": 0.45, "Cs": 3, "Ba": 425,
    "La": 39, "Ce": 66.5, "Pr": 9.2, "Nd": 41.5, "Sm": 7.05, "Eu": 2, "Gd": 6.2, "Tb": 1.2, "Dy": 5.2, "Ho": 1.3,
    "Er": 3.5, "Tm": 0.52, "Yb": 3.2, "Lu": 0.8, "Hf": 3, "Ta": 2, "W": 1.25, "Re": 0.0007, "Os": 0.0015, "Ir": 0.001,
    "Pt": 0.005, "Au": 0.004, "Hg": 0.085, "Tl": 0.85, "Pb": 14, "Bi": 0.0085, "Th": 9.6, "U": 2.7,
}
# fmt: on
# Elements whose compounds as a group are classified carcinogenic, toxic to reproduction or fatal (Regulation (EC)
# No 1272/2008, Annex VI), and those without a stable isotope that lasts.
HAZARDS: dict[str, str] = {
    **dict.fromkeys(("Be", "As", "Cd", "Co", "Ni"), "carcinogenic"),
    "Pb": "toxic to reproduction",
    **dict.fromkeys(("Hg", "Tl"), "fatal if swallowed"),
    **dict.fromkeys(("Tc", "Pm", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa", "U", "Np", "Pu", "Am"), "radioactive"),
}
SUPPLY_COLUMNS = ("cost_USD_kg", "crustal_abundance_ppm", "hhi_production", "hhi_reserves", "hazard")


def element_supply(batch: CompositionBatch, prices: Mapping[str, float] | None = None) -> pd.DataFrame:
    """Cost, abundance, supply concentration and hazard of compositions.

    Parameters
    ----------
    batch : CompositionBatch
        n compositions.
    prices : mapping, optional
        USD per kg by symbol, in place of `PRICES_USD_KG` for the elements named: prices age.

    Returns
    -------
    DataFrame
        n rows: `cost_USD_kg` of the elements in a kilogram; `crustal_abundance_ppm` of the rarest element;
        `hhi_production` and `hhi_reserves`, the Herfindahl-Hirschman indices of the countries that mine the elements
        and hold the ores, weighted by mass (above 2500 a market is called highly concentrated); `hazard`, a list such
        as "Cd carcinogenic", empty where there is none. NaN where an element's figure is not known.

    References
    ----------
    M. W. Gaultois et al., Chem. Mater. 25, 2911 (2013), 10.1021/cm400893e; its indices are read from pymatgen.

    Examples
    --------
    >>> found = element_supply(CompositionBatch.from_formulas(["Na3PS4", "Na3Zr2Si2PO12", "Na2CdSnS4"]))
    >>> found.iloc[:, :3].round(1).values.tolist()
    [[1.3, 350.0, 997.3], [13.3, 165.0, 2107.5], [6.6, 0.2, 1579.1]]
    >>> found["hazard"].tolist()
    ['', '', 'Cd carcinogenic']
    """
    mass = np.asarray(magpie_property("AtomicWeight"))
    amounts = batch.amounts
    grams = amounts @ mass
    cost = _column({**PRICES_USD_KG, **(prices or {})})
    production, reserves = _supply_indices()
    with np.errstate(invalid="ignore", divide="ignore"):
        weighted = [np.asarray(amounts @ (mass * fact)) / grams for fact in (cost, production, reserves)]
    abundance = np.full(len(batch), np.nan)
    filled = np.flatnonzero(batch.is_readable)
    if len(filled):
        known = _column(CRUSTAL_ABUNDANCE_PPM)[amounts.indices]
        abundance[filled] = np.minimum.reduceat(known, amounts.indptr[:-1][filled])
    hazard = np.full(len(batch), "", dtype=object)
    for symbol, kind in HAZARDS.items():
        holds = np.asarray(amounts[:, [INDEX[symbol]]].todense()).ravel() > 0
        if holds.any():
            hazard[holds] = [f"{text}, {symbol} {kind}" if text else f"{symbol} {kind}" for text in hazard[holds]]
    columns = (weighted[0], abundance, weighted[1], weighted[2], hazard)
    return pd.DataFrame(dict(zip(SUPPLY_COLUMNS, columns, strict=True)))


def _column(facts: Mapping[str, float]) -> np.ndarray:
    """A fact of the elements (n_elements,), NaN where it is not known."""
    unknown = [symbol for symbol in facts if symbol not in INDEX]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not an element")
    out = np.full(N_ELEMENTS, np.nan)
    for symbol, value in facts.items():
        out[INDEX[symbol]] = value
    return out


@cache
def _supply_indices() -> tuple[np.ndarray, np.ndarray]:
    """Herfindahl-Hirschman indices of production and of reserves, (n_elements,) each, from pymatgen's file."""
    spec = find_spec("pymatgen.analysis")  # finds the folder without running the package
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the supply indices come with pymatgen: pip install pymatgen")
    path = Path(next(iter(spec.submodule_search_locations))) / "hhi_data.csv"
    table = pd.read_csv(path, comment="#", header=None, names=["element", "production", "reserves"])
    symbols = table["element"].astype(str)
    indices = (table[name].astype(float) for name in ("production", "reserves"))
    production, reserves = (_column(dict(zip(symbols, index, strict=True))) for index in indices)
    return production, reserves
