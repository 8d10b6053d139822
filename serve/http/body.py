"""Bodies are counted as they arrive and inflated within limits, before anything reads them."""

import zlib
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import Problem
from .settings import ServiceSettings


class BodyLimits:
    """ASGI middleware: 413 for bodies that are too large, as sent or once inflated; 415 for unknown encodings.

    Parameters
    ----------
    app : ASGI application
    settings : ServiceSettings
        The limits.
    """

    def __init__(self, app: ASGIApp, settings: ServiceSettings):
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, with its body counted and inflated."""
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            receive = self._limited(scope, receive)
        await self.app(scope, receive, send)

    def _limited(self, scope: Scope, receive: Receive) -> Callable[[], Awaitable[Message]]:
        headers = dict(scope["headers"])
        encoding = headers.get(b"content-encoding", b"").decode("latin-1").strip().lower()
        declared = headers.get(b"content-length", b"")
        inflate = zlib.decompressobj(31) if encoding == "gzip" else None
        most, most_inflated = self.settings.max_body_bytes, self.settings.max_inflated_bytes
        seen = inflated = 0

        async def limited() -> Message:
            nonlocal seen, inflated
            if encoding not in ("", "identity", "gzip"):
                raise Problem(415, f"content encoding {encoding!r} is not read; send gzip, or none")
            if declared.isdigit() and int(declared) > most:
                raise _too_large(int(declared), most)
            message = await receive()
            if message["type"] != "http.request":
                return message
            body = message.get("body", b"")
            seen += len(body)
            if seen > most:
                raise _too_large(seen, most)
            if inflate is None:
                return message
            try:
                body = inflate.decompress(body, most_inflated + 1 - inflated) if body else b""
            except zlib.error as error:
                raise Problem(400, f"the body is not gzip, though Content-Encoding says so: {error}") from error
            inflated += len(body)
            if inflated > most_inflated:
                raise Problem(413, f"the body inflates beyond {most_inflated:,} bytes; send it in parts")
            if not message.get("more_body") and not inflate.eof and seen:
                raise Problem(400, "the gzip body is cut short; send it whole")
            return {**message, "body": body}

        return limited


def _too_large(size: int, most: int) -> Problem:
    return Problem(413, f"the body has {size:,} bytes or more; send at most {most:,} at a time")
