"""What those who keep the service running see: health, metrics, logs, and champions that change."""

import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

import ionscout as ion
from ionscout.serve.http.app import create_app
from ionscout.serve.http.json_log import JsonFormatter
from ionscout.serve.http.settings import ServiceSettings
from ionscout.training.registry import connect

from .running import listening


def test_a_service_without_champions_lives_and_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IONSCOUT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with TestClient(create_app(ServiceSettings()), "http://127.0.0.1") as client:
        assert client.get("/healthz").json()["status"] == "ok"
        for answer in (client.get("/readyz"), client.post("/v1/predict", json="NaCl"), client.get("/v1/models")):
            assert answer.status_code == 503
            assert "ionscout train" in answer.text
    assert not (tmp_path / "home").exists()


def test_models_are_listed_with_versions_metrics_and_data_hash(client: TestClient) -> None:
    listed = client.get("/v1/models").json()
    expected = ion.models()
    assert [row["run_id"] for row in listed["rows"]] == expected["run_id"].tolist()
    assert listed["rows"][0]["data_hash"]
    serving = {row["property"]: row["version"] for row in listed["rows"] if row["champion"]}
    assert listed["serving"] == serving


def test_requests_are_counted_by_route_and_status(client: TestClient) -> None:
    client.post("/v1/predict", json="NaCl")
    client.get("/no/such/path")
    told = client.get("/metrics").text
    assert 'ionscout_requests_total{method="POST",route="/v1/predict",status="200"}' in told
    assert 'route="unknown",status="404"' in told
    assert "/no/such/path" not in told


def test_each_request_leaves_one_json_line_with_its_identifier(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="ionscout.access"):
        answer = client.post("/v1/predict", json=["NaCl", "Na(Cl"], headers={"x-request-id": "mine-7"})
    assert answer.headers["x-request-id"] == "mine-7"
    lines = [json.loads(JsonFormatter().format(r)) for r in caplog.records if r.name == "ionscout.access"]
    assert [(line["request_id"], line["status"], line["rows"], line["bad"]) for line in lines] == [
        ("mine-7", 200, 2, 1)
    ]


def test_an_identifier_that_could_forge_log_lines_is_replaced(client: TestClient) -> None:
    answer = client.get("/healthz", headers={"x-request-id": 'a" b'})
    assert len(answer.headers["x-request-id"]) == 32


@pytest.fixture
def own_url(own_home: Path) -> Iterator[str]:
    """Address of a real server on a registry of its own: a version once made takes its number from all others."""
    with listening(ServiceSettings(reload_s=0.1)) as address:
        httpx.get(f"{address}/readyz").raise_for_status()
        yield address


def test_a_new_champion_serves_without_a_request_lost(own_url: str) -> None:
    """The alias moves to a second version of the same model while three clients ask without pause."""
    client = connect()
    names = [p for p in ion.models().query("champion")["property"] if p in ("conductivity", "activation_energy")]
    before = {name: int(client.get_model_version_by_alias(name, "champion").version) for name in names}
    stop, statuses, versions = threading.Event(), [], []

    def ask() -> None:
        with httpx.Client(base_url=own_url) as asked:
            while not stop.is_set():
                answer = asked.post("/v1/predict", json="Na3PS4")
                statuses.append(answer.status_code)
                if answer.status_code == 200:
                    versions.append(answer.json()["models"]["conductivity"])

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    fresh = {}
    try:
        for name in names:
            old = client.get_model_version(name, str(before[name]))
            fresh[name] = int(client.create_model_version(name, str(old.source), run_id=old.run_id).version)
        for name in names:
            client.set_registered_model_alias(name, "champion", str(fresh[name]))
        serving = {}
        with httpx.Client(base_url=own_url) as asked:
            for _ in range(200):
                serving = asked.get("/readyz").json()["models"]
                if all(serving[name] == fresh[name] for name in names):
                    break
                stop.wait(0.05)
    finally:
        stop.wait(0.2)
        stop.set()
        for thread in threads:
            thread.join()
    assert all(serving[name] == fresh[name] for name in names)
    assert set(statuses) == {200}
    assert set(versions) >= {fresh["conductivity"]}
