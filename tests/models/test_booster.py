import numpy as np
import pytest
import xgboost as xgb

from ionscout.models.booster import BoosterEnsemble, BoosterSettings, centre_splits

SETTINGS = BoosterSettings(rounds=40, seeds=2, parameters={"max_depth": 3, "eta": 0.1, "subsample": 0.8})


@pytest.fixture
def data():
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(200, 4)).astype(np.float32)
    return inputs, inputs[:, 0] - 2 * inputs[:, 1] ** 2


def test_two_fits_agree_to_the_last_digit(data):
    inputs, target = data
    first, second = (BoosterEnsemble.fit(inputs, target, tuple("abcd"), SETTINGS).predict(inputs) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_monotone_column_never_falls(data):
    inputs, target = data
    settings = BoosterSettings(rounds=40, parameters={"max_depth": 3}, monotone={"b": 1})
    model = BoosterEnsemble.fit(inputs, target, tuple("abcd"), settings)
    ramp = np.repeat(inputs[:1], 50, axis=0)
    ramp[:, 1] = np.linspace(-3, 3, 50)
    assert np.all(np.diff(model.predict(ramp)) >= 0)


def test_files_give_the_same_numbers(data, tmp_path):
    inputs, target = data
    model = BoosterEnsemble.fit(inputs, target, tuple("abcd"), SETTINGS)
    model.save(tmp_path)
    again = BoosterEnsemble.load(tmp_path)
    assert again.columns == model.columns
    np.testing.assert_array_equal(again.predict(inputs), model.predict(inputs))


def test_shapes_and_names_are_checked(data):
    inputs, target = data
    with pytest.raises(ValueError, match="do not match"):
        BoosterEnsemble.fit(inputs, target[:-1], tuple("abcd"), SETTINGS)
    with pytest.raises(ValueError, match="monotone columns"):
        BoosterEnsemble.fit(inputs, target, tuple("abcd"), BoosterSettings(monotone={"z": 1}))
    with pytest.raises(ValueError, match="1 targets are not finite"):
        BoosterEnsemble.fit(inputs, np.r_[np.nan, target[1:]], tuple("abcd"), SETTINGS)


def test_centred_splits_change_no_training_row_and_forgive_the_least_change(data):
    inputs, target = np.round(data[0], 1), data[1]
    raw = xgb.train({"max_depth": 5, "tree_method": "hist"}, xgb.DMatrix(inputs, label=target), 40)
    centred = centre_splits(raw, inputs)
    np.testing.assert_allclose(centred.inplace_predict(inputs), raw.inplace_predict(inputs), rtol=1e-6)
    below = inputs - np.float32(1e-4)
    np.testing.assert_allclose(centred.inplace_predict(below), centred.inplace_predict(inputs), rtol=1e-6)
    assert not np.allclose(raw.inplace_predict(below), raw.inplace_predict(inputs))
