"""A grid over the unit cell, fields on it, and the thresholds at which they percolate."""

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import NamedTuple

import numpy as np

from .periodic import percolation_thresholds

# A grid finer than this many points is coarsened: only cells above some 5,000 cubic angstrom are.
MAX_POINTS = 200_000
# Steps from a point to half of its 26 neighbours; the other half are the same edges seen from the other end.
_STEPS = [step for step in product((-1, 0, 1), repeat=3) if step > (0, 0, 0)]
# Shares of the points tried in turn, best first: most networks close long before the last points join.
_SHARES = (0.2, 0.5, 1.0)


class _Ball(NamedTuple):
    """Points around a point: steps along the axes (counted from -reach), vectors and squared distances (angstrom)."""

    steps: tuple[np.ndarray, ...]
    reach: np.ndarray
    vectors: np.ndarray
    squares: np.ndarray


@dataclass(frozen=True, eq=False)
class Grid:
    """Points of a parallelepiped grid.

    Attributes
    ----------
    lattice : numpy.ndarray, shape (3, 3)
        Rows are the lattice vectors, angstrom.
    shape : tuple of int
        Points along each vector.
    """

    lattice: np.ndarray
    shape: tuple[int, int, int]

    @classmethod
    def of(cls, lattice: np.ndarray, spacing: float) -> "Grid":
        """Cover a cell.

        Parameters
        ----------
        lattice : numpy.ndarray, shape (3, 3)
        spacing : float
            Largest distance of neighbouring points along the vectors, angstrom.

        Examples
        --------
        >>> Grid.of(np.diag([3.0, 4.0, 5.0]), 0.5).shape
        (6, 8, 10)
        """
        lengths = np.linalg.norm(lattice, axis=1)
        points = np.ceil(lengths / spacing - 1e-6).astype(int)
        if points.prod() > MAX_POINTS:
            spacing *= (points.prod() / MAX_POINTS) ** (1 / 3)
            points = np.ceil(lengths / spacing - 1e-6).astype(int)
        first, second, third = (int(max(count, 2)) for count in points)
        return cls(lattice, (first, second, third))

    @cached_property
    def positions(self) -> np.ndarray:
        """Fractional coordinates, shape (points, 3), last axis fastest."""
        axes = [np.arange(count) / count for count in self.shape]
        return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)

    def add_radial(self, field: np.ndarray, centre: np.ndarray, cutoff: float, function) -> None:
        """Add a function of the distance from a point and all its images to a field.

        Parameters
        ----------
        field : numpy.ndarray, shape (points,)
            Changed in place.
        centre : numpy.ndarray, shape (3,)
            Fractional coordinates.
        cutoff : float
            The function is zero beyond, angstrom.
        function : callable
            From distances in angstrom to values.
        """
        counts = np.array(self.shape)
        nearest = np.rint(centre * counts).astype(int)
        away = (centre * counts - nearest) / counts @ self.lattice
        ball = self._ball(cutoff)
        square = ball.squares - ball.vectors @ (2 * away) + away @ away
        inside = np.flatnonzero(square < cutoff**2)
        # Index of a point in the field, as the sum of its three axes' parts.
        index = np.zeros(len(inside), dtype=int)
        stride = 1
        for axis in (2, 1, 0):
            reach = ball.reach[axis]
            part = (np.arange(-reach, reach + 1) + nearest[axis]) % counts[axis] * stride
            index += part[ball.steps[axis][inside]]
            stride *= self.shape[axis]
        distance = np.sqrt(np.maximum(square[inside], 0.0))
        field += np.bincount(index, weights=function(distance), minlength=field.size)

    def _ball(self, cutoff: float) -> _Ball:
        """Points around a point, within a distance and half a spacing."""
        cache: dict[float, _Ball] = self.__dict__.setdefault("_balls", {})
        if cutoff not in cache:
            spacings = self.lattice / np.array(self.shape)[:, None]
            margin = np.linalg.norm(spacings, axis=1).sum() / 2
            reach = np.ceil((cutoff + margin) * np.linalg.norm(np.linalg.inv(spacings), axis=0)).astype(int)
            first, second, third = (np.arange(-count, count + 1.0) for count in reach)
            metric = spacings @ spacings.T
            plane = metric[0, 0] * first[:, None] ** 2 + 2 * metric[0, 1] * np.outer(first, second)
            plane += metric[1, 1] * second**2
            slope = 2 * (metric[0, 2] * first[:, None] + metric[1, 2] * second)
            squares = plane[:, :, None] + slope[:, :, None] * third + metric[2, 2] * third**2
            steps = np.nonzero(squares < (cutoff + margin) ** 2)
            vectors = (np.column_stack(steps) - reach) @ spacings
            cache[cutoff] = _Ball(steps, reach, vectors, squares[steps])
        return cache[cutoff]

    def thresholds(self, field: np.ndarray) -> np.ndarray:
        """Lowest values up to which the points form a network endless in one, two and three directions.

        Parameters
        ----------
        field : numpy.ndarray, shape (points,)

        Returns
        -------
        numpy.ndarray, shape (3,)
            inf where there is none.

        Examples
        --------
        A plane of zeros in a cube of ones is crossed at 0 in two directions, left at 1.

        >>> grid = Grid.of(np.eye(3), 0.25)
        >>> grid.thresholds((grid.positions[:, 2] > 0).astype(float)).tolist()
        [0.0, 0.0, 1.0]
        """
        out = np.full(3, np.inf)
        order = np.sort(field[np.isfinite(field)])
        for share in _SHARES:
            if order.size == 0:
                break
            level = order[min(int(share * order.size), order.size - 1)]
            out = self._thresholds_below(field, level)
            if np.isfinite(out).all():
                break
        return out

    def _thresholds_below(self, field: np.ndarray, level: float) -> np.ndarray:
        number = np.full(field.size, -1)
        kept = np.flatnonzero(field <= level)
        number[kept] = np.arange(len(kept))
        start = np.column_stack(np.unravel_index(kept, self.shape))
        first, second, shift, weight = [], [], [], []
        for step in _STEPS:
            end = start + step
            cell = np.floor_divide(end, self.shape)
            other = number[np.ravel_multi_index(tuple((end - cell * self.shape).T), self.shape)]
            joined = np.flatnonzero(other >= 0)
            first.append(joined)
            second.append(other[joined])
            shift.append(cell[joined])
            weight.append(np.maximum(field[kept[joined]], field[kept[other[joined]]]))
        return percolation_thresholds(
            len(kept), np.concatenate(first), np.concatenate(second), np.concatenate(shift), np.concatenate(weight)
        )
