"""Fillers of a hybrid: whether they conduct sodium ions, how well, and how dense they are."""

import re
from dataclasses import dataclass
from functools import lru_cache

from .composition import CompositionBatch
from .elements import INDEX


@dataclass(frozen=True)
class Filler:
    """One filler: density in g/cm3, and log10 of the grains' conductivity at 25 C in S/cm (passive: an insulator)."""

    density_g_cm3: float
    log10_conductivity: float
    conducts: bool = False


PASSIVE_LOG10_CONDUCTIVITY = -14.0  # silica, titania and their like: below anything that matters in a polymer
# Sodium conductors whose conductivity is not in the list below, in the middle of those that are.
_UNKNOWN_CONDUCTOR_LOG10 = -3.5
# Density of a filler that is not in the list: most oxides and phosphates lie between 2.2 and 5.
_UNKNOWN_DENSITY = 3.2
_PASSIVE = {
    # Densities: CRC Handbook of Chemistry and Physics, to two digits; frameworks by their makers' data.
    "SiO2": 2.2, "TiO2": 4.0, "Al2O3": 3.9, "ZrO2": 5.7, "CeO2": 7.2, "BaTiO3": 6.0, "MgO": 3.6, "ZnO": 5.6,
    "SBA-15": 1.0, "graphene oxide": 1.9, "glass fibre": 2.5, "GaSn liquid metal": 6.3, "Cu-MOF": 1.2,
    "fluorinated MOF": 1.2, "NaF": 2.6, "BN": 2.1, "CH3NH3PbCl3": 3.2,
}  # fmt: skip
_CONDUCTORS = {
    # Medians near 25 C of the composition in the curated sodium table; UiO-66-SO3Na, which is not there, by analogy.
    "Na3Zr2Si2PO12": (3.2, -3.2), "NASICON": (3.2, -3.2), "Na3.4Zr1.9Zn0.1Si2.2P0.8O12": (3.2, -1.8),
    "Na2Zn2TeO6": (4.9, -3.2), "NaTi2(PO4)3": (3.0, -9.4), "Na3SbS4": (2.9, -3.0), "Na3PS4": (2.2, -3.7),
    "beta-alumina": (3.2, -2.4), "UiO-66-SO3Na": (1.3, -6.0),
}  # fmt: skip
_FILLERS = {name: Filler(density, PASSIVE_LOG10_CONDUCTIVITY) for name, density in _PASSIVE.items()} | {
    name: Filler(density, conductivity, True) for name, (density, conductivity) in _CONDUCTORS.items()
}
_BY_SPELLING = {name.casefold(): name for name in _FILLERS}
_DOPED = re.compile(r"^[A-Za-z,]+-doped\s+")


def known_fillers() -> tuple[str, ...]:
    """Names that `read_filler` knows besides formulas."""
    return tuple(_FILLERS)


@lru_cache(maxsize=4096)
def read_filler(text: str | None) -> tuple[Filler | None, str]:
    """A filler and its name, or None and "none".

    Parameters
    ----------
    text : str or None
        Known name, or a formula: one that holds sodium is taken for an ion conductor, any other for passive.

    Raises
    ------
    ValueError
        If it is neither; naming the known fillers.

    Examples
    --------
    >>> read_filler("Ca-doped CeO2")
    (Filler(density_g_cm3=7.2, log10_conductivity=-14.0, conducts=False), 'CeO2')
    >>> read_filler("Na5YSi4O12")[0].conducts
    True
    """
    typed = (text or "").strip()
    if not typed or typed.casefold() == "none":
        return None, "none"
    bare = _DOPED.sub("", typed)
    name = _BY_SPELLING.get(bare.casefold())
    if name is not None:
        return _FILLERS[name], name
    batch = CompositionBatch.from_formulas([bare])
    if batch.errors[0] is not None:
        raise ValueError(
            f"filler {typed!r} is neither a formula nor known by name; 'none', or one of {', '.join(_FILLERS)}"
        )
    amounts = batch.amounts.todense()
    conducts = float(amounts[0, INDEX["Na"]]) > 0
    level = _UNKNOWN_CONDUCTOR_LOG10 if conducts else PASSIVE_LOG10_CONDUCTIVITY
    return Filler(_UNKNOWN_DENSITY, level, conducts), bare
