"""A real server on the loopback for the tests of the page."""

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
    from fastapi import FastAPI

    from ionscout.serve.page.routes import router

    with pytest.MonkeyPatch.context() as patch, socket.socket() as listening:
        patch.setenv("IONSCOUT_HOME", str(trained_home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        app = FastAPI()
        app.include_router(router)
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        running = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        running.start()
        while not server.started:
            assert running.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        running.join(timeout=20)
        assert not running.is_alive()
