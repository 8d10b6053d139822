"""How the anions are packed: like a body-centred, a face-centred cubic or a hexagonal close packing.

Body-centred frameworks let lithium and sodium pass from tetrahedron to face-sharing tetrahedron (Y. Wang et al.,
10.1038/nmat4369). Real frameworks are distorted, so each anion's surroundings are compared with the three ideal ones:
its nearest 12 (close packings) or 14 (body-centred) anions, by the sorted cosines of the angles between them and by
their distances. Both are free of any setting, and small distortions change them a little.
"""

from functools import cache

import numpy as np
from scipy.spatial import KDTree

from .crystal import SPLIT_DISTANCE, Crystal
from .periodic import merge_close

# Root mean square difference of cosines and distances at which a score has fallen to 1/e; the two ideal close packings
# are 0.08 apart, the body-centred one is 0.15 from both.
TOLERANCE = 0.08

# What the columns of `anion_framework` mean.
ANION_COLUMNS = {
    "anion_bcc_score": "likeness of the anion arrangement to body-centred cubic, 0 to 1",
    "anion_fcc_score": "likeness of the anion arrangement to cubic close packing, 0 to 1",
    "anion_hcp_score": "likeness of the anion arrangement to hexagonal close packing, 0 to 1",
    "anion_distance_nearest": "shortest distance of two anions, angstrom",
}


def anion_framework(crystal: Crystal) -> dict[str, float]:
    """Scores of the anion arrangement and the shortest distance of two anions.

    Parameters
    ----------
    crystal : Crystal

    Returns
    -------
    dict of str to float
        Keys as in `ANION_COLUMNS`; NaN without anions.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> salt = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    >>> found = anion_framework(Crystal.of(salt))
    >>> round(found["anion_fcc_score"], 2), round(found["anion_distance_nearest"], 2)
    (1.0, 3.99)
    """
    sites = crystal.anion_sites
    if sites.size == 0:
        return dict.fromkeys(ANION_COLUMNS, np.nan)
    centres, filled = _merged(crystal, sites)
    vectors = _nearest(centres, crystal.lattice, 14)
    scores = {name: filled @ _score(vectors, template) / filled.sum() for name, template in _templates().items()}
    lengths = np.linalg.norm(vectors, axis=2)
    return {f"anion_{name}_score": float(score) for name, score in scores.items()} | {
        "anion_distance_nearest": float(lengths[:, 0].min()),
    }


def _merged(crystal: Crystal, sites: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Anions with split positions replaced by their mean: fractional coordinates and occupancy."""
    filled = crystal.filled(crystal.is_anion)[sites]
    positions = crystal.positions[sites]
    label = merge_close(crystal.lattice, positions, SPLIT_DISTANCE) if (filled < 0.999).any() else np.arange(len(sites))
    anchor = positions[np.unique(label, return_index=True)[1]]
    away = positions - anchor[label]
    away -= np.rint(away)
    total = np.bincount(label, weights=filled)
    moved = np.column_stack([np.bincount(label, weights=filled * away[:, axis]) for axis in range(3)])
    return anchor + moved / total[:, None], total


def _nearest(positions: np.ndarray, lattice: np.ndarray, count: int) -> np.ndarray:
    """Vectors to the nearest images of all points: (n, 3) fractional -> (n, count, 3) angstrom."""
    volume = abs(np.linalg.det(lattice))
    reach = 1.6 * (3 * (count + 1) * volume / (4 * np.pi * len(positions))) ** (1 / 3)
    points = positions @ lattice
    while True:
        margin = np.ceil(reach * np.linalg.norm(np.linalg.inv(lattice), axis=0)).astype(int) + 1
        axes = [np.arange(-extent, extent + 1) for extent in margin]
        shifts = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        images = (positions[None] + shifts[:, None]).reshape(-1, 3) @ lattice
        distance, found = KDTree(images).query(points, k=count + 1)
        which = np.asarray(found)
        if distance.max() <= reach:
            return images[which[:, 1:]] - points[:, None]
        reach = 1.2 * distance.max()


def _score(vectors: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Likeness of every environment to a template's: (n, 14, 3), (k, 3) -> (n,)."""
    there, ideal = _fingerprint(vectors[:, : len(template)]), _fingerprint(template[None])
    difference = np.sqrt(((there - ideal) ** 2).mean(axis=1))
    return np.exp(-((difference / TOLERANCE) ** 2))


def _fingerprint(vectors: np.ndarray) -> np.ndarray:
    """Sorted cosines between all pairs of vectors, and sorted relative lengths."""
    lengths = np.linalg.norm(vectors, axis=2)
    units = vectors / lengths[:, :, None]
    first, second = np.triu_indices(vectors.shape[1], k=1)
    cosines = np.sort((units[:, first] * units[:, second]).sum(axis=2), axis=1)
    relative = np.sort(lengths / lengths.mean(axis=1, keepdims=True), axis=1)
    return np.concatenate([cosines, relative], axis=1)


@cache
def _templates() -> dict[str, np.ndarray]:
    """Neighbours in the three ideal packings, shapes (14, 3), (12, 3), (12, 3)."""
    cubic = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij"), axis=-1).reshape(-1, 3).astype(float)
    order = np.abs(cubic).sum(axis=1)
    angles = np.arange(6) * np.pi / 3
    hexagon = np.column_stack([np.cos(angles), np.sin(angles), np.zeros(6)])
    thirds = np.pi / 6 + np.arange(3) * 2 * np.pi / 3
    triangle = np.column_stack([np.cos(thirds), np.sin(thirds)]) / np.sqrt(3)
    height = np.sqrt(2 / 3)
    above, below = (np.column_stack([triangle, np.full(3, z)]) for z in (height, -height))
    return {
        "bcc": np.concatenate([cubic[order == 3] / 2, cubic[order == 1]]),
        "fcc": cubic[order == 2],
        "hcp": np.concatenate([hexagon, above, below]),
    }
