"""Work on a pool of threads whose results come in order, never more than a few ahead."""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

# Seconds after which a thread of Python lets another go on; Python's own 0.005 is as long as a step of a chunk.
_TURN_S = 0.0005


@contextmanager
def quick_turns() -> Iterator[None]:
    """Let threads take turns quickly: one that comes back from a booster is not kept waiting by another's features."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def in_order(pool: Executor, do: Callable[[Any], Any], items: Iterable[Any], ahead: int) -> Iterator[Any]:
    """Results of `do` in the order of the items; at most `ahead` of them wait to be taken."""
    waiting: deque[Future] = deque()
    for item in items:
        waiting.append(pool.submit(do, item))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
