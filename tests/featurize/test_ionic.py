import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Composition
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline

import ionscout
from ionscout.featurize.composition import CompositionBatch
from ionscout.featurize.elements import INDEX, SYMBOLS
from ionscout.featurize.ionic import IonicFeatures, describe_ionic_features
from ionscout.featurize.roles import IonRoles
from ionscout.featurize.valence import smooth_valence

CURATED = Path(ionscout.__file__).parent / "training" / "curated"
HOSTS = [
    "Na3Zr2Si2PO12",
    "Na3PS4",
    "Na3SbS4",
    "NaAl11O17",
    "NaAlCl4",
    "Na3YCl6",
    "NaTaCl6",
    "Na3OBr",
    "NaCl",
    "Na2B12H12",
    "NaCB11H12",
    "Na2BNH6",
    "Na2Zn2TeO6",
    "Li6PS5Cl",
]


def features_of(*formulas, **parameters):
    features = IonicFeatures(**parameters).set_output(transform="pandas")
    return features.fit_transform(list(formulas))


@pytest.fixture(scope="module")
def span():
    """Range of every column over the curated compositions, lithium, potassium and silver ones and hydroxides too."""
    tables = [pd.read_csv(CURATED / name) for name in ("sodium_electrolytes.csv", "other_ion_electrolytes.csv")]
    formulas = pd.concat(tables).formula.unique()
    table = IonicFeatures().transform(formulas)
    return np.nanpercentile(table, 99, axis=0) - np.nanpercentile(table, 1, axis=0)


def test_every_column_is_described_and_finite_on_all_curated_formulas():
    formulas = pd.concat([pd.read_csv(path) for path in CURATED.glob("*_electrolytes.csv")]).formula.dropna().unique()
    table = features_of(*formulas)
    assert list(table.columns) == list(describe_ionic_features())
    assert np.isfinite(table.to_numpy()).all()


def test_nasicon_reads_as_the_field_describes_it():
    row = features_of("Na3Zr2Si2PO12").iloc[0]
    assert row.mobile_ion_fraction == pytest.approx(3 / 20)
    assert row.anion_fraction == pytest.approx(12 / 20)
    assert row.framework_cation_fraction == pytest.approx(5 / 20)
    assert row.mobile_ion_charge_share == pytest.approx(3 / 24, abs=0.003)
    assert row.framework_cation_charge_mean == pytest.approx((8 + 8 + 5) / 5, abs=0.04)
    assert row.anion_share_O == pytest.approx(1, abs=0.04)
    assert row.charge_residual == pytest.approx(0, abs=1e-3)
    assert row.silicate_match > row.phosphate_match > row.thiophosphate_match == 0


def test_anions_order_by_polarisability_and_ionicity():
    table = features_of("Na3PO4", "Na3PS4", "Na3PSe4", "NaF", "NaI")
    assert table.anion_polarisability_mean.iloc[:3].is_monotonic_increasing
    assert table.mobile_anion_ionicity.iloc[:3].is_monotonic_decreasing
    assert table.anion_radius_mean.iloc[3] < table.anion_radius_mean.iloc[4]


def test_cluster_anions_are_told_apart():
    table = features_of("Na2B12H12", "NaBH4", "NaCB11H12", "NaNH2", "Na2BNH6")
    assert table.closo_borane_match.idxmax() == 0
    assert table.borohydride_match.idxmax() == 1
    assert table.carborane_match.idxmax() == 2
    assert table.amide_match.idxmax() == 3
    # Four hydridic and two protonic hydrogen atoms in Na2(BH4)(NH2).
    batch = CompositionBatch.from_formulas(["Na2BNH6"])
    assert smooth_valence(batch.fractions).charge[0] == pytest.approx((-4 + 2) / 6, abs=0.1)


def test_charged_formulas_show_their_residual():
    table = features_of("Na3Zr2Si2PO12", "Na0.5Zr2Si2PO12")
    assert table.charge_residual.iloc[1] == pytest.approx(-2.5 / 17.5, abs=1e-3)
    assert abs(table.charge_residual.iloc[0]) < 1e-3


def test_the_mobile_ion_is_sodium_first_else_the_ion_known_to_move():
    def mobile_of(formula, mobile_ion="auto"):
        roles = IonRoles.of(CompositionBatch.from_formulas([formula]).fractions, mobile_ion)
        return SYMBOLS[roles.fractions.indices[np.argmax(roles.mobile)]]

    assert mobile_of("Na2LiYCl6") == "Na"
    assert mobile_of("Li6PS5Cl") == "Li"
    assert mobile_of("KAl11O17") == "K"
    assert mobile_of("RbAg4I5") == "Ag"
    assert mobile_of("Na1.92Mg2.04Mo3O12") == "Na"
    assert mobile_of("Na2LiYCl6", "Li") == "Li"
    assert features_of("Na2LiYCl6", mobile_ion="Li").mobile_ion_fraction[0] == pytest.approx(0.1)


# Real dopants: no noble gases, nothing too radioactive to weigh.
DOPANTS = [s for s in SYMBOLS[:83] if s not in ("He", "Ne", "Ar", "Kr", "Xe", "Tc", "Pm")]


