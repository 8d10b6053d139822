"""Servers as tests run them: in a thread, or in a process that may be killed; and waiting for jobs."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from ionscout.serve.http.app import create_app
from ionscout.serve.http.settings import ServiceSettings

# Candidates of a part: a small screen has several.
PART_ROWS = 400


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


@contextmanager
def served(home: Path) -> Iterator[tuple[subprocess.Popen, str]]:
    """`ionscout serve` in a process of its own, on a free port."""
    told = home / "service.log"
    with told.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", "from ionscout.serve.cli import main; main()", "serve", "--port", "0"],
            stderr=log,
            env={**os.environ, "IONSCOUT_SERVE_JOB_PART_ROWS": str(PART_ROWS)},
        )
    try:
        wait_for(lambda: {"log": told.read_text()}, lambda found: "running on" in found["log"])
        message = next(line for line in told.read_text().splitlines() if "running on" in line)
        yield process, json.loads(message)["message"].split()[3]
    finally:
        process.kill()
        process.wait()


def wait_for(ask: Callable[[], dict], until: Callable[[dict], bool], seconds: float = 240) -> dict:
    deadline = time.monotonic() + seconds
    while not until(told := ask()):
        assert time.monotonic() < deadline, told
        time.sleep(0.1)
    return told


def has_ended(job: dict) -> bool:
    return job["state"] in ("done", "failed", "cancelled")
