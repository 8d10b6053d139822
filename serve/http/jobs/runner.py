"""Starts jobs, a bounded number at once, and goes on with them after a stop."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .folder import ENDED, Job, JobFolder, JobFolders, Kind
from .process import TRY_AGAIN

log = logging.getLogger(__name__)

_LOOK_S = 0.1
# A process that is told to end and does not is killed.
_PATIENCE_S = 5.0


class TooManyJobsError(RuntimeError):
    """As many jobs wait as may."""


@dataclass
class _Running:
    folder: JobFolder
    process: subprocess.Popen


class JobRunner:
    """Runs each job in a process of its own: predictions stay quick, a cancelled job is gone at once, and a job that
    takes all memory takes no one with it.

    Parameters
    ----------
    folders : JobFolders
        Where jobs are kept; what an earlier service left unfinished goes on.
    at_once : int
        Processes at a time.
    most_waiting : int
        Jobs that may wait.
    retry_s : float
        Seconds after which a job is tried again that was stopped by something that may pass.
    ended : callable, optional
        Told of each job that has ended.
    """

    def __init__(
        self,
        folders: JobFolders,
        at_once: int,
        most_waiting: int,
        retry_s: float,
        ended: Callable[[Job], None] | None = None,
    ):
        self.folders = folders
        self.at_once = at_once
        self.most_waiting = most_waiting
        self.retry_s = retry_s
        self.ended = ended
        self._running: dict[str, _Running] = {}
        self._open: dict[str, JobFolder] = {}
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._watch, name="jobs", daemon=True)

    def start(self) -> None:
        """Take up what is unfinished and begin to run."""
        for folder, job in self.folders.all():
            if job.state not in ENDED:
                self._open[job.id] = folder
                if job.state == "running":
                    folder.write(job.model_copy(update={"state": "queued"}))
        self._thread.start()

    def stop(self) -> None:
        """End all processes; their jobs go on when a service starts again."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock:
            for running in self._running.values():
                _end(running.process)
                job = running.folder.read()
                running.folder.write(job.model_copy(update={"state": "queued"}))
            self._running.clear()

    def submit(
        self, kind: Kind, asked: dict[str, Any], by: str | None, prepare: Callable[[JobFolder], None] | None = None
    ) -> Job:
        """Queue a job.

        Raises
        ------
        TooManyJobsError
            If as many wait as may.
        OSError
            If it cannot be kept.
        """
        with self._lock:
            if len(self._open) - len(self._running) >= self.most_waiting:
                raise TooManyJobsError(f"{self.most_waiting} jobs wait already; come back when one has ended")
            folder, job = self.folders.new(kind, asked, by)
            try:
                if prepare is not None:
                    prepare(folder)
                folder.write(job)
            except BaseException:
                folder.remove()
                raise
            self._open[job.id] = folder
        self._wake.set()
        return job

    def cancel(self, folder: JobFolder) -> Job:
        """Stop a job for good; one that has ended stays as it is."""
        with self._lock:
            job = folder.read()
            if job.state in ENDED:
                return job
            running = self._running.pop(job.id, None)
            if running is not None:
                _end(running.process)
            self._open.pop(job.id, None)
            job = job.model_copy(update={"state": "cancelled", "finished": datetime.now(UTC), "retry_at": None})
            folder.write(job)
        self._wake.set()
        return job

    def counts(self) -> tuple[int, int]:
        """Jobs that run, and jobs that wait."""
        with self._lock:
            return len(self._running), len(self._open) - len(self._running)

    def _watch(self) -> None:
        while not self._stopping:
            # Between jobs there is nothing to look at but the clock of those that wait.
            self._wake.wait(_LOOK_S if self._running else 1.0)
            self._wake.clear()
            try:
                with self._lock:
                    self._collect()
                    self._begin()
            except OSError as error:
                log.error("jobs cannot be kept at the moment: %s", error)
                self._wake.wait(1.0)

    def _collect(self) -> None:
        for identifier, running in list(self._running.items()):
            status = running.process.poll()
            if status is None:
                continue
            job = self._after(running.folder, running.folder.read(), status)
            running.folder.write(job)
            del self._running[identifier]
            if job.state in ENDED:
                del self._open[identifier]
                if self.ended is not None:
                    self.ended(job)

    def _after(self, folder: JobFolder, job: Job, status: int) -> Job:
        """The record of a job whose process has left."""
        left = folder.outcome() or {}
        now = datetime.now(UTC)
        if status == 0 and "result" in left:
            return job.model_copy(update={"state": "done", "finished": now, "result": left["result"], "message": None})
        message = left.get("message") or f"its process ended with status {status}; the service's log may say why"
        if status == TRY_AGAIN:
            log.warning("a job waits", extra={"job": job.id, "reason": message})
            retry = now + timedelta(seconds=self.retry_s)
            return job.model_copy(update={"state": "waiting", "retry_at": retry, "message": message})
        log.warning("a job failed", extra={"job": job.id, "reason": message})
        return job.model_copy(update={"state": "failed", "finished": now, "message": message})

    def _begin(self) -> None:
        if len(self._running) >= self.at_once or len(self._open) == len(self._running):
            return
        now = datetime.now(UTC)
        for identifier, folder in list(self._open.items()):
            if len(self._running) >= self.at_once:
                return
            if identifier in self._running:
                continue
            job = folder.read()
            if job.retry_at is not None and job.retry_at > now:
                continue
            update = {"state": "running", "started": job.started or now, "attempts": job.attempts + 1, "retry_at": None}
            folder.write(job.model_copy(update=update))
            self._running[identifier] = _Running(folder, _start(folder))


def _start(folder: JobFolder) -> subprocess.Popen:
    # One thread for BLAS and OpenMP: the engine has a thread for each core itself.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    package = __name__.removesuffix(".runner")
    return subprocess.Popen(
        [sys.executable, "-m", f"{package}.process", str(folder.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )


def _end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
