import numpy as np
import pytest

from ionscout.models.intervals import GroupedConformal


def test_covers_exchangeable_rows_at_every_level():
    generator = np.random.default_rng(0)
    scales = generator.uniform(0.3, 1.5, 4000)
    residuals = generator.normal(size=4000) * scales
    intervals = GroupedConformal.fit(residuals[:2000], scales[:2000])
    for level in (0.5, 0.8, 0.9, 0.95):
        inside = np.abs(residuals[2000:]) <= intervals.half_width(scales[2000:], level)
        assert inside.mean() == pytest.approx(level, abs=0.025)


def test_scales_must_be_positive():
    with pytest.raises(ValueError, match=r"a scale is 0\.0"):
        GroupedConformal.fit(np.ones(30), np.linspace(0, 1, 30))


def test_rank_is_the_finite_sample_one():
    intervals = GroupedConformal.fit(np.arange(1.0, 100.0))
    assert intervals.half_width(np.ones(1), 0.9)[0] == pytest.approx(90.0)
    assert intervals.half_width(np.array([2.0]), 0.9)[0] == pytest.approx(180.0)


@pytest.mark.parametrize("level", [0.0, 1.0, 1.5, -0.1])
def test_impossible_levels_are_refused(level):
    intervals = GroupedConformal.fit(np.ones(30))
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        intervals.half_width(np.ones(1), level)


def test_levels_finer_than_the_rows_are_refused():
    with pytest.raises(ValueError, match="needs more than the 30 calibration rows"):
        GroupedConformal.fit(np.ones(30)).half_width(np.ones(1), 0.99)


def test_too_few_residuals_are_refused():
    with pytest.raises(ValueError, match="at least 20"):
        GroupedConformal.fit(np.ones(19))


def test_file_round_trip(tmp_path):
    intervals = GroupedConformal.fit(np.random.default_rng(2).normal(size=50), np.linspace(0.1, 1, 50))
    intervals.save(tmp_path / "i.npz")
    again = GroupedConformal.load(tmp_path / "i.npz")
    np.testing.assert_array_equal(again.half_width(np.linspace(0, 2, 9)), intervals.half_width(np.linspace(0, 2, 9)))


def test_hard_kinds_get_wider_intervals_and_few_rows_change_little():
    generator = np.random.default_rng(3)
    kinds = np.repeat([0, 1, 2], [300, 100, 2])
    residuals = generator.normal(size=402) * np.array([0.5, 2.0, 50.0])[kinds]
    intervals = GroupedConformal.fit(residuals, kinds=kinds)
    easy, hard, rare, unseen = intervals.half_width(np.ones(4), 0.9, np.array([0, 1, 2, -1]))
    assert hard > 3 * easy
    assert rare < 15 * unseen
    for kind, width in ((0, easy), (1, hard)):
        assert (np.abs(residuals[kinds == kind]) <= width).mean() == pytest.approx(0.9, abs=0.06)
