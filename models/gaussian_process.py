"""A Gaussian process on chemical distance: what measured relatives of a composition say, and how sure they are."""

from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.spatial.distance import cdist

from ..featurize.composition import CompositionBatch
from ..featurize.electrolyte import electrolyte_feature_names
from ..featurize.elements import N_ELEMENTS
from ..featurize.family import FAMILIES, families
from ..featurize.framework import framework_fractions
from .domain import profiles
from .inputs import THERMAL, input_positions
from .physics import ZERO_CELSIUS_K, kelvin

_MOBILE_IDENTITY = ("mobile_ion_charge", "mobile_ion_radius", "mobile_ion_electronegativity")
_ROUNDS = 4
_CHUNK_ROWS = 2048


@dataclass(frozen=True)
class Kernel:
    """Scales (standard deviations, in units of the property) and lengths of the covariance.

    k = constant^2
      + S [whole^2 exp(-d_whole/l_whole) + framework^2 exp(-d_framework/l_framework) + ionic^2 exp(-d_ionic/l_ionic)]
      + t t' [slope^2 + slope_relative^2 exp(-d_ionic/l_slope) S] + state^2 [same state] + source^2 [same source]

    with t = 1000 K / T - 3, S = exp(-[states differ] / l_state), d_whole and d_framework the earth mover's distance on
    Pettifor's scale with and without the mobile ion (`domain.profiles`), and d_ionic the mean absolute difference of
    standardised ionic features. A paper's rows share an error of their own (`source`), which is left out when
    predicting. The values maximise the marginal likelihood of the sodium table; any of them doubled or halved moves the
    grouped error by less than 0.015 decades.
    """

    constant: float
    whole: float
    l_whole: float
    framework: float
    l_framework: float
    ionic: float
    l_ionic: float
    slope: float
    slope_relative: float
    l_slope: float
    state: float
    l_state: float
    source: float
    noise: float


