"""The process of one job: `python -m ionscout.serve.http.jobs.process FOLDER`, started by the service."""

import logging
import os
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock
from sqlalchemy.exc import SQLAlchemyError

from ....training.registry import NoChampionError
from ...screen.description import described_space
from ...screen.engine import screen
from ...screen.results import ResultsError
from ..json_log import log_json
from ..store_troubles import check_store
from .folder import Job, JobFolder, Progress

DESCRIBED = ("dopants", "compositions")
# Exit status for what may pass by itself (sysexits.h EX_TEMPFAIL).
TRY_AGAIN = 75
_TELL_EVERY_S = 0.5

log = logging.getLogger(__name__)


def run(folder: JobFolder) -> int:
    """Work on a job to its end; its exit status: `TRY_AGAIN` where a disk is full or a store is away.

    An orphan of a service that was killed may still hold the folder for a moment; it is waited for.
    """
    from mlflow.exceptions import MlflowException

    with FileLock(folder.path / ".lock"):
        job = folder.read()
        folder.clear_outcome()
        try:
            check_store()
            folder.end({"result": _WORK[job.kind](folder, job)})
        except (OSError, NoChampionError, MlflowException, SQLAlchemyError) as error:
            return _stopped(folder, error, TRY_AGAIN)
        except Exception as error:
            if not isinstance(error, ValueError | LookupError | TypeError):
                log.exception("a job failed")
            return _stopped(folder, error, 1)
    return 0


def screen_job(folder: JobFolder, job: Job) -> dict[str, Any]:
    """Screen, going on with what an earlier attempt has finished."""
    asked = dict(job.asked)
    described = asked.pop("space", None)
    space: Any = pd.read_parquet(folder.table) if described is None else described_space(described, DESCRIBED)
    tell = Teller(folder)
    try:
        best = screen(space, out=folder.results, progress=tell, **asked)
    except ResultsError as error:
        # Another champion serves since: what is there would not fit to what comes.
        log.warning("a screen begins anew: %s", error)
        shutil.rmtree(folder.results)
        best = screen(space, out=folder.results, progress=tell, **asked)
    facts: dict[str, Any] = {str(name): fact for name, fact in best.attrs.items()}
    best.attrs = {}
    partial = folder.shortlist.with_suffix(".partial")
    best.to_parquet(partial, index=False)
    partial.replace(folder.shortlist)
    folder.tell(Progress(done=facts["candidates"], total=facts["candidates"]))
    return {**facts, "shortlist": len(best)}


def retrain_job(folder: JobFolder, job: Job) -> dict[str, Any]:
    """Retrain on what the store holds."""
    from ....training.retrain import retrain

    steps: list[str] = []

    def tell(step: str) -> None:
        steps.append(step)
        folder.tell(Progress(done=len(steps) - 1, total=len(steps), step=step))

    done = retrain(progress=tell, **job.asked)
    folder.tell(Progress(done=len(steps), total=len(steps)))
    return {
        "versions": done.versions,
        "promoted": done.promoted,
        "reason": done.reason,
        "metrics": done.metrics,
        "contradictions": len(done.contradictions),
    }


_WORK = {"screen": screen_job, "retrain": retrain_job}


class Teller:
    """Writes progress now and then; a disk that is full for it stops nothing."""

    def __init__(self, folder: JobFolder):
        self.folder = folder
        self._told = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Told by the engine."""
        now = time.monotonic()
        if now - self._told < _TELL_EVERY_S and done < total:
            return
        self._told = now
        try:
            self.folder.tell(Progress(done=done, total=total))
        except OSError as error:
            log.warning("progress is not kept: %s", error)


def _stopped(folder: JobFolder, error: Exception, status: int) -> int:
    message = str(error.args[0]) if isinstance(error, LookupError) and error.args else str(error)
    try:
        folder.end({"message": message or type(error).__name__})
    except OSError:
        log.error("%s", message)  # The service says that the reason is in its log.
    return status


def _end_with_service() -> None:
    """Leave at once when the service is gone: it holds the other end of standard input."""

    def watch() -> None:
        while os.read(0, 1):
            pass
        os._exit(TRY_AGAIN)

    threading.Thread(target=watch, name="service", daemon=True).start()


def main() -> None:
    """Entry point."""
    log_json(logging.WARNING)
    _end_with_service()
    sys.exit(run(JobFolder(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
