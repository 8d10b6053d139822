"""A service on the trained models, asked in-process or over a real socket."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from ionscout.serve.http.app import create_app
from ionscout.serve.http.settings import ServiceSettings

from .running import listening


@pytest.fixture(scope="module")
def client(trained_home: Path) -> Iterator[TestClient]:
    """Client of a service in this process that answers with the trained models."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IONSCOUT_HOME", str(trained_home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        app = create_app(ServiceSettings(max_rows=5000))
        with TestClient(app, "http://127.0.0.1", raise_server_exceptions=False) as asked:
            yield asked


@pytest.fixture
def url(champion_home: Path) -> Iterator[str]:
    """Address of a real server on the trained models."""
    with listening(ServiceSettings(reload_s=0.1)) as address:
        httpx.get(f"{address}/readyz").raise_for_status()
        yield address
