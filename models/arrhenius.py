"""Conductivity and activation energy as one Arrhenius story."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from .base import Answer, Estimate, PropertyModel, Question
from .blend import Blend
from .domain import Domain
from .intervals import GroupedConformal
from .physics import arrhenius_decades
from .properties import ACTIVATION_ENERGY, CONDUCTIVITY, Property
from .relatives import Places, Relatives

REFERENCE_C = 25.0  # candidates are compared as if reported at room temperature


@dataclass(frozen=True)
class ArrheniusModel(PropertyModel):
    """log10 sigma(T) = level(x, Ts) + Ea(x, Ts) * arrhenius_decades(T, Ts), with Ts = 25 C.

    Temperature as a plain feature would learn that poor conductors are measured hot, and imply activation energies
    far too low. Here `level` is what a material reported at Ts shows, `activation_energy` its own booster, and the
    slope of the conductivity with temperature *is* the predicted activation energy.

    Parameters
    ----------
    level, activation_energy : Blend
        Fitted on measured rows, each at the temperature it was reported at.
    level_intervals, energy_intervals : GroupedConformal
        Calibrated on out-of-fold residuals grouped by chemical system.
    level_prior, energy_prior : GroupedConformal
        Calibrated on families left out whole; for families that were never measured.
    relatives : Relatives
        Distinct measured compositions, which both blends refer to.
    measured : (u,) bool
        Relatives with a measured conductivity: the domain score is the distance to the nearest of them.
    domain : Domain
        The verdict on that score.
    """

    level: Blend
    activation_energy: Blend
    level_intervals: GroupedConformal
    energy_intervals: GroupedConformal
    level_prior: GroupedConformal
    energy_prior: GroupedConformal
    relatives: Relatives
    measured: np.ndarray
    domain: Domain

    kind: ClassVar[str] = "arrhenius"
    properties: ClassVar[tuple[Property, ...]] = (CONDUCTIVITY, ACTIVATION_ENERGY)

    @property
    def columns(self) -> tuple[str, ...]:  # type: ignore[override]
        """Input columns."""
        return self.level.booster.columns

    def estimate(self, question: Question, interval: float = 0.9) -> Answer:
        """Conductivity at the asked temperature and activation energy; `question.inputs` are at 25 C."""
        decades = arrhenius_decades(question.temperature_C, REFERENCE_C)
        places = Places.of(question.batch, question.inputs)
        relatives = self.relatives.distances(places)
        nearest = relatives.whole[:, self.measured].min(axis=1)
        energy = np.clip(
            self.activation_energy.predict(relatives, places, question.inputs),
            ACTIVATION_ENERGY.lower,
            ACTIVATION_ENERGY.upper,
        )
        level = self.level.predict(relatives, places, question.inputs) + energy * decades
        known = self.level.knows(places)
        level_width, energy_width = (
            np.where(known, usual.half_width(nearest, interval, places.family), prior.half_width(nearest, interval))
            for usual, prior in (
                (self.level_intervals, self.level_prior),
                (self.energy_intervals, self.energy_prior),
            )
        )
        # Errors of level and slope are taken as independent; the slope's counts by the distance from 25 C.
        level_width = np.hypot(level_width, energy_width * decades)
        estimates = {
            CONDUCTIVITY.column: Estimate.around(level, level_width, CONDUCTIVITY),
            ACTIVATION_ENERGY.column: Estimate.around(energy, energy_width, ACTIVATION_ENERGY),
        }
        return Answer(estimates, nearest, known & self.domain.verdict(question.batch, nearest))

    def _write(self, folder: Path) -> dict:
        self.level.save(folder / "level")
        self.activation_energy.save(folder / "activation_energy")
        self.level_intervals.save(folder / "level_intervals.npz")
        self.energy_intervals.save(folder / "energy_intervals.npz")
        self.level_prior.save(folder / "level_prior.npz")
        self.energy_prior.save(folder / "energy_prior.npz")
        self.relatives.save(folder / "relatives.npz")
        np.savez(folder / "measured.npz", measured=self.measured)
        return {"limit": self.domain.limit, "mobile_ions": list(self.domain.mobile_ions)}

    @classmethod
    def _read(cls, folder: Path, facts: dict) -> Self:
        with np.load(folder / "measured.npz") as arrays:
            measured = arrays["measured"]
        return cls(
            Blend.load(folder / "level"),
            Blend.load(folder / "activation_energy"),
            GroupedConformal.load(folder / "level_intervals.npz"),
            GroupedConformal.load(folder / "energy_intervals.npz"),
            GroupedConformal.load(folder / "level_prior.npz"),
            GroupedConformal.load(folder / "energy_prior.npz"),
            Relatives.load(folder / "relatives.npz"),
            measured,
            Domain(facts["limit"], tuple(facts["mobile_ions"])),
        )
