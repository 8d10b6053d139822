"""The Gaussian process over glasses."""

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from ionscout.featurize.composition import CompositionBatch
from ionscout.models.glass import glass_oxides
from ionscout.models.glass_process import GlassKernel, GlassProcess, GlassScales, chemistry_columns

AMOUNTS = np.linspace(10.0, 40.0, 31)
KERNEL = GlassKernel(constant=1.0, whole=1.0, l_whole=1.0, chemistry=1.0, l_chemistry=1.0, source=0.5, noise=0.1)


def places_of(formulas: list[str]):
    batch = CompositionBatch.from_formulas(formulas)
    oxides = glass_oxides(batch)
    return GlassScales.of(oxides[:, chemistry_columns()]).places(batch, oxides)


@pytest.fixture
def silicates():
    """Sodium silicates, and levels that rise with the soda as measured ones do."""
    return places_of([f"Na{2 * x:.2f}Si{100 - x:.2f}O{200 - x:.2f}" for x in AMOUNTS]), -10.0 + 0.1 * AMOUNTS


def test_without_contradictions_it_is_the_textbook_s_process(silicates):
    places, level = silicates
    kernel = GlassKernel(constant=1.0, whole=0.0, l_whole=1.0, chemistry=1.0, l_chemistry=1.0, source=0.0, noise=0.2)
    nothing = np.zeros(len(level))
    process, trust = GlassProcess.fit(kernel, places, level, np.arange(31), np.zeros(31, dtype=int), nothing)
    # Every glass agrees with the rest: the noise is as low as it may be, 0.8 of the variance.
    np.testing.assert_allclose(trust, 1.0, atol=1e-6)
    alike = ConstantKernel(1.0, "fixed") + Matern(1.0, "fixed", nu=1.5)
    other = GaussianProcessRegressor(alike, alpha=0.8 * 0.2**2)
    other.fit(places.chemistry.astype(np.float64), level - np.median(level))
    said = process.predict(places.distances(places))
    np.testing.assert_allclose(said, np.median(level) + other.predict(places.chemistry), atol=2e-3)


def test_a_glass_that_the_others_contradict_counts_less(silicates):
    places, level = silicates
    wrong = level.copy()
    wrong[15] += 6.0
    process, trust = GlassProcess.fit(
        KERNEL, places, wrong, np.arange(31), np.zeros(31, dtype=int), np.zeros(len(level))
    )
    assert trust[15] < 0.1
    assert np.median(trust) > 0.9
    # Of six decades less than one is left, and only beside the wrong glass.
    off = np.abs(process.predict(places.distances(places)) - level)
    assert off[15] < 1.0
    assert np.delete(off, np.s_[10:21])[5:-5].max() < 0.1


def test_a_paper_s_glasses_share_what_is_wrong_with_it(silicates):
    _, level = silicates
    twice = places_of([f"Na{2 * x:.2f}Si{100 - x:.2f}O{200 - x:.2f}" for x in np.tile(AMOUNTS, 2)])
    both = np.concatenate([level, level + 1.0])
    ion, nothing = np.zeros(62, dtype=int), np.zeros(62)
    # One paper of 31 glasses against 31 papers of one glass each: the many papers are believed.
    source = np.concatenate([np.full(31, 0), np.arange(1, 32)])
    process, _ = GlassProcess.fit(KERNEL, twice, both, source, ion, nothing)
    bias = (process.predict(twice.distances(twice))[:31] - level).mean()
    alike, _ = GlassProcess.fit(KERNEL, twice, both, np.arange(62), ion, nothing)
    assert bias > (alike.predict(twice.distances(twice))[:31] - level).mean() + 0.1
    assert bias > 0.6


def test_a_glass_without_a_value_teaches_nothing(silicates):
    places, level = silicates
    gaps = level.copy()
    gaps[::2] = np.nan
    process, trust = GlassProcess.fit(
        KERNEL, places, gaps, np.arange(31), np.zeros(31, dtype=int), np.zeros(len(level))
    )
    assert (process.weights[::2] == 0).all()
    assert (trust[::2] == 0).all()
    said = process.predict(places.distances(places))
    np.testing.assert_allclose(said[5:-5], level[5:-5], atol=0.1)
