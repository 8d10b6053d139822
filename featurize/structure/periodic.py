"""Distances and networks that repeat with the lattice: neighbours, merged split positions, percolation."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree
from scipy.spatial import KDTree

# Edges of equal weight are ordered all the same; a zero weight would be no edge to scipy.
_SMALLEST = 1.0


class Pairs(NamedTuple):
    """Pairs of points within a distance, periodic images included.

    Attributes
    ----------
    centre, other : numpy.ndarray, shape (m,), int
        Positions in the two lists of points.
    shift : numpy.ndarray, shape (m, 3), int
        Lattice vectors added to `other`.
    distance : numpy.ndarray, shape (m,)
        Angstrom.
    """

    centre: np.ndarray
    other: np.ndarray
    shift: np.ndarray
    distance: np.ndarray


def pairs_within(lattice: np.ndarray, centres: np.ndarray, others: np.ndarray, cutoff: float) -> Pairs:
    """All pairs up to a distance, a point itself (distance zero) left out.

    Parameters
    ----------
    lattice : numpy.ndarray, shape (3, 3)
        Rows are the lattice vectors, angstrom.
    centres, others : numpy.ndarray, shapes (n, 3) and (k, 3)
        Fractional coordinates.
    cutoff : float
        Angstrom.

    Returns
    -------
    Pairs

    Examples
    --------
    >>> pairs = pairs_within(4.0 * np.eye(3), np.zeros((1, 3)), np.zeros((1, 3)), 4.1)
    >>> len(pairs.centre), pairs.distance.tolist()
    (6, [4.0, 4.0, 4.0, 4.0, 4.0, 4.0])
    """
    if len(centres) == 0 or len(others) == 0:
        empty = np.empty(0, dtype=int)
        return Pairs(empty, empty, np.empty((0, 3), dtype=int), np.empty(0))
    # Planes of the lattice are 1 / |reciprocal vector| apart.
    reach = cutoff * np.linalg.norm(np.linalg.inv(lattice), axis=0)
    low = np.floor(centres.min(axis=0) - reach - others.max(axis=0)).astype(int)
    high = np.ceil(centres.max(axis=0) + reach - others.min(axis=0)).astype(int)
    axes = [np.arange(first, last + 1) for first, last in zip(low, high, strict=True)]
    shifts = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    images = (others[None, :, :] + shifts[:, None, :]).reshape(-1, 3)
    inside = np.all((images > centres.min(axis=0) - reach) & (images < centres.max(axis=0) + reach), axis=1)
    kept = np.flatnonzero(inside)
    found = KDTree(centres @ lattice).sparse_distance_matrix(
        KDTree(images[kept] @ lattice), cutoff, output_type="coo_matrix"
    )
    centre, image, distance = found.row, kept[found.col], found.data
    apart = distance > 1e-6
    centre, image, distance = centre[apart], image[apart], distance[apart]
    return Pairs(centre, image % len(others), shifts[image // len(others)], distance)


def merge_close(lattice: np.ndarray, positions: np.ndarray, distance: float) -> np.ndarray:
    """Number the positions so that those nearer than a distance to one another share a number.

    Parameters
    ----------
    lattice : numpy.ndarray, shape (3, 3)
    positions : numpy.ndarray, shape (n, 3)
        Fractional coordinates.
    distance : float
        Angstrom.

    Returns
    -------
    numpy.ndarray, shape (n,), int
        From 0, in order of first appearance.
    """
    pairs = pairs_within(lattice, positions, positions, distance)
    n = len(positions)
    graph = coo_array((np.ones(len(pairs.centre)), (pairs.centre, pairs.other)), shape=(n, n))
    return connected_components(graph, directed=False)[1]


def percolation_thresholds(n: int, first: np.ndarray, second: np.ndarray, shift: np.ndarray, weight: np.ndarray):
    """Lowest thresholds at which edges up to that weight form a network endless in one, two and three directions.

    An edge joins node `first` of one cell to node `second` of the cell `shift` away. In the minimum spanning tree every
    node gets a place in the infinite crystal; an edge outside the tree that leads elsewhere than to that place closes a
    loop around the crystal, and does so exactly from its own weight on. The directions of such loops within one
    connected part span the space that the part fills: exact for the graph, without a supercell.

    Parameters
    ----------
    n : int
        Nodes in the cell.
    first, second : numpy.ndarray, shape (m,), int
        Each pair in one direction is enough.
    shift : numpy.ndarray, shape (m, 3), int
    weight : numpy.ndarray, shape (m,)

    Returns
    -------
    numpy.ndarray, shape (3,)
        Thresholds for 1, 2 and 3 dimensions, inf where there is none.

    Examples
    --------
    >>> first, second = np.zeros((2, 3), dtype=int)
    >>> percolation_thresholds(1, first, second, np.eye(3, dtype=int), np.array([3.0, 1.0, 2.0])).tolist()
    [1.0, 2.0, 3.0]
    """
    out = np.full(3, np.inf)
    if n == 0 or len(first) == 0:
        return out
    order = np.argsort(weight, kind="stable")
    first, second, shift, weight = first[order], second[order], shift[order], weight[order]
    tree, offset = _spanning_tree(n, first, second, shift)
    loop = offset[first] + shift - offset[second]
    closing = np.flatnonzero(loop.any(axis=1))
    if closing.size == 0:
        return out
    ends, loop, closed = first[closing], loop[closing], weight[closing]
    out[0] = closed[0]
    # Two networks endless in different directions may also be joined, by an edge of the tree: any weight is a level.
    levels = np.unique(weight[np.searchsorted(weight, closed[0]) :])
    for dimension in (2, 3):
        low, high = 0, len(levels)  # the answer, if any, is one of levels[low:high]
        while low < high:
            middle = (low + high) // 2
            joined = tree[: np.searchsorted(weight[tree], levels[middle], side="right")]
            graph = coo_array((np.ones(len(joined)), (first[joined], second[joined])), shape=(n, n))
            part = connected_components(graph, directed=False)[1]
            made = int(np.searchsorted(closed, levels[middle], side="right"))
            if _rank(part[ends[:made]], loop[:made]) >= dimension:
                high = middle
            else:
                low = middle + 1
        if low == len(levels):
            break
        out[dimension - 1] = levels[low]
    return out


def _spanning_tree(n: int, first: np.ndarray, second: np.ndarray, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges of the minimum spanning forest, edges being sorted by weight, and the cell each node lies in along it."""
    m = len(first)
    low, high = np.minimum(first, second), np.maximum(first, second)
    key = low.astype(np.int64) * n + high
    # Of edges between the same two nodes the first is the lightest; loops from a node to itself are never in a tree.
    _, lightest = np.unique(key, return_index=True)
    lightest = lightest[low[lightest] != high[lightest]]
    rank = coo_array((lightest + _SMALLEST, (low[lightest], high[lightest])), shape=(n, n)).tocsr()
    forest = minimum_spanning_tree(rank).tocoo()
    tree = np.sort(np.rint(forest.data - _SMALLEST).astype(int))
    # Store with each step of the tree which edge it is; one more node holds the trees of the forest together.
    labels = connected_components(forest, directed=False)[1]
    roots = np.unique(labels, return_index=True)[1]
    rows = np.concatenate([first[tree], second[tree], np.full(len(roots), n)])
    columns = np.concatenate([second[tree], first[tree], roots])
    edges = np.concatenate([np.arange(len(tree)), np.arange(len(tree)), np.full(len(roots), m)]) + 1.0
    steps = coo_array((edges, (rows, columns)), shape=(n + 1, n + 1)).tocsr()
    nodes, parents = breadth_first_order(steps, n, directed=True, return_predecessors=True)
    return tree, _places(nodes[1:], parents, tree, steps, first, shift)[:n]


