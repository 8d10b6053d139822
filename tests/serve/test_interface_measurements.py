import csv
from importlib.resources import files

import pytest

from ionscout.serve.interface_measurements import interface_measurements
from ionscout.serve.window_command import QUANTITIES
from ionscout.training import curated
from ionscout.training.data.sources import load_curated


def test_a_known_electrolyte_gets_every_measured_row_of_its_own():
    with (files(curated) / "sodium_interfaces.csv").open() as lines:
        shipped = [row for row in csv.DictReader(lines) if row["method"] == "experiment"]
    expected = [row for row in shipped if row["electrolyte_formula"] == "Na3Zr2Si2PO12"]
    found = interface_measurements("Na6Zr4Si4P2O24")  # the same composition
    assert found["distance"].eq(0.0).all()
    assert found["value"].tolist() == [row["value"] for row in expected]
    assert found["modification"].fillna("").tolist() == [row["modification"] for row in expected]
    assert found["doi"].fillna("").tolist() == [row["doi"] for row in expected]


def test_nothing_computed_is_told_as_measured():
    found = interface_measurements("Na3Zr2Si2PO12")
    assert "reaction_energy_eV_atom" not in set(found["quantity"])


def test_every_measured_quantity_has_words_for_people():
    measured = load_curated("sodium_interfaces").query("method == 'experiment'")
    assert set(measured["quantity"]) == set(QUANTITIES)


def test_one_without_measurements_gets_those_of_its_nearest_kin():
    found = interface_measurements("Na3.3Zr1.7La0.3Si2PO12", nearest=2)
    assert found["electrolyte"].nunique() == 2
    assert found["electrolyte"].str.contains("Zr").all()
    assert found["distance"].gt(0.0).all()
    assert found["distance"].is_monotonic_increasing


def test_a_chloride_is_not_told_of_sulfides():
    found = interface_measurements("Na3YCl6")
    assert found["electrolyte"].iloc[0] == "Na2.25Y0.25Zr0.75Cl6"
    assert found["electrolyte"].str.contains("Cl").all()


def test_a_counterpart_is_found_however_it_is_written():
    found = interface_measurements("Na3.4Sc0.4Zr1.6Si2PO12", "Na2Co2O4")
    assert found[["counterpart", "value", "unit"]].to_numpy().tolist() == [["NaCoO2", "262", "ohm cm2"]]
    assert interface_measurements("Na3PS4", "Na3V2(PO4)3").empty


def test_names_without_a_composition_are_found_as_names():
    assert interface_measurements("NASICON")["electrolyte"].eq("NASICON").all()
    assert not interface_measurements("Na-beta''-alumina").empty


def test_neither_name_nor_formula_is_refused():
    with pytest.raises(ValueError, match="unclosed bracket"):
        interface_measurements("Na3P(S4")
