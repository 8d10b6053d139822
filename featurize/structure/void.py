"""The free space of the framework: the largest sphere that fits, and the largest that can travel endlessly.

As Zeo++ defines them (T. F. Willems et al., 10.1016/j.micromeso.2011.08.020), with ionic radii and without the mobile
ion.
"""

import numpy as np
from scipy.spatial import KDTree

from .crystal import SPLIT_DISTANCE, Crystal
from .grid import Grid
from .periodic import merge_close

SPACING = 0.25  # angstrom; halving it raises the radii by some 0.03 angstrom
# Positions filled less than this by the framework are open: an ion can wait for the gap.
BLOCKING = 0.5
# Spheres are looked for this far (angstrom) around; larger voids are no crystals of interest.
REACH = 8.0

# What the columns of `void` mean.
VOID_COLUMNS = {
    "largest_sphere_radius": "radius of the largest sphere that fits between the framework's ions, angstrom",
    "percolation_radius_1d": "radius of the largest sphere that can travel endlessly between them, angstrom",
    "percolation_radius_3d": "the same in three directions, angstrom",
}


def void(crystal: Crystal, spacing: float = SPACING) -> dict[str, float]:
    """Radii of the free spheres of the framework.

    Parameters
    ----------
    crystal : Crystal
    spacing : float
        Of the grid, angstrom.

    Returns
    -------
    dict of str to float
        Keys as in `VOID_COLUMNS`; negative where even a point must pass through ions, NaN without a framework.

    Examples
    --------
    >>> from ionscout.featurize.structure.hosts import host_structure
    >>> found = void(Crystal.of(host_structure("NaCl")))
    >>> round(found["percolation_radius_3d"], 1)
    0.4
    """
    grid = Grid.of(crystal.lattice, spacing)
    free = free_radius(crystal, grid)
    if free is None:
        return dict.fromkeys(VOID_COLUMNS, np.nan)
    thresholds = -grid.thresholds(-free)
    return {"largest_sphere_radius": float(free.max())} | {
        f"percolation_radius_{dimension}d": float(radius) if np.isfinite(radius) else np.nan
        for dimension, radius in zip((1, 3), thresholds[[0, 2]], strict=True)
    }


def free_radius(crystal: Crystal, grid: Grid) -> np.ndarray | None:
    """Distance of every grid point to the surface of the nearest framework ion, angstrom, shape (points,).

    None where there is no framework.
    """
    framework = crystal.occupancy[:, ~crystal.is_mobile]
    filled = framework.sum(axis=1)
    held = np.flatnonzero(filled > 0)
    if held.size == 0:
        return None
    place = merge_close(crystal.lattice, crystal.positions[held], SPLIT_DISTANCE)
    blocking = held[np.bincount(place, weights=filled[held])[place] >= BLOCKING]
    if blocking.size == 0:
        return None
    mean = framework[blocking] @ crystal.radii[~crystal.is_mobile] / filled[blocking]
    points = grid.positions @ crystal.lattice
    free = np.full(len(points), np.inf)
    for radius in np.unique(np.round(mean, 4)):
        ions = crystal.positions[blocking[np.abs(mean - radius) < 1e-3]]
        distance, _ = KDTree(_images(ions, crystal.lattice)).query(points)
        free = np.minimum(free, distance - radius)
    return free


def _images(positions: np.ndarray, lattice: np.ndarray) -> np.ndarray:
    """The points and their images around the cell, Cartesian coordinates."""
    margin = REACH * np.linalg.norm(np.linalg.inv(lattice), axis=0)
    axes = [np.arange(-count, count + 1) for count in np.ceil(margin).astype(int)]
    shifts = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    images = (positions[None] + shifts[:, None]).reshape(-1, 3)
    return images[np.all((images > -margin) & (images < 1 + margin), axis=1)] @ lattice
