"""What a limit such as `<1e-10` teaches, against scipy, against sampling, and on a made-up truth."""

import numpy as np
import pytest
from scipy.stats import norm, truncnorm

from ionscout.featurize.composition import CompositionBatch
from ionscout.models.blend import Blend
from ionscout.models.censoring import equivalent_measurement, truncated_mean
from ionscout.models.gaussian_process import Posterior
from ionscout.models.inputs import model_inputs
from ionscout.models.relatives import Places, Relatives
from ionscout.training.data.sources import load_curated
from ionscout.training.settings import LEVEL

FORMULAS = [
    *("Na3PS4", "Na3SbS4", "Na3AsS4", "Na3PSe4", "Na2ZrCl6", "Na3Zr2Si2PO12", "Na2.9Sb0.9W0.1S4", "Na3.1Sn0.1P0.9S4"),
]
MEASURED = np.array([-3.7, -3.2, -3.2, -3.5, -4.7, -3.1, -3.2, -3.6])
# A selenide, an arsenide and two doped ones, of which only a limit is known.
CENSORED = np.array([False, False, True, True, False, False, True, True])


def places(formulas: list[str]) -> Places:
    batch = CompositionBatch.from_formulas(formulas)
    return Places.of(batch, model_inputs(batch, 25.0, np.array(["crystalline"] * len(formulas), dtype=object)))


def fitted(formulas: list[str], target: np.ndarray, censored: np.ndarray | None = None, first: int = 8) -> Posterior:
    """Fitted on the first of the formulas; all of them set the scale of distances."""
    relatives, which = Relatives.of(places(formulas))
    rows = places(formulas[:first])
    return Posterior.fit(LEVEL.kernel, relatives, which[:first], rows, target, np.arange(len(rows)), censored)


def said(posterior: Posterior, formulas: list[str]) -> np.ndarray:
    asked = places(formulas)
    return posterior.summed_up().predict(posterior.relatives.distances(asked), asked)


@pytest.mark.parametrize("limit", [3.0, -2.0, -3.7, -6.0, -10.0, -18.0])
def test_what_is_expected_below_a_limit_is_scipys_truncated_normal(limit):
    mean, sd = np.array([-3.7, -5.0]), np.array([0.8, 1.3])
    expected = truncnorm.mean(-np.inf, (limit - mean) / sd, loc=mean, scale=sd)
    np.testing.assert_allclose(truncated_mean(mean, sd, np.full(2, limit)), expected, rtol=1e-9)


@pytest.mark.parametrize("limit", [-2.0, -4.0, -7.0, -12.0])
def test_a_limit_leaves_the_belief_that_integration_leaves(limit):
    mean, variance, noise = -4.0, 1.1, 0.2
    value, its_noise = (
        float(part[0]) for part in equivalent_measurement(*(np.array([x]) for x in (mean, variance, noise, limit)))
    )
    grid = np.linspace(-16.0, 4.0, 200_001)
    density = norm.pdf(grid, mean, np.sqrt(variance)) * norm.cdf((limit - grid) / np.sqrt(noise))
    density /= density.sum()
    centre = (density * grid).sum()
    spread = (density * (grid - centre) ** 2).sum()
    share = variance / (variance + its_noise)
    assert mean + share * (value - mean) == pytest.approx(centre, abs=1e-6)
    assert variance * (1.0 - share) == pytest.approx(spread, rel=1e-6)


def test_limits_beside_each_other_are_what_sampling_gives():
    """The joint posterior of four limits on relatives, against two million draws that keep them all."""
    kernel, posterior = LEVEL.kernel, fitted(FORMULAS, MEASURED, CENSORED)
    rows, which = posterior.places, posterior.which
    latent = kernel.between(posterior.relatives.among(), which, which, rows, rows)
    whole = latent + (kernel.source**2 + kernel.noise**2) * np.eye(len(FORMULAS))
    known, below = ~CENSORED, CENSORED
    mean = MEASURED[known].mean()
    weights = np.linalg.solve(whole[np.ix_(known, known)], whole[np.ix_(known, below)]).T
    centre = mean + weights @ (MEASURED[known] - mean)
    covariance = whole[np.ix_(below, below)] - weights @ whole[np.ix_(known, below)]
    draws = np.random.default_rng(0).multivariate_normal(centre, covariance, size=2_000_000)
    draws = draws[(draws < MEASURED[below]).all(axis=1)]
    assert len(draws) > 100_000
    np.testing.assert_allclose(posterior.target[below], draws.mean(axis=0), atol=0.07)
    np.testing.assert_array_equal(posterior.target[known], MEASURED[known])
    values = np.tile(MEASURED, (len(draws), 1))
    values[:, below] = draws
    smoother = np.linalg.solve(whole, latent).T
    expected = mean + (values - mean) @ smoother.T
    np.testing.assert_allclose(said(posterior, FORMULAS), expected.mean(axis=0), atol=0.1)
    left = kernel.own(rows) - np.einsum("ij,ji->i", smoother, latent) + expected.var(axis=0)
    np.testing.assert_allclose(posterior.spread(rows), np.sqrt(left + kernel.source**2), atol=0.03)


