"""Too slow and too many: answered with 503 and when to come back, and given up behind the scenes."""

import asyncio
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient

from ionscout.serve.http.app import create_app
from ionscout.serve.http.batching import Answered, Batcher, How, Rows
from ionscout.serve.http.metrics import Metrics
from ionscout.serve.http.problems import Problem
from ionscout.serve.http.settings import ServiceSettings

from .running import listening

ONE = Rows(["NaCl"], [25.0], ["crystalline"])


def test_a_table_that_takes_too_long_is_given_up(champion_home: Path) -> None:
    app = create_app(ServiceSettings(timeout_s=0.2))
    with TestClient(app, "http://127.0.0.1") as client:
        client.post("/v1/predict", json="NaCl").raise_for_status()
        began = time.monotonic()
        late = client.post(
            "/v1/predict", content="formula\n" + "Na3PS4\n" * 100_000, headers={"content-type": "text/csv"}
        )
        assert late.status_code == 503
        assert "no answer within 0.2 s" in late.json()["detail"]
        assert late.headers["retry-after"]
    # Leaving the block waits for the threads: the table was not predicted to its end.
    assert time.monotonic() - began < 10


def test_a_body_that_trickles_in_does_not_hold_a_connection_for_ever(champion_home: Path) -> None:
    with (
        listening(ServiceSettings(timeout_s=0.3)) as url,
        socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=10) as connection,
    ):
        head = (
            "POST /v1/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/csv\r\nContent-Length: 100\r\n\r\nformu"
        )
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 503")


def test_more_requests_than_may_wait_are_told_to_come_back() -> None:
    held, begun = threading.Event(), threading.Event()

    def served():
        begun.set()
        held.wait(10)
        raise Problem(503, "no model is loaded")

    batcher = Batcher(served, most_rows=1, most_waiting=2, metrics=Metrics())
    batcher.start()

    async def ask_four() -> list[str]:
        first = asyncio.create_task(batcher.ask(ONE, How()))
        await asyncio.to_thread(begun.wait)
        others = [asyncio.create_task(batcher.ask(ONE, How())) for _ in range(3)]
        await asyncio.sleep(0.05)
        held.set()
        told = await asyncio.gather(first, *others, return_exceptions=True)
        return [str(problem.detail) for problem in told if isinstance(problem, Problem)]

    told = asyncio.run(ask_four())
    batcher.stop()
    assert told[:3] == ["no model is loaded"] * 3
    assert "2 requests wait already" in told[3]


def test_a_request_at_fault_does_not_cost_its_batch_the_answer(champion_home: Path) -> None:
    """Were a row to break the models, those that were asked together with it are asked again alone."""
    app = create_app(ServiceSettings())
    with TestClient(app, "http://127.0.0.1") as client:
        batcher = app.state.service.batcher
        # A cell that no body can hold, since lists are refused before.
        bad = Rows(["NaCl", "NaBr"], [25.0], ["crystalline"])

        async def together():
            return await asyncio.gather(
                batcher.ask(bad, How()), *(batcher.ask(ONE, How()) for _ in range(3)), return_exceptions=True
            )

        assert client.portal is not None
        wrong, *right = client.portal.call(together)
    assert isinstance(wrong, Exception)
    values = [answered.columns["log10_conductivity"][0] for answered in right if isinstance(answered, Answered)]
    assert len(values) == 3
    assert len(set(values)) == 1


@pytest.mark.parametrize("name", ["max_rows", "timeout_s", "port"])
def test_settings_are_read_from_the_environment(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"IONSCOUT_SERVE_{name.upper()}", "17")
    assert getattr(ServiceSettings(), name) == 17  # type: ignore[call-arg]
