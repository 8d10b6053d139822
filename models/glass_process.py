"""A Gaussian process over glasses: what glasses of like composition say, papers and blunders told apart."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from ..featurize.composition import CompositionBatch
from ..featurize.oxide_glass import OxideGlassFeatures

# What the field relates the mobility of alkali ions to; the oxides themselves count through the whole composition.
CHEMISTRY = tuple(
    f"glass_{name}"
    for name in (
        *("alkali_oxide", "former_oxide", "intermediate_oxide", "mixed_alkali", "alkali_radius", "basicity"),
        *("oxygens_per_former", "NBO", "free_charge", "Al_per_alkali", "four_coordinated_B", "log_alkali_density"),
        *("modifier_per_alkali", "modifier_field", "modifier_radius", "share_Si", "share_B", "share_P"),
        *("mixed_former", "anion_chalcogen", "anion_F", "anion_Cl", "anion_I", "transition_metals"),
    )
)
# A column counts from its first to its last two-hundredth: what lies farther out is as far as that.
_TAIL = 0.005
_ROUNDS = 3
# Degrees of freedom of the Student-t likelihood.
_FREEDOM = 2.0


@dataclass(frozen=True)
class GlassKernel:
    """Scales (standard deviations, in units of the property) and lengths of the covariance.

    k = constant^2 + whole^2 exp(-d_whole / l_whole) + chemistry^2 (1 + r) exp(-r) + source^2 [same paper],
    r = sqrt(3) d_chemistry / l_chemistry, with d_whole Hellinger's distance of the compositions and d_chemistry the
    root mean square difference of the standardised columns `CHEMISTRY`. What a paper's glasses share (`source`) is left
    out when predicting.
    """

    constant: float
    whole: float
    l_whole: float
    chemistry: float
    l_chemistry: float
    source: float
    noise: float


@dataclass(frozen=True)
class GlassPlaces:
    """Where n glasses lie: root of the fractions (n, elements) float32, standardised chemistry (n, c) float32."""

    whole: np.ndarray
    chemistry: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> Self:
        """Some of the glasses."""
        return type(self)(self.whole[rows], self.chemistry[rows])

    def distances(self, others: Self) -> tuple[np.ndarray, np.ndarray]:
        """Distances (n, m) float32 to other glasses: of the whole compositions, and of the chemistry."""
        return _distance(self.whole, others.whole), _distance(self.chemistry, others.chemistry)


@dataclass(frozen=True)
class GlassScales:
    """How the columns `CHEMISTRY` are standardised: lowest, highest, centre and scale, each (c,)."""

    lowest: np.ndarray
    highest: np.ndarray
    centre: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, chemistry: np.ndarray) -> Self:
        """Scales of training rows (n, c)."""
        lowest, highest = np.quantile(chemistry, [_TAIL, 1.0 - _TAIL], axis=0)
        cut = np.clip(chemistry, lowest, highest)
        spread = cut.std(axis=0)
        return cls(lowest, highest, cut.mean(axis=0), np.where(spread > 0, spread, 1.0))

    def places(self, batch: CompositionBatch, oxides: np.ndarray) -> GlassPlaces:
        """Where the glasses of a batch lie, given their `OxideGlassFeatures` (n, p)."""
        chemistry = (np.clip(oxides[:, chemistry_columns()], self.lowest, self.highest) - self.centre) / self.scale
        root = np.sqrt(np.nan_to_num(batch.fractions.toarray()))
        return GlassPlaces(root.astype(np.float32), (chemistry / np.sqrt(len(CHEMISTRY))).astype(np.float32))


def chemistry_columns() -> list[int]:
    """Places of `CHEMISTRY` among the columns of `OxideGlassFeatures`."""
    names = OxideGlassFeatures().feature_names()
    return [names.index(name) for name in CHEMISTRY]


@dataclass(frozen=True)
class GlassProcess:
    """A process fitted on m glasses.

    Parameters
    ----------
    kernel : GlassKernel
        The covariance.
    mean : float
        Median of the training targets.
    weights : (m,) float32
        Inverse covariance times the centred targets; zero for glasses without a target.
    """

    kernel: GlassKernel
    mean: float
    weights: np.ndarray

    def predict(self, distances: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Values (n,) of glasses at `distances` (n, m) from the training glasses."""
        return self.mean + (_covariance(self.kernel, *distances) @ self.weights).astype(np.float64)

    @classmethod
    def fit(
        cls,
        kernel: GlassKernel,
        places: GlassPlaces,
        target: np.ndarray,
        source: np.ndarray,
        ion: np.ndarray,
        vague: np.ndarray,
    ) -> tuple[Self, np.ndarray]:
        """Fit on m glasses; glasses that others of their ion contradict count less.

        The noise of a glass is raised to the square of its residual in units of the noise, in a few rounds, as the
        expectation steps for a Student-t likelihood do (K. L. Lange et al., 10.1080/01621459.1989.10478852); each ion
        by itself, which is nine times as fast as all together, then all together once.

        Parameters
        ----------
        kernel : GlassKernel
            The covariance.
        places : GlassPlaces
            The glasses.
        target : (m,) float64
            Values; NaN where a glass has none.
        source, ion : (m,) int
            Paper and mobile ion of each.
        vague : (m,) float64
            Variance that a target has besides the noise.

        Returns
        -------
        process : GlassProcess
            Fitted.
        reliability : (m,) float64
            1 for a glass that others agree with, towards 0 for one they contradict; 0 without a target.
        """
        use = np.flatnonzero(np.isfinite(target))
        mean = float(np.median(target[use]))
        centred = (target[use] - mean).astype(np.float32)
        noise = (kernel.noise**2 + vague[use]).astype(np.float32)
        chosen = places[use]
        covariance = _covariance(kernel, *chosen.distances(chosen))
        covariance += np.float32(kernel.source**2) * (source[use][:, None] == source[use][None, :])
        doubt = np.ones(len(use), dtype=np.float32)
        for one in np.unique(ion[use]):
            own = np.flatnonzero(ion[use] == one)
            part = covariance[np.ix_(own, own)]
            for _ in range(_ROUNDS):
                residual = noise[own] * doubt[own] * _solve(part.copy(), noise[own] * doubt[own], centred[own])
                doubt[own] = np.maximum((_FREEDOM + residual**2 / noise[own]) / (_FREEDOM + 1.0), 0.8)
        weights, reliability = np.zeros(len(target), dtype=np.float32), np.zeros(len(target))
        weights[use] = _solve(covariance, noise * doubt, centred)
        reliability[use] = 0.8 / doubt
        return cls(kernel, mean, weights), reliability


