"""Screens as jobs: the library's answer, progress, results, cancelling, and going on after a kill."""

import io
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pandas as pd
import pytest
from fastapi.testclient import TestClient

import ionscout as ion
from ionscout.serve.http.app import create_app
from ionscout.serve.http.keys import ApiKeys
from ionscout.serve.http.settings import ServiceSettings

from .running import PART_ROWS, has_ended, served, wait_for

SPACE = {"kind": "dopants", "host": "Na3Zr2Si2PO12", "site": "Zr", "dopants": "all", "x": [0.1, 0.2, 0.3]}
SPEC = "conductivity >= 1e-4, oxidation limit >= 3"
PARQUET = {"accept": "application/vnd.apache.parquet"}


@pytest.fixture
def home(trained_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for the jobs, with the trained models in reach."""
    monkeypatch.setenv("IONSCOUT_HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{trained_home / 'mlflow.db'}")
    return tmp_path


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    with TestClient(create_app(ServiceSettings()), "http://127.0.0.1", raise_server_exceptions=False) as asked:
        yield asked


def test_a_screen_finds_what_the_library_finds(client: TestClient) -> None:
    created = client.post("/v1/screen", json={"space": SPACE, "spec": SPEC, "top": 7})
    assert created.status_code == 202
    where = created.headers["location"]
    early = client.get(f"{where}/results")
    assert early.status_code == 409
    job = wait_for(lambda: client.get(where).json(), has_ended)
    assert job["state"] == "done", job
    space = ion.dopants("Na3Zr2Si2PO12", site="Zr", dopants="all", x=[0.1, 0.2, 0.3])
    expected = ion.screen(space, SPEC, top=7)
    assert job["progress"]["done"] == job["progress"]["total"] == len(space)
    assert job["result"]["refused"] == expected.attrs["refused"]
    best = pd.read_parquet(io.BytesIO(client.get(f"{where}/results", headers=PARQUET).content))
    pd.testing.assert_frame_equal(best, pd.DataFrame(expected), check_dtype=False)
    everything = client.get(f"{where}/results", params={"rows": "all"}, headers={"accept": "text/csv"})
    assert len(pd.read_csv(io.StringIO(everything.text))) == len(space)
    assert client.get("/v1/screen").json()["jobs"][0]["id"] == job["id"]
    assert client.delete(where).status_code == 204
    assert client.get(where).status_code == 404


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"space": {"kind": "file", "path": "/etc/passwd"}}, "choose one of dopants, compositions"),
        ({"space": {**SPACE, "host": "Na3P(S4"}}, "bracket"),
        ({"space": SPACE, "spec": "smell >= 3"}, "smell"),
        ({"space": {**SPACE, "colour": "red"}}, "key 'colour' is not known"),
        ({"space": {"kind": ["dopants"]}}, "is not known"),
        ({}, "give a space or formulas"),
    ],
)
def test_what_cannot_be_screened_is_refused_before_it_is_queued(client: TestClient, body: dict, says: str) -> None:
    answer = client.post("/v1/screen", json=body)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]
    assert client.get("/v1/screen").json()["jobs"] == []


@pytest.mark.parametrize("name", ["..", "%2e%2e%2f%2e%2e", "a" * 32, "A" * 32, "0" * 31 + "/../x"])
def test_names_of_jobs_lead_nowhere_else(client: TestClient, name: str) -> None:
    for path in (f"/v1/screen/{name}", f"/v1/screen/{name}/results"):
        assert client.get(path).status_code in (404, 422)


def test_jobs_wait_their_turn_and_may_be_cancelled(home: Path) -> None:
    settings = ServiceSettings(jobs_at_once=1, jobs_waiting=1)
    with TestClient(create_app(settings), "http://127.0.0.1") as client:
        large = {"space": {**SPACE, "site": ["Zr", "P", "Si"], "at_once": 3}, "spec": SPEC}
        first = client.post("/v1/screen", json=large).json()["links"]["self"]
        wait_for(lambda: client.get(first).json(), lambda job: job["state"] == "running")
        second = client.post("/v1/screen", json=large).json()["links"]["self"]
        third = client.post("/v1/screen", json=large)
        assert third.status_code == 429
        assert client.get(second).json()["state"] == "queued"
        for path in (second, first):
            assert client.post(f"{path}/cancel").json()["state"] == "cancelled"
        table = client.post("/v1/screen", content="formula\nNa3PS4\nNaCl\n", headers={"content-type": "text/csv"})
        assert table.status_code == 202
        assert table.json()["progress"]["total"] == 2


def test_a_retraining_needs_the_right_to_promote_and_may_be_cancelled(home: Path) -> None:
    keys = {scope: {"X-API-Key": ApiKeys().add(scope, [scope])} for scope in ("read", "promote")}
    with TestClient(create_app(ServiceSettings(require_keys=True)), "http://127.0.0.1") as client:
        assert client.post("/v1/retrain", json={}, headers=keys["read"]).status_code == 403
        assert client.post("/v1/retrain", json={"promote": "perhaps"}, headers=keys["promote"]).status_code == 422
        job = client.post("/v1/retrain", headers=keys["promote"]).json()
        assert (job["kind"], job["by"], job["asked"]) == ("retrain", "promote", {"promote": "auto", "seed": 0})
        path = job["links"]["self"]
        wait_for(lambda: client.get(path, headers=keys["read"]).json(), lambda told: told["state"] == "running")
        assert client.get(path.replace("retrain", "screen"), headers=keys["read"]).status_code == 404
        assert client.post(job["links"]["cancel"], headers=keys["promote"]).json()["state"] == "cancelled"
        assert client.get("/v1/retrain", headers=keys["read"]).json()["jobs"][0]["state"] == "cancelled"


def test_a_screen_goes_on_after_the_service_was_killed(home: Path) -> None:
    """kill -9 amid a screen; the next service finds it, goes on after the finished parts, and answers the same."""
    space = {**SPACE, "site": ["Zr", "P"], "at_once": 2, "x": [0.1, 0.15, 0.2]}
    with served(home) as (process, url):
        where = httpx.post(f"{url}/v1/screen", json={"space": space, "spec": SPEC, "top": 5}).json()["links"]["self"]
        total = httpx.get(f"{url}{where}").json()["progress"]["total"]
        parts = home / "service_jobs" / where.rpartition("/")[2] / "results"
        # What a part keeps is written last, and says that it is finished.
        wait_for(lambda: {"parts": len(list(parts.glob("_kept/part-*.parquet")))}, lambda told: told["parts"] > 0)
        process.send_signal(signal.SIGKILL)
        process.wait()
    finished = {path.name: (parts / path.name).stat().st_mtime_ns for path in parts.glob("_kept/part-*.parquet")}
    assert 0 < len(finished) < -(-total // PART_ROWS)
    with served(home) as (_, url):
        job = wait_for(lambda: httpx.get(f"{url}{where}").json(), has_ended)
        rows = httpx.get(f"{url}{where}/results").json()["rows"]
    assert (job["state"], job["attempts"]) == ("done", 2)
    assert {name: (parts / name).stat().st_mtime_ns for name in finished} == finished
    del space["kind"]
    assert [row["formula"] for row in rows] == ion.screen(ion.dopants(**space), SPEC, top=5)["formula"].tolist()