@dataclass(frozen=True)
class Places:
    """Where n rows lie, as the kernel sees it.

    Parameters
    ----------
    whole, framework : (n, k) float32
        Cumulative profiles of the composition and of its framework.
    ionic : (n, p) float32
        Ionic features, not yet standardised.
    temperature_C : (n,) float64
        Temperature of the row.
    glassy : (n,) int
        0 crystalline or unknown, 1 glass or amorphous, 2 glass-ceramic.
    family : (n,) int
        Place of the row's family in `featurize.family.FAMILIES`; -1 for rows in error. Not part of the covariance.
    """

    whole: np.ndarray
    framework: np.ndarray
    ionic: np.ndarray
    temperature_C: np.ndarray
    glassy: np.ndarray
    family: np.ndarray

    @classmethod
    def of(cls, batch: CompositionBatch, inputs: np.ndarray) -> Self:
        """Places of n compositions and their `model_inputs` (n, p); rows in error lie at the origin."""
        readable = np.flatnonzero(batch.is_readable)
        framework = np.zeros((len(batch), N_ELEMENTS - 1), dtype=np.float32)
        framework[readable] = profiles(CompositionBatch.from_matrix(framework_fractions(batch[readable].fractions)))
        context = inputs[:, input_positions((THERMAL, "state_glass", "state_glass_ceramic", "state_amorphous"))]
        glass = (context[:, 1] == 1) | (context[:, 3] == 1)
        return cls(
            np.nan_to_num(profiles(batch)),
            framework,
            inputs[:, input_positions(_ionic_columns())],
            -1000.0 / context[:, 0].astype(np.float64) - ZERO_CELSIUS_K,
            np.where(glass, 1, np.where(context[:, 2] == 1, 2, 0)),
            np.array([-1 if f is None else FAMILIES.index(f) for f in families(batch)], dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.glassy)

    def __getitem__(self, rows: np.ndarray | slice) -> "Places":
        return Places(*(getattr(self, f.name)[rows] for f in fields(self)))


@dataclass(frozen=True)
class GaussianProcess:
    """Fitted process.

    Parameters
    ----------
    kernel : Kernel
        The covariance.
    places : Places
        The m training rows; `ionic` standardised.
    centre, spread : (p,) float64
        Mean and standard deviation of the ionic features in training.
    mean : float
        Mean of the training targets.
    weights : (m,) float64
        Inverse covariance times centred targets.
    """

    kernel: Kernel
    places: Places
    centre: np.ndarray
    spread: np.ndarray
    mean: float
    weights: np.ndarray

    @classmethod
    def fit(cls, kernel: Kernel, places: Places, target: np.ndarray, source: np.ndarray) -> Self:
        """Fit on m rows; rows that the others contradict count less.

        The noise of a row is raised to the square of its leave-one-out error in units of its expected error, in a few
        rounds, as a Student-t likelihood would (P. Jylänki et al., J. Mach. Learn. Res. 12, 3227 (2011)).

        Parameters
        ----------
        kernel : Kernel
            The covariance.
        places : Places
            Rows.
        target : (m,) float64
            Values.
        source : (m,)
            Paper of each row.
        """
        centre = places.ionic.mean(axis=0, dtype=np.float64)
        spread = places.ionic.std(axis=0, dtype=np.float64)
        own = replace(places, ionic=_standardise(places.ionic, centre, spread))
        covariance = _covariance(kernel, own, own)
        covariance += kernel.source**2 * (np.asarray(source)[:, None] == np.asarray(source)[None, :])
        mean = float(target.mean())
        noise = np.full(len(target), kernel.noise**2)
        for _ in range(_ROUNDS):
            inverse = cho_solve(cho_factor(covariance + np.diag(noise), lower=True), np.eye(len(target)))
            variance = 1.0 / np.diag(inverse)
            left_out = (inverse @ (target - mean)) * variance
            noise = kernel.noise**2 * np.maximum(1.0, left_out**2 / variance)
        weights = cho_solve(cho_factor(covariance + np.diag(noise), lower=True), target - mean)
        return cls(kernel, own, centre, spread, mean, weights)

    def predict(self, places: Places) -> np.ndarray:
        """Posterior mean (n,) float64."""
        out = np.empty(len(places))
        for start in range(0, len(places), _CHUNK_ROWS):
            part = places[slice(start, start + _CHUNK_ROWS)]
            asked = replace(part, ionic=_standardise(part.ionic, self.centre, self.spread))
            # Summed row by row: a matrix product would round differently with the number of rows asked together.
            out[start : start + _CHUNK_ROWS] = (_covariance(self.kernel, asked, self.places) * self.weights).sum(axis=1)
        return out + self.mean

    def save(self, path: Path) -> None:
        """Write an npz file."""
        np.savez(
            path,
            **{f"kernel_{k}": v for k, v in asdict(self.kernel).items()},
            **{f"places_{f.name}": getattr(self.places, f.name) for f in fields(Places)},
            centre=self.centre,
            spread=self.spread,
            mean=self.mean,
            weights=self.weights,
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Inverse of `save`."""
        with np.load(path) as a:
            kernel = Kernel(**{f.name: float(a[f"kernel_{f.name}"]) for f in fields(Kernel)})
            places = Places(*(a[f"places_{f.name}"] for f in fields(Places)))
            return cls(kernel, places, a["centre"], a["spread"], float(a["mean"]), a["weights"])


@cache
def _ionic_columns() -> tuple[str, ...]:
    """Ionic features without those that only name the mobile ion, which the profiles know."""
    return tuple(name for name in electrolyte_feature_names("ionic") if name not in _MOBILE_IDENTITY)


def _standardise(ionic: np.ndarray, centre: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Ionic features in standard deviations of the training rows, kept within four; constant ones count nothing."""
    varies = spread > 1e-6
    scaled = (ionic[:, varies] - centre[varies]) / spread[varies]
    return np.clip(np.nan_to_num(scaled), -4.0, 4.0).astype(np.float32)


def _covariance(kernel: Kernel, left: Places, right: Places) -> np.ndarray:
    """Covariance (n, m) without the terms of noise and source."""
    whole = cdist(left.whole, right.whole, "cityblock")
    framework = cdist(left.framework, right.framework, "cityblock")
    ionic = cdist(left.ionic, right.ionic, "cityblock") / max(left.ionic.shape[1], 1)
    same = left.glassy[:, None] == right.glassy[None, :]
    states = np.where(same, 1.0, np.exp(-1.0 / kernel.l_state))
    heat = np.outer(1000.0 / kelvin(left.temperature_C) - 3.0, 1000.0 / kelvin(right.temperature_C) - 3.0)
    return (
        kernel.constant**2
        + states
        * (
            kernel.whole**2 * np.exp(-whole / kernel.l_whole)
            + kernel.framework**2 * np.exp(-framework / kernel.l_framework)
            + kernel.ionic**2 * np.exp(-ionic / kernel.l_ionic)
        )
        + heat * (kernel.slope**2 + kernel.slope_relative**2 * np.exp(-ionic / kernel.l_slope) * states)
        + kernel.state**2 * same
    )
