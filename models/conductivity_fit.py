"""Arrhenius and Vogel-Tammann-Fulcher fits of conductivity against temperature, and which of the two describes it."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from .physics import BOLTZMANN_EV, kelvin

# Two models whose AICc differ by less have about the same support; the simpler one is kept
# (Burnham and Anderson 2002, 10.1007/b97636, section 2.6).
SAME_SUPPORT = 2.0
# T0 is sought from absolute zero, where VTF is Arrhenius, to this far below the coldest point.
_BELOW_COLDEST_K = 1.0
_GRID, _GOLDEN_STEPS = 64, 60
# Residuals cannot be told from rounding below this, in units of ln sigma.
_ROUNDING = 1e-10


@dataclass(frozen=True)
class Parameter:
    """A fitted parameter of m samples: value and confidence bounds, each (m,) float64; NaN where not determined."""

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @classmethod
    def of(cls, value: np.ndarray, sd: np.ndarray, freedom: np.ndarray, interval: float) -> "Parameter":
        """Bounds by Student's t; NaN without a degree of freedom."""
        enough = freedom > 0
        reach = np.where(enough, student.ppf((1 + interval) / 2, np.where(enough, freedom, 1)), np.nan) * sd
        return cls(value, value - reach, value + reach)


@dataclass(frozen=True)
class ArrheniusFit:
    """ln sigma = ln A - Ea / kT, or ln (sigma T) = ln A - Ea / kT where `times_T`; one entry a sample.

    Parameters
    ----------
    times_T : bool
        The convention: whether A and Ea are those of sigma T (random-walk theory) or of sigma.
    activation_energy_eV : Parameter
        Ea.
    log10_prefactor : Parameter
        log10 of A in S/cm, or in S K/cm where `times_T`.
    sd : (m,) float64
        Standard deviation of the residuals in decades.
    AICc : (m,) float64
        Of the residuals of ln sigma, in both conventions; NaN below five points.
    """

    times_T: bool
    activation_energy_eV: Parameter
    log10_prefactor: Parameter
    sd: np.ndarray
    AICc: np.ndarray

    def log10_conductivity(self, temperature_C: np.ndarray, sample: int) -> np.ndarray:
        """The curve of one sample, log10 of S/cm."""
        temperature = kelvin(temperature_C)
        exponent = self.activation_energy_eV.value[sample] / (BOLTZMANN_EV * temperature)
        curve = self.log10_prefactor.value[sample] - exponent / np.log(10.0)
        return curve - np.log10(temperature) if self.times_T else curve


@dataclass(frozen=True)
class VTFFit:
    """ln sigma = ln A - B / (T - T0); one entry a sample (10.1111/j.1151-2916.1925.tb16731.x).

    Parameters
    ----------
    B_K, T0_K, log10_prefactor : Parameter
        B and T0 in K, log10 of A in S/cm.
    at_limit : (m,) bool
        Whether T0 ended at absolute zero or at the coldest point: then there is no VTF curve in the data, and bounds
        are NaN.
    sd, AICc : (m,) float64
        As in `ArrheniusFit`; AICc is NaN below six points.
    """

    B_K: Parameter
    T0_K: Parameter
    log10_prefactor: Parameter
    at_limit: np.ndarray
    sd: np.ndarray
    AICc: np.ndarray

    def log10_conductivity(self, temperature_C: np.ndarray, sample: int) -> np.ndarray:
        """The curve of one sample, log10 of S/cm."""
        exponent = self.B_K.value[sample] / (kelvin(temperature_C) - self.T0_K.value[sample])
        return self.log10_prefactor.value[sample] - exponent / np.log(10.0)


