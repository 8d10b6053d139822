"""Prediction intervals from grouped out-of-fold residuals, wider where the chemistry is farther from the data."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class GroupedConformal:
    """Normalised cross-conformal intervals.

    The half-width at distance d is q(level) * (floor + slope * d): the scale grows with the domain score, and q is
    the finite-sample quantile of |residual| / scale over rows that were predicted by models that had not seen their
    group. Cross-conformal prediction: 10.1007/s10472-013-9368-4; normalised scores: 10.1613/jair.3198.

    Parameters
    ----------
    floor, slope : float
        Scale of the error, in units of the property: `floor + slope * domain score`.
    scores : (m,) float64
        Sorted normalised absolute residuals.
    """

    floor: float
    slope: float
    scores: np.ndarray

    @classmethod
    def fit(cls, residuals: np.ndarray, distances: np.ndarray) -> "GroupedConformal":
        """Learn the scale and the scores from out-of-fold `residuals` (m,) at domain scores `distances` (m,).

        Raises
        ------
        ValueError
            If lengths differ or fewer than 20 residuals are finite: a 90 % quantile needs that many.
        """
        residuals = np.abs(np.asarray(residuals, dtype=np.float64))
        distances = np.asarray(distances, dtype=np.float64)
        if residuals.shape != distances.shape:
            raise ValueError(f"{residuals.shape[0]} residuals but {distances.shape[0]} distances")
        finite = np.isfinite(residuals) & np.isfinite(distances)
        residuals, distances = residuals[finite], distances[finite]
        if residuals.size < 20:
            raise ValueError(f"{residuals.size} finite residuals; at least 20 are needed to calibrate an interval")
        spread = distances.std()
        slope = 0.0
        if spread > 0:
            slope = float(np.mean((distances - distances.mean()) * residuals) / spread**2)
        # Intervals may widen with distance, never narrow; the floor keeps near neighbours honest.
        slope = max(slope, 0.0)
        floor = max(float(residuals.mean() - slope * distances.mean()), 0.25 * float(residuals.mean()), 1e-12)
        return cls(floor, slope, np.sort(residuals / (floor + slope * distances)))

    def half_width(self, distances: np.ndarray, level: float = 0.9) -> np.ndarray:
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
        scale = self.floor + self.slope * np.asarray(distances, dtype=np.float64)
        return self.scores[rank - 1] * scale

    def save(self, path: Path) -> None:
        """Write an npz file."""
        np.savez(path, floor=self.floor, slope=self.slope, scores=self.scores)

    @classmethod
    def load(cls, path: Path) -> "GroupedConformal":
        """Inverse of `save`."""
        with np.load(path) as arrays:
            return cls(float(arrays["floor"]), float(arrays["slope"]), arrays["scores"])
