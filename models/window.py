"""Reduction and oxidation limit of a composition: exact where its window is known, else learned, never crossed."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from .base import Answer, Estimate, PropertyModel, Question
from .booster import BoosterEnsemble
from .exact_values import ExactValues
from .intervals import GroupedConformal
from .properties import OXIDATION_LIMIT, REDUCTION_LIMIT, Property


@dataclass(frozen=True)
class WindowModel(PropertyModel):
    """Both limits of the thermodynamic stability window against the metal of the mobile ion.

    Two boosters; where their answers cross, both are set to their mean, which is the nearest pair in least squares
    that keeps reduction <= oxidation (isotonic projection). `known` holds the windows of phases on the hull; these are
    answered as they are.
    """

    reduction: BoosterEnsemble
    oxidation: BoosterEnsemble
    reduction_intervals: GroupedConformal
    oxidation_intervals: GroupedConformal
    known: ExactValues

    kind: ClassVar[str] = "window"
    properties: ClassVar[tuple[Property, ...]] = (REDUCTION_LIMIT, OXIDATION_LIMIT)

    @property
    def columns(self) -> tuple[str, ...]:  # type: ignore[override]
        """Input columns."""
        return self.reduction.columns

    def estimate(self, question: Question, interval: float = 0.9) -> Answer:
        """Both limits, in V; temperature does not enter, state only in that a glass is no known crystal."""
        inputs = question.columns(self.columns)
        low, high = uncross(self.reduction.predict(inputs), self.oxidation.predict(inputs))
        everywhere, anion = np.ones(len(low)), question.main_anion
        estimates = {
            REDUCTION_LIMIT.column: Estimate.around(
                low, self.reduction_intervals.half_width(everywhere, interval, anion), REDUCTION_LIMIT
            ),
            OXIDATION_LIMIT.column: Estimate.around(
                high, self.oxidation_intervals.half_width(everywhere, interval, anion), OXIDATION_LIMIT
            ),
        }
        return Answer(estimates).known(self.known.look_up(question.batch), question.may_be_crystalline)

    def _write(self, folder: Path) -> dict:
        self.reduction.save(folder / "reduction")
        self.oxidation.save(folder / "oxidation")
        self.reduction_intervals.save(folder / "reduction_intervals.npz")
        self.oxidation_intervals.save(folder / "oxidation_intervals.npz")
        self.known.save(folder / "known.npz")
        return {}

    @classmethod
    def _read(cls, folder: Path, facts: dict) -> Self:
        return cls(
            BoosterEnsemble.load(folder / "reduction"),
            BoosterEnsemble.load(folder / "oxidation"),
            GroupedConformal.load(folder / "reduction_intervals.npz"),
            GroupedConformal.load(folder / "oxidation_intervals.npz"),
            ExactValues.load(folder / "known.npz"),
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
