"""The summary: figures that add up to the tables they describe."""

import pandas as pd
import pytest

from ionscout.training.data.sources import CURATED, load_curated, training_rows
from ionscout.training.data.summary import count_by, noise_floors, summarise
from ionscout.training.data.validate import validate_measurements


def test_summary_counts_what_the_tables_hold():
    summary = summarise().set_index("table").to_dict("index")
    assert list(summary) == list(CURATED)
    for name, row in summary.items():
        assert row["valid"] == len(load_curated(str(name)))
        assert row["rows"] == row["valid"] + row["errors"]
    assert summary["glass_electrolytes"]["rows"] == 22610
    assert summary["sodium_electrolytes"]["without_temperature"] == 138


def test_measured_conductivities_are_the_training_rows():
    summary = summarise(["sodium_electrolytes", "other_ion_electrolytes"]).set_index("table")
    for name in summary.index:
        assert summary.loc[name, "measured_conductivity"] == len(training_rows(tables=[name]))


@pytest.mark.parametrize("column", ["family", "state", "quality", "mobile_ion"])
def test_counts_by_word_add_up(column):
    counts = count_by(column, ["sodium_electrolytes"])
    assert counts["rows"].sum() == 782
    table = load_curated("sodium_electrolytes")
    assert counts.set_index(column)["rows"].to_dict() == table[column].value_counts().to_dict()


def test_tables_without_the_word_do_not_appear():
    assert count_by("family", ["sodium_interfaces"]).empty


def test_a_users_table_is_summarised_like_the_shipped_ones():
    lab = pd.DataFrame(
        {"formula": ["Na3PS4", "Na6P2S8", "Na3P(S4"], "temperature_C": 25, "conductivity_S_cm": [1e-4, 1e-2, 1e-4]}
    )
    row = summarise([validate_measurements(lab)]).iloc[0]
    assert (row["rows"], row["errors"], row["compositions"], row["contradictions"]) == (3, 1, 1, 2)


def test_sources_disagree_by_a_third_to_a_half_decade():
    floors = noise_floors().set_index("table").to_dict("index")
    sodium, glass = floors["sodium_electrolytes"], floors["glass_electrolytes"]
    assert 0.3 < sodium["robust_sd"] < 0.6
    assert sodium["compositions"] >= 10
    assert glass["compositions"] > 100