def save_places(path: Path, places: GlassPlaces, scales: GlassScales) -> None:
    """Write an npz file."""
    np.savez_compressed(path, whole=places.whole, chemistry=places.chemistry, **vars(scales))


def load_places(path: Path) -> tuple[GlassPlaces, GlassScales]:
    """Inverse of `save_places`."""
    with np.load(path) as arrays:
        scales = GlassScales(**{name: arrays[name] for name in ("lowest", "highest", "centre", "scale")})
        return GlassPlaces(arrays["whole"], arrays["chemistry"]), scales


def _covariance(kernel: GlassKernel, whole: np.ndarray, chemistry: np.ndarray) -> np.ndarray:
    """Covariance (n, m) float32 without what papers share."""
    out = np.exp(whole * np.float32(-1.0 / kernel.l_whole))
    out *= np.float32(kernel.whole**2)
    scaled = chemistry * np.float32(-np.sqrt(3.0) / kernel.l_chemistry)
    smooth = np.exp(scaled)
    smooth *= 1.0 - scaled
    smooth *= np.float32(kernel.chemistry**2)
    out += smooth
    out += np.float32(kernel.constant**2)
    return out


def _distance(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    square = left @ right.T
    square *= np.float32(-2.0)
    square += (left**2).sum(axis=1)[:, None]
    square += (right**2).sum(axis=1)[None, :]
    return np.sqrt(np.maximum(square, 0.0, out=square), out=square)


def _solve(covariance: np.ndarray, noise: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(K + noise)^-1 target (m,); `covariance` is used up."""
    covariance[np.diag_indices_from(covariance)] += noise
    factor = cho_factor(covariance, lower=True, overwrite_a=True, check_finite=False)
    return cho_solve(factor, target, check_finite=False)
