"""A request that takes too long is answered with 503, and what it began is given up."""

import asyncio

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import Problem, problem_response


class Deadline:
    """ASGI middleware: an answer must begin within some seconds; then it may take its time, as large downloads do.

    Parameters
    ----------
    app : ASGI application
    seconds : float
        From the request's head to the beginning of the answer; a body that trickles in counts.
    """

    def __init__(self, app: ASGIApp, seconds: float):
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, with a deadline."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self.seconds) as limit:

                async def begun(message: Message) -> None:
                    limit.reschedule(None)
                    await send(message)

                await self.app(scope, receive, begun)
        except TimeoutError:
            late = Problem(
                503,
                f"no answer within {self.seconds:g} s; send fewer rows at a time, or have them screened as a job",
                headers={"Retry-After": "10"},
            )
            await problem_response(Request(scope), late)(scope, receive, send)
