"""What the OpenAPI says of keys: how one is sent, and which scope a resource needs."""

from collections.abc import Callable, Iterable
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from .access import Needs

_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer ionscout_...`"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "`X-API-Key: ionscout_...`"},
    "password": {"type": "http", "scheme": "basic", "description": "For browsers: any user, the key as password."},
}


def with_keys(app: FastAPI, routers: Iterable[APIRouter]) -> Callable[[], dict[str, Any]]:
    """The application's OpenAPI, with the ways to send a key and the scopes that the routes of `routers` need.

    A scope stands where OpenAPI 3.1 has the roles of a security requirement; the empty requirement before says that
    on loopback no key is needed.
    """
    plain = app.openapi
    scopes = {
        (route.path, method.lower()): dependency.call.scope
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute)
        for dependency in route.dependant.dependencies
        if isinstance(dependency.call, Needs)
        for method in route.methods or ()
    }

    def openapi() -> dict[str, Any]:
        said = plain()
        said["components"]["securitySchemes"] = _SCHEMES
        for (path, method), scope in scopes.items():
            said["paths"][path][method]["security"] = [{}, *({name: [scope]} for name in _SCHEMES)]
        return said

    return openapi
