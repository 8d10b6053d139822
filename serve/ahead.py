"""Work on a pool of threads whose results come in order, never more than a few ahead."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import Any


def in_order(pool: Executor, do: Callable[[Any], Any], items: Iterable[Any], ahead: int) -> Iterator[Any]:
    """Results of `do` in the order of the items; at most `ahead` of them wait to be taken."""
    waiting: deque[Future] = deque()
    for item in items:
        waiting.append(pool.submit(do, item))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
