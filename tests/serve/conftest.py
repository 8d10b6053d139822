"""A real service on the loopback for the tests of the page."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def page_url(trained_home: Path) -> Iterator[str]:
    """Address of a running service with trained models; it is stopped with the last test of the file."""
    import uvicorn

    from ionscout.serve.http.app import create_app
    from ionscout.serve.http.settings import ServiceSettings

    with pytest.MonkeyPatch.context() as patch, socket.socket() as listening:
        patch.setenv("IONSCOUT_HOME", str(trained_home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        listening.bind(("127.0.0.1", 0))
        app = create_app(ServiceSettings(host="127.0.0.1"))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        running = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        running.start()
        while not server.started:
            assert running.is_alive(), "the service did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        running.join(timeout=20)
        assert not running.is_alive(), "the service did not stop"
