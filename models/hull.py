"""Energy above the convex hull, exact where it is known, else learned: what a composition gains by falling apart."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from .base import Answer, Estimate, PropertyModel, Question
from .booster import BoosterEnsemble
from .exact_values import ExactValues
from .intervals import GroupedConformal
from .properties import ENERGY_ABOVE_HULL, Property


@dataclass(frozen=True)
class HullModel(PropertyModel):
    """Energy above hull of the lowest-energy structure of a composition, at 0 K; `known` holds computed ones."""

    energy: BoosterEnsemble
    intervals: GroupedConformal
    known: ExactValues

    kind: ClassVar[str] = "hull"
    properties: ClassVar[tuple[Property, ...]] = (ENERGY_ABOVE_HULL,)

    @property
    def columns(self) -> tuple[str, ...]:  # type: ignore[override]
        """Input columns."""
        return self.energy.columns

    def estimate(self, question: Question, interval: float = 0.9) -> Answer:
        """Energy above hull, in eV/atom; temperature does not enter, state only in that a glass is no known crystal."""
        value = self.energy.predict(question.columns(self.columns))
        width = self.intervals.half_width(np.ones(len(value)), interval, question.main_anion)
        estimates = {ENERGY_ABOVE_HULL.column: Estimate.around(value, width, ENERGY_ABOVE_HULL)}
        return Answer(estimates).known(self.known.look_up(question.batch), question.may_be_crystalline)

    def _write(self, folder: Path) -> dict:
        self.energy.save(folder / "energy")
        self.intervals.save(folder / "intervals.npz")
        self.known.save(folder / "known.npz")
        return {}

    @classmethod
    def _read(cls, folder: Path, facts: dict) -> Self:
        return cls(
            BoosterEnsemble.load(folder / "energy"),
            GroupedConformal.load(folder / "intervals.npz"),
            ExactValues.load(folder / "known.npz"),
        )
