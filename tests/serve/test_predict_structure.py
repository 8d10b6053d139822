"""A champion that was taught structures, asked with and without them: library, file, service, client and MLflow."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import mlflow
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import ionscout as ion
from ionscout.featurize.composition import CompositionBatch
from ionscout.featurize.structure.hosts import host_cif, host_structure
from ionscout.models.arrhenius import ArrheniusModel
from ionscout.models.context import Context
from ionscout.models.fingerprint import FingerprintError
from ionscout.models.inputs import input_positions
from ionscout.models.intervals import GroupedConformal
from ionscout.models.prediction import load_model, predict_properties
from ionscout.models.structure_correction import StructureCorrection, fit_correction
from ionscout.serve.cli import app
from ionscout.serve.http.settings import ServiceSettings
from ionscout.training.measured_table import MeasuredTable
from ionscout.training.model_files import MODEL_FILES
from ionscout.training.registry import champions, connect, promote
from ionscout.training.settings import STRUCTURE
from ionscout.training.structure_fit import structure_columns
from ionscout.training.train import measured_rows, save_and_register

from .http.running import listening

CONDUCTIVITY = [f"log10_conductivity{suffix}" for suffix in ("", "_lower", "_upper")]
MIXED = pd.DataFrame(
    {
        "formula": ["Na3PS4", "Na3PS4", None, "NaCl", "Na3PS4", None, "Na2Si3O7", "Na3P(S4"],
        "structure": [host_cif("Na3PS4"), None, host_cif("NaCl"), host_cif("Na3PS4"), host_cif("Na3PS4_cubic"),
                      "data_cut", None, host_cif("Na3PS4")],
        "state": ["crystalline"] * 6 + ["glass", "crystalline"],
    }
)  # fmt: skip
SOURCES = ["given", "missing", "given", None, "given", None, "not used", None]


def conductivity_model() -> ArrheniusModel:
    return next(m for m in champions() if isinstance(m, ArrheniusModel))


@pytest.fixture(scope="module")
def structured_home(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A registry whose champion of conductivity was taught what the shipped hosts leave of the curated values."""
    home = tmp_path_factory.mktemp("structured")
    shutil.copy(trained_home / "mlflow.db", home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IONSCOUT_HOME", str(home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        model = taught(conductivity_model())
        experiment = connect().create_experiment("structures", (home / "artifacts").as_uri())
        with mlflow.start_run(experiment_id=experiment):
            for name, number in save_and_register(model, home / MODEL_FILES).items():
                promote(name, number)
        yield home


def taught(model: ArrheniusModel) -> ArrheniusModel:
    rows = measured_rows(structures=True)
    rows = rows[rows["structure"].notna() & rows["log10_conductivity"].notna()].reset_index(drop=True)
    table = MeasuredTable.of(rows)
    assert table.structures is not None
    context = Context.read(len(rows), rows["temperature_C"].to_numpy(), rows["state"].to_numpy(object))
    said = predict_properties([model], table.batch, context)["log10_conductivity"]
    residuals = rows["log10_conductivity"].to_numpy() - said
    student = model.level.student
    doubt = student.doubts(table.inputs[:, input_positions(student.columns)])
    booster = fit_correction(table.structures, residuals, doubt, structure_columns(), STRUCTURE)
    correction = StructureCorrection(booster, 0.5, GroupedConformal.fit(residuals, doubt))
    return replace(model, level=replace(model.level, structure=correction))


@pytest.fixture
def structured(structured_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IONSCOUT_HOME", str(structured_home))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return structured_home


def test_each_row_says_whether_its_structure_was_used(structured):
    answer = ion.predict(MIXED)
    assert answer["structure_source"].tolist() == SOURCES
    assert answer["error"].notna().tolist() == [source is None for source in SOURCES]
    assert "structure is of Na3PS4, but the formula is NaCl" in answer["error"][3]
    assert "no atoms" in answer["error"][5]
    # Two forms of one composition are two answers, and the composition alone a third.
    assert len(set(answer["log10_conductivity"].take([0, 1, 4]))) == 3
    assert list(answer.columns[:3]) == list(MIXED)


def test_compositions_are_answered_to_the_last_bit_as_by_a_model_without_structures(structured):
    model = conductivity_model()
    assert model.reads_structures
    without = replace(model, level=replace(model.level, structure=None))
    rows = measured_rows()
    batch, context = CompositionBatch.from_formulas(rows["formula"]), Context.read(len(rows), 60.0, rows["state"])
    now, before = (pd.DataFrame(predict_properties([m], batch, context)) for m in (model, without))
    assert set(before["structure_source"]) == {"not used"}
    assert set(now["structure_source"]) <= {"missing", "not used"}
    pd.testing.assert_frame_equal(
        now.drop(columns="structure_source"), before.drop(columns="structure_source"), check_exact=True
    )


def test_rows_do_not_depend_on_their_neighbours(structured):
    together = ion.predict(MIXED)
    alone = pd.concat([ion.predict(MIXED.iloc[[row]]) for row in range(len(MIXED))])
    pd.testing.assert_frame_equal(together, alone, check_exact=True)


def test_structures_themselves_are_inputs(structured):
    answer = ion.predict([host_structure("Na3PS4"), "Na3PS4"])
    assert answer["structure_source"].tolist() == ["given", "missing"]
    assert "structure" not in answer
    np.testing.assert_allclose(answer[CONDUCTIVITY], ion.predict(MIXED)[CONDUCTIVITY].head(2), rtol=1e-6)
    assert ion.predict(host_structure("NaCl"))["structure_source"].tolist() == ["given"]


def test_a_wide_interval_needs_no_more_rows_than_without_a_structure(structured):
    bounds = ion.predict(MIXED.head(2), interval=0.995)
    assert (bounds["log10_conductivity_lower"] < bounds["log10_conductivity"]).all()


def test_a_file_with_paths_is_answered_like_the_table(structured, tmp_path):
    for name in ("Na3PS4", "Na3PS4_cubic"):
        (tmp_path / f"{name}.cif").write_text(host_cif(name))
    paths = [tmp_path / "Na3PS4.cif", tmp_path / "Na3PS4_cubic.cif", None, tmp_path / "gone.cif"]
    pd.DataFrame({"formula": ["Na3PS4"] * 4, "structure": paths}).to_csv(tmp_path / "in.csv", index=False)
    done = CliRunner().invoke(
        app, ["predict", "--input", str(tmp_path / "in.csv"), "--output", str(tmp_path / "out.parquet")]
    )
    assert done.exit_code == 0, done.output
    answer = pd.read_parquet(tmp_path / "out.parquet")
    assert answer["structure_source"].tolist() == ["given", "given", "missing", None]
    assert "no file" in answer["error"][3]
    expected = ion.predict(MIXED).iloc[[0, 4, 1]]
    np.testing.assert_array_equal(answer[CONDUCTIVITY].head(3).to_numpy(), expected[CONDUCTIVITY].to_numpy())


def test_the_service_and_its_client_answer_like_the_library(structured):
    with listening(ServiceSettings()) as url, ion.connect(url) as far:
        for inputs in (MIXED, [host_structure("NaCl"), "Na3PS4"], "Na3PS4"):
            got, expected = far.predict(inputs), ion.predict(inputs)
            pd.testing.assert_frame_equal(got.astype(object).fillna(0), expected.astype(object).fillna(0))
        rows = [{"formula": "Na3PS4", "structure": cell} for cell in (host_cif("Na3PS4"), "/etc/hostname")]
        told = httpx.post(f"{url}/v1/predict", json={"inputs": rows}).raise_for_status().json()["rows"]
    assert [row["structure_source"] for row in told] == ["given", None]
    assert "opens no files" in told[1]["error"]


def test_the_pyfunc_takes_structures_as_text(structured, tmp_path):
    connect()
    model = mlflow.pyfunc.load_model("models:/conductivity@champion")
    answer = model.predict(MIXED.assign(temperature_C=25.0))
    expected = ion.predict(MIXED)
    assert answer["structure_source"].tolist() == SOURCES
    np.testing.assert_array_equal(answer[CONDUCTIVITY].to_numpy(), expected[CONDUCTIVITY].to_numpy())
    (tmp_path / "salt.cif").write_text(host_cif("NaCl"))
    path = pd.DataFrame({"formula": ["NaCl"], "structure": [str(tmp_path / "salt.cif")]})
    assert "is a path" in model.predict(path)["error"][0]
    assert model.predict(pd.DataFrame({"formula": ["NaCl"]}))["structure_source"].tolist() == ["missing"]


def test_models_that_know_no_structures_do_not_look_at_them(champion_home):
    answer = ion.predict(MIXED.assign(structure=[*MIXED["structure"][:3], "data_cut", *MIXED["structure"][4:]]))
    assert answer["structure_source"].tolist() == ["not used"] * 5 + [None, "not used", None]
    assert len(set(answer["log10_conductivity"].take([0, 1, 4]))) == 1


def test_a_saved_model_says_the_same_and_refuses_other_features(structured, tmp_path):
    model = conductivity_model()
    model.save(tmp_path)
    files = [path.name for path in (tmp_path / "level" / "structure").iterdir()]
    assert sorted(files) == ["columns.json", "intervals.npz", "member_0.ubj", "structure.json"]
    again = load_model(tmp_path)
    assert isinstance(again, ArrheniusModel)
    assert again.level.structure is not None
    features = np.random.default_rng(0).normal(size=(50, len(structure_columns()))).astype(np.float32)
    ours, theirs = (m.level.structure.values(features, np.ones(50)) for m in (model, again) if m.level.structure)
    np.testing.assert_array_equal(ours, theirs)
    path = tmp_path / "level" / "structure" / "structure.json"
    path.write_text(path.read_text().replace('"Na3AlF6"', '"NaCl"'))
    with pytest.raises(FingerprintError, match="volume_per_atom"):
        load_model(tmp_path)
