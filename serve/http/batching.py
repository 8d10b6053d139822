"""Concurrent small requests answered in one pass of the models."""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from ...featurize.composition import CompositionBatch
from ...models.context import Context
from ...models.prediction import predict_properties
from .metrics import Metrics
from .problems import Problem
from .served_models import Served

# Requests that clients send on the answers of one batch arrive within a few times the pause of each other.
_PAUSE_S = 0.0015
_LONGEST_WAIT_S = 0.03


@dataclass(frozen=True)
class Rows:
    """n rows as they were typed: three lists of n."""

    formula: list[Any]
    temperature_C: list[Any]
    state: list[Any]

    def __len__(self) -> int:
        return len(self.formula)


@dataclass(frozen=True)
class Answered:
    """Columns (n,) of the answer, and the models that gave it."""

    columns: dict[str, np.ndarray]
    served: Served


@dataclass(frozen=True)
class How:
    """What must be the same for rows to be answered together.

    Parameters
    ----------
    interval : float
        Fraction of new measurements the bounds should hold.
    properties : frozenset of str
        Names of the properties that are wanted; all where it is empty.
    """

    interval: float = 0.9
    properties: frozenset[str] = frozenset()


@dataclass(eq=False)
class _Waiting:
    rows: Rows
    how: How
    future: "asyncio.Future[Answered]"
    loop: asyncio.AbstractEventLoop


class Batcher:
    """Gathers what waits while the models work, and asks them about all of it at once.

    A lone request is answered at once. Where several came together the last time, the next ones are waited for, for as
    long as they keep coming and some milliseconds at most. A batch gives each row the bits it would have alone, so what
    a client reads does not depend on who else asked.

    Parameters
    ----------
    served : callable
        The models that serve now; asked once for each batch.
    most_rows : int
        Rows of a batch.
    most_waiting : int
        Requests that may wait; further ones are refused with 503.
    metrics : Metrics
        Told of each batch.
    """

    def __init__(self, served: Callable[[], Served], most_rows: int, most_waiting: int, metrics: Metrics):
        self.served = served
        self.most_rows = most_rows
        self.metrics = metrics
        self._queue: queue.Queue[_Waiting | None] = queue.Queue(most_waiting)
        self._thread = threading.Thread(target=self._work, name="batches", daemon=True)
        self._company = 1  # Requests of the batch before.
        metrics.waiting.set_function(self._queue.qsize)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer what waits, then end."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    async def ask(self, rows: Rows, how: How) -> Answered:
        """Answer some rows.

        Raises
        ------
        Problem
            503 if no model serves, or too many requests wait.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(rows, how, loop.create_future(), loop)
        try:
            self._queue.put_nowait(waiting)
        except queue.Full:
            raise Problem(
                503, f"{self._queue.maxsize} requests wait already; come back in a second", headers={"Retry-After": "1"}
            ) from None
        return await waiting.future

    def _work(self) -> None:
        with threadpool_limits(1):
            while (first := self._queue.get()) is not None:
                batch, more = self._gather(first)
                for how in dict.fromkeys(waiting.how for waiting in batch):
                    self._answer([waiting for waiting in batch if waiting.how == how], how)
                if not more:
                    return

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        """What waits, up to the rows of a batch, and whether the service goes on after it."""
        if self._company > 1 or not self._queue.empty():
            self._let_come()
        batch, rows, more = [first], len(first.rows), True
        while rows < self.most_rows:
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                more = False
                break
            batch.append(waiting)
            rows += len(waiting.rows)
        self._company = len(batch)
        return [waiting for waiting in batch if not waiting.future.cancelled()], more

    def _let_come(self) -> None:
        """Wait while further requests keep coming."""
        latest, seen = time.perf_counter() + _LONGEST_WAIT_S, -1
        while seen < (seen := self._queue.qsize()) < self.most_rows and time.perf_counter() < latest:
            time.sleep(_PAUSE_S)

    def _answer(self, batch: list[_Waiting], how: How) -> None:
        began = time.perf_counter()
        try:
            served = self.served()
            columns = answer_rows(
                served,
                Rows(
                    [value for waiting in batch for value in waiting.rows.formula],
                    [value for waiting in batch for value in waiting.rows.temperature_C],
                    [value for waiting in batch for value in waiting.rows.state],
                ),
                how,
            )
        except Exception as error:
            if len(batch) > 1:  # One of them may be at fault; the others get their answers.
                for waiting in batch:
                    self._answer([waiting], how)
            else:
                _deliver([(batch[0], error)])
            return
        ends = np.cumsum([len(waiting.rows) for waiting in batch])
        self.metrics.batch_rows.observe(int(ends[-1]))
        self.metrics.batch_seconds.observe(time.perf_counter() - began)
        _deliver(
            [
                (waiting, Answered({c: v[end - len(waiting.rows) : end] for c, v in columns.items()}, served))
                for waiting, end in zip(batch, ends.tolist(), strict=True)
            ]
        )


def answer_rows(served: Served, rows: Rows, how: How) -> dict[str, np.ndarray]:
    """Columns (n,) of the answer, as `ion.predict` works them out."""
    context = Context.read(len(rows), rows.temperature_C, rows.state)
    batch = CompositionBatch.from_formulas(rows.formula)
    return predict_properties(served.asked(how.properties), batch, context, how.interval)


def _deliver(results: list[tuple[_Waiting, Answered | Exception]]) -> None:
    """Hand results to those who wait, once for each event loop."""
    for loop in {waiting.loop for waiting, _ in results}:
        here = [(waiting.future, result) for waiting, result in results if waiting.loop is loop]
        try:
            loop.call_soon_threadsafe(_settle, here)
        except RuntimeError:  # The loop has been closed: nobody waits any more.
            continue


def _settle(results: list[tuple["asyncio.Future[Answered]", Answered | Exception]]) -> None:
    for future, result in results:
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
