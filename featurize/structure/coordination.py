"""What surrounds the mobile ion, and where it can hop to.

Coordination is counted without a cut-off, by Hoppe's effective coordination number (10.1524/zkri.1979.150.14.23), with
every anion weighted by its occupancy: a bond of length l counts exp(1 - (l / mean)^6), the mean being weighted the same
way. An octahedron counts 6, and a bond that lengthens leaves gradually.
"""

import numpy as np
from scipy.sparse import csr_array

from .bond_valence_parameters import bond_parameters
from .crystal import Crystal
from .periodic import Pairs, pairs_within, percolation_thresholds

# Bonds are searched this far (angstrom): beyond the longest Na-I or K-I bond by half.
BOND_CUTOFF = 5.5
# Anions nearer than this (angstrom) belong to another local arrangement of a disordered structure.
IMPOSSIBLE_BOND = 1.2
# Hops are searched this far (angstrom), in turn, until the places are joined in three directions.
HOP_CUTOFFS = (7.0, 10.0, 15.0)
# Hops up to this much longer than the shortest from a place count as its neighbours.
NEIGHBOUR_RATIO = 1.25
# Three shared anions make a face; a soft count passes from two to three.
FACE = 2.5

# What the columns of `coordination` mean.
COORDINATION_COLUMNS = {
    "coordination_number": "effective coordination number of the mobile ion by anions, mean over the ions",
    "coordination_number_highest": "highest effective coordination number among the places of the mobile ion",
    "coordination_number_spread": "standard deviation of the effective coordination number over the ions",
    "bond_length": "mean bond length of the mobile ion to anions, angstrom",
    "bond_length_shortest": "shortest bond of the mobile ion to an anion, angstrom",
    "bond_length_spread": "standard deviation of the bond lengths within a polyhedron, angstrom",
    "bond_valence_sum": "bond valence sum of the mobile ion over its charge, mean over the ions",
    "bond_valence_sum_spread": "standard deviation of that over the ions",
}

# What the columns of `hops` mean.
HOP_COLUMNS = {
    "hop_distance": "distance from a mobile ion to the nearest other place of the mobile ion, mean, angstrom",
    "hop_neighbours": f"places within {NEIGHBOUR_RATIO:g} times the distance of the nearest, mean",
    "hop_distance_1d": "longest hop that an endless path of shortest hops needs, angstrom",
    "hop_distance_3d": "longest hop that a network of shortest hops endless in three directions needs, angstrom",
    "hop_shared_anions": "anions that neighbouring places share, mean over hops: 1 corner, 2 edge, 3 face",
    "hop_face_sharing": f"share of the hops between places that share at least {FACE:g} anions",
}


def coordination(crystal: Crystal) -> dict[str, float]:
    """Coordination numbers, bond lengths and bond valence sums of the mobile ion.

    Parameters
    ----------
    crystal : Crystal

    Returns
    -------
    dict of str to float
        Keys as in `COORDINATION_COLUMNS`; NaN without a mobile ion or anions.

    Examples
    --------
    Rock salt: six chlorides at half the lattice constant.

    >>> from pymatgen.core import Lattice, Structure
    >>> salt = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    >>> found = coordination(Crystal.of(salt))
    >>> round(found["coordination_number"], 2), round(found["bond_length"], 2)
    (6.0, 2.82)
    """
    bonds = _bonds(crystal)
    if bonds is None:
        return dict.fromkeys(COORDINATION_COLUMNS, np.nan)
    site, length, weight, valence = bonds
    n = len(crystal.mobile_sites)
    ions = crystal.filled(crystal.is_mobile)[crystal.mobile_sites]
    number = np.bincount(site, weights=weight, minlength=n)
    bonded = number > 0
    share = np.where(bonded, ions, 0.0)
    share /= share.sum()
    safe = np.where(bonded, number, 1.0)
    mean = np.bincount(site, weights=weight * length, minlength=n) / safe
    square = np.bincount(site, weights=weight * (length - mean[site]) ** 2, minlength=n) / safe
    charge = crystal.charges[crystal.mobile]
    sums = np.bincount(site, weights=valence, minlength=n) / (charge if charge > 0 else 1.0)
    number_mean, sum_mean = share @ number, share @ sums
    # Occupancies below a tenth are noise of the refinement: they set no extreme.
    telling = bonded & (ions >= min(0.1, ions.max()))
    return {
        "coordination_number": float(number_mean),
        "coordination_number_highest": float(number[telling].max()),
        "coordination_number_spread": float(np.sqrt(share @ (number - number_mean) ** 2)),
        "bond_length": float(share @ mean),
        "bond_length_shortest": float(length[telling[site] & (weight > 0.1)].min(initial=np.inf)),
        "bond_length_spread": float(share @ np.sqrt(square)),
        "bond_valence_sum": float(sum_mean),
        "bond_valence_sum_spread": float(np.sqrt(share @ (sums - sum_mean) ** 2)),
    }


