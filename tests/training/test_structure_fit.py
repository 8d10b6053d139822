"""Structure corrections on real crystals: what is there is found, what is not there is not used."""

from dataclasses import replace

import numpy as np
import pytest

from ionscout.featurize.composition import CompositionBatch
from ionscout.models.inputs import model_inputs
from ionscout.models.properties import CONDUCTIVITY
from ionscout.models.relatives import Places
from ionscout.training.measured_table import MeasuredTable
from ionscout.training.model_files import files_sha256
from ionscout.training.out_of_fold import OutOfFold
from ionscout.training.structure_fit import FEWEST_ROWS, Stacked, fit_structures, structure_columns
from ionscout.training.taught_structures import taught_structures
from ionscout.training.train import measured_rows

COLUMNS = structure_columns()


@pytest.fixture(scope="module")
def crystals(tmp_path_factory):
    """Structure features of the curated rows that a host stands for, and the rows."""
    rows = measured_rows(structures=True)
    rows = rows[rows["structure"].notna()].reset_index(drop=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IONSCOUT_HOME", str(tmp_path_factory.mktemp("home")))
        features = taught_structures(rows, CompositionBatch.from_formulas(rows["formula"]))
    assert features is not None
    return features, rows


def record(residual, rows):
    """An out-of-fold record whose composition model says nothing, with the residuals given, a system a group."""
    systems = rows["group_system"].to_numpy(object)
    n, zeros = len(rows), np.zeros(len(rows))
    folds = np.unique(systems.astype(str), return_inverse=True)[1] % 5
    doubt = np.full(n, 0.7)
    family = zeros.astype(int)
    return OutOfFold(
        CONDUCTIVITY, "system", residual - 4, zeros - 4, zeros, folds, systems, doubt, np.arange(n), family == 0, family
    )


def test_an_effect_of_the_structure_is_found_in_crystals_of_other_systems(crystals):
    features, rows = crystals
    volume = features[:, COLUMNS.index("volume_per_atom")].astype(float)
    effect = 1.5 * np.sign(volume - np.median(volume))
    stack = Stacked.of(record(effect, rows), features, COLUMNS)
    assert stack is not None
    assert stack.share() > 0.5
    after = stack.corrected()
    assert np.abs(after.predicted - after.truth).mean() < 0.75 * np.abs(effect).mean()


def test_a_correction_is_fitted_as_far_as_both_splits_bear_it_out_and_is_the_same_twice(crystals, tmp_path):
    features, rows = crystals
    volume = features[:, COLUMNS.index("volume_per_atom")].astype(float)
    effect = 1.5 * np.sign(volume - np.median(volume))
    batch = CompositionBatch.from_formulas(rows["formula"])
    inputs = model_inputs(batch)
    table = MeasuredTable(rows, batch, inputs, Places.of(batch, inputs), features)
    oofs = [record(effect, rows), replace(record(effect, rows), grouping="source")]
    found, after, worth = fit_structures(table, oofs)
    correction = found[CONDUCTIVITY.name]
    assert 0 < correction.share == worth[0].share == worth[1].share <= 1
    assert all(w.MAE_with < w.MAE_without for w in worth)
    assert all((oof.predicted != record(effect, rows).predicted).any() for oof in after)
    doubt = np.full(len(rows), 0.7)
    said = correction.values(features, doubt)
    assert np.corrcoef(said, effect)[0, 1] > 0.8
    np.testing.assert_array_equal(correction.values(features, 0 * doubt), 0.0)  # no doubt, no correction
    again = fit_structures(table, oofs)[0][CONDUCTIVITY.name]
    for name, one in (("first", correction), ("again", again)):
        one.save(tmp_path / name)
    assert files_sha256(tmp_path / "first") == files_sha256(tmp_path / "again")
    assert fit_structures(replace(table, structures=None), oofs) == ({}, oofs, [])


def test_noise_is_not_taken_for_an_effect(crystals):
    features, rows = crystals
    systems = np.unique(rows["group_system"].to_numpy(str), return_inverse=True)[1]
    worse, used = [], 0
    for seed in range(6):
        noise = np.random.default_rng(seed).normal(size=systems.max() + 1)[systems]
        stack = Stacked.of(record(noise, rows), features, COLUMNS)
        assert stack is not None
        after = stack.corrected()
        used += stack.share() > 0
        worse.append(np.abs(after.predicted - after.truth).mean() - np.abs(noise).mean())
    assert used <= 2
    assert np.mean(worse) < 0.05


def test_few_rows_are_not_tried(crystals):
    features, rows = crystals
    few = np.where(np.arange(len(rows))[:, None] < FEWEST_ROWS - 1, features, np.nan)
    assert Stacked.of(record(np.ones(len(rows)), rows), few, COLUMNS) is None


def test_a_path_and_a_structure_of_something_else_teach_nothing(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("IONSCOUT_HOME", str(tmp_path))
    from ionscout.featurize.structure.hosts import host_cif

    (tmp_path / "salt.cif").write_text(host_cif("NaCl"))
    rows = measured_rows().head(3).assign(formula=["NaCl", "Na3PS4", "NaCl"])
    rows["structure"] = [str(tmp_path / "salt.cif"), host_cif("NaCl"), host_cif("NaCl")]
    features = taught_structures(rows, CompositionBatch.from_formulas(rows["formula"]))
    assert features is not None
    assert np.isfinite(features).any(axis=1).tolist() == [False, False, True]
    assert "is a path" in caplog.text
    assert "another composition" in caplog.text
