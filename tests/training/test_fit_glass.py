"""The glass model, fitted on a few kinds of sodium and lithium glass."""

from dataclasses import replace

import numpy as np
import pytest

from ionscout.featurize.oxide_glass import KINDS
from ionscout.models.base import Question
from ionscout.models.glass import GlassModel
from ionscout.models.inputs import model_inputs
from ionscout.training import studies
from ionscout.training.data.glass_lines import GlassRows, glass_rows
from ionscout.training.fit_glass import GlassFitted, GlassTable, fit_glass
from ionscout.training.metrics import interval_metrics


@pytest.fixture(scope="module")
def fitted() -> GlassFitted:
    everything = glass_rows()
    few = GlassTable.of(everything)
    names = np.array(KINDS)[few.kinds]
    chosen = np.isin(names, ["phosphate", "germanate", "aluminosilicate"])
    rows = everything.rows[chosen[everything.rows["glass"]]]
    return fit_glass(GlassTable.of(GlassRows.of(rows.drop(columns=["glass", "heat", "standard"]))), n_folds=3)


def test_held_out_glasses_are_predicted_far_better_than_by_the_median(fitted):
    conductivity, energy = fitted.out_of_fold.records()
    for record, share in ((conductivity, 0.6), (energy, 0.8)):
        error, median = (np.abs(v - record.truth).mean() for v in (record.predicted, record.baseline))
        assert error < share * median


def test_no_group_straddles_the_folds(fitted):
    for record in fitted.out_of_fold.records():
        for group in np.unique(record.group):
            assert len(np.unique(record.fold[record.group == group])) == 1


def test_intervals_cover_what_was_held_out(fitted):
    for record in fitted.out_of_fold.records():
        assert 0.82 < interval_metrics(*studies.tested_interval(record))["coverage"] < 0.96


def test_only_sodium_is_scored(fitted):
    table = fitted.out_of_fold.glasses
    assert {"Na", "Li", "K"} == set(table.table.glasses["mobile_ion"])
    assert np.isfinite(fitted.out_of_fold.lines.level).tolist() == table.scored.tolist()


def test_a_saved_model_says_the_same_to_the_last_bit(fitted, tmp_path):
    fitted.model.save(tmp_path / "glasses")
    again = GlassModel.load(tmp_path / "glasses")
    batch = fitted.out_of_fold.glasses.batch[np.arange(5)]
    question = Question(batch, model_inputs(batch, 25.0, "glass"), np.linspace(20.0, 300.0, 5))
    (said, score, verdict), (loaded, score_again, verdict_again) = (m.estimate(question) for m in (fitted.model, again))
    for column, estimate in said.items():
        np.testing.assert_array_equal(estimate.value, loaded[column].value)
        np.testing.assert_array_equal(estimate.lower, loaded[column].lower)
    np.testing.assert_array_equal(score, score_again)
    np.testing.assert_array_equal(verdict, verdict_again)
    assert again.knows(question).tolist() == fitted.model.knows(question).tolist()


def test_kinds_elements_and_states_that_were_not_measured_are_not_answered(fitted):
    from ionscout.featurize.composition import CompositionBatch

    formulas = ["NaPO3", "NaPO3", "Na2B4O7", "NaPO3Pu0.1", "AlPO4", "NaP(O3"]
    batch = CompositionBatch.from_formulas(formulas)
    states = np.array(["glass", "crystalline", "glass", "glass", "glass", "glass"], dtype=object)
    question = Question(batch, model_inputs(batch, 25.0, states), np.full(6, 25.0))
    assert fitted.model.knows(question).tolist() == [True, False, False, False, False, False]
    amorphous = replace(question, inputs=model_inputs(batch, 25.0, "amorphous"))
    assert fitted.model.knows(amorphous).tolist() == [True, True, False, False, False, False]
