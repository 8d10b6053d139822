"""Errors as the client reads them: problem details (RFC 9457) that name the row, field, value and remedy."""

import json
import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from ...training.registry import NoChampionError
from .described import schema_of

MEDIA_TYPE = "application/problem+json"
_LONGEST_VALUE = 120

log = logging.getLogger(__name__)


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    row: int | None = Field(
        default=None, description="Row of the table, counted from 0; null where the request as a whole is."
    )
    field: str | None = Field(default=None, description="Field or column.")
    value: Any = Field(default=None, description="What was given, shortened.")
    message: str = Field(description="What is wrong with it.")
    remedy: str | None = Field(default=None, description="What would be right.")


class ProblemDetails(BaseModel):
    """An error as RFC 9457 has it."""

    type: str = Field(default="about:blank", description="Kind of problem; the status alone says it here.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="HTTP status.")
    detail: str = Field(description="What is wrong and what would be right, in one sentence.")
    request_id: str | None = Field(default=None, description="Finds the request in the service's log.")
    errors: list[Fault] = Field(default=[], description="Each thing that is wrong, where it can be named.")


class Problem(HTTPException):
    """An answer that is an error.

    Parameters
    ----------
    status : int
        HTTP status.
    detail : str
        What is wrong and what would be right, in one sentence.
    errors : sequence of Fault
        Where it is wrong.
    headers : dict, optional
        Further headers, such as Retry-After.
    """

    def __init__(self, status: int, detail: str, errors: Sequence[Fault] = (), headers: dict[str, str] | None = None):
        super().__init__(status, detail, headers)
        self.errors = tuple(errors)


# What every resource may answer besides its own; the OpenAPI names them.
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {MEDIA_TYPE: {"schema": schema_of(ProblemDetails)}}}
    for status, text in {
        400: "The body is not what its content type says.",
        401: "An API key is needed, or this one is not known.",
        403: "The API key does not have the scope.",
        413: "Too many bytes or rows.",
        415: "The content type or encoding is not read.",
        422: "A value cannot be used; `errors` says which, where and what would be right.",
        503: "Not now: no champion, too much to do, too slow, or the store is away.",
    }.items()
}


def problem_response(request: Request, problem: Problem) -> Response:
    """The answer that tells of a problem."""
    details = ProblemDetails(
        title=HTTPStatus(problem.status_code).phrase,
        status=problem.status_code,
        detail=str(problem.detail),
        request_id=request.scope.get("request_id"),
        errors=list(problem.errors),
    )
    # A client may have sent integers of a hundred digits and half characters, which orjson refuses to say again.
    content = json.dumps(details.model_dump())
    return Response(content, problem.status_code, problem.headers, MEDIA_TYPE)


@contextmanager
def asked_of_library() -> Iterator[None]:
    """Around a call of the library with what the client sent: its refusals become 422, in its own words.

    Outside of it a ValueError is a defect of the service, and answered as one.
    """
    try:
        yield
    except NoChampionError as error:
        raise Problem(503, str(error), headers={"Retry-After": "30"}) from error
    except (ValueError, TypeError, LookupError) as error:
        message = error.args[0] if isinstance(error, KeyError) and error.args else error
        raise Problem(422, str(message), [Fault(message=str(message))]) from error


def shortened(value: Any) -> Any:
    """A value fit to be shown in an error."""
    if value is None or isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def install(app: FastAPI) -> None:
    """Let the application answer every error as problem details."""

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        known = error if isinstance(error, Problem) else Problem(error.status_code, str(error.detail))
        if not isinstance(error, Problem):
            known.headers = error.headers
        return problem_response(request, known)

    async def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return problem_response(request, of_validation(error.errors()))

    async def on_defect(request: Request, error: Exception) -> Response:
        log.error("a request failed", exc_info=error, extra={"request_id": request.scope.get("request_id")})
        return problem_response(
            request, Problem(500, "the service failed on this request; its log says why under this request_id")
        )

    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(Exception, on_defect)


def of_validation(errors: Sequence[Any], fields: Iterable[str] = ()) -> Problem:
    """Pydantic's errors as one problem; `fields` are those that may be meant by one that is not known."""
    faults = []
    for error in errors:
        place = [part for part in error["loc"] if part not in ("body", "query", "path", "header")]
        row = next((part for part in place if isinstance(part, int)), None)
        field = ".".join(str(part) for part in place if not isinstance(part, int)) or None
        given = error.get("input")
        message = "is no field of this request" if error["type"] == "extra_forbidden" else error["msg"]
        faults.append(
            Fault(row=row, field=field, value=shortened(given), message=message, remedy=_remedy(error, field, fields))
        )
    first = faults[0]
    where = f"{'' if first.row is None else f'row {first.row}: '}{first.field or 'the body'}"
    remedy = f"; {first.remedy}" if first.remedy else ""
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    status = 400 if any(error["type"] == "json_invalid" for error in errors) else 422
    return Problem(status, f"{where}: {first.message}{remedy}{more}", faults[:100])


def _remedy(error: Any, field: str | None, fields: Iterable[str]) -> str | None:
    """What would be right, where pydantic knows it."""
    expected = (error.get("ctx") or {}).get("expected")
    if error["type"] == "extra_forbidden":
        alike = get_close_matches(field or "", fields, 1)
        return f"write {alike[0]!r}, if that is meant" if alike else "leave it out; /docs lists the fields"
    if error["type"] == "missing":
        return "give this field"
    return f"give {expected}" if expected else None
