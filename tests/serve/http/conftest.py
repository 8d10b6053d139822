"""A service on the trained models, asked in-process or over a real socket."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient

from ionscout.serve.http.app import create_app
from ionscout.serve.http.settings import ServiceSettings


@contextmanager
def listening(settings: ServiceSettings) -> Iterator[str]:
    """A real server on a free port of the loopback interface; its address."""
    app = create_app(settings)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        deadline = time.monotonic() + 60
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline, "the server takes too long to start"
            time.sleep(0.02)
        try:
            yield url
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive(), "the server did not stop"


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
