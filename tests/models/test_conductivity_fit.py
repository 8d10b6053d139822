"""Arrhenius and VTF fits against scipy's, against closed forms, and on measured samples."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import curve_fit
from scipy.stats import linregress
from scipy.stats import t as student

from ionscout.models.conductivity_fit import AICc, arrhenius_fit, curved, vtf_fit
from ionscout.models.physics import BOLTZMANN_EV
from ionscout.training.data.sources import load_curated


def noisy(curve, points, spread, seed):
    """Temperatures in C and conductivities scattered about `curve` (of K) by `spread` in ln sigma."""
    generator = np.random.default_rng(seed)
    temperature = np.linspace(-20.0, 120.0, points)
    return temperature, curve(temperature + 273.15) * np.exp(generator.normal(0, spread, points))


def arrhenius(kelvin):
    return 800.0 * np.exp(-0.29 / (BOLTZMANN_EV * kelvin))


def vtf(kelvin):
    return 0.4 * np.exp(-950.0 / (kelvin - 195.0))


@pytest.mark.parametrize("times_T", [False, True])
def test_the_line_and_its_bounds_are_those_of_scipy(times_T):
    temperature, sigma = noisy(arrhenius, 9, 0.05, 1)
    fit = arrhenius_fit(temperature, sigma, np.zeros(9, dtype=int), times_T, interval=0.95)
    kelvin = temperature + 273.15
    line: Any = linregress(1 / (BOLTZMANN_EV * kelvin), np.log(sigma * kelvin if times_T else sigma))
    reach = student.ppf(0.975, 7)
    energy, prefactor = fit.activation_energy_eV, fit.log10_prefactor
    assert energy.value[0] == pytest.approx(-line.slope, rel=1e-10)
    assert energy.upper[0] - energy.value[0] == pytest.approx(reach * line.stderr, rel=1e-9)
    assert prefactor.value[0] == pytest.approx(line.intercept / np.log(10), rel=1e-10)
    assert prefactor.value[0] - prefactor.lower[0] == pytest.approx(
        reach * line.intercept_stderr / np.log(10), rel=1e-9
    )


def test_the_two_conventions_differ_by_kT():
    temperature, sigma = noisy(arrhenius, 8, 0.0, 0)
    plain, times_T = (arrhenius_fit(temperature, sigma, np.zeros(8, dtype=int), c) for c in (False, True))
    # d ln T / d(-1/kT) = kT: about the mean temperature of the points.
    gain = times_T.activation_energy_eV.value[0] - plain.activation_energy_eV.value[0]
    assert gain == pytest.approx(BOLTZMANN_EV * (273.15 + 50.0), rel=0.05)
    both = [fit.log10_conductivity(np.array([25.0]), 0)[0] for fit in (plain, times_T)]
    assert both == pytest.approx([np.log10(arrhenius(298.15))] * 2, abs=0.02)


def test_the_curve_and_its_bounds_are_those_of_curve_fit():
    temperature, sigma = noisy(vtf, 15, 0.03, 2)
    fit = vtf_fit(temperature, sigma, np.zeros(15, dtype=int), interval=0.9)

    def ln_sigma(kelvin, ln_a, b, t0):
        return ln_a - b / (kelvin - t0)

    found, covariance = curve_fit(ln_sigma, temperature + 273.15, np.log(sigma), p0=(0.0, 1000.0, 180.0), maxfev=20000)
    reach = student.ppf(0.95, 12) * np.sqrt(np.diag(covariance))
    for parameter, value, half in (
        (fit.log10_prefactor, found[0] / np.log(10), reach[0] / np.log(10)),
        (fit.B_K, found[1], reach[1]),
        (fit.T0_K, found[2], reach[2]),
    ):
        assert parameter.value[0] == pytest.approx(value, rel=1e-4)
        assert parameter.upper[0] - parameter.value[0] == pytest.approx(half, rel=1e-3)


def test_many_samples_at_once_are_the_same_as_one_by_one():
    rows = [noisy(arrhenius if n % 2 else vtf, 6 + n, 0.02, n) for n in range(8)]
    sample = np.repeat(np.arange(8), [len(T) for T, _ in rows])
    order = np.random.default_rng(0).permutation(len(sample))
    T, sigma = (np.concatenate([row[k] for row in rows])[order] for k in (0, 1))
    together = arrhenius_fit(T, sigma, sample[order]), vtf_fit(T, sigma, sample[order])
    for n, (temperature, conductivity) in enumerate(rows):
        alone = np.zeros(len(temperature), dtype=int)
        line, curve = arrhenius_fit(temperature, conductivity, alone), vtf_fit(temperature, conductivity, alone)
        assert together[0].activation_energy_eV.lower[n] == pytest.approx(line.activation_energy_eV.lower[0], rel=1e-9)
        assert together[1].T0_K.value[n] == pytest.approx(curve.T0_K.value[0], rel=1e-5, abs=1e-3)


def test_bounds_hold_the_truth_as_often_as_they_say():
    many, points = 400, 8
    generator = np.random.default_rng(3)
    temperature = np.tile(np.linspace(-20.0, 120.0, points), many)
    sample = np.repeat(np.arange(many), points)
    scatter = np.exp(generator.normal(0, 0.02, many * points))
    line = arrhenius_fit(temperature, arrhenius(temperature + 273.15) * scatter, sample).activation_energy_eV
    t0 = vtf_fit(temperature, vtf(temperature + 273.15) * scatter, sample).T0_K
    assert ((line.lower <= 0.29) & (line.upper >= 0.29)).mean() == pytest.approx(0.9, abs=0.045)
    assert ((t0.lower <= 195.0) & (t0.upper >= 195.0)).mean() == pytest.approx(0.9, abs=0.06)


def test_the_better_model_is_found():
    many, points = 100, 10
    generator = np.random.default_rng(4)
    temperature = np.tile(np.linspace(-20.0, 120.0, points), many)
    sample = np.repeat(np.arange(many), points)
    scatter = np.exp(generator.normal(0, 0.03, many * points))
    share = {}
    for name, truth in (("straight", arrhenius), ("bent", vtf)):
        sigma = truth(temperature + 273.15) * scatter
        share[name] = curved(arrhenius_fit(temperature, sigma, sample).AICc, vtf_fit(temperature, sigma, sample)).mean()
    assert share["straight"] < 0.1
    assert share["bent"] == 1.0


def test_too_few_points_give_no_verdict_and_no_bounds():
    temperature, sigma = noisy(arrhenius, 3, 0.05, 5)
    alone = np.zeros(3, dtype=int)
    line, curve = arrhenius_fit(temperature, sigma, alone), vtf_fit(temperature, sigma, alone)
    assert np.isnan(line.AICc[0])
    assert np.isnan(curve.T0_K.lower[0])
    assert not curved(line.AICc, curve)[0]
    two = arrhenius_fit(temperature[:2], sigma[:2], np.zeros(2, dtype=int))
    assert np.isfinite(two.activation_energy_eV.value[0])
    assert np.isnan(two.activation_energy_eV.lower[0])


def test_AICc_is_that_of_a_gaussian_likelihood():
    rss, n, k = 0.37, 12, 4
    variance = rss / n
    likelihood = -n / 2 * (np.log(2 * np.pi * variance) + 1)
    full = 2 * k - 2 * likelihood + 2 * k * (k + 1) / (n - k - 1)
    constant = n * (np.log(2 * np.pi) + 1)  # the same for every model of the same points
    assert AICc(np.array([rss]), np.array([n]), 3)[0] == pytest.approx(full - constant, rel=1e-12)


@pytest.mark.parametrize(
    ("temperature", "sigma", "said"),
    [
        ([25.0, 50.0], [1e-4, -1.0], "conductivity_S_cm = -1 at temperature_C = 50"),
        ([25.0, 25.0], [1e-4, 1e-4], "sample 0 has 1 temperatures; a fit needs at least 2"),
        ([25.0, -300.0], [1e-4, 1e-4], "absolute zero"),
        ([25.0], [1e-4, 1e-4], "equally long"),
    ],
)
def test_bad_points_are_named(temperature, sigma, said):
    with pytest.raises(ValueError, match=said):
        arrhenius_fit(np.array(temperature), np.array(sigma), np.zeros(len(sigma), dtype=int))


def test_glasses_have_the_activation_energies_of_their_papers():
    glass = load_curated("glass_electrolytes")
    glass = glass[glass["activation_energy_eV"].notna()]
    count = glass.groupby("sciglass_id")["temperature_C"].transform("nunique")
    glass = glass[count >= 4]
    sample = pd.factorize(glass["sciglass_id"])[0]
    fit = arrhenius_fit(glass["temperature_C"].to_numpy(), glass["conductivity_S_cm"].to_numpy(), sample)
    published = glass.groupby(sample)["activation_energy_eV"].first().to_numpy()
    assert len(published) > 300
    difference = np.abs(fit.activation_energy_eV.value - published)
    assert np.median(difference) < 0.02, np.quantile(difference, [0.25, 0.5, 0.75, 0.9])


def test_most_polymers_bend_and_show_their_glass_transition(external_data):
    polymer = pd.read_csv(external_data / "lithium_polymer_conductivity.csv")
    polymer["sample"] = pd.factorize(
        polymer[["smiles", "salt smiles", "mw", "molality"]].astype(str).agg("|".join, axis=1)
    )[0]
    count = polymer.groupby("sample")["temperature"].transform("nunique")
    polymer = polymer[(count >= 6) & polymer["conductivity"].notna()]
    sample = pd.factorize(polymer["sample"])[0]
    points = polymer["temperature"].to_numpy(), 10.0 ** polymer["conductivity"].to_numpy(), sample
    curve = vtf_fit(*points)
    bent = curved(arrhenius_fit(*points).AICc, curve)
    assert len(bent) > 500
    assert bent.mean() > 0.5
    # Some 50 K below the glass transitions of polyethers, which lie between 210 and 270 K with salt in them.
    assert 180.0 < np.median(curve.T0_K.value[bent]) < 220.0
