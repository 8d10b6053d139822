"""The application: resources, limits and what is told about them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI

from ... import __version__
from ..page.routes import router as page
from . import health, measurements, models, predict, problems, spaces, tables
from .access import needs
from .body import BodyLimits
from .deadline import Deadline
from .described_keys import with_keys
from .jobs import retrain, screen
from .observe import Observe
from .service import Service
from .settings import ServiceSettings

_DESCRIPTION = """\
Predicts solid sodium electrolytes: ionic conductivity at any temperature, activation energy, stability window and
energy above hull, each with an interval and a verdict on whether the model knows the chemistry.

Tables go in and out as JSON, NDJSON, CSV, Parquet or Arrow. Errors of single rows stand in their rows; errors of a
request are problem details (RFC 9457).
"""
_TAGS = {
    "predict": "Properties of compositions, from one formula to a table of 100,000 rows.",
    "tables": "Verbs that take a table and give one back.",
    "candidates": "Compositions and mixtures by rule, to be predicted or screened next.",
    "jobs": "What takes longer than a request may: screens and retrainings. A job survives a restart of the service.",
    "measurements": "What laboratories measured, kept for good; models learn from it when they are retrained.",
    "models": "What is registered, and which version answers.",
    "operation": "For those who keep the service running.",
}


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """The service as an ASGI application; it loads its models when it is started.

    Parameters
    ----------
    settings : ServiceSettings, optional
        By default those of the environment.

    Returns
    -------
    FastAPI
        `app.state.service` is the `Service` behind the resources.
    """
    settings = settings or ServiceSettings()  # type: ignore[call-arg]
    service = Service.of(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        try:
            yield
        finally:
            service.stop()

    app = FastAPI(
        title="ionscout",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        license_info={"name": "MIT"},
        openapi_tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
        # FastAPI's own pages load their scripts from elsewhere; /docs is a page of ours.
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    problems.install(app)
    resources = [r.router for r in (predict, tables, spaces, screen, retrain, measurements, models, health)]
    for resource in resources:
        app.include_router(resource)
    app.include_router(page, dependencies=[Depends(needs("read"))])
    app.router.routes.insert(0, predict.quick)
    app.openapi = with_keys(app, resources)
    app.add_middleware(BodyLimits, settings=settings)
    app.add_middleware(Deadline, seconds=settings.timeout_s)
    app.add_middleware(Observe, metrics=service.metrics)
    return app
