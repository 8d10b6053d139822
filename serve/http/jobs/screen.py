"""/v1/screen: `ion.screen` as a job, with progress, results and a way to stop it."""

from typing import Annotated, Any, Literal

import pandas as pd
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...screen.candidates import CandidateSpace
from ...screen.description import described_space
from ...screen.spec import DEFAULT_SPEC, Spec
from ...screen.table_space import TableSpace
from ..access import READ
from ..described import schema_of
from ..media import ARROW, CSV, ENDINGS, JSON, NDJSON, PARQUET, content_type, wanted_type, write_table
from ..numbers import Number, Whole
from ..off_loop import off_loop
from ..predict import State
from ..problems import Problem, asked_of_library, of_validation
from ..sent_table import sent_table, table_answer, table_body
from ..service import Service, service_of
from .download import all_rows
from .folder import Job, JobFolder, Progress
from .process import DESCRIBED
from .routes import CREATED, GONE, Identifier, JobAnswer, add_job_routes, answered, folder_of, submitted

router = APIRouter(tags=["jobs"])
add_job_routes(router, "screen", cancelled_by="read")


class ScreenBody(BaseModel):
    """What `ion.screen` takes: a described space, or formulas."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "space": {
                        "kind": "dopants",
                        "host": "Na3Zr2Si2PO12",
                        "site": ["Zr", "P"],
                        "dopants": "all",
                        "x": [0.1, 0.2, 0.3],
                        "at_once": 2,
                    },
                    "spec": "conductivity >= 1e-3, oxidation limit >= 3, no Co",
                    "top": 50,
                },
                {"formulas": ["Na3PS4", "NaCl", "Na3SbS4"], "top": 2},
            ]
        },
    )

    space: dict[str, Any] | None = Field(
        default=None, description=f"kind ({' or '.join(DESCRIBED)}), and what the function of that name takes."
    )
    formulas: list[str] | None = Field(default=None, description="Compositions, instead of a space.")
    spec: str = Field(default=DEFAULT_SPEC, max_length=1000, description="What must be met.")
    top: Whole = Field(default=100, ge=1, le=10_000, description="Candidates in the shortlist.")
    temperature_C: Number = Field(default=25.0, gt=-273.15, le=1500, description="Celsius.")
    state: State = Field(default="crystalline", description="State of matter of all candidates.")
    interval: Number = Field(default=0.9, gt=0, lt=1, description="Fraction of new measurements the bounds hold.")
    fast: bool | None = Field(default=None, description="Whether fast copies of the models choose first.")
    out_of_domain: bool = Field(default=False, description="Let candidates outside the training domain take part.")


_TABLE = table_body([{"formula": "Na3PS4"}, {"formula": "Na3SbS4"}], {})["requestBody"]["content"]


@router.post(
    "/v1/screen",
    status_code=202,
    summary="Screen a space of any size",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                JSON: {"schema": schema_of(ScreenBody)},
                **{media: _TABLE[media] for media in (CSV, NDJSON, PARQUET, ARROW)},
            },
        }
    },
    responses=CREATED,
)
async def create(
    request: Request,
    response: Response,
    caller: READ,
    spec: Annotated[str | None, Query(max_length=1000, description="With a table: what must be met.")] = None,
    top: Annotated[int | None, Query(ge=1, le=10_000, description="With a table: rows of the shortlist.")] = None,
    temperature_C: Annotated[float | None, Query(gt=-273.15, le=1500, description="With a table: Celsius.")] = None,
    state: Annotated[State | None, Query(description="With a table: state of rows that do not say.")] = None,
    out_of_domain: Annotated[
        bool | None, Query(description="With a table: let candidates outside the training domain take part.")
    ] = None,
) -> JobAnswer:
    """Guard rails, models and ranking over all candidates, in a process of its own. The job survives a restart.

    The space is described in JSON, or is a table with a column `formula`.
    """
    service = service_of(request)
    service.models.current()  # Without models no job would get far.
    table: pd.DataFrame | None = None
    if content_type(request.headers.get("content-type")) == JSON:
        asked = _asked(await request.body())
    else:
        table, _ = await sent_table(request)
        given = {"spec": spec, "top": top, "temperature_C": temperature_C, "state": state}
        given["out_of_domain"] = out_of_domain
        asked = ScreenBody(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    folder, job = await off_loop(service, _submit, service, asked, table, caller.name)
    response.headers["location"] = f"/v1/screen/{job.id}"
    return answered(folder, job)


def _asked(body: bytes) -> ScreenBody:
    try:
        asked = ScreenBody.model_validate_json(body)
    except ValidationError as error:
        raise of_validation(error.errors(include_url=False), ScreenBody.model_fields) from error
    if (asked.space is None) == (asked.formulas is None):
        raise Problem(422, "give a space or formulas, and not both")
    return asked


def _submit(service: Service, asked: ScreenBody, table: pd.DataFrame | None, by: str | None) -> tuple[JobFolder, Job]:
    if asked.formulas is not None:
        table = pd.DataFrame({"formula": pd.Series(asked.formulas, dtype=object)})
    with asked_of_library():
        Spec.parse(asked.spec)
        space: CandidateSpace = (
            TableSpace.of(table) if table is not None else described_space(asked.space or {}, DESCRIBED)
        )
        space.check_runnable(service.settings.max_candidates)
    kept = asked.model_dump(exclude={"formulas", "space"} if table is not None else {"formulas"})
    kept["part_rows"] = service.settings.job_part_rows

    def prepare(folder: JobFolder) -> None:
        if table is not None:
            folder.table.write_bytes(write_table(table, PARQUET))
        folder.tell(Progress(total=space.size))

    return submitted(service, "screen", kept, by, prepare)


@router.delete(
    "/v1/screen/{identifier}",
    status_code=204,
    summary="Delete a screen and its results",
    response_description="It is gone.",
    responses=GONE,
)
async def delete(request: Request, _: READ, identifier: Identifier) -> None:
    """Stops it first if it runs."""
    service = service_of(request)
    folder = folder_of(service, identifier, "screen")
    await off_loop(service, service.jobs.cancel, folder)
    await off_loop(service, folder.remove)


@router.get(
    "/v1/screen/{identifier}/results",
    summary="What a screen found",
    responses={
        **GONE,
        200: table_answer("The rows, by Accept.", {"candidates": 3, "refused": {}, "rows": []}),
        409: {"description": "It is not done."},
    },
)
async def results(
    request: Request,
    _: READ,
    identifier: Identifier,
    rows: Annotated[
        Literal["shortlist", "ranking", "all"],
        Query(description="The shortlist; the best with the whole Pareto front; or every candidate, also the refused."),
    ] = "shortlist",
) -> Response:
    """The ranked rows as `ion.screen` gives them; with `rows=all` every candidate with its prediction or refusal."""
    service = service_of(request)
    folder = folder_of(service, identifier, "screen")
    job = folder.read()
    if job.state != "done":
        why = f": {job.message}" if job.message else ""
        raise Problem(409, f"the screen is {job.state}{why}; results are there once it is done")
    wanted = wanted_type(request.headers.get("accept"), JSON)
    name = f"screen-{identifier[:8]}-{rows}.{ENDINGS[wanted]}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    if rows == "all":
        file = await off_loop(service, all_rows, folder, wanted, service.settings)
        return FileResponse(file, media_type=wanted, headers=headers)

    def work() -> bytes:
        path = folder.shortlist if rows == "shortlist" else folder.results / "_ranking.parquet"
        return write_table(pd.read_parquet(path), wanted, job.result)

    content = await off_loop(service, work)
    return Response(content, media_type=wanted, headers={} if wanted == JSON else headers)