@pytest.mark.parametrize("host", HOSTS)
def test_a_trace_of_any_dopant_moves_no_column_far(host, span):
    parent = CompositionBatch.from_formulas([host]).fractions.toarray()
    traces = np.eye(len(SYMBOLS))[[INDEX[symbol] for symbol in DOPANTS]]
    features = IonicFeatures()
    here = features.transform(CompositionBatch.from_matrix(parent))
    for amount in (1e-4, 1e-6):
        doped = features.transform(CompositionBatch.from_matrix((1 - amount) * parent + amount * traces))
        moved = np.abs(doped - here) / np.maximum(span, 0.02)
        # At most 250 spans per atomic fraction: proportional to the amount, and 2.5 % of a span at 0.01 %.
        assert moved.max() < 250 * amount, (features.feature_names()[moved.max(axis=0).argmax()], moved.max())


def test_a_substitution_series_has_no_jumps():
    x = np.linspace(0, 3, 3001)
    matrix = np.zeros((len(x), len(SYMBOLS)))
    for symbol, amount in {"Na": 1 + x, "Zr": 2, "Si": x, "P": 3 - x, "O": 12}.items():
        matrix[:, INDEX[symbol]] = amount
    table = IonicFeatures().transform(CompositionBatch.from_matrix(matrix))
    steps = np.abs(np.diff(table, axis=0)).max(axis=0)
    assert (steps <= 0.01 * np.ptp(table, axis=0) + 1e-9).all()


def test_bad_rows_keep_their_place():
    table = IonicFeatures().transform(["Na3PS4", "Na3P(S4", "", "NaCl"])
    assert np.isnan(table[1:3]).all()
    assert np.isfinite(table[[0, 3]]).all()
    assert IonicFeatures().transform(["Na3P(S4"]).shape == (1, len(describe_ionic_features()))
    assert IonicFeatures().transform([]).shape == (0, len(describe_ionic_features()))


def test_strings_frames_and_pymatgen_objects_give_the_same():
    formulas = ["Na3PS4", "Na3Zr2Si2PO12"]
    expected = IonicFeatures().transform(formulas)
    for same in (
        CompositionBatch.from_formulas(formulas),
        pd.Series(formulas),
        pd.DataFrame({"formula": formulas}),
        [Composition(formula) for formula in formulas],
    ):
        assert np.array_equal(IonicFeatures().transform(same), expected)


def test_float32_is_the_rounded_float64():
    formulas = HOSTS * 3
    exact = IonicFeatures().transform(formulas)
    short = IonicFeatures(dtype="float32").transform(formulas)
    assert short.dtype == np.float32
    assert np.array_equal(short, exact.astype(np.float32))


def test_parameters_are_checked_when_used():
    with pytest.raises(ValueError, match="mobile_ion must be 'auto' or an element symbol"):
        IonicFeatures(mobile_ion="sodium").fit(["NaCl"])
    with pytest.raises(ValueError, match="dtype must be"):
        IonicFeatures(dtype="int32").transform(["NaCl"])


def test_it_clones_pickles_and_works_in_a_pipeline():
    features = IonicFeatures(mobile_ion="Na", dtype="float32")
    copied = clone(features)
    assert isinstance(copied, IonicFeatures)
    assert copied.get_params() == {"mobile_ion": "Na", "dtype": "float32"}
    again = pickle.loads(pickle.dumps(features))
    assert np.array_equal(again.transform(HOSTS), features.transform(HOSTS))
    assert features.continuous_features().all()
    model = make_pipeline(IonicFeatures(), HistGradientBoostingRegressor(max_iter=5, min_samples_leaf=2))
    assert model.fit(HOSTS, np.arange(len(HOSTS))).predict(HOSTS).shape == (len(HOSTS),)


@settings(deadline=None)
@given(
    amounts=st.dictionaries(st.sampled_from(DOPANTS), st.floats(0.01, 50), min_size=1, max_size=8),
    factor=st.floats(0.01, 100),
)
def test_scaling_a_formula_changes_nothing(amounts, factor):
    row = np.zeros((1, len(SYMBOLS)))
    for symbol, amount in amounts.items():
        row[0, INDEX[symbol]] = amount
    once = IonicFeatures().transform(CompositionBatch.from_matrix(row))
    scaled = IonicFeatures().transform(CompositionBatch.from_matrix(factor * row))
    assert np.isfinite(once).all()
    assert np.allclose(once, scaled, rtol=1e-6, atol=1e-8)


def test_a_batch_equals_its_parts_in_any_order():
    formulas = HOSTS * 400  # more rows than are worked on at once
    table = IonicFeatures().transform(formulas)
    assert np.array_equal(table[: len(HOSTS)], IonicFeatures().transform(HOSTS))
    assert np.array_equal(table[::-1], IonicFeatures().transform(formulas[::-1]))


@pytest.mark.parametrize("formula", HOSTS)
def test_smooth_charges_nearly_cancel_and_sum_to_the_residual(formula):
    fractions = CompositionBatch.from_formulas([formula]).fractions
    valence = smooth_valence(fractions)
    assert fractions.data @ valence.charge == pytest.approx(valence.residual[0], abs=1e-9)
    assert abs(valence.residual[0]) < 0.06
