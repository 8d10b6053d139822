"""Axes: from values to places in a drawing, and the round values to mark."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scale:
    """A straight axis from `low` to `high`, drawn from `start` to `end`.

    Examples
    --------
    >>> voltage = Scale(0.0, 5.0, 40.0, 440.0)
    >>> voltage(2.5), voltage.ticks(6)
    (240.0, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Place of a value, to a tenth of a unit."""
        return round(self.start + (float(value) - self.low) / (self.high - self.low) * (self.end - self.start), 1)

    def inside(self, value: float) -> float:
        """Place of a value, or of the end of the axis that it lies beyond."""
        return self(min(max(float(value), self.low), self.high))

    def ticks(self, most: int = 6) -> list[float]:
        """Round values within the axis."""
        from matplotlib.ticker import MaxNLocator

        found = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(self.low, self.high)
        slack = 1e-9 * (self.high - self.low)
        return [round(float(v), 10) for v in found if self.low - slack <= v <= self.high + slack]


def span(*values: np.ndarray, pad: float = 0.05) -> tuple[float, float]:
    """Least and largest of all finite values, with a margin; (0, 1) where there is none.

    Examples
    --------
    >>> span(np.array([0.0, 2.0, np.nan]), np.array([4.0]), pad=0.25)
    (-1.0, 5.0)
    """
    every = np.concatenate([np.asarray(v, dtype=np.float64).ravel() for v in values])
    every = every[np.isfinite(every)]
    if not every.size:
        return 0.0, 1.0
    low, high = float(every.min()), float(every.max())
    margin = pad * (high - low) or 0.5
    return low - margin, high + margin
