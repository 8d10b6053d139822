"""One real retraining on the curated table and a handful of new rows, from the file to the champion and back."""

from io import StringIO

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.artifacts import load_text
from typer.testing import CliRunner

import ionscout as ion
from ionscout.featurize.structure.hosts import host_cif, host_structure
from ionscout.featurize.structure.reading import read_structure
from ionscout.serve.cli import app
from ionscout.training.data.contradictions import contradictions
from ionscout.training.data.sources import load_curated
from ionscout.training.registry import champion_run, connect
from ionscout.training.store.stored_rows import stored_rows, stored_structures
from ionscout.training.train import measured_rows

NEW = """formula,temperature_C,conductivity_S_cm,activation_energy_eV,doi,note
Na3.4Sc0.4Zr1.6Si2PO12,25,4.0e-3,0.26,10.1021/acs.chemmater.6b02059,
Na2.88Sb0.88W0.12S4,25,3.2e-2,0.177,10.1038/s41467-019-13178-2,
Na3.2Zr1.9Zn0.1Si2.2P0.8O12,25,5.0e-3,0.25,,pressed in house
Na3PS4,25,1.0e-8,,,a pellet that cracked
Na2.3Y0.3Zr0.7Cl6,25,5.0e-5,0.43,,
Na3Sm0.02Zr1.98Si2PO12,25,2.0e-3,0.30,,
Na3P(S4,25,1.0e-4,,,
"""
# A sample that the instrument could not read, and one that it could not have read.
FAILED = "Na3.3Ga0.3Ti1.7P3O12"
LIMITS = f"""{FAILED},25,<1e-10,,,impedance too high
Na2.3Y0.3Zr0.7Cl6,25,< 1E-1,,,
"""


def rows_of(tmp_path, table):
    uri = f"sqlite:///{tmp_path / 'm.db'}"
    ion.add_measurements(table, by="A. Volta", uri=uri)
    return stored_rows(uri)


def test_curated_rows_in_the_store_are_not_taught_twice(tmp_path):
    assert rows_of(tmp_path, load_curated("sodium_electrolytes")).empty


def test_stored_rows_are_training_rows_with_their_source(tmp_path):
    rows = rows_of(tmp_path, pd.read_csv(StringIO(NEW)))
    assert set(measured_rows().columns) <= set(rows.columns)
    assert rows["formula"].tolist() == [line.split(",")[0] for line in NEW.splitlines()[1:7]]
    assert rows["group_source"].tolist() == [
        "10.1021/acs.chemmater.6b02059",
        "10.1038/s41467-019-13178-2",
        *["A. Volta: table in memory"] * 4,
    ]
    assert rows["log10_conductivity"].to_numpy() == pytest.approx(np.log10([4e-3, 3.2e-2, 5e-3, 1e-8, 5e-5, 2e-3]))


def test_structures_are_kept_as_texts_and_go_to_the_rows_that_they_are_of(tmp_path):
    uri = f"sqlite:///{tmp_path / 'm.db'}"
    (tmp_path / "salt.cif").write_text(host_cif("NaCl"))
    lab = pd.DataFrame({"formula": ["NaCl", "NaCl", "Na3PS4"], "temperature_C": [300.0, 301.0, 25.0]})
    lab = lab.assign(conductivity_S_cm=[1e-7, 1.1e-7, 2e-4])
    assert len(ion.add_measurements(lab, by="A. Volta", uri=uri).added) == 3
    cells = [str(tmp_path / "salt.cif"), host_structure("NaCl"), host_cif("NaCl")]
    again = ion.add_measurements(lab.assign(structure=cells), by="A. Volta", uri=uri)
    assert str(again).endswith("2 added, 0 already there, 1 refused")
    assert again.errors["reason"].tolist() == ["structure is of NaCl, not of the formula"]
    # The file may go: its text is kept. A row that came again with its structure is taught once.
    (tmp_path / "salt.cif").unlink()
    rows = stored_rows(uri)
    assert rows["formula"].tolist() == ["Na3PS4", "NaCl", "NaCl"]
    kept = [read_structure(text).composition.reduced_formula for text in rows["structure"].dropna()]
    assert kept == ["NaCl", "NaCl"]


