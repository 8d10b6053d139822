"""/v1/retrain: `ion.retrain` on what the measurement store holds, as a job."""

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ..access import PROMOTE
from ..numbers import Whole
from ..off_loop import off_loop
from ..service import service_of
from .routes import CREATED, JobAnswer, add_job_routes, answered, submitted

router = APIRouter(tags=["jobs"])
add_job_routes(router, "retrain", cancelled_by="promote")


class RetrainBody(BaseModel):
    """What `ion.retrain` takes, besides measurements: POST those to /v1/measurements first."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"promote": "auto"}]})

    promote: Literal["auto", "always", "never"] = Field(
        default="auto", description="Whether the challenger shall serve; auto follows the stated rule."
    )
    seed: Whole = Field(
        default=0, ge=0, lt=2**31, description="Shuffles the folds; the champion's seed keeps its folds."
    )


@router.post("/v1/retrain", status_code=202, summary="Learn from the measurements in the store", responses=CREATED)
async def create(
    request: Request, response: Response, caller: PROMOTE, asked: Annotated[RetrainBody | None, Body()] = None
) -> JobAnswer:
    """A challenger is taught everything, compared with the champion on the same folds, and serves if it deserves to."""
    service = service_of(request)
    service.models.current()
    kept = (asked or RetrainBody()).model_dump()
    folder, job = await off_loop(service, submitted, service, "retrain", kept, caller.name)
    response.headers["location"] = f"/v1/retrain/{job.id}"
    return answered(folder, job)
