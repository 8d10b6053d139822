"""Boosted trees and a Gaussian process, averaged: trees find the rules, the process knows the relatives."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from .booster import BoosterEnsemble, BoosterSettings
from .gaussian_process import GaussianProcess, Kernel, Places
from .inputs import input_positions


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


@dataclass(frozen=True)
class Blend:
    """Weighted mean of a booster ensemble and a Gaussian process."""

    booster: BoosterEnsemble
    process: GaussianProcess
    share: float

    @classmethod
    def fit(
        cls,
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
        places : Places
            The m training rows as the process sees them.
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
        return cls(booster, GaussianProcess.fit(settings.kernel, places, target, source), settings.share)

    def predict(self, places: Places, inputs: np.ndarray) -> np.ndarray:
        """Prediction (n,) float64 for rows given as in `fit`."""
        trees = self.booster.predict(inputs[:, input_positions(self.booster.columns)])
        return (1.0 - self.share) * trees + self.share * self.process.predict(places)

    def save(self, folder: Path) -> None:
        """Write both parts into a folder."""
        self.booster.save(folder)
        self.process.save(folder / "process.npz")
        (folder / "blend.json").write_text(json.dumps({"share": self.share}))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Inverse of `save`."""
        share = json.loads((folder / "blend.json").read_text())["share"]
        return cls(BoosterEnsemble.load(folder), GaussianProcess.load(folder / "process.npz"), share)
