"""Every request gets an identifier, is counted and timed, and leaves one line in the log."""

import logging
import re
import time
import uuid

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .metrics import Metrics

log = logging.getLogger("ionscout.access")

_GIVEN = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Observe:
    """ASGI middleware around everything else.

    Parameters
    ----------
    app : ASGI application
    metrics : Metrics
        Where requests are counted.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics):
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on; count it, time it and log it when it is answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"")
        identifier = given.decode() if _GIVEN.fullmatch(given) else uuid.uuid4().hex
        scope["request_id"] = identifier
        scope["noted"] = noted = {}
        began, status = time.perf_counter(), 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", identifier.encode()))
            await send(message)

        self.metrics.in_flight.inc()
        try:
            await self.app(scope, receive, told)
        finally:
            seconds = time.perf_counter() - began
            self.metrics.in_flight.dec()
            # Names of routes, not paths: a scanner must not make a thousand time series.
            route = getattr(scope.get("route"), "path", "unknown")
            method = scope["method"] if route != "unknown" else "any"
            self.metrics.requests.labels(method, route, status).inc()
            self.metrics.seconds.labels(route).observe(seconds)
            log.info(
                "request",
                extra={
                    "request_id": identifier,
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": status,
                    "ms": round(1e3 * seconds, 3),
                    **noted,
                },
            )