def test_a_structure_of_a_curated_row_goes_to_that_row(tmp_path):
    uri = f"sqlite:///{tmp_path / 'm.db'}"
    curated = load_curated("sodium_electrolytes")
    known = curated[curated["formula"].eq("NaAl11O17")].assign(structure=host_cif("NaAl11O17"))
    ion.add_measurements(known, by="A. Volta", uri=uri)
    assert stored_rows(uri).empty
    brought = stored_structures(uri)
    assert sorted(brought.index) == sorted(known.index)
    assert read_structure(brought.iloc[0]).composition.reduced_formula == "NaAl11O17"


def test_a_path_that_somebody_sends_is_not_opened(tmp_path):
    (tmp_path / "salt.cif").write_text(host_cif("NaCl"))
    lab = pd.DataFrame({"formula": ["NaCl"], "temperature_C": [300.0], "conductivity_S_cm": [1e-7]})
    lab["structure"] = str(tmp_path / "salt.cif")
    uri = f"sqlite:///{tmp_path / 'm.db'}"
    told = ion.add_measurements(lab, by="A. Volta", uri=uri, open_files=False)
    assert told.added.empty
    assert "send the CIF text" in told.errors["reason"].iloc[0]
    named = ion.validate(lab.assign(structure="rock salt")).errors.iloc[0]
    assert (named["row"], named["column"]) == (2, "structure")
    assert "structure_label" in named["remedy"]


def test_a_value_decades_from_the_known_ones_is_shown_with_its_source(tmp_path):
    rows = rows_of(tmp_path, pd.read_csv(StringIO(NEW)))
    found = contradictions(rows, pd.concat([measured_rows(), rows]))
    assert set(found["formula"]) == {"Na3PS4"}
    assert (found["decades"] < -1).all()
    assert found["known_source"].str.len().gt(0).all()
    # A twin of a formula written otherwise, and the row itself, are told apart.
    assert not found["known_table"].eq("store").any()


