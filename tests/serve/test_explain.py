import numpy as np
import pandas as pd
import pytest

import ionscout as ion
from ionscout.models.explanation import OTHER, word_of
from ionscout.models.inputs import input_columns
from ionscout.serve.explain import BASE, neighbours
from ionscout.training.data.sources import load_curated


def test_every_column_of_the_models_has_a_word():
    words = {word_of(column) for column in input_columns("ionic", "framework")}
    assert OTHER not in words
    assert len(words) == 9


@pytest.mark.usefixtures("champion_home")
def test_contributions_add_up_to_the_prediction():
    inputs = ["Na3.4Sc0.4Zr1.6Si2PO12", "Na3PS4", "Na3P(S4", "Na2ZrCl6", "Fe2O3"]
    why, said = ion.explain(inputs), ion.predict(inputs)
    for column in ("log10_conductivity", "activation_energy_eV"):
        np.testing.assert_allclose(
            why.groupby("input")[column].sum(min_count=1).reindex(range(5)), said[column], atol=1e-5
        )
    assert why.loc[why["input"] == 2, "error"].tolist() == [said["error"].iloc[2]]
    first = why.drop_duplicates("input").set_index("input")["because"]
    assert (first.drop(2) == BASE).all()


@pytest.mark.usefixtures("champion_home")
def test_a_glass_is_explained_as_a_glass():
    crystal, glass = (
        ion.explain("Na3PS4", state=s).set_index("because")["log10_conductivity"] for s in ("crystalline", "glass")
    )
    assert abs(glass["glass or crystal"] - crystal["glass or crystal"]) > 0.05


def test_nearest_measurements_come_with_their_sources():
    found = neighbours(["Na3PS4", "Na3P(S4", "Na3.35Sc0.35Zr1.65Si2PO12"], count=3)
    assert set(found["input"]) == {0, 2}
    own = found[found["input"] == 0]
    assert own["distance"].iloc[0] == 0.0
    assert own["formula"].iloc[0] == "Na3PS4"
    assert own["distance"].is_monotonic_increasing
    assert own["source"].str.contains("10.").any()
    nasicon = found[found["input"] == 2]
    assert nasicon["formula"].str.contains("Zr").all()
    assert nasicon["distance"].iloc[0] < 1.0


def test_a_count_below_one_is_refused():
    with pytest.raises(ValueError, match="count=0"):
        neighbours("Na3PS4", count=0)


def test_a_failed_sample_in_the_store_is_near_as_the_limit_that_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("IONSCOUT_MEASUREMENTS_URI", f"sqlite:///{tmp_path / 'm.db'}")
    lab = pd.DataFrame({"formula": ["Na3BiO4", "Na3PS4"], "temperature_C": 25.0, "conductivity_S_cm": ["<1e-10", 3e-4]})
    ion.add_measurements(lab, by="A. Volta", source="notebook 12")
    assert not neighbours("Na3BiO4", count=1)["formula"].eq("Na3BiO4").any()
    (found,) = neighbours("Na3BiO4", count=1, stored=True).to_dict("records")
    told = [found[name] for name in ("distance", "conductivity_relation", "log10_conductivity", "source")]
    assert told == [0.0, "<", -10.0, "A. Volta: notebook 12"]
    own = neighbours("Na3PS4", count=1, stored=True)
    assert own["source"].eq("A. Volta: notebook 12").sum() == 1
    assert own["conductivity_relation"].eq("").all()


def test_a_store_without_electrolytes_adds_no_neighbours(tmp_path, monkeypatch):
    monkeypatch.setenv("IONSCOUT_MEASUREMENTS_URI", f"sqlite:///{tmp_path / 'm.db'}")
    shipped = neighbours("Na3PS4", count=1)
    pd.testing.assert_frame_equal(neighbours("Na3PS4", count=1, stored=True), shipped)
    ion.add_measurements(load_curated("hybrid_electrolytes").head(2), by="A. Volta")
    pd.testing.assert_frame_equal(neighbours("Na3PS4", count=1, stored=True), shipped)
