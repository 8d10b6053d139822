"""Prediction intervals from grouped out-of-fold residuals, wider where the model itself is in doubt."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

# A kind (family) is held to have the common error until about this many of its rows say otherwise.
KIND_PRIOR_ROWS = 20
# Fewer rows of a kind than this say nothing about a 90 % quantile.
KIND_ROWS = 10
# Levels whose factors are kept: users ask for a few, a service may be asked for any.
_LEVELS_KEPT = 100


@dataclass(frozen=True)
class GroupedConformal:
    """Normalised cross-conformal intervals.

    The half-width of a row of scale s and kind k is s * q, where q is the finite-sample quantile of |residual| / scale
    over rows that were predicted by models that had not seen their group: over the rows of its kind and over all, the
    two averaged in the logarithm with the weights n and `KIND_PRIOR_ROWS`. Cross-conformal prediction:
    10.1007/s10472-013-9368-4; normalised scores: 10.1613/jair.3198; kinds told apart (Mondrian): 10.1007/b106715.

    Parameters
    ----------
    scores : (m,) float64
        Sorted normalised absolute residuals.
    kinds : (m,) int
        Kind of each; -1 for none.
    """

    scores: np.ndarray
    kinds: np.ndarray
    _found: dict[float, tuple[float, np.ndarray]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def fit(
        cls, residuals: np.ndarray, scales: np.ndarray | None = None, kinds: np.ndarray | None = None
    ) -> "GroupedConformal":
        """Learn the scores.

        Parameters
        ----------
        residuals : (m,) float64
            Predicted minus true, out of fold.
        scales : (m,) float64, optional
            How large an error the model expects, up to a factor; without them the interval has one width.
        kinds : (m,) int, optional
            Kind of each row, 0 and up; -1 for none.

        Raises
        ------
        ValueError
            If lengths differ, a scale is not positive, or fewer than 20 residuals are finite: a 90 % quantile needs
            that many.
        """
        residuals = np.abs(np.asarray(residuals, dtype=np.float64))
        scales = np.ones_like(residuals) if scales is None else np.asarray(scales, dtype=np.float64)
        kinds = np.full(len(residuals), -1) if kinds is None else np.asarray(kinds)
        if not residuals.shape == scales.shape == kinds.shape:
            raise ValueError(f"{residuals.shape[0]} residuals but {scales.shape[0]} scales, {kinds.shape[0]} kinds")
        finite = np.isfinite(residuals) & np.isfinite(scales)
        if (scales[finite] <= 0).any():
            raise ValueError(f"a scale is {scales[finite].min()}; scales must be positive")
        if finite.sum() < 20:
            raise ValueError(f"{finite.sum()} finite residuals; at least 20 are needed to calibrate an interval")
        scores = residuals[finite] / scales[finite]
        order = np.argsort(scores, kind="stable")
        return cls(scores[order], kinds[finite][order])

    def half_width(self, scales: np.ndarray, level: float = 0.9, kinds: np.ndarray | None = None) -> np.ndarray:
        """Half-width (n,) of the central interval that holds a fraction `level` of new groups' rows.

        Raises
        ------
        ValueError
            If `level` is not strictly between 0 and 1, or is finer than the calibration rows can tell.
        """
        if not 0.0 < level < 1.0:
            raise ValueError(f"interval={level!r} must lie strictly between 0 and 1, e.g. 0.9")
        scales = np.asarray(scales, dtype=np.float64)
        common, factors = self._factors(level)
        if kinds is None:
            return common * scales
        kinds = np.asarray(kinds)
        # The last factor is that of kinds without rows, and of rows without a kind.
        return factors[np.where(kinds < len(factors) - 1, kinds, -1)] * scales

    def _factors(self, level: float) -> tuple[float, np.ndarray]:
        """Quantile over all rows, and of each kind up to the largest (k + 1,), the common one last; found once."""
        if level in self._found:
            return self._found[level]
        m = self.scores.size
        common = _quantile(self.scores, level)
        if common is None:
            raise ValueError(f"interval={level} needs more than the {m} calibration rows; at most {m / (m + 1):.4f}")
        factors = np.full(int(self.kinds.max(initial=-1)) + 2, common)
        for kind in np.unique(self.kinds[self.kinds >= 0]):
            own = self.scores[self.kinds == kind]
            quantile = _quantile(own, level)
            # A kind too small for this level keeps the common quantile.
            if own.size >= KIND_ROWS and quantile is not None and quantile > 0.0 < common:
                share = own.size / (own.size + KIND_PRIOR_ROWS)
                factors[kind] = np.exp(share * np.log(quantile) + (1.0 - share) * np.log(common))
        if len(self._found) >= _LEVELS_KEPT:
            self._found.clear()
        self._found[level] = common, factors
        return common, factors

    def save(self, path: Path) -> None:
        """Write an npz file."""
        np.savez(path, scores=self.scores, kinds=self.kinds)

    @classmethod
    def load(cls, path: Path) -> "GroupedConformal":
        """Inverse of `save`."""
        with np.load(path) as arrays:
            return cls(arrays["scores"], arrays["kinds"])


def _quantile(scores: np.ndarray, level: float) -> float | None:
    """Finite-sample quantile of sorted scores; None where there are too few."""
    rank = int(np.ceil(level * (scores.size + 1)))
    return float(scores[rank - 1]) if rank <= scores.size else None
