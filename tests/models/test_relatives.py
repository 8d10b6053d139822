import numpy as np
import pytest
from scipy.linalg import solve
from scipy.stats import wasserstein_distance

from ionscout.featurize.composition import CompositionBatch
from ionscout.models.chemical_distance import earth_movers_distance, laid_out
from ionscout.models.gaussian_process import GaussianProcess, Posterior
from ionscout.models.inputs import model_inputs
from ionscout.models.relatives import Places, Relatives
from ionscout.training.settings import LEVEL

FORMULAS = ["Na3Zr2Si2PO12", "Na3PS4", "Na2ZrCl6", "Na3.4Sc0.4Zr1.6Si2PO12", "NaAl11O17", "Na2B12H12", "XeF2", "UO2"]


def places(formulas: list[str], temperature_C: float | np.ndarray = 25.0, state: str = "crystalline") -> Places:
    batch = CompositionBatch.from_formulas(formulas)
    return Places.of(batch, model_inputs(batch, temperature_C, np.array([state] * len(formulas), dtype=object)))


def test_distance_is_the_wasserstein_distance_on_pettifors_scale():
    from ionscout.featurize.elements import MAGPIE_PROPERTIES, magpie_table

    numbers = magpie_table()[:, MAGPIE_PROPERTIES.index("MendeleevNumber")]
    scale = 100 * (numbers - numbers.min()) / (numbers.max() - numbers.min())
    fractions = CompositionBatch.from_formulas(FORMULAS).fractions
    found = earth_movers_distance(laid_out(fractions), laid_out(fractions))
    dense = fractions.toarray()
    for i in range(len(FORMULAS)):
        for j in range(len(FORMULAS)):
            expected = wasserstein_distance(scale, scale, dense[i], dense[j])
            assert found[i, j] == pytest.approx(expected, abs=1e-5)


def test_a_rows_distance_does_not_depend_on_its_neighbours():
    made = laid_out(CompositionBatch.from_formulas(FORMULAS).fractions)
    whole = earth_movers_distance(made, made[:4])
    for i in range(len(made)):
        np.testing.assert_array_equal(earth_movers_distance(made[i : i + 1], made[:4])[0], whole[i])


def test_process_is_textbook_regression_with_rows_that_are_contradicted_counting_less():
    formulas = ["Na3PS4", "Na3PS4", "Na3SbS4", "Na2ZrCl6", "NaAl11O17", "Na3Zr2Si2PO12", "Na3Zr2Si2PO12"]
    temperatures = np.array([25.0, 60.0, 25.0, 25.0, 300.0, 25.0, 200.0])
    trained = places(formulas, temperatures)
    trained.glassy[1] = 2
    target = np.array([-3.7, -2.9, -2.7, -4.7, -1.0, -3.1, -1.2])
    source = np.array(list("aabcdef"))
    kernel = LEVEL.kernel
    relatives, which = Relatives.of(trained)
    posterior = Posterior.fit(kernel, relatives, which, trained, target, source)
    asked = places(["Na3PS4", "Na3BS3"], np.array([40.0, 25.0]))

    def covariance(left, right, found):
        states = np.where(left.glassy[:, None] == right.glassy[None, :], 1.0, np.exp(-1.0 / kernel.l_state))
        heat = np.outer(1000 / (left.temperature_C + 273.15) - 3, 1000 / (right.temperature_C + 273.15) - 3)
        alike = (
            kernel.whole**2 * np.exp(-found.whole / kernel.l_whole)
            + kernel.framework**2 * np.exp(-found.framework / kernel.l_framework)
            + kernel.ionic**2 * np.exp(-found.ionic / kernel.l_ionic)
        )
        slope = kernel.slope**2 + states * kernel.slope_relative**2 * np.exp(-found.ionic / kernel.l_slope)
        same = left.glassy[:, None] == right.glassy[None, :]
        return kernel.constant**2 + states * alike + kernel.state**2 * same + heat * slope

    def picked(found):
        return type(found)(found.whole[:, which], found.framework[:, which], found.ionic[:, which])

    own = covariance(trained, trained, picked(relatives.distances(trained)))
    own = own + kernel.source**2 * (source[:, None] == source[None, :])
    centred = target - target.mean()
    noise = np.full(7, kernel.noise**2)
    for _ in range(4):
        inverse = np.linalg.inv(own + np.diag(noise))
        left_out = inverse @ centred / np.diag(inverse)
        noise = kernel.noise**2 * np.maximum(1.0, left_out**2 * np.diag(inverse))
    across = covariance(asked, trained, picked(relatives.distances(asked)))
    among_asked = Relatives.of(asked)[0]
    assert len(among_asked.whole) == 2
    nothing = type(relatives.distances(asked))(*[np.zeros((1, 1))] * 3)
    prior = np.array([covariance(asked[i : i + 1], asked[i : i + 1], nothing)[0, 0] for i in range(2)])
    mean, spread = posterior.summed_up().predict(relatives.distances(asked), asked), posterior.spread(asked)
    expected = target.mean() + across @ solve(own + np.diag(noise), centred, assume_a="pos")
    left = prior - np.diag(across @ solve(own + np.diag(noise), across.T, assume_a="pos"))
    np.testing.assert_allclose(mean, expected, rtol=1e-9)
    np.testing.assert_allclose(spread, np.sqrt(left + kernel.source**2), rtol=1e-7)


def test_doubt_grows_with_the_distance_from_what_was_measured():
    trained = places(["Na3Zr2Si2PO12", "Na3PS4", "Na2ZrCl6"])
    relatives, which = Relatives.of(trained)
    posterior = Posterior.fit(LEVEL.kernel, relatives, which, trained, np.array([-3.2, -3.7, -4.7]), np.arange(3))
    asked = places(["Na3Zr2Si2PO12", "Na3Hf2Si2PO12", "Na3Sc2P3O12", "NaAl11O17", "Na2B12H12"])
    spread = posterior.spread(asked)
    assert np.all(np.diff(spread) > 0)


def test_files_give_the_same_numbers(tmp_path):
    trained = places(FORMULAS[:6])
    relatives, which = Relatives.of(trained)
    process = Posterior.fit(LEVEL.kernel, relatives, which, trained, np.arange(6.0), np.arange(6)).summed_up()
    process.save(tmp_path / "p.npz")
    relatives.save(tmp_path / "r.npz")
    again = Relatives.load(tmp_path / "r.npz").distances(trained)
    np.testing.assert_array_equal(
        GaussianProcess.load(tmp_path / "p.npz").predict(again, trained),
        process.predict(relatives.distances(trained), trained),
    )
