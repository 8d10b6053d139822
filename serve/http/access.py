"""Who may ask what: everyone on this machine, and holders of keys from elsewhere."""

import base64
import binascii
import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from .keys import SCOPES, ApiKey, KeyFileError
from .problems import Problem
from .service import service_of
from .settings import ServiceSettings


@dataclass(frozen=True)
class Caller:
    """Who asks: the key's holder, or None for someone on this machine."""

    key: ApiKey | None

    @property
    def name(self) -> str | None:
        """Name of the key."""
        return None if self.key is None else self.key.name


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether a host is this machine alone.

    Examples
    --------
    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "lab.example.org")]
    [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Needs:
    """Dependency of a resource that needs a scope; gives the `Caller`."""

    scope: str

    async def __call__(self, request: Request) -> Caller:
        """Who asks, if they may."""
        return caller(request, self.scope)


def needs(scope: str) -> Needs:
    """Dependency of a resource that needs a scope; gives the `Caller`.

    On loopback no key is needed, but one that is given must be good. Beyond it every request needs a key.
    """
    assert scope in SCOPES
    return Needs(scope)


def caller(request: Request, scope: str) -> Caller:
    """Who asks, if they may.

    Raises
    ------
    Problem
        401 without a key that is known, 403 for a key without the scope or a page of another site.
    """
    service = service_of(request)
    token, is_browser = _token(request)
    if token is None:
        if not is_open(request, service.settings):
            raise _unknown(
                "an API key is needed: send 'Authorization: Bearer KEY' or 'X-API-Key: KEY'; keys are made "
                "with `ionscout serve keys add NAME --scope ...`"
            )
        _check_site(request)
        return Caller(None)
    try:
        key = service.keys.find(token)
    except KeyFileError as error:
        raise Problem(
            503, "the API keys cannot be read; whoever runs the service finds the reason in its log"
        ) from error
    if key is None:
        raise _unknown("this API key is not known, or has been revoked")
    if is_browser:
        _check_site(request)
    request.scope["noted"]["key"] = key.name
    if scope not in key.scopes:
        raise Problem(403, f"the key {key.name!r} has the scopes {', '.join(key.scopes)}; this needs {scope!r}")
    return Caller(key)


def _unknown(detail: str) -> Problem:
    return Problem(
        401, detail, headers={"WWW-Authenticate": 'Bearer, Basic realm="ionscout: the API key is the password"'}
    )


def _token(request: Request) -> tuple[str | None, bool]:
    """The key that came along, and whether a browser sends it by itself."""
    if (header := request.headers.get("x-api-key")) is not None:
        return header, False
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return given.strip(), False
    if kind.lower() == "basic":
        try:
            return base64.b64decode(given, validate=True).decode().partition(":")[2], True
        except (binascii.Error, UnicodeDecodeError):
            return "", True
    return (given or kind, False) if kind else (None, False)


def is_open(request: Request, settings: ServiceSettings) -> bool:
    """Whether this connection came over loopback to a service that was told to stay there."""
    server = (request.scope.get("server") or ("",))[0]
    stays = is_loopback(settings.host) and not settings.require_keys
    return stays and (is_loopback(server) or not _is_address(server))


@lru_cache(maxsize=256)
def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _check_site(request: Request) -> None:
    """Refuse what a page of another site makes a browser ask of this machine."""
    host = request.headers.get("host", "")
    named = urlsplit(f"//{host}").hostname or ""
    if is_open(request, service_of(request).settings) and not is_loopback(named):
        raise Problem(403, f"the host {named!r} is not this machine; ask for localhost or 127.0.0.1, or use an API key")
    origin = request.headers.get("origin")
    if origin is not None and request.method not in ("GET", "HEAD") and urlsplit(origin).netloc != host:
        raise Problem(403, f"a page of {origin} asks; only the service's own pages may, without an API key")


READ = Annotated[Caller, Depends(needs("read"))]
ADD = Annotated[Caller, Depends(needs("measurements"))]
PROMOTE = Annotated[Caller, Depends(needs("promote"))]