def arrhenius_fit(
    temperature_C: np.ndarray,
    conductivity_S_cm: np.ndarray,
    sample: np.ndarray,
    times_T: bool = False,
    interval: float = 0.9,
) -> ArrheniusFit:
    """Arrhenius lines of m samples by linear regression of ln sigma on 1/kT, all samples at once.

    Parameters
    ----------
    temperature_C, conductivity_S_cm : (n,) float64
        The points.
    sample : (n,) int
        Number of the sample of each, 0 .. m-1.
    times_T : bool
        The convention; Ea of sigma T is larger by about kT, 0.03 eV at room temperature.
    interval : float
        Confidence of the bounds, from the scatter about the line; NaN for two points.

    Raises
    ------
    ValueError
        If a conductivity is not positive, or a sample has fewer than two temperatures.

    Examples
    --------
    >>> import numpy as np
    >>> T = np.array([25.0, 50.0, 75.0, 100.0])
    >>> sigma = 1e3 * np.exp(-0.3 / (8.617333262e-5 * (T + 273.15)))
    >>> fit = arrhenius_fit(T, sigma, np.zeros(4, dtype=int))
    >>> fit.activation_energy_eV.value.round(6).tolist(), fit.log10_prefactor.value.round(6).tolist()
    ([0.3], [3.0])
    """
    temperature, target, sample = _checked(temperature_C, conductivity_S_cm, sample)
    shift = np.log(temperature) if times_T else 0.0
    line = _line(1.0 / (BOLTZMANN_EV * temperature), target + shift, sample)
    freedom = line.points - 2
    variance = line.rss / np.where(freedom > 0, freedom, np.nan)
    sd_slope = np.sqrt(variance / line.sxx)
    sd_intercept = np.sqrt(variance * (1 / line.points + line.mean_x**2 / line.sxx))
    decades = np.log(10.0)
    return ArrheniusFit(
        times_T,
        Parameter.of(-line.slope, sd_slope, freedom, interval),
        Parameter.of(line.intercept / decades, sd_intercept / decades, freedom, interval),
        np.sqrt(variance) / decades,
        AICc(line.rss, line.points, 2),
    )


def vtf_fit(
    temperature_C: np.ndarray, conductivity_S_cm: np.ndarray, sample: np.ndarray, interval: float = 0.9
) -> VTFFit:
    """VTF curves of m samples by least squares of ln sigma, all samples at once.

    For a given T0 the curve is a line in 1/(T - T0), so only T0 is searched: a grid, then golden sections.

    Parameters
    ----------
    temperature_C, conductivity_S_cm, sample, interval
        As in `arrhenius_fit`. Bounds are those of the linearised model; NaN for three points.

    Raises
    ------
    ValueError
        If a conductivity is not positive, or a sample has fewer than three temperatures.

    Examples
    --------
    >>> import numpy as np
    >>> T = np.linspace(20.0, 90.0, 8)
    >>> fit = vtf_fit(T, 0.5 * np.exp(-900.0 / (T + 273.15 - 200.0)), np.zeros(8, dtype=int))
    >>> fit.B_K.value.round(2).tolist(), fit.T0_K.value.round(2).tolist()
    ([900.0], [200.0])
    """
    temperature, target, sample = _checked(temperature_C, conductivity_S_cm, sample, least=3)
    coldest = np.full(sample.max() + 1, np.inf)
    np.minimum.at(coldest, sample, temperature)
    limit = coldest - _BELOW_COLDEST_K

    def line(t0: np.ndarray) -> _Line:
        return _line(1.0 / (temperature - t0[sample]), target, sample)

    grid = np.array([line(limit * share).rss for share in np.linspace(0.0, 1.0, _GRID)])
    best = grid.argmin(axis=0)
    low, high = (limit * np.clip(best + step, 0, _GRID - 1) / (_GRID - 1) for step in (-1, 1))
    ratio = (np.sqrt(5.0) - 1.0) / 2.0
    for _ in range(_GOLDEN_STEPS):
        inner, outer = high - ratio * (high - low), low + ratio * (high - low)
        left = line(inner).rss < line(outer).rss
        low, high = np.where(left, low, inner), np.where(left, outer, high)
    t0 = (low + high) / 2
    found = line(t0)
    at_limit = (t0 < 1e-3 * limit) | (t0 > limit * (1 - 1e-3)) | (found.slope >= 0)
    freedom = found.points - 3
    variance = found.rss / np.where(freedom > 0, freedom, np.nan)
    sds = np.sqrt(variance) * _unit_sds(temperature - t0[sample], -found.slope, sample)
    sds[:, at_limit] = np.nan
    decades = np.log(10.0)
    return VTFFit(
        Parameter.of(-found.slope, sds[1], freedom, interval),
        Parameter.of(t0, sds[2], freedom, interval),
        Parameter.of(found.intercept / decades, sds[0] / decades, freedom, interval),
        at_limit,
        np.sqrt(variance) / decades,
        AICc(found.rss, found.points, 3),
    )


