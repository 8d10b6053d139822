"""Trees, a Gaussian process and differences, averaged: rules, what relatives say, and what changes from them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from .booster import BoosterEnsemble, BoosterSettings
from .differences import Differences, DifferencesSettings
from .gaussian_process import GaussianProcess, Kernel, Posterior
from .inputs import input_positions
from .relatives import Distances, Places


@dataclass(frozen=True)
class BlendSettings:
    """What a blend is made of; `share` is the weight of the Gaussian process in the mean of it and the trees."""

    columns: tuple[str, ...]
    booster: BoosterSettings
    kernel: Kernel
    share: float
    differences: DifferencesSettings | None = None

    def as_dict(self) -> dict:
        """Flat dictionary for logging."""
        kernel = {f"kernel_{k}": v for k, v in vars(self.kernel).items()}
        differences = {} if self.differences is None else self.differences.as_dict()
        return {**self.booster.as_dict(), **kernel, "share": self.share, **differences}


# Fewer measured rows of crystals than this do not make a family known.
FAMILY_ROWS = 10


@dataclass(frozen=True)
class Blend:
    """Weighted mean of trees, a Gaussian process and differences, for families that were measured; else the median.

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
    differences : Differences, optional
        To measured relatives; they say themselves how much they count in each row.
    """

    booster: BoosterEnsemble
    process: GaussianProcess
    share: float
    median: float
    families: tuple[int, ...]
    differences: Differences | None = None

    @classmethod
    def fit(
        cls,
        posterior: Posterior,
        inputs: np.ndarray,
        target: np.ndarray,
        settings: BlendSettings,
        system: np.ndarray,
        weight: np.ndarray | None = None,
    ) -> Self:
        """Fit the trees, and the differences where the settings have any, beside a process that is fitted already.

        Parameters
        ----------
        posterior : Posterior
            Of the m training rows.
        inputs : (m, p) float32
            The same rows, as `model_inputs` gives them.
        target : (m,) float64
            Values, or what is to be expected of them (`Posterior.target`).
        settings : BlendSettings
            Columns, hyperparameters and share.
        system : (m,)
            Chemical system of each row.
        weight : (m,) float64, optional
            Weights of the rows in the boosters.
        """
        chosen = inputs[:, input_positions(settings.columns)]
        booster = BoosterEnsemble.fit(chosen, target, settings.columns, settings.booster, weight)
        # Glasses do not make a crystal known; crystals make the glasses of their chemistry known. Limits make neither.
        places, measured = posterior.places, posterior.measured
        numbers, counts = np.unique(places.family[measured & (places.glassy != 1)], return_counts=True)
        known = tuple(int(n) for n in numbers[counts >= FAMILY_ROWS])
        process, differences = posterior.summed_up(), None
        # Pairs are of two chemical systems.
        if settings.differences is not None and len(np.unique(system)) > 1:
            differences = Differences.fit(
                posterior, process, inputs, target, system, settings.columns, settings.differences, weight
            )
        median = float(np.median(target[measured] if measured.any() else target))
        return cls(booster, process, settings.share, median, known, differences)

    def predict(self, distances: Distances, places: Places, inputs: np.ndarray) -> np.ndarray:
        """Prediction (n,) float64 for rows given by their distances to the relatives, places and inputs."""
        return self.or_median(self.blended(distances, places, inputs), places.family)

    def blended(self, distances: Distances, places: Places, inputs: np.ndarray) -> np.ndarray:
        """The weighted mean (n,) of all parts, whether the family is known or not."""
        trees = self.booster.predict(inputs[:, input_positions(self.booster.columns)])
        said = (1.0 - self.share) * trees + self.share * self.process.predict(distances, places)
        if self.differences is None:
            return said
        different, share = self.differences.predict(distances, places, inputs)
        return (1.0 - share) * said + share * different

    def or_median(self, said: np.ndarray, family: np.ndarray) -> np.ndarray:
        """What is said (n,) of rows of known families, and the median for all others."""
        return np.where(self.knows(family), said, self.median)

    def knows(self, family: np.ndarray) -> np.ndarray:
        """Whether a family (n,), as `Places.family` counts them, was in training."""
        return np.asarray(np.equal.outer(family, self.families).any(axis=-1))

    def save(self, folder: Path) -> None:
        """Write all parts into a folder."""
        self.booster.save(folder)
        if self.differences is not None:
            self.differences.save(folder / "differences")
        self.process.save(folder / "process.npz")
        (folder / "blend.json").write_text(
            json.dumps({"share": self.share, "median": self.median, "families": list(self.families)})
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Inverse of `save`."""
        facts = json.loads((folder / "blend.json").read_text())
        parts = BoosterEnsemble.load(folder), GaussianProcess.load(folder / "process.npz")
        differences = Differences.load(folder / "differences") if (folder / "differences").is_dir() else None
        return cls(*parts, facts["share"], facts["median"], tuple(facts["families"]), differences)
