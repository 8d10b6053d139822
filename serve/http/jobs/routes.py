"""What all kinds of job have in common on the wire: how they are told of, listed, looked at and stopped."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, Field

from ..access import needs
from ..off_loop import off_loop
from ..problems import RESPONSES, Problem
from ..service import Service, service_of
from .folder import Job, JobFolder, Progress
from .runner import TooManyJobsError

Kind = Literal["screen", "retrain"]
Identifier = Annotated[str, Path(max_length=64, description="The job's id.")]


class JobAnswer(Job):
    """A job with its progress and where to go from it."""

    progress: Progress = Field(description="How far it is.")
    links: dict[str, str] = Field(description="Addresses of the job itself, and of what can be asked of it now.")


class JobList(BaseModel):
    """Jobs, newest first."""

    jobs: list[JobAnswer] = Field(description="One a job.")


CREATED: dict[int | str, dict[str, Any]] = {
    **RESPONSES,
    202: {"description": "The job; `Location` says where to ask for it.", "model": JobAnswer},
    429: {"description": "As many jobs wait as may."},
}
GONE: dict[int | str, dict[str, Any]] = {**RESPONSES, 404: {"description": "No such job."}}


def answered(folder: JobFolder, job: Job) -> JobAnswer:
    """What a client is told of a job."""
    own = f"/v1/{job.kind}/{job.id}"
    links = {"self": own}
    if job.state in ("queued", "running", "waiting"):
        links["cancel"] = f"{own}/cancel"
    if job.kind == "screen" and job.state == "done":
        links["results"] = f"{own}/results"
    return JobAnswer(**job.model_dump(), progress=folder.progress(), links=links)


def folder_of(service: Service, identifier: str, kind: Kind) -> JobFolder:
    """Folder of a job.

    Raises
    ------
    Problem
        404 if there is none of this kind.
    """
    folder = service.jobs.folders.find(identifier)
    if folder is None or folder.read().kind != kind:
        raise Problem(404, f"there is no {kind} {identifier}; GET /v1/{kind} lists those there are")
    return folder


def listed(service: Service, kind: Kind) -> JobList:
    """All jobs of a kind, newest first."""
    return JobList(jobs=[answered(folder, job) for folder, job in service.jobs.folders.all() if job.kind == kind][::-1])


def submitted(
    service: Service,
    kind: Kind,
    asked: dict[str, Any],
    by: str | None,
    prepare: Callable[[JobFolder], None] | None = None,
) -> tuple[JobFolder, Job]:
    """A new job, kept and waiting for its turn.

    Raises
    ------
    Problem
        429 if as many wait as may, 503 if it cannot be kept.
    """
    try:
        job = service.jobs.submit(kind, asked, by, prepare)
    except TooManyJobsError as error:
        raise Problem(429, str(error), headers={"Retry-After": "60"}) from error
    except OSError as error:
        raise Problem(
            503, f"the job cannot be kept ({error.strerror or error}); send it again", headers={"Retry-After": "30"}
        ) from error
    return folder_of(service, job.id, kind), job


def add_job_routes(router: APIRouter, kind: Kind, cancelled_by: str) -> None:
    """List jobs of a kind, look at one, and stop one; the last needs the scope `cancelled_by`."""
    reads, cancels = Depends(needs("read")), Depends(needs(cancelled_by))

    @router.get(
        f"/v1/{kind}",
        summary=f"Jobs of {kind}, newest first",
        response_description="The jobs.",
        responses=RESPONSES,
        dependencies=[reads],
    )
    async def jobs(request: Request) -> JobList:
        """All this service knows; ended ones too, until they are deleted."""
        service = service_of(request)
        return await off_loop(service, listed, service, kind)

    @router.get(
        f"/v1/{kind}/{{identifier}}",
        summary=f"One {kind}",
        response_description="The job.",
        responses=GONE,
        dependencies=[reads],
    )
    async def job(request: Request, identifier: Identifier) -> JobAnswer:
        """State, progress and, once done, `result`; ask again in a second or more."""
        folder = folder_of(service_of(request), identifier, kind)
        return answered(folder, folder.read())

    @router.post(
        f"/v1/{kind}/{{identifier}}/cancel",
        summary=f"Stop a {kind} for good",
        response_description="The job, stopped.",
        responses=GONE,
        dependencies=[cancels],
    )
    async def cancel(request: Request, identifier: Identifier) -> JobAnswer:
        """One that has ended stays as it is."""
        service = service_of(request)
        folder = folder_of(service, identifier, kind)
        return answered(folder, await off_loop(service, service.jobs.cancel, folder))
