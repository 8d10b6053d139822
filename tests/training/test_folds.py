import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionscout.training.folds import beside_known, grouped_folds


@given(st.lists(st.sampled_from("abcdefghijkl"), min_size=30, max_size=80), st.integers(0, 99))
def test_no_group_straddles_a_fold(groups, seed):
    count = len(set(groups))
    folds = grouped_folds(np.array(groups), min(3, count), seed) if count >= 2 else np.zeros(len(groups))
    for group in set(groups):
        assert len(set(folds[np.array(groups) == group])) == 1


def test_same_seed_same_folds_and_order_of_groups_does_not_matter():
    groups = np.array(list("aabbccddee"))
    first = grouped_folds(groups, 3, seed=4)
    np.testing.assert_array_equal(first, grouped_folds(groups, 3, seed=4))
    assert set(first) == {0, 1, 2}


def test_too_few_groups_are_refused():
    with pytest.raises(ValueError, match="n_splits=3"):
        grouped_folds(np.array(["a", "a", "b"]), 3, seed=0)


@given(st.lists(st.sampled_from("abcdefghijkl"), min_size=30, max_size=80), st.lists(st.sampled_from("abmnopq")))
def test_old_rows_keep_their_folds_when_new_groups_come(known, added):
    groups = pd.Series([*known, *added])
    beside = beside_known(groups, pd.Series(known))
    count = min(3, len(set(known)))
    if count < 2:
        return
    before, after = grouped_folds(pd.Series(known), count, seed=1), grouped_folds(beside, count, seed=1)
    np.testing.assert_array_equal(after[: len(known)], before)
    for group in set(groups):
        assert len(set(after[groups == group])) == 1
