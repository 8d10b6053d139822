"""Doped structures: occupancies changed on the host's own sites, nothing moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .reading import StructureError, check_structure

if TYPE_CHECKING:
    from pymatgen.core import Structure

# Amounts per formula unit are compared to this.
ROUNDING = 1e-6


def dope(
    structure: Structure,
    site: str,
    dopant: str,
    x: float,
    mobile_change: float = 0.0,
    mobile_ion: str = "Na",
    formula_units: float | None = None,
) -> Structure:
    """Replace an amount of one element by another, and fill or empty the mobile ion's sites to balance the charge.

    The dopant takes its share of every site of the replaced element alike, and the mobile ion enters the vacancies of
    its sites (or leaves its sites) in proportion: the mean structure that a powder refinement would start from. No
    position moves and none is invented, so that a host whose mobile sites are full cannot take up more.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        The host; not changed.
    site, dopant : str
        Symbols of the element replaced and of its substituent. The dopant may be in the host already.
    x : float
        Amount replaced per formula unit.
    mobile_change : float
        Mobile ions added (or, negative, removed) per formula unit: what the enumeration of dopants reports as
        compensation, ``-x * (dopant's state - site's state) / mobile ion's charge``.
    mobile_ion : str
    formula_units : float, optional
        Formula units in the cell. By default those of the reduced formula, which a cell of fractional amounts lacks.

    Returns
    -------
    pymatgen.core.Structure
        A new structure without oxidation states.

    Raises
    ------
    StructureError
        If the site's element or the mobile ion is not in the host, there is too little of the element or of the mobile
        ion, or too few vacancies, or the formula unit is not stated and does not follow.

    Examples
    --------
    >>> from ionscout.featurize.structure.hosts import host_structure
    >>> doped = dope(host_structure("Na3PS4"), "P", "W", x=0.1, mobile_change=-0.1)
    >>> doped.composition.reduced_composition.get_el_amt_dict()["W"], round(doped.composition["Na"] / 2, 3)
    (0.2, 2.9)
    """
    units = _formula_units(structure) if formula_units is None else float(formula_units)
    amounts = structure.composition.get_el_amt_dict()
    present = amounts.get(site, 0.0) / units
    if present <= 0:
        raise StructureError(f"site {site!r} is not in the host; choose one of {', '.join(amounts)}")
    if not -ROUNDING <= x <= present + ROUNDING:
        raise StructureError(f"x={x:g} is not between 0 and the {present:g} {site} of the host per formula unit")
    if dopant == site:
        raise StructureError(f"{dopant} is the element of the site")
    share = min(max(x / present, 0.0), 1.0)
    species = [_amounts_on(place) for place in structure]
    for filled in species:
        if site in filled:
            moved = share * filled[site]
            filled[site] -= moved
            filled[dopant] = filled.get(dopant, 0.0) + moved
    if abs(mobile_change) > ROUNDING:
        _change_mobile(species, mobile_ion, mobile_change * units)
    doped = structure.copy()
    for number, filled in enumerate(species):
        kept = {symbol: amount for symbol, amount in filled.items() if amount > 1e-9}
        if kept:
            doped.replace(number, kept)  # type: ignore[arg-type]  # pymatgen takes dicts of amounts
    empty = [number for number, filled in enumerate(species) if not any(amount > 1e-9 for amount in filled.values())]
    doped.remove_sites(empty)
    check_structure(doped)
    return doped


def _change_mobile(species: list[dict[str, float]], mobile_ion: str, change: float) -> None:
    """Add ions to the vacancies of the mobile ion's sites, or take them from the sites, in proportion."""
    places = [filled for filled in species if filled.get(mobile_ion, 0.0) > 0]
    held = np.array([filled[mobile_ion] for filled in places])
    if not places:
        raise StructureError(f"no {mobile_ion} in the host to balance the charge with")
    if change < 0:
        if -change > held.sum() + ROUNDING:
            raise StructureError(f"balancing takes {-change:g} {mobile_ion} a cell, the host has {held.sum():g}")
        new = held * (1 + change / held.sum())
    else:
        room = np.array([max(1.0 - sum(filled.values()), 0.0) for filled in places])
        if change > room.sum() + ROUNDING:
            raise StructureError(
                f"balancing adds {change:g} {mobile_ion} a cell, but its sites have room for {room.sum():g}; "
                "give a host with vacant (partly filled) sites"
            )
        new = held + room * (change / room.sum())
    for filled, amount in zip(places, new, strict=True):
        filled[mobile_ion] = float(max(amount, 0.0))


def _amounts_on(site) -> dict[str, float]:
    amounts: dict[str, float] = {}
    for species, amount in site.species.items():
        symbol = str(getattr(species, "symbol", species))
        amounts[symbol] = amounts.get(symbol, 0.0) + amount
    return amounts


def _formula_units(structure: Structure) -> float:
    composition = structure.composition.element_composition
    amounts = np.array(list(composition.get_el_amt_dict().values()))
    if np.abs(amounts - np.rint(amounts)).max() > ROUNDING:
        raise StructureError(f"the cell holds {composition.formula}, no whole formula units; give formula_units")
    return float(composition.get_reduced_composition_and_factor()[1])