def _places(
    children: np.ndarray, parents: np.ndarray, tree: np.ndarray, steps: csr_array, first: np.ndarray, shift: np.ndarray
) -> np.ndarray:
    """Cells of the nodes of a tree, by doubling the path towards the root: log(depth) vectorised passes."""
    up = parents[children]
    number = np.asarray(steps[up, children]).ravel().astype(int) - 1
    inner = number < len(tree)
    edge = tree[np.where(inner, number, 0)] if len(tree) else np.zeros_like(number)
    forward = first[edge] == up
    step = np.zeros((len(parents), 3), dtype=int)
    step[children] = np.where(inner[:, None], np.where(forward[:, None], shift[edge], -shift[edge]), 0)
    jump = np.arange(len(parents))
    jump[children] = up
    while True:
        following = jump[jump]
        if np.array_equal(following, jump):
            return step
        step = step + step[jump]
        jump = following


def _rank(part: np.ndarray, loop: np.ndarray) -> int:
    """Largest number of independent directions among the loops of one connected part."""
    reach = int(np.abs(loop).max()) + 1
    side = 2 * reach + 1
    code = np.unique(((part * side + loop[:, 0] + reach) * side + loop[:, 1] + reach) * side + loop[:, 2] + reach)
    vectors = np.column_stack([code // side**2 % side, code // side % side, code % side]) - reach
    parts = code // side**3
    return max(int(np.linalg.matrix_rank(vectors[parts == label])) for label in np.unique(parts))
