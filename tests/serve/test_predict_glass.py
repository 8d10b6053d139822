"""Glasses asked of `ion.predict`: the state decides which model answers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import ionscout as ion
from ionscout.featurize.composition import CompositionBatch
from ionscout.models.arrhenius import ArrheniusModel
from ionscout.models.context import Context
from ionscout.models.physics import arrhenius_decades
from ionscout.models.prediction import predict_properties
from ionscout.training.registry import champions

pytestmark = pytest.mark.usefixtures("champion_home")

MIXED = pd.DataFrame(
    {
        "formula": ["Na2Si3O7", "Na2Si3O7", "Na3PS4", "NaTaCl6", "Na2B4O7", "Na3Zr2Si2PO12", "Na2Si3(O7", "NaPO3"],
        "state": ["glass", "crystalline", "glass_ceramic", "amorphous", "glass", "unknown", "glass", "amorphous"],
    }
)


def test_the_state_decides_and_the_row_says_so():
    said = ion.predict(MIXED)["conductivity_source"].tolist()
    electrolytes, glasses = "electrolytes", "glasses"
    assert said == [glasses, *[electrolytes] * 3, glasses, electrolytes, None, glasses]


def test_other_rows_are_what_they_were_without_a_model_of_glasses():
    model = next(m for m in champions() if isinstance(m, ArrheniusModel))
    without = replace(model, glasses=None)
    batch = CompositionBatch.from_formulas(MIXED["formula"])
    context = Context.read(len(MIXED), 60.0, MIXED["state"])
    now, before = (pd.DataFrame(predict_properties([m], batch, context)) for m in (model, without))
    others = now["conductivity_source"].eq("electrolytes")
    pd.testing.assert_frame_equal(now[others], before[others], check_exact=True)
    assert (now["log10_conductivity"] != before["log10_conductivity"])[now["conductivity_source"] == "glasses"].all()


def test_glasses_come_out_as_measured():
    said = ion.predict(["Na2Si3O7", "Na2B8O13", "NaPO3", "NaB3O5"], temperature_C=300.0, state="glass")
    # Medians of 47, 31, 28 and 16 papers in SciGlass.
    np.testing.assert_allclose(said["log10_conductivity"], [-4.02, -6.76, -3.64, -5.78], atol=0.3)
    np.testing.assert_allclose(said["activation_energy_eV"], [0.685, 0.958, 0.689, 0.841], atol=0.06)
    assert said["in_domain"][[0, 2]].all()


def test_conductivity_and_energy_tell_one_arrhenius_story():
    temperatures = np.array([-40.0, 25.0, 150.0, 300.0])
    table = ion.predict(["NaPO3"] * 4, temperature_C=temperatures.tolist(), state="glass")
    energy = table["activation_energy_eV"]
    assert np.ptp(energy) == 0
    line = table["log10_conductivity"][1] + energy[0] * arrhenius_decades(temperatures, 25.0)
    np.testing.assert_allclose(table["log10_conductivity"], line, rtol=0, atol=1e-9)
    width = table["log10_conductivity_upper"] - table["log10_conductivity_lower"]
    assert width[3] < width[1] < width[0]  # measured hot, extrapolated to the cold


def test_what_no_measured_glass_is_like_is_out_of_domain():
    said = ion.predict(["NaKSi3O7", "Na2Fe0.6Si3O8", "Na2Si3O7"], state="glass")
    assert said["conductivity_source"].eq("glasses").all()
    assert said["in_domain"].tolist() == [False, False, True]


def test_a_glass_answers_alike_alone_and_among_others():
    alone = ion.predict("NaPO3", state="glass")
    among = ion.predict(pd.concat([MIXED] * 40, ignore_index=True))
    place = MIXED.index[MIXED["formula"] == "NaPO3"][0]
    for column in ("log10_conductivity", "log10_conductivity_lower", "activation_energy_eV", "domain_score"):
        assert among[column].iloc[place :: len(MIXED)].eq(alone[column][0]).all()


def test_contributions_of_a_glass_add_up_to_what_is_answered():
    why, said = ion.explain("Na2Si3O7", state="glass"), ion.predict("Na2Si3O7", state="glass")
    assert "what measured glasses say instead" in set(why["because"])
    for column in ("log10_conductivity", "activation_energy_eV"):
        assert why[column].sum() == pytest.approx(said[column][0], abs=1e-5)


def test_the_registered_model_answers_glasses_too():
    import mlflow

    from ionscout.training.registry import connect

    connect()
    frame = MIXED.assign(temperature_C=25.0)
    answer = mlflow.pyfunc.load_model("models:/conductivity@champion").predict(frame)
    expected = ion.predict(frame)
    np.testing.assert_allclose(answer["log10_conductivity"], expected["log10_conductivity"], rtol=1e-12)
    assert answer["conductivity_source"].tolist() == expected["conductivity_source"].tolist()