def test_one_retraining_from_the_file_to_the_champion_and_back(own_home, tmp_path, monkeypatch):
    uri = f"sqlite:///{tmp_path / 'm.db'}"
    monkeypatch.setenv("IONSCOUT_MEASUREMENTS_URI", uri)
    before, failed_before = ion.predict(["Na3.2Zr1.9Zn0.1Si2.2P0.8O12", FAILED])["log10_conductivity"]
    served = int(connect().get_model_version_by_alias("conductivity", "champion").version)
    path = tmp_path / "new.csv"
    # A crystal beside a new row, by its path, and one beside a row that the curated table has word for word.
    (tmp_path / "Na3PS4.cif").write_text(host_cif("Na3PS4"))
    new = pd.read_csv(StringIO(NEW + LIMITS), dtype=str)
    new["structure"] = new["formula"].eq("Na3PS4").map({True: str(tmp_path / "Na3PS4.cif"), False: None})
    new.to_csv(path, index=False)
    curated = load_curated("sodium_electrolytes")
    known = curated[curated["formula"].eq("NaAl11O17")].assign(structure=host_cif("NaAl11O17"))
    ion.add_measurements(known, by="A. Volta")

    done = ion.retrain(path, by="A. Volta", promote="always")

    assert str(done.addition).endswith("8 added, 0 already there, 1 refused")
    assert set(done.contradictions["formula"]) == {"Na3PS4"}
    # Predicted by the champion, which did not know them.
    asked = done.predicted["formula"].tolist()
    assert asked.index("Na3.2Zr1.9Zn0.1Si2.2P0.8O12") == 2
    assert done.predicted["predicted_log10_conductivity"].iloc[2] == pytest.approx(before, abs=1e-6)
    assert done.metrics["prequential_rows"] == 8
    # Limits are no values to be wrong about; the metrics say how often what was told lies below them.
    assert done.predicted["censored"].tolist() == [False] * 6 + [True] * 2
    values = done.predicted[~done.predicted["censored"]]
    errors = values["predicted_log10_conductivity"] - values["log10_conductivity"]
    assert done.metrics["prequential_conductivity_MAE"] == pytest.approx(errors.abs().mean())
    assert done.metrics["prequential_limits"] == 2
    assert done.metrics["prequential_limits_predicted_below"] == 0.5
    # The same rows held out in the same folds, though new systems and papers came.
    by_system = {c.property: c for c in done.comparisons if c.grouping == "system"}
    for found in done.comparisons:
        assert found.same_fold == 1.0
        assert found.lower <= found.difference <= found.upper
        assert abs(found.difference) < 0.1
    assert by_system["conductivity"].rows == measured_rows()["log10_conductivity"].notna().sum()

    # Structures of the shipped hosts and of the store were tried in grouped folds, and are on record.
    number = done.versions["conductivity"]
    run = mlflow.get_run(connect().get_model_version("conductivity", str(number)).run_id or "")
    shares = [run.data.metrics[f"conductivity_structure_share_by_{split}"] for split in ("system", "source")]
    assert 0 <= shares[0] == shares[1] <= 1
    source = ion.predict([host_structure("Na3PS4"), "NaCl"])["structure_source"].tolist()
    assert source == (["given", "missing"] if shares[0] > 0 else ["not used"] * 2)

    assert done.promoted
    number = done.versions["conductivity"]
    assert int(connect().get_model_version_by_alias("conductivity", "champion").version) == number
    after, failed_after = ion.predict(["Na3.2Zr1.9Zn0.1Si2.2P0.8O12", FAILED])["log10_conductivity"]
    assert after != before
    assert failed_after < failed_before - 1.0
    card = load_text(f"runs:/{champion_run('conductivity')}/model_card.md")
    assert "2 rows are upper limits" in card
    assert "by composition alone" in card[card.index("## Rows below a limit") :]
    run = mlflow.get_run(champion_run("conductivity"))
    assert run.data.metrics["prequential_conductivity_MAE"] == pytest.approx(
        done.metrics["prequential_conductivity_MAE"]
    )
    assert run.data.tags["promotion"] == "always"
    kept = {a.path for a in mlflow.MlflowClient().list_artifacts(run.info.run_id, "retraining")}
    assert {f"retraining/{n}" for n in ("predicted_before_seen.csv", "contradictions.csv", "comparisons.json")} <= kept

    back = CliRunner().invoke(app, ["models", "rollback"])
    assert back.exit_code == 0, back.output
    assert f"conductivity: version {served} is champion" in back.output
    assert "activation_energy: version" in back.output
    assert ion.predict("Na3.2Zr1.9Zn0.1Si2.2P0.8O12")["log10_conductivity"].iloc[0] == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"promote": "perhaps"}, "auto, always, never"), ({"new": "lab.csv"}, "no model of conductivity")],
)
def test_what_cannot_be_done_is_said_before_anything_is_kept(tmp_path, monkeypatch, arguments, said):
    monkeypatch.setenv("IONSCOUT_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("IONSCOUT_MEASUREMENTS_URI", raising=False)
    with pytest.raises((ValueError, LookupError), match=said):
        ion.retrain(**arguments, by="A. Volta")
    assert not (tmp_path / "measurements.db").exists()


def test_nothing_to_roll_back_to_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("IONSCOUT_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    from ionscout.training.registry import roll_back

    with pytest.raises(LookupError, match="no other version has served"):
        roll_back("conductivity")
    with pytest.raises(LookupError, match="not known"):
        roll_back("colour")
