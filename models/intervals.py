"""Prediction intervals from grouped out-of-fold residuals, wider where the chemistry is farther from the data."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

# A kind (family) of few rows is held to have the common error until this many rows say otherwise.
KIND_PRIOR_ROWS = 10


@dataclass(frozen=True)
class GroupedConformal:
    """Normalised cross-conformal intervals.

    The half-width at distance d, for a row of kind k, is q(level) * factor[k] * (floor + slope * d): the scale grows
    with the domain score and with how hard the kind has been, and q is the finite-sample quantile of |residual| / scale
    over rows that were predicted by models that had not seen their group. Cross-conformal prediction:
    10.1007/s10472-013-9368-4; normalised scores: 10.1613/jair.3198.

    Parameters
    ----------
    floor, slope : float
        Scale of the error, in units of the property: `floor + slope * domain score`.
    factors : (k,) float64
        Error of each kind over the common one; empty where kinds are not told apart.
    scores : (m,) float64
        Sorted normalised absolute residuals.
    """

    floor: float
    slope: float
    factors: np.ndarray
    scores: np.ndarray

    @classmethod
    def fit(
        cls, residuals: np.ndarray, distances: np.ndarray | None = None, kinds: np.ndarray | None = None
    ) -> "GroupedConformal":
        """Learn scale and scores.

        Parameters
        ----------
        residuals : (m,) float64
            Predicted minus true, out of fold.
        distances : (m,) float64, optional
            Domain scores; without them the interval has one width.
        kinds : (m,) int, optional
            Kind of each row, 0 and up; -1 for none.

        Raises
        ------
        ValueError
            If lengths differ or fewer than 20 residuals are finite: a 90 % quantile needs that many.
        """
        residuals = np.abs(np.asarray(residuals, dtype=np.float64))
        distances = np.zeros_like(residuals) if distances is None else np.asarray(distances, dtype=np.float64)
        kinds = np.full(len(residuals), -1) if kinds is None else np.asarray(kinds)
        if not residuals.shape == distances.shape == kinds.shape:
            raise ValueError(
                f"{residuals.shape[0]} residuals but {distances.shape[0]} distances, {kinds.shape[0]} kinds"
            )
        finite = np.isfinite(residuals) & np.isfinite(distances)
        residuals, distances, kinds = residuals[finite], distances[finite], kinds[finite]
        if residuals.size < 20:
            raise ValueError(f"{residuals.size} finite residuals; at least 20 are needed to calibrate an interval")
        spread = distances.std()
        slope = 0.0
        if spread > 0:
            slope = float(np.mean((distances - distances.mean()) * residuals) / spread**2)
        # Intervals may widen with distance, never narrow; the floor keeps near neighbours honest.
        slope = max(slope, 0.0)
        floor = max(float(residuals.mean() - slope * distances.mean()), 0.25 * float(residuals.mean()), 1e-12)
        scores = residuals / (floor + slope * distances)
        common = scores.mean()
        factors = np.array(
            [
                (scores[kinds == k].sum() + KIND_PRIOR_ROWS * common) / ((kinds == k).sum() + KIND_PRIOR_ROWS) / common
                for k in range(int(kinds.max(initial=-1)) + 1)
            ]
        )
        return cls(floor, slope, factors, np.sort(scores / _factor(factors, kinds)))

    def half_width(self, distances: np.ndarray, level: float = 0.9, kinds: np.ndarray | None = None) -> np.ndarray:
        """Half-width (n,) of the central interval that holds a fraction `level` of new groups' rows.

        Raises
        ------
        ValueError
            If `level` is not strictly between 0 and 1, or is finer than the calibration rows can tell.
        """
        if not 0.0 < level < 1.0:
            raise ValueError(f"interval={level!r} must lie strictly between 0 and 1, e.g. 0.9")
        m = self.scores.size
        rank = int(np.ceil(level * (m + 1)))
        if rank > m:
            raise ValueError(f"interval={level} needs more than the {m} calibration rows; at most {m / (m + 1):.4f}")
        distances = np.asarray(distances, dtype=np.float64)
        kinds = np.full(distances.shape, -1) if kinds is None else np.asarray(kinds)
        return self.scores[rank - 1] * _factor(self.factors, kinds) * (self.floor + self.slope * distances)

    def save(self, path: Path) -> None:
        """Write an npz file."""
        np.savez(path, floor=self.floor, slope=self.slope, factors=self.factors, scores=self.scores)

    @classmethod
    def load(cls, path: Path) -> "GroupedConformal":
        """Inverse of `save`."""
        with np.load(path) as arrays:
            return cls(float(arrays["floor"]), float(arrays["slope"]), arrays["factors"], arrays["scores"])


def _factor(factors: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Factor of each row; one where its kind was not seen."""
    padded = np.append(factors, 1.0)
    return padded[np.where((kinds >= 0) & (kinds < len(factors)), kinds, len(factors))]
