"""/docs: every operation of the service with its parameters, bodies, answers and lines to copy."""

import json
import shlex
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response

from .answering import PageRoute, page
from .markdown import as_html
from .operations import Operation, operations

router = APIRouter(route_class=PageRoute)
_JSON = "application/json"
# The variable that the lines take a key from.
KEY = "IONSCOUT_API_KEY"


@dataclass(frozen=True)
class Line:
    """A line for a shell, and what to put in the place of its word in capitals, if it has one."""

    text: str
    code: str
    blank: str = ""


@router.get("/docs")
def reference(request: Request) -> Response:
    """The reference of the API."""
    document = request.app.openapi()
    groups = operations(document)
    # Who had to show a key to read this needs it in the lines as well.
    keyed = "authorization" in request.headers or "x-api-key" in request.headers
    base = str(request.base_url).rstrip("/")
    tags = {tag["name"]: tag.get("description", "") for tag in document.get("tags", ())}
    all_of_them = [operation for group in groups.values() for operation in group]
    problems = next((error.content.entries for o in all_of_them for error in o.errors if error.content.entries), [])
    return page(
        request,
        "reference.html",
        about=as_html(document["info"].get("description", "")),
        groups=groups,
        tags=tags,
        lines={o.anchor: example_lines(o, base, keyed) for o in all_of_them},
        ways=document.get("components", {}).get("securitySchemes", {}),
        problems=problems,
        keyed=keyed,
        key=KEY,
        markdown=as_html,
        as_json=_as_json,
    )


def example_lines(operation: Operation, base: str, keyed: bool = False) -> list[Line]:
    """Lines that ask an operation, one for each example of its body.

    Parameters
    ----------
    operation : Operation
        What is asked.
    base : str
        Address of the service.
    keyed : bool
        Whether to send the key that the variable `KEY` holds.
    """
    path, blank, query = operation.path, "", {}
    for parameter in operation.parameters:
        if parameter.where == "path":
            blank = "" if parameter.example else parameter.name.upper()
            path = path.replace(f"{{{parameter.name}}}", parameter.example or blank)
        elif parameter.example is not None:
            query[parameter.name] = parameter.example
    url = f"{base}{path}{'?' + urlencode(query, quote_via=quote) if query else ''}"
    named = operation.method == "DELETE" or (operation.method == "POST" and not operation.body.examples)
    start = [f"curl -X {operation.method} {shlex.quote(url)}" if named else f"curl {shlex.quote(url)}"]
    if keyed:
        start.append(f'-H "Authorization: Bearer ${KEY}"')
    code = " or ".join(answer.code for answer in operation.successes)
    bodies = [_sent(media, example) for media, example in operation.body.examples] or [[]]
    return [Line(" \\\n  ".join(start + body), code, blank) for body in bodies]


def _sent(media: str, example: Any) -> list[str]:
    """The arguments that send a body; curl 7.61 has them, which knows no `--json`."""
    text = _as_json(example) if media == _JSON else example
    return [f"-H 'Content-Type: {media}'", f"{'-d' if media == _JSON else '--data-binary'} {shlex.quote(text)}"]


def _as_json(example: Any) -> str:
    return json.dumps(example, ensure_ascii=False)