def test_a_limit_far_above_what_relatives_say_teaches_nothing():
    formulas, target = FORMULAS[:4], np.array([-3.7, -2.7, -3.5, 3.0])
    with_limit = fitted(formulas, target, np.array([False, False, False, True]))
    without = fitted(formulas, target[:3], first=3)
    np.testing.assert_allclose(said(with_limit, FORMULAS), said(without, FORMULAS), atol=1e-4)
    np.testing.assert_allclose(with_limit.spread(places(FORMULAS)), without.spread(places(FORMULAS)), atol=1e-4)
    # As a value at the limit it would have taught much that is wrong.
    assert np.abs(said(fitted(formulas, target), FORMULAS) - said(without, FORMULAS)).max() > 1.0


def test_a_limit_below_what_relatives_say_pulls_down():
    formulas = ["Na3PS4", "Na3SbS4", "Na3PSe4", "Na3.1Sn0.1P0.9S4"]
    target, censored = np.array([-3.7, -2.7, -3.8, -10.0]), np.array([False, False, False, True])
    with_limit, without = fitted(formulas, target, censored), fitted(formulas, target[:3], first=3)
    pulled, without = said(with_limit, formulas), said(without, formulas)
    assert pulled[3] < without[3] - 1.0
    assert with_limit.target[3] < -10.0


def test_without_limits_nothing_changes_by_a_bit():
    plain, told = fitted(FORMULAS, MEASURED), fitted(FORMULAS, MEASURED, np.zeros(8, dtype=bool))
    for name in ("mean", "weights", "inverse", "target"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(told, name))
    np.testing.assert_array_equal(plain.target, MEASURED)


def test_limits_alone_still_fit():
    posterior = fitted(FORMULAS, MEASURED, np.ones(8, dtype=bool))
    assert np.isfinite(said(posterior, FORMULAS)).all()
    assert (posterior.target < MEASURED).all()


def test_limits_neither_move_the_median_nor_make_a_family_known():
    formulas = ["Na3OBr", *(f"Na{3 - x / 50}K{x / 50}OBr" for x in range(1, 12)), *FORMULAS]
    target, limits = np.r_[np.full(12, -9.0), MEASURED], np.r_[np.ones(12, dtype=bool), np.zeros(8, dtype=bool)]
    inputs, system = model_inputs(CompositionBatch.from_formulas(formulas)), np.array(formulas)
    asked = places(formulas)
    for censored, knows, median in ((limits, False, -3.35), (~np.ones(20, dtype=bool), True, -9.0)):
        posterior = fitted(formulas, target, censored, first=20)
        blend = Blend.fit(posterior, inputs, posterior.target, LEVEL, system)
        assert blend.knows(asked.family[:1])[0] == knows
        assert blend.median == pytest.approx(median)


def test_limits_teach_more_than_their_values_and_more_than_nothing():
    """Six made-up truths over real compositions, of which an instrument reads only the upper half."""
    formulas = sorted(set(load_curated("sodium_electrolytes")["formula"]))[::2]
    rows, kernel, generator = places(formulas), LEVEL.kernel, np.random.default_rng(0)
    relatives, which = Relatives.of(rows)
    covariance = kernel.between(relatives.among(), which, which, rows, rows)
    errors = np.zeros(3)
    for _ in range(6):
        truth = generator.multivariate_normal(np.full(len(rows), -5.0), covariance, method="eigh")
        read = truth + generator.normal(0.0, np.hypot(kernel.noise, kernel.source), len(rows))
        limit, test = np.median(read), generator.random(len(rows)) < 0.3
        below, asked = read < limit, np.flatnonzero(test)
        ways = ((~test, below), (~test, np.zeros_like(below)), (~test & ~below, below))
        for way, (taught, censored) in enumerate(ways):
            train = np.flatnonzero(taught)
            values = np.maximum(read, limit)[train]
            posterior = Posterior.fit(kernel, relatives, which[train], rows[train], values, train, censored[train])
            told = posterior.summed_up().predict(relatives.distances(rows[asked]), rows[asked])
            errors[way] += np.sqrt(np.mean((told - truth[asked]) ** 2)) / 6
    as_limits, as_values, left_out = errors
    assert as_limits < 0.9 * as_values < 0.9 * left_out
