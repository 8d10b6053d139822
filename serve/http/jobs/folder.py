"""A job on disk: what was asked, how far it is, what came of it. A file takes its name only when it is whole."""

import re
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import BaseModel, Field, ValidationError

Kind = Literal["screen", "retrain"]
# waiting: stopped by something that may pass, such as a full disk; tried again after `retry_at`.
State = Literal["queued", "running", "waiting", "done", "failed", "cancelled"]
ENDED: tuple[State, ...] = ("done", "failed", "cancelled")

_IDENTIFIER = re.compile(r"[0-9a-f]{32}")


class Job(BaseModel):
    """What is known of a job."""

    id: str = Field(description="Name of the job.", examples=["0f8b7c4c2f7a4d6e9a3b5c1d2e4f6a7b"])
    kind: Kind = Field(description="What it does.")
    state: State = Field(default="queued", description="Where it stands; a waiting one is tried again by itself.")
    asked: dict[str, Any] = Field(description="What was asked.")
    by: str | None = Field(default=None, description="Name of the key that asked.")
    created: datetime = Field(description="When it was asked for.")
    started: datetime | None = Field(default=None, description="When it was last begun.")
    finished: datetime | None = Field(default=None, description="When it ended, one way or another.")
    attempts: int = Field(default=0, description="Times it was started; more than once after a restart or a stop.")
    retry_at: datetime | None = Field(default=None, description="When a waiting job is tried again.")
    message: str | None = Field(default=None, description="Why it failed or waits.")
    result: dict[str, Any] | None = Field(default=None, description="What came of it.")


class Progress(BaseModel):
    """How far a job is."""

    done: int = Field(default=0, description="Candidates or steps that are finished.")
    total: int = Field(default=0, description="Of so many.")
    step: str | None = Field(default=None, description="What is being done.")


@dataclass(frozen=True)
class JobFolder:
    """The files of one job.

    Parameters
    ----------
    path : Path
        Folder named by the job's identifier.
    """

    path: Path

    @property
    def results(self) -> Path:
        """Folder of a screen's candidates."""
        return self.path / "results"

    @property
    def shortlist(self) -> Path:
        """The best rows of a screen."""
        return self.path / "shortlist.parquet"

    @property
    def table(self) -> Path:
        """The table that came with the request, where one did."""
        return self.path / "table.parquet"

    def read(self) -> Job:
        """The record.

        Raises
        ------
        FileNotFoundError
            If there is none.
        """
        return Job.model_validate_json((self.path / "job.json").read_bytes())

    def write(self, job: Job) -> None:
        """Keep the record."""
        _write(self.path / "job.json", job.model_dump_json(indent=1).encode())

    def progress(self) -> Progress:
        """How far it is; nothing if it has not said so yet."""
        try:
            return Progress.model_validate_json((self.path / "progress.json").read_bytes())
        except (OSError, ValidationError):
            return Progress()

    def tell(self, progress: Progress) -> None:
        """Keep how far it is."""
        _write(self.path / "progress.json", progress.model_dump_json().encode())

    def outcome(self) -> dict[str, Any] | None:
        """What the process left behind."""
        try:
            return orjson.loads((self.path / "outcome.json").read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return None

    def end(self, outcome: dict[str, Any]) -> None:
        """Leave behind what came of it."""
        _write(self.path / "outcome.json", orjson.dumps(outcome, option=orjson.OPT_SERIALIZE_NUMPY, default=str))

    def clear_outcome(self) -> None:
        """Forget what an earlier attempt left behind."""
        (self.path / "outcome.json").unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete all files."""
        shutil.rmtree(self.path)


class JobFolders:
    """All jobs of one service.

    Parameters
    ----------
    root : Path
        Holds one folder a job.
    """

    def __init__(self, root: Path):
        self.root = root

    def new(self, kind: Kind, asked: dict[str, Any], by: str | None) -> tuple[JobFolder, Job]:
        """A folder for a new job; its record is not written yet, so that nobody starts it."""
        job = Job(id=uuid.uuid4().hex, kind=kind, asked=asked, by=by, created=datetime.now(UTC))
        folder = JobFolder(self.root / job.id)
        folder.path.mkdir(parents=True)
        return folder, job

    def find(self, identifier: str) -> JobFolder | None:
        """The folder of a job, or None; a name that is no identifier is never looked up on disk."""
        if not _IDENTIFIER.fullmatch(identifier):
            return None
        folder = JobFolder(self.root / identifier)
        return folder if (folder.path / "job.json").is_file() else None

    def all(self) -> Iterator[tuple[JobFolder, Job]]:
        """Jobs with a readable record, oldest first."""
        found = []
        for path in self.root.glob("*/job.json"):
            folder = JobFolder(path.parent)
            try:
                found.append((folder, folder.read()))
            except (OSError, ValidationError):
                continue  # Being deleted, or not made by a service.
        yield from sorted(found, key=lambda pair: pair[1].created)


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