def curved(arrhenius_AICc: np.ndarray, vtf: VTFFit) -> np.ndarray:
    """Whether VTF describes a sample better (m,): AICc lower by more than `SAME_SUPPORT`, T0 within its limits."""
    with np.errstate(invalid="ignore"):
        return (arrhenius_AICc - vtf.AICc > SAME_SUPPORT) & ~vtf.at_limit


def AICc(rss: np.ndarray, points: np.ndarray, parameters: int) -> np.ndarray:
    """Akaike's information criterion for small samples (Hurvich and Tsai 1989, 10.1093/biomet/76.2.297).

    n ln(rss / n) + 2 k + 2 k (k + 1) / (n - k - 1), with k the parameters of the curve and the variance; NaN where
    n - k - 1 is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> AICc(np.array([0.1, 0.1]), np.array([10, 4]), 2).round(2).tolist()
    [-36.05, nan]
    """
    k, n = parameters + 1, np.asarray(points, dtype=np.float64)
    spare = np.where(n > k + 1, n - k - 1, np.nan)
    return n * np.log(np.maximum(rss / n, _ROUNDING**2)) + 2 * k + 2 * k * (k + 1) / spare


@dataclass(frozen=True)
class _Line:
    """Straight lines of m samples: each (m,)."""

    slope: np.ndarray
    intercept: np.ndarray
    rss: np.ndarray
    points: np.ndarray
    mean_x: np.ndarray
    sxx: np.ndarray


def _line(x: np.ndarray, y: np.ndarray, sample: np.ndarray) -> _Line:
    """Least squares of y on x within each sample."""
    points = np.bincount(sample)
    mean_x, mean_y = (np.bincount(sample, weights=v) / points for v in (x, y))
    dx, dy = x - mean_x[sample], y - mean_y[sample]
    sxx = np.bincount(sample, weights=dx**2)
    slope = np.bincount(sample, weights=dx * dy) / sxx
    rss = np.bincount(sample, weights=(dy - slope[sample] * dx) ** 2)
    return _Line(slope, mean_y - slope * mean_x, rss, points, mean_x, sxx)


def _unit_sds(above_t0: np.ndarray, b: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """Standard deviations (3, m) of ln A, B and T0 for residuals of variance one."""
    jacobian = np.stack([np.ones_like(above_t0), -1.0 / above_t0, -b[sample] / above_t0**2], axis=1)
    # Columns differ by orders of magnitude; scaled to length one before the inverse.
    length = np.sqrt(np.stack([np.bincount(sample, weights=column**2) for column in jacobian.T]))
    scaled = jacobian / length.T[sample]
    normal = np.zeros((length.shape[1], 3, 3))
    np.add.at(normal, sample, scaled[:, :, None] * scaled[:, None, :])
    return np.sqrt(np.diagonal(np.linalg.pinv(normal, hermitian=True), axis1=1, axis2=2).T) / length


def _checked(
    temperature_C: np.ndarray, conductivity_S_cm: np.ndarray, sample: np.ndarray, least: int = 2
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Temperature in K, ln sigma and the sample numbers."""
    temperature = kelvin(temperature_C)
    sigma, sample = np.asarray(conductivity_S_cm, dtype=np.float64), np.asarray(sample, dtype=np.int64)
    if not len(sample) or temperature.shape != sigma.shape or sigma.shape != sample.shape:
        raise ValueError(f"temperature_C {temperature.shape}, conductivity_S_cm {sigma.shape} and sample {sample.shape}"
                         " must be equally long, not empty")  # fmt: skip
    bad = ~(np.isfinite(sigma) & (sigma > 0) & np.isfinite(temperature))
    if bad.any():
        place = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"conductivity_S_cm = {sigma[place]:g} at temperature_C = {np.asarray(temperature_C)[place]:g} "
            f"(position {place}); give finite numbers, the conductivity above 0"
        )
    distinct = np.unique(np.stack([sample, np.round(temperature, 6)]), axis=1)[0].astype(np.int64)
    count = np.bincount(distinct, minlength=int(sample.max()) + 1)
    if (count < least).any():
        short = int(np.flatnonzero(count < least)[0])
        raise ValueError(f"sample {short} has {count[short]} temperatures; a fit needs at least {least} different ones")
    return temperature, np.log(sigma), sample
