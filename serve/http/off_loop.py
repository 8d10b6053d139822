"""Work that takes time goes to a thread: the event loop answers others meanwhile."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from .service import Service

T = TypeVar("T")


async def off_loop(service: Service, do: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """Result of `do(*arguments, **named)`, worked out on one of the service's threads."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(service.workers, partial(do, *arguments, **named))
