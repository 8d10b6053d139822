"""Large tables take turns, so that small questions are answered meanwhile."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .answering import PageError

AT_ONCE = 2
LONGEST_WAIT_S = 20.0
_turns = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def large_work(longest_wait_s: float = LONGEST_WAIT_S) -> Iterator[None]:
    """Around the work on a large table.

    Raises
    ------
    PageError
        503 if no turn comes within the wait.
    """
    if not _turns.acquire(timeout=longest_wait_s):
        raise PageError("the service is busy with other tables; try again in a minute", 503)
    try:
        yield
    finally:
        _turns.release()
