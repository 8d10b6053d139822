"""Stores that are locked, full or away: a clear answer each time, nothing lost, and recovery without hands."""

import resource
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from ionscout.serve.http.app import create_app
from ionscout.serve.http.jobs.folder import JobFolders
from ionscout.serve.http.jobs.process import TRY_AGAIN, run
from ionscout.serve.http.settings import ServiceSettings

from .running import has_ended, served, wait_for

ROWS = [{"formula": "Na3PS4", "temperature_C": 25, "conductivity_S_cm": 2e-4}]
SPACE = {"kind": "dopants", "host": "Na3Zr2Si2PO12", "site": "Zr", "dopants": "all", "x": [0.1, 0.2]}
BY = {"by": "A. Volta"}


@pytest.fixture
def home(trained_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a registry of its own on the trained models."""
    shutil.copy(trained_home / "mlflow.db", tmp_path / "mlflow.db")
    monkeypatch.setenv("IONSCOUT_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    app = create_app(ServiceSettings(reload_s=0.05))
    with TestClient(app, "http://127.0.0.1", raise_server_exceptions=False) as asked:
        yield asked


def soon(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not (found := is_so()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def test_while_the_model_store_is_away_predictions_go_on_and_it_is_found_again(client: TestClient, home: Path) -> None:
    before = client.post("/v1/predict", json="NaCl").json()
    (home / "mlflow.db").rename(home / "away.db")
    assert soon(lambda: "no model store" in client.get("/readyz").json()["registry"])
    assert client.get("/readyz").status_code == 200
    assert "ionscout_registry_up 0.0" in client.get("/metrics").text
    assert client.post("/v1/predict", json="NaCl").json() == before
    for answer in (client.get("/v1/models"), client.post("/v1/models/conductivity/promote", json={"version": 1})):
        assert answer.status_code == 503
        assert "no model store" in answer.json()["detail"]
        assert answer.headers["retry-after"]
    assert not (home / "mlflow.db").exists()
    (home / "away.db").rename(home / "mlflow.db")
    assert soon(lambda: client.get("/readyz").json()["registry"] == "ok")
    assert client.get("/v1/models").json()["serving"] == before["models"]
    assert client.post("/v1/models/conductivity/promote", json={"version": 1}).status_code == 200


def test_a_job_waits_for_a_model_store_that_is_away(home: Path) -> None:
    folder, job = JobFolders(home / "service_jobs").new("screen", {"space": SPACE, "top": 3}, None)
    folder.write(job)
    (home / "mlflow.db").rename(home / "away.db")
    assert run(folder) == TRY_AGAIN
    assert "no model store" in (folder.outcome() or {})["message"]
    assert not (home / "mlflow.db").exists()
    (home / "away.db").rename(home / "mlflow.db")
    assert run(folder) == 0
    assert (folder.outcome() or {})["result"]["shortlist"] == 3


def test_a_damaged_model_store_is_told_as_such(client: TestClient, home: Path) -> None:
    whole = (home / "mlflow.db").read_bytes()
    (home / "mlflow.db").write_bytes(b"not a database" * 1000)
    answer = client.get("/v1/models")
    assert answer.status_code == 503
    assert "does not answer" in answer.json()["detail"]
    assert client.post("/v1/predict", json="NaCl").status_code == 200
    (home / "mlflow.db").write_bytes(whole)
    assert soon(lambda: client.get("/v1/models").status_code == 200)


def test_a_locked_measurement_store_says_so_and_keeps_all_or_nothing(
    client: TestClient, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ionscout.serve.http.measurements.WAIT_S", 0.2)
    assert client.post("/v1/measurements", json=ROWS, params=BY).status_code == 201
    other = sqlite3.connect(home / "measurements.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    more = [{**ROWS[0], "temperature_C": 60}]
    answer = client.post("/v1/measurements", json=more, params=BY)
    assert answer.status_code == 503
    assert "nothing of this request was kept" in answer.json()["detail"]
    assert answer.headers["retry-after"]
    assert client.post("/v1/predict", json="NaCl").status_code == 200
    other.execute("ROLLBACK")
    other.close()
    assert client.post("/v1/measurements", json=more, params=BY).status_code == 201
    assert [row["temperature_C"] for row in client.get("/v1/measurements").json()["rows"]] == [25, 60]


def test_a_full_disk_costs_nothing_that_was_kept_and_jobs_go_on_once_there_is_room(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file of the service may grow beyond 40 kB, as when the disk is full; then the limit is lifted."""
    monkeypatch.setenv("IONSCOUT_SERVE_JOB_RETRY_S", "0.5")
    with served(home) as (process, url), httpx.Client(base_url=url, timeout=60) as client:
        assert client.post("/v1/measurements", json=ROWS, params=BY).status_code == 201
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))
        many = [{**ROWS[0], "temperature_C": t / 10, "note": "x" * 500} for t in range(500)]
        full = client.post("/v1/measurements", json=many, params=BY)
        assert full.status_code == 503, full.text
        assert "nothing of this request was kept" in full.json()["detail"]
        assert client.post("/v1/predict", json="NaCl").status_code == 200
        where = client.post("/v1/screen", json={"space": SPACE}).json()["links"]["self"]
        waiting = wait_for(lambda: client.get(where).json(), lambda job: job["state"] == "waiting" or has_ended(job))
        assert waiting["state"] == "waiting", waiting
        assert "cannot be written" in waiting["message"]
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        job = wait_for(lambda: client.get(where).json(), has_ended)
        assert job["state"] == "done", job
        assert client.post("/v1/measurements", json=many, params=BY).status_code == 201
        assert len(client.get("/v1/measurements").json()["rows"]) == 1 + len(many)
