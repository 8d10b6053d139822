"""The page as one router: mount it on the service, or alone."""

from fastapi import APIRouter

from . import about, candidate, dopants, home, ranking, reference, upload
from .answering import PageRoute, static_file

router = APIRouter(include_in_schema=False)
for _part in (home, dopants, ranking, candidate, upload, about, reference):
    router.include_router(_part.router)
_static = APIRouter(route_class=PageRoute)
_static.get("/page/{mark}/{name}")(static_file)
router.include_router(_static)
