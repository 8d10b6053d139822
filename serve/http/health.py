"""/healthz, /readyz and /metrics: for those who keep the service running."""

from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from ... import __version__
from .access import READ, is_open
from .media import JSON
from .problems import Problem
from .service import service_of

router = APIRouter(tags=["operation"])


@router.get("/healthz", summary="Whether the process lives", response_description="It does.")
async def healthz(request: Request) -> dict[str, Any]:
    """Answers as long as the event loop turns; restart the service when it does not."""
    started = service_of(request).started
    return {"status": "ok", "version": __version__, "up_s": round((datetime.now(UTC) - started).total_seconds(), 1)}


@router.get(
    "/readyz",
    summary="Whether predictions are answered",
    response_description="They are; with the versions that answer.",
    responses={503: {"description": "No champion is loaded; `reason` says why."}},
)
async def readyz(request: Request) -> Response:
    """200 once champions serve. While the registry is away they go on serving, and `registry` says what is wrong.

    Addresses of stores are told on this machine only; elsewhere they are in the log.
    """
    service = service_of(request)
    trouble = service.models.trouble
    if trouble is not None and not is_open(request, service.settings):
        trouble = "does not answer; the log says why"
    try:
        served = service.models.current()
    except Problem:
        return _json({"status": "not ready", "reason": trouble or "the models are being loaded"}, 503)
    return _json({"status": "ready", "models": served.versions, "registry": trouble or "ok"}, 200)


def _json(content: dict[str, Any], status: int) -> Response:
    return Response(orjson.dumps(content), status, media_type=JSON)


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    response_description="Text exposition.",
    response_class=PlainTextResponse,
)
async def metrics(request: Request, _: READ) -> Response:
    """Requests, latencies, rows, batches, versions and reloads."""
    content = generate_latest(service_of(request).metrics.registry)
    return Response(content, headers={"content-type": CONTENT_TYPE_LATEST})
