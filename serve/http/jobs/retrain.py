"""/v1/retrain: `ion.retrain` on what the measurement store holds, as a job."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ..access import PROMOTE, READ
from ..off_loop import off_loop
from ..problems import RESPONSES, Problem
from ..service import Service, service_of
from .folder import Job
from .runner import TooManyJobsError
from .screen import Identifier, JobAnswer, JobList, answered, folder_of, listed

router = APIRouter(tags=["jobs"])


class RetrainBody(BaseModel):
    """What `ion.retrain` takes, besides measurements: POST those to /v1/measurements first."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"promote": "auto"}]})

    promote: Literal["auto", "always", "never"] = Field(
        default="auto", description="Whether the challenger shall serve; auto follows the stated rule."
    )
    seed: int = Field(default=0, ge=0, lt=2**31, description="Shuffles the folds; the champion's seed keeps its folds.")


_CREATED: dict[int | str, dict[str, Any]] = {
    **RESPONSES,
    202: {"description": "The job; `Location` says where to ask for it.", "model": JobAnswer},
    429: {"description": "As many jobs wait as may."},
}
_GONE: dict[int | str, dict[str, Any]] = {**RESPONSES, 404: {"description": "No such job."}}


@router.post("/v1/retrain", status_code=202, summary="Learn from the measurements in the store", responses=_CREATED)
async def create(
    request: Request, response: Response, caller: PROMOTE, asked: Annotated[RetrainBody | None, Body()] = None
) -> JobAnswer:
    """A challenger is taught everything, compared with the champion on the same folds, and serves if it deserves to."""
    service = service_of(request)
    job = await off_loop(service, _submit, service, asked or RetrainBody(), caller.name)
    response.headers["location"] = f"/v1/retrain/{job.id}"
    return answered(folder_of(service, job.id, "retrain"), job)


def _submit(service: Service, asked: RetrainBody, by: str | None) -> Job:
    service.models.current()
    try:
        return service.jobs.submit("retrain", asked.model_dump(), by)
    except TooManyJobsError as error:
        raise Problem(429, str(error), headers={"Retry-After": "60"}) from error
    except OSError as error:
        raise Problem(
            503, f"the job cannot be kept ({error.strerror or error}); send it again", headers={"Retry-After": "30"}
        ) from error


@router.get("/v1/retrain", summary="Retrainings, newest first", responses=RESPONSES)
async def retrainings(request: Request, _: READ) -> JobList:
    """All retrainings this service knows."""
    return await off_loop(service_of(request), listed, service_of(request), "retrain")


@router.get("/v1/retrain/{identifier}", summary="One retraining", responses=_GONE)
async def retraining(request: Request, _: READ, identifier: Identifier) -> JobAnswer:
    """State and step; once done `result` says what the challenger is worth and whether it serves."""
    folder = folder_of(service_of(request), identifier, "retrain")
    return answered(folder, folder.read())


@router.post("/v1/retrain/{identifier}/cancel", summary="Stop a retraining for good", responses=_GONE)
async def cancel(request: Request, _: PROMOTE, identifier: Identifier) -> JobAnswer:
    """One that has ended stays as it is."""
    service = service_of(request)
    folder = folder_of(service, identifier, "retrain")
    return answered(folder, await off_loop(service, service.jobs.cancel, folder))
