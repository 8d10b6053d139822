import numpy as np
import pytest

from ionscout.featurize.composition import CompositionBatch
from ionscout.models.context import Context
from ionscout.models.prediction import predict_properties
from ionscout.training import fit
from ionscout.training.data.sources import window_rows


@pytest.fixture(scope="module")
def fitted() -> fit.Fitted:
    """A small ensemble on part of the sodium sulfides and fluorides: the intervals are what is looked at."""
    from ionscout.models.booster import BoosterSettings

    table = window_rows(("Na",))
    table = table[table["formula"].str.contains(r"S(?![a-z])|F(?!e)") & ~table["formula"].str.contains("O|H|N(?!a)")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "COMPUTED", BoosterSettings(30, 1, fit.COMPUTED.parameters))
        return fit.fit_window(table.sample(300, random_state=0), n_folds=3)


def test_intervals_are_as_wide_as_the_anion_is_hard(fitted):
    oxidation = fitted.out_of_fold[1]
    answer = predict_properties(
        [fitted.model],
        CompositionBatch.from_formulas(["Na2Zr0.9Hf0.1F6", "Na2.9P0.9W0.1S4"]),
        Context.read(2, None, None),
    )
    width = answer["oxidation_limit_V_upper"] - answer["oxidation_limit_V_lower"]
    batch = CompositionBatch.from_formulas(fitted.table["formula"])
    fluorine = batch.fractions[:, [8]].toarray()[:, 0] > 0.5
    error = np.abs(oxidation.predicted - oxidation.truth)
    assert error[fluorine].mean() > error[~fluorine].mean()
    assert width[0] > width[1]


def test_exact_values_are_those_of_the_table(fitted):
    stable = fitted.table
    answer = predict_properties(
        [fitted.model], CompositionBatch.from_formulas(stable["formula"]), Context.read(len(stable), None, None)
    )
    assert set(answer["window_source"]) == {"exact"}
    np.testing.assert_array_equal(answer["oxidation_limit_V"], stable["oxidation_limit_V"])
    np.testing.assert_array_equal(answer["oxidation_limit_V_lower"], stable["oxidation_limit_V"])
