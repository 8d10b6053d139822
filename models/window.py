"""Reduction and oxidation limit of a composition, learned from computed windows, never crossed."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from .base import Answer, Estimate, PropertyModel, Question
from .booster import BoosterEnsemble
from .intervals import GroupedConformal
from .properties import OXIDATION_LIMIT, REDUCTION_LIMIT, Property


@dataclass(frozen=True)
class WindowModel(PropertyModel):
    """Both limits of the thermodynamic stability window against the metal of the mobile ion.

    Two boosters; where their answers cross, both are set to their mean, which is the nearest pair in least squares
    that keeps reduction <= oxidation (isotonic projection).
    """

    reduction: BoosterEnsemble
    oxidation: BoosterEnsemble
    reduction_intervals: GroupedConformal
    oxidation_intervals: GroupedConformal

    kind: ClassVar[str] = "window"
    properties: ClassVar[tuple[Property, ...]] = (REDUCTION_LIMIT, OXIDATION_LIMIT)

    @property
    def columns(self) -> tuple[str, ...]:  # type: ignore[override]
        """Input columns."""
        return self.reduction.columns

    def estimate(self, question: Question, interval: float = 0.9) -> Answer:
        """Both limits, in V; temperature and state do not enter."""
        inputs = question.columns(self.columns)
        low, high = uncross(self.reduction.predict(inputs), self.oxidation.predict(inputs))
        everywhere = np.ones(len(low))
        estimates = {
            REDUCTION_LIMIT.column: Estimate.around(
                low, self.reduction_intervals.half_width(everywhere, interval), REDUCTION_LIMIT
            ),
            OXIDATION_LIMIT.column: Estimate.around(
                high, self.oxidation_intervals.half_width(everywhere, interval), OXIDATION_LIMIT
            ),
        }
        return Answer(estimates)

    def _write(self, folder: Path) -> dict:
        self.reduction.save(folder / "reduction")
        self.oxidation.save(folder / "oxidation")
        self.reduction_intervals.save(folder / "reduction_intervals.npz")
        self.oxidation_intervals.save(folder / "oxidation_intervals.npz")
        return {}

    @classmethod
    def _read(cls, folder: Path, facts: dict) -> Self:
        return cls(
            BoosterEnsemble.load(folder / "reduction"),
            BoosterEnsemble.load(folder / "oxidation"),
            GroupedConformal.load(folder / "reduction_intervals.npz"),
            GroupedConformal.load(folder / "oxidation_intervals.npz"),
        )


def uncross(reduction: np.ndarray, oxidation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nearest pair of limits (n,) with reduction <= oxidation.

    Examples
    --------
    >>> import numpy as np
    >>> low, high = uncross(np.array([1.0, 3.0]), np.array([2.0, 2.0]))
    >>> low.tolist(), high.tolist()
    ([1.0, 2.5], [2.0, 2.5])
    """
    middle = 0.5 * (reduction + oxidation)
    return np.minimum(reduction, middle), np.maximum(oxidation, middle)
