"""Speed of `ionscout serve` against `mlflow models serve` with the same registered model, in one run.

    python benchmarks/service.py [--seconds 10] [--soak 60] [--connections 1 8 64]

Needs trained models (`ionscout train`). A request is one row, with a formula that was not asked before unless a line
says so. MLflow serves the champion of the conductivity, which answers conductivity and activation energy; ionscout is
asked for the same two and, in lines of their own, for all properties. All answers are compared with the library's
before the clock starts.
"""

import argparse
import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from urllib.request import Request, urlopen

import numpy as np
import psutil

import ionscout as ion
from ionscout.training.home import tracking_uri

MODEL = "models:/conductivity@champion"
_numbers = count()


@dataclass
class Load:
    """What came of a load.

    Parameters
    ----------
    seconds : float
        How long it lasted.
    latencies : list of float
        Seconds from request to answer, one for each answer.
    errors : int
        Answers that were not 200.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    errors: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """A percentile of the latencies in ms."""
        return 1e3 * float(np.percentile(self.latencies, percent))


@dataclass(frozen=True)
class Target:
    """A server and how it is asked: for formulas that are new to it, or for one `again` and again."""

    name: str
    port: int
    path: str
    process: psutil.Process
    again: bool = False

    def formula(self) -> str:
        """What to ask next."""
        return "Na3Zr2Si2PO12" if self.again else fresh_formula()

    def request(self, formula: str) -> bytes:
        """A request as it goes over the wire."""
        row = {"formula": formula}
        body = json.dumps({"dataframe_records": [row]} if self.path == "/invocations" else row).encode()
        head = f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def answer(self, formula: str) -> float:
        """The logarithm of the conductivity of a formula."""
        _, _, body = self.request(formula).partition(b"\r\n\r\n")
        url = f"http://127.0.0.1:{self.port}{self.path}"
        with urlopen(Request(url, body, {"Content-Type": "application/json"})) as reply:
            told = json.load(reply)
        return told["predictions" if self.path == "/invocations" else "rows"][0]["log10_conductivity"]

    def memory(self) -> int:
        """Resident bytes of the server and its children."""
        family = [self.process, *self.process.children(recursive=True)]
        return sum(process.memory_info().rss for process in family)


def fresh_formula() -> str:
    """A doped NASICON that was not asked before."""
    number = next(_numbers)
    x, y = number % 1000 / 1000, number // 1000 % 1000 / 1000
    return f"Na{3 + x + y:.3f}Zr{2 - x:.3f}Sc{x:.3f}Si{2 + y:.3f}P{1 - y:.3f}O12"


async def one_connection(target: Target, until: float, load: Load) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    while time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(target.request(target.formula()))
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        load.latencies.append(time.perf_counter() - began)
        load.errors += b" 200 " not in head[:20]
    writer.close()


async def many_connections(target: Target, connections: int, seconds: float) -> Load:
    load, began = Load(), time.perf_counter()
    await asyncio.gather(*(one_connection(target, began + seconds, load) for _ in range(connections)))
    load.seconds = time.perf_counter() - began
    return load


def press(target: Target, connections: int, seconds: float) -> Load:
    """Ask without pause over some connections."""
    return asyncio.run(many_connections(target, connections, seconds))


@contextmanager
def running(command: list[str], port: int, health: str) -> Iterator[psutil.Process]:
    """A server from its first answer until the end of the block."""
    environment = {**os.environ, "MLFLOW_TRACKING_URI": tracking_uri(), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    try:
        for _ in range(600):
            try:
                with urlopen(f"http://127.0.0.1:{port}{health}"):
                    break
            except OSError:
                assert process.poll() is None, f"{command[0]} did not start"
                time.sleep(0.1)
        yield psutil.Process(process.pid)
    finally:
        if process.poll() is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.terminate()
            process.terminate()
            process.wait()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="of each load")
    parser.add_argument("--soak", type=float, default=60, help="seconds under the most connections, watching memory")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8, 64])
    asked = parser.parse_args()
    scripts = os.path.dirname(sys.executable)
    mlflow_port, own_port = free_port(), free_port()
    mlflow = shutil.which("mlflow", path=scripts) or "mlflow"
    with (
        running(
            [mlflow, "models", "serve", "-m", MODEL, "--env-manager", "local", "-p", str(mlflow_port)],
            mlflow_port,
            "/ping",
        ) as theirs,
        running(
            [sys.executable, "-c", "from ionscout.serve.cli import main; main()", "serve", "--port", str(own_port)],
            own_port,
            "/readyz",
        ) as ours,
    ):
        targets = [
            Target("mlflow models serve", mlflow_port, "/invocations", theirs),
            Target("ionscout serve, same model", own_port, "/v1/predict?properties=conductivity", ours),
            Target("ionscout serve, all properties", own_port, "/v1/predict", ours),
            Target("the same, one formula again and again", own_port, "/v1/predict", ours, again=True),
        ]
        expected = ion.predict("Na3Zr2Si2PO12")["log10_conductivity"][0]
        for target in targets:
            assert target.answer("Na3Zr2Si2PO12") == expected, f"{target.name} says something else than the library"
            press(target, 8, 1)  # warm
        print("| server | connections | requests/s | p50 (ms) | p99 (ms) | errors |\n|---|---|---|---|---|---|")
        for connections in asked.connections:
            for target in targets:
                load = press(target, connections, asked.seconds)
                numbers = (
                    f"{load.rate:,.0f} | {load.percentile_ms(50):.1f} | {load.percentile_ms(99):.1f} | {load.errors}"
                )
                print(f"| {target.name} | {connections} | {numbers} |", flush=True)
        if asked.soak:
            most, own = max(asked.connections), targets[2]
            before = own.memory()
            load = press(own, most, asked.soak)
            print(
                f"\n{most} connections for {load.seconds:.0f} s: "
                f"{len(load.latencies):,} answers, {load.errors} errors, "
                f"p99 {load.percentile_ms(99):.1f} ms, memory {before / 2**20:.0f} MiB before, "
                f"{own.memory() / 2**20:.0f} MiB after"
            )


if __name__ == "__main__":
    main()