def hops(crystal: Crystal) -> dict[str, float]:
    """Distances between the places of the mobile ion, their network, and the anions that neighbours share.

    Sodium conducts best through large, face-sharing places of high coordination (10.1038/s41467-023-43436-3).

    Parameters
    ----------
    crystal : Crystal

    Returns
    -------
    dict of str to float
        Keys as in `HOP_COLUMNS`; NaN without a mobile ion, or where no hop is short enough.

    Examples
    --------
    >>> from ionscout.featurize.structure.hosts import host_structure
    >>> round(hops(Crystal.of(host_structure("NaCl")))["hop_distance"], 2)
    3.99
    """
    out = dict.fromkeys(HOP_COLUMNS, np.nan)
    if crystal.mobile < 0:
        return out
    _, centre, occupancy = crystal.mobile_positions
    n = len(centre)
    pairs, limits = _network(crystal.lattice, centre)
    if len(pairs.centre) == 0:
        return out
    nearest = np.full(n, np.inf)
    np.minimum.at(nearest, pairs.centre, pairs.distance)
    reached = np.isfinite(nearest)
    share = np.where(reached, occupancy, 0.0)
    share /= share.sum()
    near = pairs.distance <= NEIGHBOUR_RATIO * nearest[pairs.centre]
    neighbours = np.bincount(pairs.centre[near], minlength=n)
    limits = np.where(np.isfinite(limits), limits, np.nan)
    out |= {
        "hop_distance": float(share @ np.where(reached, nearest, 0.0)),
        "hop_neighbours": float(share @ neighbours),
        "hop_distance_1d": float(limits[0]),
        "hop_distance_3d": float(limits[2]),
    }
    shared = _shared_anions(crystal, centre, pairs, near)
    if shared is not None:
        weight = share[pairs.centre[near]]
        out["hop_shared_anions"] = float(weight @ shared / weight.sum())
        out["hop_face_sharing"] = float(weight @ (shared >= FACE) / weight.sum())
    return out


def _network(lattice: np.ndarray, centre: np.ndarray) -> tuple[Pairs, np.ndarray]:
    """Hops, and the longest of them that networks endless in one, two and three directions need."""
    for cutoff in HOP_CUTOFFS:
        pairs = pairs_within(lattice, centre, centre, cutoff)
        limits = percolation_thresholds(len(centre), pairs.centre, pairs.other, pairs.shift, pairs.distance)
        if np.isfinite(limits).all():
            break
    return pairs, limits


def effective_weights(centre: np.ndarray, length: np.ndarray, filled: np.ndarray, n: int) -> np.ndarray:
    """Weights of bonds in Hoppe's effective coordination number.

    Parameters
    ----------
    centre : numpy.ndarray, shape (m,), int
        Which of `n` centres a bond starts from.
    length, filled : numpy.ndarray, shape (m,)
        Length and occupancy of the far end.
    n : int

    Returns
    -------
    numpy.ndarray, shape (m,)
        Weights times occupancy; their sum over a centre is its effective coordination number.

    Examples
    --------
    >>> lengths = np.array([2.0, 2.0, 2.0, 2.0, 3.0])
    >>> effective_weights(np.zeros(5, dtype=int), lengths, np.ones(5), 1).round(2).tolist()
    [1.0, 1.0, 1.0, 1.0, 0.0]
    """
    mean = np.full(n, np.inf)
    np.minimum.at(mean, centre, length)
    for _ in range(30):
        weight = filled * np.exp(1 - np.minimum(length / mean[centre], 3.0) ** 6)
        total = np.bincount(centre, weights=weight, minlength=n)
        new = np.bincount(centre, weights=weight * length, minlength=n) / np.where(total > 0, total, 1.0)
        new = np.where(total > 0, new, mean)
        if np.allclose(new, mean, rtol=1e-6, atol=0, equal_nan=True):
            break
        mean = new
    return filled * np.exp(1 - np.minimum(length / mean[centre], 3.0) ** 6)


