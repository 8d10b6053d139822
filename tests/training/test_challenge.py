"""When a challenger may serve: the paired comparison and the rule, on made-up errors of known size."""

import numpy as np
import pandas as pd
import pytest

from ionscout.training.challenge import compare, paired_bootstrap, verdict
from ionscout.training.drift import drift


def held(errors, systems, property="conductivity", grouping="system"):
    """A table of held-out rows with these errors."""
    truth = np.linspace(-6.0, -2.0, len(errors))
    return pd.DataFrame(
        {
            "property": property,
            "grouping": grouping,
            "key": [f"row {n}" for n in range(len(errors))],
            "system": systems,
            "truth": truth,
            "predicted": truth + errors,
            "fold": 0,
            "domain_score": np.linspace(0.0, 1.0, len(errors)),
        }
    )


@pytest.fixture
def systems():
    return np.repeat([f"Na-{n}" for n in range(60)], 6)


def comparisons(change, systems, seed=0):
    """Champion and challenger whose errors differ by `change` and by noise that a system shares."""
    generator = np.random.default_rng(seed)
    base = generator.normal(0, 0.8, len(systems))
    shared = np.repeat(generator.normal(0, 0.05, 60), 6)
    first = held(np.abs(base) + 0.5, systems)
    second = held(np.abs(base) + 0.5 + change + shared, systems)
    energy = held(base * 0.1, systems, "activation_energy")
    return [
        compare(first, second, "conductivity", "system"),
        compare(energy, energy, "activation_energy", "system"),
    ]


def test_a_clear_gain_is_promoted_and_a_clear_loss_is_not(systems):
    assert verdict(comparisons(-0.1, systems), 0.9, 0)[0]
    promoted, reason = verdict(comparisons(0.1, systems), 0.9, 50)
    assert not promoted
    assert "worse beyond noise in conductivity" in reason


def test_within_noise_it_takes_new_rows(systems):
    same = comparisons(0.0, systems)
    assert same[0].lower < 0 < same[0].upper
    assert verdict(same, 0.9, 12)[0]
    assert not verdict(same, 0.9, 0)[0]


def test_what_could_be_much_worse_is_not_promoted_for_want_of_evidence(systems):
    few = systems[:60]
    generator = np.random.default_rng(3)
    change = np.repeat(generator.normal(0.0, 0.3, 10), 6)
    found = compare(held(np.full(60, 0.8), few), held(0.8 + change, few), "conductivity", "system")
    assert found.lower < 0 < 0.05 < found.upper
    promoted, reason = verdict([found], 0.9, 60)
    assert not promoted
    assert "could be worse by more than 0.05" in reason


@pytest.mark.parametrize("coverage", [0.86, 0.94])
def test_an_uncalibrated_challenger_never_serves(systems, coverage):
    promoted, reason = verdict(comparisons(-0.1, systems), coverage, 50)
    assert not promoted
    assert "outside 87 to 93 %" in reason


def test_the_bootstrap_draws_whole_systems():
    # Six equal rows of a system are one piece of evidence: the interval is that of the system means.
    generator = np.random.default_rng(1)
    means = generator.normal(0, 1, 200)
    low, high = paired_bootstrap(np.repeat(means, 6), np.repeat(np.arange(200), 6))
    standard_error = means.std() / np.sqrt(200)
    assert (high - low) / 2 == pytest.approx(1.645 * standard_error, rel=0.1)


def test_only_rows_that_both_held_out_are_compared(systems):
    first, second = held(np.full(360, 0.5), systems), held(np.full(360, 0.4), systems)
    found = compare(first, second.iloc[100:], "conductivity", "system")
    assert (found.rows, found.difference) == (260, pytest.approx(-0.1))
    with pytest.raises(ValueError, match="no row in common"):
        compare(first, second.assign(key="other"), "conductivity", "system")


def test_drift_is_seen_where_there_is_some_and_not_where_there_is_none(systems):
    generator = np.random.default_rng(2)
    champion = held(generator.normal(0, 0.7, 360), systems)

    def new(score, error):
        rows = pd.DataFrame({"log10_conductivity": np.full(80, -4.0), "censored": False, "domain_score": score})
        return rows.assign(predicted_log10_conductivity=-4.0 + error)

    usual = drift(new(generator.uniform(0, 1, 80), generator.normal(0, 0.7, 80)), champion)
    moved = drift(new(generator.uniform(1, 2, 80), generator.normal(0, 2.0, 80)), champion)
    assert usual["input_p"] > 0.01
    assert usual["error_p"] > 0.01
    assert moved["input_p"] < 1e-6
    assert moved["error_p"] < 1e-6
    assert moved["error_ratio"] > 2
    assert np.isnan(drift(new(np.zeros(80), np.zeros(80)).head(0), champion)["input_KS"])
