"""Boosted trees and a Gaussian process, averaged: trees find the rules, the process knows the relatives."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from .booster import BoosterEnsemble, BoosterSettings
from .gaussian_process import GaussianProcess, Kernel
from .inputs import input_positions
from .relatives import Distances, Places, Relatives


@dataclass(frozen=True)
class BlendSettings:
    """What a blend is made of; `share` is the weight of the Gaussian process in the mean."""

    columns: tuple[str, ...]
    booster: BoosterSettings
    kernel: Kernel
    share: float

    def as_dict(self) -> dict:
        """Flat dictionary for logging."""
        kernel = {f"kernel_{k}": v for k, v in vars(self.kernel).items()}
        return {**self.booster.as_dict(), **kernel, "share": self.share}


# Fewer measured rows of crystals than this do not make a family known.
FAMILY_ROWS = 10


@dataclass(frozen=True)
class Blend:
    """Weighted mean of a booster ensemble and a Gaussian process, for families that were measured; else the median.

    In an unseen family nothing that was tried beats the median of all families: relatives in composition need not be
    relatives in structure. There `knows` is false, and the answer says no more than the median.

    Parameters
    ----------
    booster, process : BoosterEnsemble, GaussianProcess
        The parts.
    share : float
        Weight of the process.
    median : float
        Median of the training targets.
    families : tuple of int
        Families with at least `FAMILY_ROWS` training rows that are no glass, as `Places.family` counts them.
    """

    booster: BoosterEnsemble
    process: GaussianProcess
    share: float
    median: float
    families: tuple[int, ...]

    @classmethod
    def fit(
        cls,
        relatives: Relatives,
        which: np.ndarray,
        places: Places,
        inputs: np.ndarray,
        target: np.ndarray,
        source: np.ndarray,
        settings: BlendSettings,
        weight: np.ndarray | None = None,
    ) -> Self:
        """Fit both parts.

        Parameters
        ----------
        relatives, which : Relatives, (m,) int
            Distinct compositions, and which of them each of the m training rows is.
        places : Places
            Where the rows lie.
        inputs : (m, p) float32
            The same rows, as `model_inputs` gives them.
        target : (m,) float64
            Values.
        source : (m,)
            Paper of each row.
        settings : BlendSettings
            Columns, hyperparameters and share.
        weight : (m,) float64, optional
            Weights of the rows in the booster.
        """
        chosen = inputs[:, input_positions(settings.columns)]
        booster = BoosterEnsemble.fit(chosen, target, settings.columns, settings.booster, weight)
        process = GaussianProcess.fit(settings.kernel, relatives, which, places, target, source)
        # Glasses do not make a crystal known; crystals make the glasses of their chemistry known.
        numbers, counts = np.unique(places.family[places.glassy != 1], return_counts=True)
        known = tuple(int(n) for n in numbers[counts >= FAMILY_ROWS])
        return cls(booster, process, settings.share, float(np.median(target)), known)

    def predict(self, distances: Distances, places: Places, inputs: np.ndarray) -> np.ndarray:
        """Prediction (n,) float64 for rows given by their distances to the relatives, places and inputs."""
        trees = self.booster.predict(inputs[:, input_positions(self.booster.columns)])
        blended = (1.0 - self.share) * trees + self.share * self.process.predict(distances, places)
        return np.where(self.knows(places), blended, self.median)

    def knows(self, places: Places) -> np.ndarray:
        """Whether the family of each row (n,) was in training."""
        return np.isin(places.family, self.families)

    def save(self, folder: Path) -> None:
        """Write both parts into a folder."""
        self.booster.save(folder)
        self.process.save(folder / "process.npz")
        (folder / "blend.json").write_text(
            json.dumps({"share": self.share, "median": self.median, "families": list(self.families)})
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Inverse of `save`."""
        facts = json.loads((folder / "blend.json").read_text())
        parts = BoosterEnsemble.load(folder), GaussianProcess.load(folder / "process.npz")
        return cls(*parts, facts["share"], facts["median"], tuple(facts["families"]))
