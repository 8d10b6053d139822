"""Fixtures shared by all rooms: one real training, in a store of its own, for all workers."""

import os
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

# Tests of minutes begin first, so that no worker is left with one of them at the end.
LONG = ("test_retrain.py::test_one_retraining", "test_notebook_runs[add_data_and_retrain]", "http/test_jobs.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first, the others in the order of the files."""
    items.sort(key=lambda item: not any(name in item.nodeid for name in LONG))


@pytest.fixture(scope="session")
def trained_home(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Folder with the MLflow store of one full training run on the curated tables, made once for all workers."""
    root = tmp_path_factory.getbasetemp()
    shared = root if worker_id == "master" else root.parent
    home = shared / "trained_home"
    with FileLock(f"{home}.lock"):
        if not (home / "done").exists():
            import ionscout as ion

            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("IONSCOUT_HOME", str(home))
                patch.delenv("MLFLOW_TRACKING_URI", raising=False)
                summary = ion.train()
            summary.to_csv(home / "summary.csv", index=False)
            (home / "done").touch()
    return home


@pytest.fixture
def champion_home(trained_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder, with this test's process looking at it."""
    monkeypatch.setenv("IONSCOUT_HOME", str(trained_home))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return trained_home


@pytest.fixture
def own_home(trained_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry of the test's own, for what retrains: others go on with the champion they were given."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(trained_home / "mlflow.db", home)
    monkeypatch.setenv("IONSCOUT_HOME", str(home))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return home


@pytest.fixture(scope="session")
def external_data() -> Path:
    """Folder of other people's data; the test is skipped where it is not on the machine."""
    folder = os.environ.get("IONSCOUT_EXTERNAL_DATA")
    if not folder:
        pytest.skip("IONSCOUT_EXTERNAL_DATA is not set: external data sets are not on this machine")
    return Path(folder)
