"""Magpie features against matminer, and what stays put when a dopant's amount goes to zero."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matminer.featurizers.composition import ElementProperty
from pymatgen.core import Composition

import ionscout
from ionscout.featurize.composition import CompositionBatch
from ionscout.featurize.elements import MAGPIE_PROPERTIES, SYMBOLS, magpie_table
from ionscout.featurize.magpie import ContinuousMagpieFeatures, MagpieFeatures

CURATED = Path(str(ionscout.__file__)).parent / "training" / "curated"
NAMES = MagpieFeatures().feature_names()
# Elements without data, heavy hydrogen, amounts that tie exactly, within and beyond numpy's tolerance.
AWKWARD = ["OgNh2", "LrRfNa", "XeF2", "D2O", "NaCl", "Na0.300001Cl0.3", "Na0.30001Cl0.3", "NaKRbCs", "Na1000Cl0.0001"]

symbols = st.sampled_from(SYMBOLS)
amounts = st.one_of(st.integers(1, 12).map(float), st.integers(1, 99_999).map(lambda thousandths: thousandths / 1000))
compositions = st.dictionaries(symbols, amounts, min_size=1, max_size=8)


@cache
def matminer() -> ElementProperty:
    return ElementProperty.from_preset("magpie")


def by_matminer(formulas: list[str]) -> np.ndarray:
    return np.array([matminer().featurize(Composition(formula)) for formula in formulas], dtype=float)


def compact(composition: dict[str, float]) -> str:
    return "".join(f"{symbol}{amount:g}" for symbol, amount in composition.items())


@pytest.fixture(scope="module")
def curated() -> list[str]:
    tables = [pd.read_csv(CURATED / name).formula for name in ("sodium_electrolytes.csv", "stability_windows.csv.gz")]
    return [*tables[0].drop_duplicates(), *tables[1].drop_duplicates().iloc[::100]]


def test_columns_have_the_names_of_matminer():
    assert matminer().feature_labels() == NAMES


def test_numbers_are_those_of_matminer(curated):
    formulas = curated + AWKWARD
    assert len(formulas) > 500
    np.testing.assert_allclose(MagpieFeatures().transform(formulas), by_matminer(formulas), rtol=1e-12, atol=1e-9)


def test_float32_is_rounded_and_nothing_else(curated):
    exact = MagpieFeatures().transform(curated)
    stored = MagpieFeatures(dtype="float32").transform(curated)
    assert stored.dtype == np.float32
    np.testing.assert_array_equal(stored, exact.astype(np.float32))


@settings(deadline=None, max_examples=60)
@given(st.lists(compositions, min_size=1, max_size=5))
def test_any_composition_gives_the_numbers_of_matminer(some):
    formulas = [compact(composition) for composition in some]
    np.testing.assert_allclose(MagpieFeatures().transform(formulas), by_matminer(formulas), rtol=1e-12, atol=1e-9)


@given(compositions, st.integers(2, 1000))
def test_scaling_a_formula_changes_nothing(composition, factor):
    small, large = compact(composition), f"({compact(composition)}){factor}"
    np.testing.assert_allclose(*CompositionBatch.coerce([small, large]).fractions.toarray(), rtol=1e-12)
    # matminer decides ties of the mode on the amounts as typed, by an absolute tolerance too.
    without_mode = MagpieFeatures(columns=[name for name in NAMES if " mode " not in name])
    for features in (without_mode, ContinuousMagpieFeatures()):
        np.testing.assert_allclose(*features.transform([small, large]), rtol=1e-9, atol=1e-9)


@given(st.lists(compositions, min_size=2, max_size=8), st.randoms())
def test_permuting_rows_permutes_rows_and_a_batch_equals_its_parts(some, random):
    formulas = [compact(composition) for composition in some]
    order = list(range(len(formulas)))
    random.shuffle(order)
    for features in (MagpieFeatures(), ContinuousMagpieFeatures()):
        together = features.transform(formulas)
        np.testing.assert_array_equal(features.transform([formulas[place] for place in order]), together[order])
        np.testing.assert_array_equal(np.vstack([features.transform(formula) for formula in formulas]), together)


def test_batches_longer_than_a_chunk_equal_their_parts(curated):
    formulas = curated * 8
    assert len(formulas) > 4096
    expected = np.vstack([MagpieFeatures().transform(curated)] * 8)
    np.testing.assert_array_equal(MagpieFeatures().transform(formulas), expected)


@settings(max_examples=40)
@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=30, unique=True))
def test_named_columns_are_those_of_the_whole(columns):
    formulas = ["Na3Zr2Si2PO12", "NaCl", "Na", "bad", "Na2.9375PS3.9375Cl0.0625"]
    whole = MagpieFeatures().transform(formulas)[:, [NAMES.index(name) for name in columns]]
    np.testing.assert_allclose(MagpieFeatures(columns=columns).transform(formulas), whole, rtol=1e-12)


def test_bad_rows_are_nan_and_the_others_stay():
    values = MagpieFeatures().transform(["Na3PS4", "Na3P(S4", None, "NaCl"])
    assert np.isnan(values).all(axis=1).tolist() == [False, True, True, False]
    np.testing.assert_array_equal(values[[0, 3]], MagpieFeatures().transform(["Na3PS4", "NaCl"]))


def test_unknown_columns_and_settings_are_named():
    with pytest.raises(ValueError, match="no column 'Hardness'"):
        MagpieFeatures(columns=["Hardness"]).fit(["NaCl"])
    with pytest.raises(ValueError, match="dtype must be"):
        MagpieFeatures(dtype="int64").transform(["NaCl"])
    with pytest.raises(ValueError, match="sharpness must lie"):
        ContinuousMagpieFeatures(sharpness=-1).transform(["NaCl"])


@pytest.mark.parametrize("dopant", ["La", "Li", "F", "U", "Cs", "H"])
def test_continuous_columns_follow_a_dopant_and_the_others_jump(dopant):
    host, doped = "Na3Zr2Si2PO12", f"Na3Zr1.998{dopant}0.002Si2PO12"  # 0.01 % of all atoms
    spans = np.ptp(magpie_table(), axis=0)
    for features in (MagpieFeatures(), ContinuousMagpieFeatures()):
        span = np.repeat(spans, len(features.statistics))
        before, after = features.transform([host, doped])
        moved = np.abs(after - before) / span
        # At most e^2 times the dopant's share, and as much again for the zirconium that left.
        assert moved[features.continuous_features()].max() < 2 * np.e**2 * 1e-4
    assert ContinuousMagpieFeatures().continuous_features().all()
    jumped = np.abs(np.diff(MagpieFeatures().transform([host, doped]), axis=0))[0]
    assert set(np.array(NAMES)[jumped > 0.01 * np.repeat(spans, 6)]) <= set(
        np.array(NAMES)[~MagpieFeatures().continuous_features()]
    )


def test_ten_times_less_dopant_moves_continuous_columns_ten_times_less():
    doses = [f"Na3Zr{2 - x:.5f}La{x:.5f}Si2PO12" for x in (0.01, 0.001)]
    host, more, less = ContinuousMagpieFeatures().transform(["Na3Zr2Si2PO12", *doses])
    np.testing.assert_allclose(more - host, 10 * (less - host), rtol=0.02, atol=1e-9)


def test_soft_extremes_lie_between_mean_and_extreme_and_reach_them():
    formulas = ["Na3Zr2Si2PO12", "Na3YCl6", "NaAl11O17", "Na"]
    grid = MagpieFeatures().transform(formulas).reshape(4, 22, 6)
    low, high, mean = grid[:, :, 0], grid[:, :, 1], grid[:, :, 3]
    for sharpness in (0.0, 2.0, 10.0):
        soft = ContinuousMagpieFeatures(sharpness=sharpness).transform(formulas).reshape(4, 22, 4)
        assert (soft[:, :, 2] >= low - 1e-9).all()
        assert (soft[:, :, 2] <= mean + 1e-9).all()
        assert (soft[:, :, 3] <= high + 1e-9).all()
        assert (soft[:, :, 3] >= mean - 1e-9).all()
        if sharpness == 0:
            np.testing.assert_allclose(soft[:, :, 2], mean)


def test_soft_maximum_is_what_its_definition_says():
    column = MAGPIE_PROPERTIES.index("Electronegativity")
    property_ = magpie_table()[:, column]
    fractions = CompositionBatch.coerce("Na3PS4").fractions.toarray()[0]
    weight = fractions * np.exp(2 * (property_ - property_.min()) / np.ptp(property_))
    name = "MagpieData soft_maximum Electronegativity"
    expected = (weight @ property_) / weight.sum()
    assert ContinuousMagpieFeatures(columns=[name]).transform("Na3PS4")[0, 0] == pytest.approx(expected, rel=1e-12)
