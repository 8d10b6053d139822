"""How the page answers: templates, security headers, and what goes wrong told in words instead of a stack trace."""

import hashlib
import logging
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from ... import __version__
from ...models.properties import STATES
from ...training.registry import NoChampionError
from . import typesetting
from .serving import serving_models

log = logging.getLogger(__name__)

STATIC = Path(__file__).with_name("static")
# Nothing is loaded from anywhere but here, nothing runs that is written into a page, and no other page may frame ours
# (10.17487/RFC9110 knows the headers; the policy's words are those of W3C CSP level 3).
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # A formula in an address may be a secret; it does not follow the reader to a publisher. ("no-referrer" would hide
    # from the service itself that an upload comes from its own page.)
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


class PageError(ValueError):
    """What the page cannot do, as its reader is told.

    Parameters
    ----------
    message : str
        What was wrong and what would be right.
    status : int
        HTTP status.
    """

    def __init__(self, message: str, status: int = 400):
        super().__init__(message)
        self.status = status


class PageRoute(APIRoute):
    """A route whose answers carry the security headers, and whose failures are pages too."""

    def get_route_handler(self) -> Callable:
        """The handler, guarded."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                response = await handle(request)
            except PageError as error:
                response = failure(request, str(error), error.status)
            except NoChampionError as error:
                log.warning("no model serves: %s", error)
                response = failure(request, "no model serves yet; run `ionscout train`, then come back", 503)
            except RequestValidationError as error:
                first = error.errors()[0]
                response = failure(request, f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}", 422)
            except HTTPException as error:
                response = failure(request, str(error.detail), error.status_code)
                response.headers.update(error.headers or {})
            for name, value in SECURITY_HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return guarded


def page(request: Request, template: str, status: int = 200, /, **values: Any) -> HTMLResponse:
    """A page made from a template.

    Parameters
    ----------
    request : Request
        What is answered; says where the service is mounted.
    template : str
        File under `templates/`.
    status : int
        HTTP status.
    **values
        What the template reads.
    """
    root = request.scope.get("root_path", "").rstrip("/")

    def url(path: str, **asked: Any) -> str:
        given = {k: v for k, v in asked.items() if v not in (None, "", ())}
        return f"{root}{path}{'?' + urlencode(given, doseq=True) if given else ''}"

    def asset(name: str) -> str:
        return f"{root}/page/{digest(name)}/{name}"

    text = (
        _environment()
        .get_template(template)
        .render(
            url=url,
            asset=asset,
            serving=serving_models(),
            version=__version__,
            path=request.url.path.removeprefix(root) or "/",
            **values,
        )
    )
    return HTMLResponse(text, status)


def failure(request: Request, message: str, status: int) -> HTMLResponse:
    """The page that says what went wrong."""
    titles = {404: "Not found", 413: "Too large", 503: "Not ready"}
    return page(request, "failure.html", status, message=message, title=titles.get(status, "That did not work"))


def static_file(mark: str, name: str) -> Response:
    """A style, script or picture of the page; `mark` changes with its content, so that browsers may keep it."""
    if name not in _assets():
        raise PageError(f"there is no file {name!r} here", 404)
    content, current = _assets()[name]
    keep = "public, max-age=31536000, immutable" if mark == current else "no-cache"
    return Response(content, media_type=_TYPES[Path(name).suffix], headers={"Cache-Control": keep})


def digest(name: str) -> str:
    """Mark of a static file's content."""
    return _assets()[name][1]


@lru_cache(maxsize=1)
def _assets() -> dict[str, tuple[bytes, str]]:
    """Content and mark of each static file."""
    files = {path.name: path.read_bytes() for path in STATIC.iterdir() if path.suffix in _TYPES}
    return {name: (content, hashlib.sha256(content).hexdigest()[:12]) for name, content in files.items()}


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__ or "ionscout.serve.page"),
        autoescape=select_autoescape(("html", "svg")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("formula", "charges", "number", "plain", "percent", "power_of_ten", "decade", "in_words"):
        environment.filters[name] = getattr(typesetting, name)
    environment.filters["words"] = lambda text: str(text).replace("_", " ")
    environment.globals["states"] = STATES
    return environment
