"""Keys and scopes: open on this machine, closed to everyone else."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from ionscout.serve.cli import app as command_line
from ionscout.serve.http.app import create_app
from ionscout.serve.http.keys import ApiKeys
from ionscout.serve.http.settings import ServiceSettings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IONSCOUT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path / "home"


@pytest.fixture
def far(home: Path) -> Iterator[TestClient]:
    """A service that listens on all interfaces."""
    with TestClient(create_app(ServiceSettings(host="0.0.0.0")), "http://lab.example.org") as client:
        yield client


@pytest.fixture
def near(home: Path) -> Iterator[TestClient]:
    """A service on loopback."""
    with TestClient(create_app(ServiceSettings()), "http://127.0.0.1:8000") as client:
        yield client


def test_beyond_loopback_a_service_without_keys_does_not_start(home: Path) -> None:
    done = CliRunner().invoke(command_line, ["serve", "--host", "0.0.0.0"])
    assert isinstance(done.exception, ValueError)
    assert "ionscout serve keys add" in str(done.exception)


def test_a_key_is_shown_once_and_kept_as_a_hash_that_only_its_owner_reads(home: Path) -> None:
    token = CliRunner().invoke(command_line, ["serve", "keys", "add", "robot", "--scope", "read"]).stdout.strip()
    file = home / "service_keys.json"
    assert token.startswith("ionscout_")
    assert token.rpartition("_")[2] not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert CliRunner().invoke(command_line, ["serve", "keys", "list"]).stdout.startswith("robot\tread\t")


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_from_elsewhere_a_key_is_needed(far: TestClient, header: str) -> None:
    token = ApiKeys().add("robot", ["read"])
    good = f"Bearer {token}" if header == "Authorization" else token
    bare = far.get("/v1/models")
    assert bare.status_code == 401
    assert "WWW-Authenticate" in bare.headers
    assert far.get("/v1/models", headers={header: good[:-1]}).status_code == 401
    # 503: let in, and told that no model is there.
    assert far.get("/v1/models", headers={header: good}).status_code == 503
    assert far.get("/healthz").status_code == 200


def test_strangers_are_not_told_where_the_stores_are(far: TestClient, near: TestClient, home: Path) -> None:
    assert str(home) in near.get("/readyz").text
    assert far.get("/readyz").json() == {"status": "not ready", "reason": "does not answer; the log says why"}


def test_a_browser_may_give_the_key_as_a_password(far: TestClient) -> None:
    token = ApiKeys().add("robot", ["read"])
    assert far.get("/v1/models", auth=("anyone", token)).status_code == 503
    assert far.get("/v1/models", auth=("anyone", "guess")).status_code == 401


def test_a_revoked_key_is_refused_at_once(far: TestClient) -> None:
    token = ApiKeys().add("robot", ["read"])
    assert far.get("/v1/models", headers={"X-API-Key": token}).status_code == 503
    assert CliRunner().invoke(command_line, ["serve", "keys", "revoke", "robot"]).exit_code == 0
    assert far.get("/v1/models", headers={"X-API-Key": token}).status_code == 401


def test_a_key_does_only_what_its_scopes_say(far: TestClient) -> None:
    token = ApiKeys().add("robot", ["measurements"])
    answer = far.post("/v1/predict", json="NaCl", headers={"X-API-Key": token})
    assert answer.status_code == 403
    assert "this needs 'read'" in answer.json()["detail"]


def test_a_damaged_file_of_keys_lets_nobody_in(far: TestClient, home: Path) -> None:
    token = ApiKeys().add("robot", ["read"])
    (home / "service_keys.json").write_text("[{")
    assert far.get("/v1/models", headers={"X-API-Key": token}).status_code == 503


def test_on_this_machine_no_key_is_needed_unless_asked_for(near: TestClient, home: Path) -> None:
    assert near.post("/v1/predict", json="NaCl").status_code == 503
    assert near.post("/v1/predict", json="NaCl", headers={"X-API-Key": "wrong"}).status_code == 401
    with TestClient(create_app(ServiceSettings(require_keys=True)), "http://127.0.0.1") as strict:
        assert strict.post("/v1/predict", json="NaCl").status_code == 401


def test_pages_of_other_sites_cannot_use_this_machine(near: TestClient) -> None:
    """A form on another site, and a name that is made to point here (DNS rebinding)."""
    foreign = near.post("/v1/predict", json="NaCl", headers={"origin": "https://evil.example"})
    assert foreign.status_code == 403
    rebound = near.post("/v1/predict", json="NaCl", headers={"host": "evil.example", "origin": "http://evil.example"})
    assert rebound.status_code == 403
    own = near.post("/v1/predict", json="NaCl", headers={"origin": "http://127.0.0.1:8000"})
    assert own.status_code == 503


def test_a_connection_from_elsewhere_is_closed_even_if_the_settings_say_loopback(home: Path) -> None:
    """As when another program serves the application on all interfaces."""
    with TestClient(create_app(ServiceSettings()), "http://192.0.2.7") as client:
        assert client.get("/v1/models").status_code == 401


def test_names_and_scopes_of_keys_are_checked(home: Path) -> None:
    keys = ApiKeys()
    with pytest.raises(ValueError, match="letters, digits"):
        keys.add("../robot", ["read"])
    with pytest.raises(ValueError, match="choose from read, measurements, promote"):
        keys.add("robot", ["admin"])
    keys.add("robot", ["read"])
    with pytest.raises(ValueError, match="already"):
        keys.add("robot", ["read"])
