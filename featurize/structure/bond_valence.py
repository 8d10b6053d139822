"""Barriers to the mobile ion's travel in the bond-valence site energy, an energy landscape for the price of a sum.

The energy of the ion at a point is the sum over anions of Morse potentials (`bond_valence_parameters`), half of each
bond's energy being the ion's, and of the screened Coulomb repulsion by the framework's cations (S. Adams and R. P. Rao,
10.1002/pssa.201001116; softBV: H. Chen et al., 10.1107/S2052520618015718), every species weighted by its occupancy;
other mobile ions are left out. Absolute barriers are no activation energies; they rank structures.
"""

from functools import partial

import numpy as np
from scipy.special import erfc

from ..elements import INDEX, magpie_property
from .bond_valence_parameters import COULOMB_EV_ANGSTROM, BondParameters, bond_parameters, principal_quantum_number
from .crystal import Crystal
from .grid import Grid

SPACING = 0.25  # angstrom; halving it moves the barriers by some 0.02 eV
CUTOFF = 6.0  # angstrom: Adams' parameters count bonds to here
SCREENING = 0.74  # share of the sum of covalent radii over which repulsion is screened (softBV)
# Directions that open within this much (eV) of the first count as open at room temperature.
OPEN_WITHIN = 0.2
# Energies are cut here (eV): within an ion's core they matter to nothing.
HIGHEST = 50.0

# What the columns of `bond_valence` mean.
BOND_VALENCE_COLUMNS = {
    "bond_valence_barrier_1d": "barrier of the bond-valence site energy to endless travel, eV",
    "bond_valence_barrier_2d": "the same for travel in two directions, eV",
    "bond_valence_barrier_3d": "the same for travel in three directions, eV",
    "bond_valence_dimensions": f"directions whose barrier is within {OPEN_WITHIN:g} eV of the lowest",
}


def bond_valence(crystal: Crystal, spacing: float = SPACING) -> dict[str, float]:
    """Barriers above the lowest point of the landscape, and how many directions they open.

    Parameters
    ----------
    crystal : Crystal
    spacing : float
        Of the grid, angstrom.

    Returns
    -------
    dict of str to float
        Keys as in `BOND_VALENCE_COLUMNS`; NaN without a mobile cation or anions.

    Examples
    --------
    >>> from ionscout.featurize.structure.hosts import host_structure
    >>> found = bond_valence(Crystal.of(host_structure("Na3PS4")))
    >>> round(found["bond_valence_barrier_1d"], 1), found["bond_valence_dimensions"]
    (0.7, 2.0)
    """
    grid = Grid.of(crystal.lattice, spacing)
    energy = site_energy(crystal, grid)
    if energy is None:
        return dict.fromkeys(BOND_VALENCE_COLUMNS, np.nan)
    barriers = grid.thresholds(energy) - energy.min()
    open_directions = int(np.count_nonzero(barriers <= barriers[0] + OPEN_WITHIN))
    return {
        f"bond_valence_barrier_{dimension}d": float(barrier) if np.isfinite(barrier) else np.nan
        for dimension, barrier in zip((1, 2, 3), barriers, strict=True)
    } | {"bond_valence_dimensions": float(open_directions)}


def site_energy(crystal: Crystal, grid: Grid) -> np.ndarray | None:
    """Bond-valence site energy of the mobile ion at every grid point, eV, shape (points,).

    None without a mobile cation or without anions.
    """
    if crystal.mobile < 0 or crystal.charges[crystal.mobile] <= 0 or crystal.anion_sites.size == 0:
        return None
    symbol, charge = crystal.symbols[crystal.mobile], float(crystal.charges[crystal.mobile])
    energy = np.zeros(len(grid.positions))
    for species, other in enumerate(crystal.symbols):
        its_charge = float(crystal.charges[species])
        if species == crystal.mobile or its_charge == 0:
            continue
        if its_charge < 0:
            potential = partial(_morse, parameters=bond_parameters(symbol, charge, other, its_charge))
        else:
            potential = partial(_repulsion, strength=_strength(symbol, charge, other, its_charge))
        for site in np.flatnonzero(crystal.occupancy[:, species]):
            share = crystal.occupancy[site, species]
            grid.add_radial(energy, crystal.positions[site], CUTOFF, lambda r, s=share, p=potential: s * p(r))
    return np.minimum(energy, HIGHEST)


def _morse(distance: np.ndarray, parameters: BondParameters) -> np.ndarray:
    """Half of the bond's energy, eV."""
    # The exponent is capped where the energy is far above HIGHEST anyway.
    stretch = np.exp(np.minimum((parameters.minimum - distance) / parameters.softness, 10.0))
    return parameters.depth * stretch * (stretch - 2) / 2


def _strength(symbol: str, charge: float, other: str, its_charge: float) -> tuple[float, float]:
    """Prefactor (eV angstrom) and screening length (angstrom) of the repulsion of two cations."""
    radii = magpie_property("CovalentRadius")[[INDEX[symbol], INDEX[other]]] / 100
    quantum = np.sqrt(principal_quantum_number(symbol) * principal_quantum_number(other))
    return COULOMB_EV_ANGSTROM * charge * its_charge / quantum, SCREENING * float(radii.sum())


def _repulsion(distance: np.ndarray, strength: tuple[float, float]) -> np.ndarray:
    factor, screening = strength
    distance = np.maximum(distance, 0.1)
    return factor / distance * erfc(distance / screening)
