import json

import numpy as np
import pandas as pd
import pytest

from ionscout.featurize.mixture import MixtureBatch
from ionscout.models.effective_medium import bruggeman, maxwell_garnett
from ionscout.models.fingerprint import FingerprintError
from ionscout.models.hybrid import PROBES, HybridModel
from ionscout.models.vtf import fit_slope, reduced
from ionscout.training.fit_hybrid import fit_hybrid, hybrid_table, lithium_teacher


@pytest.fixture(scope="module")
def alone():
    """The model as it is without the lithium table."""
    return fit_hybrid(hybrid_table(), None).model


@pytest.fixture(scope="module")
def taught(external_data):
    return fit_hybrid(hybrid_table(), *lithium_teacher()).model


def mixtures(**facts):
    n = max([1, *(np.size(v) for v in facts.values())])
    plain = {"polymer": "PEO", "salt": "NaTFSI", "salt_loading": 20.0, "salt_loading_unit": "EO_to_Na"}
    return MixtureBatch.read(pd.DataFrame(plain | {"temperature_C": 25.0} | facts, index=range(n)))


def test_effective_media_solve_their_equations():
    matrix, filler, volume = np.full(9, -5.0), np.linspace(-12.0, -1.0, 9), np.linspace(0.05, 0.95, 9)
    s, f, m = 10 ** bruggeman(matrix, filler, volume), 10**filler, 10**matrix
    balance = volume * (f - s) / (f + 2 * s) + (1 - volume) * (m - s) / (m + 2 * s)
    np.testing.assert_allclose(balance, 0.0, atol=1e-9)
    g = 10 ** maxwell_garnett(matrix, filler, volume)
    np.testing.assert_allclose((g - m) / (g + 2 * m), volume * (f - m) / (f + 2 * m), rtol=1e-9)


def test_bruggeman_percolates_at_a_third():
    matrix, filler = np.full(2, -15.0), np.full(2, -3.0)
    below, above = bruggeman(matrix, filler, np.array([0.30, 0.36]))
    assert below < -13
    assert above > -5


def test_vtf_is_the_published_form():
    temperature = np.array([30.0, 80.0])
    rise = reduced(temperature, np.array([-60.0, -60.0]), np.array([False, False]))
    b, t0 = 1100.0, 273.15 - 60.0 - 50.0
    expected = b * (1 / (303.15 - t0) - 1 / (353.15 - t0)) / np.log(10)
    assert (b / 1000) * (rise[1] - rise[0]) == pytest.approx(expected)


def test_slopes_come_from_mixtures_measured_twice_and_not_from_across():
    rise = np.array([-1.0, 1.0, -1.0, 1.0])
    # The second mixture is poorer and measured hotter on the whole; only its own rise may count.
    target = np.array([-3.0, 1.0, -9.0, -5.0])
    assert fit_slope(target, rise, np.array([0, 0, 1, 1])) == pytest.approx(2.0, abs=0.1)
    assert fit_slope(target, rise, np.arange(4)) == pytest.approx(1.0)


@pytest.mark.parametrize("facts", [{}, {"polymer": "Nafion-Na", "salt": "none", "salt_loading": np.nan},
                                   {"plasticizer": "EC/PC 60 wt%"}, {"filler": "Na3Zr2Si2PO12"}])  # fmt: skip
@pytest.mark.parametrize("model", ["alone", "taught"])
def test_conductivity_never_falls_with_temperature(model, facts, request):
    batch = mixtures(temperature_C=np.linspace(-60, 150, 80), **facts)
    assert pd.isna(batch.errors).all()
    assert (np.diff(request.getfixturevalue(model).predict(batch)) >= -1e-9).all()


@pytest.mark.parametrize(
    "trace", [{"filler": "Na3Zr2Si2PO12", "filler_wt_pct": 1e-4}, {"plasticizer": "PC 0.0001 wt%"}]
)
@pytest.mark.parametrize("model", ["alone", "taught"])
def test_a_trace_of_filler_or_liquid_changes_nothing(model, trace, request):
    model = request.getfixturevalue(model)
    assert model.predict(mixtures(**trace))[0] == pytest.approx(model.predict(mixtures())[0], abs=1e-3)


def test_peo_is_as_the_literature_knows_it(taught):
    # PEO with NaTFSI: about 1e-3 S/cm at 80 C (10.3866/PKU.WHXB201707172), 1e-6 at 30 C (10.1016/j.ensm.2019.07.012).
    hot, cold = taught.predict(mixtures(temperature_C=[80.0, 25.0]))
    assert -4.3 < hot < -2.7
    assert -6.5 < cold < -4.5


def test_the_best_loading_of_peo_is_in_the_middle(taught):
    few, best, many = taught.predict(mixtures(salt_loading=[100.0, 16.0, 2.0], temperature_C=60.0))
    assert best > few
    assert best > many


def test_a_batch_equals_its_parts(alone):
    batch = MixtureBatch.read(PROBES)
    whole = alone.predict(batch)
    for row in range(len(PROBES)):
        assert alone.predict(batch.take(np.array([row])))[0] == whole[row]


def test_what_is_not_known_is_out_of_domain(alone):
    asked = mixtures(polymer=["PEO", "unspecified", "PEO"], temperature_C=[60.0, 60.0, 200.0], salt_loading=np.nan)
    assert alone.estimate(asked).in_domain.tolist() == [True, False, False]


def test_saved_and_loaded_it_says_the_same(taught, tmp_path):
    taught.save(tmp_path)
    batch = MixtureBatch.read(PROBES)
    before, after = taught.estimate(batch, 0.8), HybridModel.load(tmp_path).estimate(batch, 0.8)
    for column, estimate in before.estimates.items():
        np.testing.assert_array_equal(after.estimates[column].value, estimate.value)
        np.testing.assert_array_equal(after.estimates[column].lower, estimate.lower)
    np.testing.assert_array_equal(after.domain_score, before.domain_score)
    assert {p.suffix for p in tmp_path.rglob("*") if p.is_file()} == {".json", ".npz", ".ubj"}


def test_a_model_refuses_other_features_naming_them(alone, tmp_path):
    alone.save(tmp_path)
    path = tmp_path / "model.json"
    document = json.loads(path.read_text())
    place = document["fingerprint"]["columns"].index("anion_volume_A3")
    document["fingerprint"]["vectors"][0][place] += 5.0
    path.write_text(json.dumps(document))
    with pytest.raises(FingerprintError, match="anion_volume_A3"):
        HybridModel.load(tmp_path)


def test_two_fits_are_the_same_to_the_last_digit(alone):
    again = fit_hybrid(hybrid_table(), None).model
    np.testing.assert_array_equal(again.weights, alone.weights)
    assert again.limit == alone.limit
