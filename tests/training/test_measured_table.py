import numpy as np
import pytest

from ionscout.models.inputs import input_positions
from ionscout.models.properties import ACTIVATION_ENERGY, CONDUCTIVITY
from ionscout.models.relatives import Relatives
from ionscout.training.measured_table import MeasuredTable
from ionscout.training.train import measured_rows

FACTS = (CONDUCTIVITY, ACTIVATION_ENERGY)


@pytest.fixture(scope="module")
def rows():
    rows = measured_rows().dropna(subset=[fact.column for fact in FACTS])
    return rows.sample(80, random_state=1).reset_index(drop=True)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_two_fits_of_the_same_rows_agree_to_the_last_digit(fact, rows):
    answers = []
    for _ in range(2):
        table = MeasuredTable.of(rows)
        train = np.arange(60)
        relatives, which = Relatives.of(table.places[train])
        blend, student = table.fit(fact, train, relatives, which)
        asked, inputs = table.places[60:], table.inputs[60:]
        said = blend.predict(relatives.distances(asked), asked, inputs)
        chosen = inputs[:, input_positions(student.columns)]
        answers.append((said, student.values(chosen), student.doubts(chosen)))
    for first, second in zip(*answers, strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_a_held_out_row_has_no_say_in_its_own_prediction(fact, rows):
    """Its value changed beyond belief, what is predicted for it stays as it was."""
    train, test = np.arange(60), np.arange(60, 80)
    first = MeasuredTable.of(rows)
    wrong = rows.copy()
    wrong.loc[test, fact.column] = 9.9
    second = MeasuredTable.of(wrong)
    held = [table.fit_and_predict(fact, train, table, test, fast=True) for table in (first, second)]
    for name in ("predicted", "fast", "known", "doubt"):
        np.testing.assert_array_equal(getattr(held[0], name), getattr(held[1], name))