def _bonds(crystal: Crystal) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None:
    """Bonds of the mobile sites: site, length, weight in the coordination number, valence."""
    if crystal.mobile < 0 or crystal.anion_sites.size == 0:
        return None
    centres, others = crystal.positions[crystal.mobile_sites], crystal.positions[crystal.anion_sites]
    pairs = pairs_within(crystal.lattice, centres, others, BOND_CUTOFF)
    possible = pairs.distance > IMPOSSIBLE_BOND
    site, anion, length = pairs.centre[possible], pairs.other[possible], pairs.distance[possible]
    if site.size == 0:
        return None
    filled = crystal.filled(crystal.is_anion)[crystal.anion_sites][anion]
    weight = effective_weights(site, length, filled, len(centres))
    valence = np.zeros(len(length))
    for species in np.flatnonzero(crystal.is_anion):
        bond = bond_parameters(
            crystal.symbols[crystal.mobile],
            float(crystal.charges[crystal.mobile]),
            crystal.symbols[species],
            float(crystal.charges[species]),
        )
        share = crystal.occupancy[crystal.anion_sites[anion], species]
        valence += share * np.exp((bond.length - length) / bond.softness)
    return site, length, weight, valence


def _shared_anions(crystal: Crystal, centre: np.ndarray, pairs: Pairs, near: np.ndarray) -> np.ndarray | None:
    """Soft number of anions that bond to both ends of each near pair, shape (number of near pairs,)."""
    anions = crystal.anion_sites
    if anions.size == 0:
        return None
    bonds = pairs_within(crystal.lattice, centre, crystal.positions[anions], BOND_CUTOFF)
    filled = crystal.filled(crystal.is_anion)[anions][bonds.other]
    weight = effective_weights(bonds.centre, np.maximum(bonds.distance, IMPOSSIBLE_BOND), filled, len(centre))
    # A bond of half the full weight is one bond in this count: polyhedra are often lopsided.
    weight = filled * np.minimum(2 * weight / filled, 1.0)
    kept = np.flatnonzero((bonds.distance > IMPOSSIBLE_BOND) & (weight > 1e-3))
    if kept.size == 0:
        return None
    kept = kept[np.argsort(bonds.centre[kept], kind="stable")]
    place, anion, cell, weight = bonds.centre[kept], bonds.other[kept], bonds.shift[kept], weight[kept]
    start = np.searchsorted(place, np.arange(len(centre) + 1))
    counts = np.diff(start)
    first, second, shift = pairs.centre[near], pairs.other[near], pairs.shift[near]
    # Every anion of the crystal gets a number, its cell being counted from the cell of the near end.
    reach = int(np.abs(cell).max() + np.abs(shift).max(initial=0)) + 1
    side = 2 * reach + 1

    def bonded(ends: np.ndarray, moves: np.ndarray) -> csr_array:
        """Weight of every numbered anion at the end of every pair."""
        rows = np.repeat(np.arange(len(ends)), counts[ends])
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts[ends]) - counts[ends], counts[ends])
        entry = start[ends][rows] + within
        moved = cell[entry] + moves[rows] + reach
        number = ((anion[entry] * side + moved[:, 0]) * side + moved[:, 1]) * side + moved[:, 2]
        return csr_array((weight[entry], (rows, number)), shape=(len(ends), len(anions) * side**3))

    both = bonded(first, np.zeros_like(shift)).minimum(bonded(second, shift))
    return np.asarray(both.sum(axis=1)).ravel()
