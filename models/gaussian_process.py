"""A Gaussian process on chemical distance: what the measured relatives of a composition say."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from .censoring import NOTHING, equivalent_measurement, truncated_mean
from .relatives import Distances, Places, Relatives

_ROUNDS = 4
_STATES = 3  # as Places.glassy counts them


@dataclass(frozen=True)
class Kernel:
    """Scales (standard deviations, in units of the property) and lengths of the covariance.

    k = constant^2
      + S [whole^2 exp(-d_whole/l_whole) + framework^2 exp(-d_framework/l_framework) + ionic^2 exp(-d_ionic/l_ionic)]
      + t t' [slope^2 + slope_relative^2 exp(-d_ionic/l_slope) S] + state^2 [same state] + source^2 [same source]

    with t = 1000 K / T - 3, S = exp(-[states differ] / l_state), and the distances of `relatives.Distances`. A paper's
    rows share an error of their own (`source`), which is left out when predicting. Any of the values doubled or
    halved moves the grouped error of the sodium table by less than 0.015 decades.
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

    def alike(self, distances: Distances) -> np.ndarray:
        """Covariance of compositions, before S."""
        return (
            self.whole**2 * np.exp(distances.whole / -self.l_whole)
            + self.framework**2 * np.exp(distances.framework / -self.l_framework)
            + self.ionic**2 * np.exp(distances.ionic / -self.l_ionic)
        )

    def alike_in_slope(self, distances: Distances) -> np.ndarray:
        """Covariance of the temperature dependence, before S and t t'."""
        return self.slope_relative**2 * np.exp(distances.ionic / -self.l_slope)

    def states(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """S of n states against m."""
        return np.where(left[:, None] == right[None, :], 1.0, np.exp(-1.0 / self.l_state))

    def between(
        self, distances: Distances, left: np.ndarray, right: np.ndarray, at: Places, from_: Places
    ) -> np.ndarray:
        """Covariance (n, m) of rows at `at` with rows at `from_`, without what papers share.

        Parameters
        ----------
        distances : Distances
            Between compositions.
        left, right : (n,), (m,) int
            Row and column of `distances` that belong to each row.
        at, from_ : Places
            The rows.
        """
        pairs = np.ix_(left, right)
        states = self.states(at.glassy, from_.glassy)
        return (
            self.constant**2
            + states * self.alike(distances)[pairs]
            + np.outer(at.heat, from_.heat) * (self.slope**2 + states * self.alike_in_slope(distances)[pairs])
            + self.state**2 * (at.glassy[:, None] == from_.glassy[None, :])
        )

    def own(self, places: Places) -> np.ndarray:
        """Variance (n,) of each row before anything is measured, without what papers share."""
        composition = self.whole**2 + self.framework**2 + self.ionic**2
        slope = self.slope**2 + self.slope_relative**2
        return self.constant**2 + composition + slope * places.heat**2 + self.state**2


@dataclass(frozen=True)
class Posterior:
    """Gaussian process fitted on m rows.

    Parameters
    ----------
    kernel : Kernel
        The covariance.
    mean : float
        Mean of the training targets.
    relatives : Relatives
        Distinct compositions of the rows.
    which : (m,) int
        Which of the relatives each row is.
    places : Places
        The rows.
    weights : (m,) float64
        Inverse covariance times the centred targets.
    inverse : (m, m) float64
        Inverse covariance of the rows, noise included.
    target : (m,) float64
        Values of the rows; of those known to lie below a limit only, what is to be expected of them.
    measured : (m,) bool
        Rows whose value is known.
    """

    kernel: Kernel
    mean: float
    relatives: Relatives
    which: np.ndarray
    places: Places
    weights: np.ndarray
    inverse: np.ndarray
    target: np.ndarray
    measured: np.ndarray

    @classmethod
    def fit(
        cls,
        kernel: Kernel,
        relatives: Relatives,
        which: np.ndarray,
        places: Places,
        target: np.ndarray,
        source: np.ndarray,
        censored: np.ndarray | None = None,
    ) -> Self:
        """Fit on m rows; rows that the others contradict count less.

        The noise of a row is raised to the square of its leave-one-out error in units of its expected error, in a few
        rounds, as a Student-t likelihood would (P. Jylänki et al., J. Mach. Learn. Res. 12, 3227 (2011)).

        A limit says in each round what it adds to the other rows' verdict: far above, nothing; below, as much as a
        value that `censoring.equivalent_measurement` finds.

        Parameters
        ----------
        kernel : Kernel
            The covariance.
        relatives, which : Relatives, (m,) int
            Distinct compositions, and which of them each row is.
        places : Places
            The rows.
        target : (m,) float64
            Values.
        source : (m,)
            Paper of each row.
        censored : (m,) bool, optional
            Rows whose value is not the target, but lies below it.
        """
        papers = np.asarray(source)
        covariance = kernel.between(relatives.among(), which, which, places, places)
        covariance += kernel.source**2 * (papers[:, None] == papers[None, :])
        measured = np.ones(len(target), dtype=bool) if censored is None else ~censored
        below = np.flatnonzero(~measured)
        mean = float(target[measured].mean() if measured.any() else target.mean())
        noise = np.full(len(target), kernel.noise**2)
        # What limits amount to, as measurements; before the first round they say nothing.
        told, expected, limit, own_noise = target.copy(), target.copy(), target[below], noise[below]
        noise[below] *= NOTHING
        for _ in range(_ROUNDS):
            inverse = _inverse(covariance, noise)
            variance = 1.0 / np.diag(inverse)
            left_out = (inverse @ (told - mean)) * variance
            raised = kernel.noise**2 * np.maximum(1.0, left_out**2 / variance)
            if len(below):
                belief, doubt = (told - left_out)[below], (variance - noise)[below]
                expected[below] = truncated_mean(belief, np.sqrt(doubt + own_noise), limit)
                excess = (expected[below] - belief) ** 2 / (doubt + own_noise)
                own_noise = kernel.noise**2 * np.maximum(1.0, excess)
                told[below], raised[below] = equivalent_measurement(belief, doubt, own_noise, limit)
            noise = raised
        inverse = _inverse(covariance, noise)
        return cls(kernel, mean, relatives, which, places, inverse @ (told - mean), inverse, expected, measured)

    def spread(self, places: Places) -> np.ndarray:
        """Standard deviation (n,) of what a new paper would report of n rows, measurement noise left out."""
        distances, asked = self.relatives.distances(places), np.arange(len(places))
        covariance = self.kernel.between(distances, asked, self.which, places, self.places)
        reduction = np.einsum("ij,ij->i", covariance @ self.inverse, covariance)
        return np.sqrt(np.maximum(self.kernel.own(places) - reduction, 0.0) + self.kernel.source**2)

    def summed_up(self) -> "GaussianProcess":
        """The same process by relative: training rows of one composition act together."""
        kernel, weights, glassy = self.kernel, self.weights, self.places.glassy
        asked, t = kernel.states(np.arange(_STATES), glassy), self.places.heat
        level, slope = np.zeros((2, _STATES, len(self.relatives.whole)))
        for state in range(_STATES):
            np.add.at(level[state], self.which, asked[state] * weights)
            np.add.at(slope[state], self.which, asked[state] * weights * t)
        same = np.array([weights[glassy == state].sum() for state in range(_STATES)])
        common = self.mean + kernel.constant**2 * weights.sum() + kernel.state**2 * same
        return GaussianProcess(kernel, level, slope, common, float(kernel.slope**2 * (weights * t).sum()))


def _inverse(covariance: np.ndarray, noise: np.ndarray) -> np.ndarray:
    return cho_solve(cho_factor(covariance + np.diag(noise), lower=True), np.eye(len(noise)))


@dataclass(frozen=True)
class GaussianProcess:
    """What is served of a fitted process, summed up by relative; see `Posterior.summed_up`.

    Parameters
    ----------
    kernel : Kernel
        The covariance.
    level, slope : (3, u) float64
        Weight of each relative for a row of each state: in the level, and in the dependence on t.
    level_common : (3,) float64
        What all rows of a state have in common.
    slope_common : float
        What all rows have in common in the dependence on t.
    """

    kernel: Kernel
    level: np.ndarray
    slope: np.ndarray
    level_common: np.ndarray
    slope_common: float

    def predict(self, distances: Distances, places: Places) -> np.ndarray:
        """Posterior mean (n,) float64 of rows at `distances` (n, u) from the relatives."""
        state = places.glassy
        # Summed row by row: a matrix product would round differently with the number of rows asked together.
        level = (self.kernel.alike(distances) * self.level[state]).sum(axis=1)
        return self.level_common[state] + level + places.heat * self.slopes(distances, places)

    def slopes(self, distances: Distances, places: Places) -> np.ndarray:
        """Change (n,) float64 of the posterior mean with `Places.heat`, of the same rows."""
        slope = (self.kernel.alike_in_slope(distances) * self.slope[places.glassy]).sum(axis=1)
        return self.slope_common + slope

    def save(self, path: Path) -> None:
        """Write an npz file."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "kernel"}
        np.savez(path, **arrays, **{f"kernel_{k}": v for k, v in asdict(self.kernel).items()})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Inverse of `save`."""
        with np.load(path) as arrays:
            kernel = Kernel(**{f.name: float(arrays[f"kernel_{f.name}"]) for f in fields(Kernel)})
            common = arrays["level_common"], float(arrays["slope_common"])
            return cls(kernel, arrays["level"], arrays["slope"], *common)
