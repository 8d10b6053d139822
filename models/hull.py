"""Energy above the convex hull: how much a composition would gain by falling apart into its neighbours."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from .base import Answer, Estimate, PropertyModel, Question
from .booster import BoosterEnsemble
from .intervals import GroupedConformal
from .properties import ENERGY_ABOVE_HULL, Property


@dataclass(frozen=True)
class HullModel(PropertyModel):
    """Energy above hull of the lowest-energy structure of a composition, at 0 K."""

    energy: BoosterEnsemble
    intervals: GroupedConformal

    kind: ClassVar[str] = "hull"
    properties: ClassVar[tuple[Property, ...]] = (ENERGY_ABOVE_HULL,)

    @property
    def columns(self) -> tuple[str, ...]:  # type: ignore[override]
        """Input columns."""
        return self.energy.columns

    def estimate(self, question: Question, interval: float = 0.9) -> Answer:
        """Energy above hull, in eV/atom; temperature and state do not enter."""
        value = self.energy.predict(question.columns(self.columns))
        width = self.intervals.half_width(np.ones(len(value)), interval)
        return Answer({ENERGY_ABOVE_HULL.column: Estimate.around(value, width, ENERGY_ABOVE_HULL)})

    def _write(self, folder: Path) -> dict:
        self.energy.save(folder / "energy")
        self.intervals.save(folder / "intervals.npz")
        return {}

    @classmethod
    def _read(cls, folder: Path, facts: dict) -> Self:
        return cls(
            BoosterEnsemble.load(folder / "energy"),
            GroupedConformal.load(folder / "intervals.npz"),
        )
