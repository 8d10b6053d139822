import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import pytest

import ionscout as ion
from ionscout.models.base import read_model
from ionscout.models.fingerprint import FingerprintError
from ionscout.models.prediction import KINDS
from ionscout.models.properties import PROPERTIES
from ionscout.training import registry
from ionscout.training.model_files import MODEL_FILES, ModelFilesError
from ionscout.training.registry import (
    FILES_SHA256,
    NoChampionError,
    champions,
    connect,
    experiment_id,
    promote,
    promote_together,
    register,
)


def test_every_property_has_a_champion_with_its_cross_validated_error(champion_home):
    table = ion.models()
    assert set(table["property"]) == {*PROPERTIES, "hybrid_conductivity"}
    assert table["champion"].all()
    assert table["MAE_by_system"].fillna(table.get("MAE_by_source")).notna().all()
    assert table["data_hash"].notna().all()


def test_the_pyfunc_gives_the_numbers_of_predict(champion_home):
    import mlflow

    connect()
    frame = pd.DataFrame(
        {
            "formula": ["Na3Zr2Si2PO12", "Na3P(S4", "Na3PS4", "Na2ZrCl6"],
            "temperature_C": [25.0, 25.0, 60.0, -10.0],
            "state": ["crystalline", "crystalline", "glass_ceramic", "crystalline"],
        }
    )
    expected = ion.predict(frame)
    for name, fact in PROPERTIES.items():
        answer = mlflow.pyfunc.load_model(f"models:/{name}@champion").predict(frame)
        for column in fact.columns:
            np.testing.assert_allclose(answer[column], expected[column], rtol=1e-12)
        assert answer["error"].isna().tolist() == [True, False, True, True]
        for source in {"window_source", "hull_source"} & set(answer):
            assert answer[source].tolist() == expected[source].tolist() == ["exact", None, "predicted", "predicted"]


def test_runs_carry_parameters_plots_card_and_features(champion_home):
    client = connect()
    for run_id in ion.models()["run_id"].unique():
        run = client.get_run(run_id)
        assert {"data_hash", "rows", "seed"} <= set(run.data.params)
        files = {f.path for f in client.list_artifacts(run_id)}
        assert {"features.json", "model_card.md", "plots"} <= files
        plots = {f.path for f in client.list_artifacts(run_id, "plots")}
        assert any("parity" in p for p in plots)
        assert any("residuals" in p for p in plots)


def test_no_pickle_is_stored(champion_home):
    names = [path.name for path in (champion_home / "artifacts").rglob("*") if path.is_file()]
    assert "model.json" in names
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".joblib"))]


def test_models_and_answers_survive_a_new_process(champion_home):
    code = "import ionscout as ion; print(ion.predict('Na3PS4')['log10_conductivity'][0].hex())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert float.fromhex(said.strip()) == ion.predict("Na3PS4")["log10_conductivity"][0]


def test_without_a_champion_the_way_out_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("IONSCOUT_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(NoChampionError, match="run `ionscout train`"):
        ion.predict("NaCl")


def test_promotion_moves_tied_properties_together_and_names_what_is_missing(champion_home):
    assert promote_together("activation_energy", 1) == {"conductivity": 1, "activation_energy": 1}
    with pytest.raises(LookupError, match="has no version 99"):
        promote_together("conductivity", 99)
    with pytest.raises(LookupError, match="choose one of conductivity"):
        promote_together("hardness", 1)


def test_changed_features_are_refused_by_name(champion_home, tmp_path):
    import json

    model = champions()[-1]
    model.save(tmp_path)
    document = json.loads((tmp_path / "model.json").read_text())
    column = document["fingerprint"]["columns"][3]
    document["fingerprint"]["vectors"][0][3] += 1.0
    (tmp_path / "model.json").write_text(json.dumps(document))
    with pytest.raises(FingerprintError, match=column):
        read_model(tmp_path, KINDS)
    document["fingerprint"]["columns"][3] = "some_old_feature"
    (tmp_path / "model.json").write_text(json.dumps(document))
    with pytest.raises(FingerprintError, match="missing \\['some_old_feature'\\]"):
        read_model(tmp_path, KINDS)


def test_files_that_were_changed_after_registration_are_not_loaded(champion_home, tmp_path, monkeypatch):
    import mlflow

    models = champions()
    frame = pd.DataFrame({"formula": ["NaCl"], "temperature_C": [25.0], "state": ["crystalline"]})
    answer = ion.predict(frame)[["log10_conductivity", "error"]]
    monkeypatch.setenv("IONSCOUT_HOME", str(tmp_path / "home"))
    client = connect()
    with mlflow.start_run(experiment_id=experiment_id(client)):
        for each in models:
            folder = tmp_path / each.kind / MODEL_FILES
            each.save(folder)
            for name, number in register(each, folder, frame, answer).items():
                promote(name, number)
    assert champions()
    version = client.get_model_version_by_alias("energy_above_hull", "champion")
    uri = client.get_model_version_download_uri("energy_above_hull", version.version)
    file = next(Path(urlsplit(uri).path).rglob(f"{MODEL_FILES}/model.json"))
    file.write_text(file.read_text().replace('"hull"', '"hull" '))
    registry._load.cache_clear()
    with pytest.raises(ModelFilesError, match="not those that were registered"):
        champions()
    client.delete_model_version_tag("energy_above_hull", version.version, FILES_SHA256)
    assert champions()


def test_two_processes_may_come_to_a_new_store_at_once(tmp_path):
    code = "from ionscout.training.registry import connect; print(len(connect().search_registered_models()))"
    environment = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"} | {"IONSCOUT_HOME": str(tmp_path)}
    both = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [process.communicate(timeout=120)[0].strip() for process in both] == ["0", "0"]
