"""Differences to measured relatives: what changes from a material that was measured to the one that is asked about."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np

from .booster import BoosterEnsemble, BoosterSettings
from .gaussian_process import GaussianProcess, Kernel, Posterior
from .inputs import CONTEXT_COLUMNS, input_positions
from .relatives import Distances, Places

# What the trees see beside the differences of the input columns: what was measured of the relative.
MEASURED = "measured"


@dataclass(frozen=True)
class DifferencesSettings:
    """How differences are learned, and how much they count.

    Parameters
    ----------
    booster : BoosterSettings
        Of the trees.
    nearest : int
        Relatives that a row is compared with.
    share : float
        Weight beside the other parts of a blend, where a row is one of its relatives.
    """

    booster: BoosterSettings
    nearest: int
    share: float

    def as_dict(self) -> dict:
        """Flat dictionary for logging."""
        own = {name: value for name, value in vars(self).items() if name != "booster"}
        return {f"differences_{name}": value for name, value in {**self.booster.as_dict(), **own}.items()}


@dataclass(frozen=True)
class Measured:
    """Materials that were measured (m,), one for each composition and state, each with its line over temperature.

    Parameters
    ----------
    which : (m,) int
        Place among the relatives that distances refer to.
    glassy : (m,) int
        State, as `Places.glassy` counts them.
    inputs : (m, p) float32
        Input columns.
    level, slope : (m,) float64
        The line: value at `Places.heat` 0, and its change with heat.
    """

    which: np.ndarray
    glassy: np.ndarray
    inputs: np.ndarray
    level: np.ndarray
    slope: np.ndarray

    def likeness(self, kernel: Kernel, distances: Distances, places: Places) -> np.ndarray:
        """Likeness (n, m) of rows to the materials, 0 to 1: their correlation before anything is measured."""
        alike = kernel.alike(distances)[:, self.which] * kernel.states(places.glassy, self.glassy)
        return alike / (kernel.whole**2 + kernel.framework**2 + kernel.ionic**2)

    def values(self, near: np.ndarray, places: Places) -> np.ndarray:
        """Values (n, k) of the materials `near` (n, k) int, each at the temperature of its row."""
        return self.level[near] + self.slope[near] * places.heat[:, None]

    def pairs(self, near: np.ndarray, values: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        """What trees see (n, k, p + 1) float32 of rows, given by their inputs (n, p), beside the materials `near`."""
        seen = np.empty((*near.shape, inputs.shape[1] + 1), dtype=np.float32)
        np.subtract(inputs[:, None, :], self.inputs[near], out=seen[:, :, :-1])
        seen[:, :, -1] = values
        return seen


@dataclass(frozen=True)
class Differences:
    """Pairwise difference regression (10.1021/acs.jcim.1c00670) on the nearest measured relatives.

    A row is told the values of its nearest relatives, at its temperature, each with the difference that trees expect
    from how the input columns differ. They learn it from pairs of different chemical systems, since what is asked about
    is mostly a new one. A relative counts by how much nearer it is than the first one that is left out, so that an
    answer does not jump where that takes its place.

    Parameters
    ----------
    booster : BoosterEnsemble
        The trees.
    kernel : Kernel
        What likeness is.
    measured : Measured
        All that may be relatives.
    nearest, share
        As in `DifferencesSettings`.
    """

    booster: BoosterEnsemble
    kernel: Kernel
    measured: Measured
    nearest: int
    share: float

    @classmethod
    def fit(
        cls,
        posterior: Posterior,
        process: GaussianProcess,
        inputs: np.ndarray,
        target: np.ndarray,
        system: np.ndarray,
        columns: tuple[str, ...],
        settings: DifferencesSettings,
        weight: np.ndarray | None = None,
    ) -> Self:
        """Fit on pairs of a training row and a material of another chemical system.

        Parameters
        ----------
        posterior, process : Posterior, GaussianProcess
            Fitted on the m training rows, and the same summed up.
        inputs : (m, p) float32
            The rows, as `model_inputs` gives them.
        target : (m,) float64
            Values.
        system : (m,)
            Chemical system of each row.
        columns : tuple of str
            Input columns; the context is left out.
        settings : DifferencesSettings
            Hyperparameters.
        weight : (m,) float64, optional
            Weights of the rows.
        """
        columns, places = tuple(name for name in columns if name not in CONTEXT_COLUMNS), posterior.places
        distances, chosen = posterior.relatives.distances(places), inputs[:, input_positions(columns)]
        slope = process.slopes(distances, places)
        materials = np.column_stack([posterior.which, places.glassy])
        _, first, material = np.unique(materials, axis=0, return_index=True, return_inverse=True)
        rows = np.bincount(material.ravel())
        level, slope = (np.bincount(material.ravel(), v) / rows for v in (target - slope * places.heat, slope))
        measured = Measured(posterior.which[first], places.glassy[first], chosen[first], level, slope)

        likeness = measured.likeness(posterior.kernel, distances, places)
        likeness[np.equal.outer(np.asarray(system), np.asarray(system)[first])] = 0.0
        near, closeness, _ = _nearest(likeness, settings.nearest)
        values = measured.values(near, places)
        seen = measured.pairs(near, values, chosen)
        row, pair = np.nonzero(closeness > 0.0)
        counts = closeness[row, pair] * (1.0 if weight is None else weight[row])
        differences = target[row] - values[row, pair]
        booster = BoosterEnsemble.fit(seen[row, pair], differences, (*columns, MEASURED), settings.booster, counts)
        return cls(booster, posterior.kernel, measured, settings.nearest, settings.share)

    def predict(self, distances: Distances, places: Places, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What the relatives and the differences to them say (n,) float64, and its share (n,) in a blend.

        The share fades with the likeness to the nearest relative: over a great difference little can be said.

        Parameters
        ----------
        distances, places, inputs : Distances, Places, (n, p) float32
            Of the rows, as `Blend.predict` takes them.
        """
        likeness = self.measured.likeness(self.kernel, distances, places)
        near, closeness, next_closest = _nearest(likeness, self.nearest)
        values = self.measured.values(near, places)
        seen = self.measured.pairs(near, values, inputs[:, input_positions(self.booster.columns[:-1])])
        said = values + self.booster.predict(seen.reshape(-1, seen.shape[2])).reshape(near.shape)
        # Where all are equally near they count equally.
        counts = closeness - next_closest[:, None] + 1e-9
        return (said * counts).sum(axis=1) / counts.sum(axis=1), self.share * closeness[:, 0]

    def save(self, folder: Path) -> None:
        """Write the trees, the materials and the constants into a folder."""
        self.booster.save(folder)
        np.savez(folder / "measured.npz", **vars(self.measured))
        constants = {name: getattr(self, name) for name in _CONSTANTS}
        (folder / "differences.json").write_text(json.dumps({"kernel": asdict(self.kernel), **constants}))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Inverse of `save`."""
        facts = json.loads((folder / "differences.json").read_text())
        with np.load(folder / "measured.npz") as arrays:
            measured = Measured(*(arrays[f.name] for f in fields(Measured)))
        kernel = Kernel(**facts["kernel"])
        return cls(BoosterEnsemble.load(folder), kernel, measured, *(facts[name] for name in _CONSTANTS))


_CONSTANTS = ("nearest", "share")


def _nearest(likeness: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places (n, k) of the greatest values of each row, these values, greatest first, and the next smaller one (n,)."""
    count = min(count, likeness.shape[1])
    candidates = np.argpartition(-likeness, range(min(count + 1, likeness.shape[1])), axis=1)
    near = candidates[:, :count]
    closeness = np.take_along_axis(likeness, near, axis=1)
    if count == likeness.shape[1]:
        return near, closeness, np.zeros(len(likeness))
    return near, closeness, np.take_along_axis(likeness, candidates[:, count : count + 1], axis=1)[:, 0]
