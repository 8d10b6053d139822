"""Answers given lately: the same row asked again of the same models has the same answer."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

from .served_models import Served


class RecentAnswers:
    """The last answers of single rows, forgotten as soon as other models serve. For one event loop.

    Parameters
    ----------
    most : int
        Rows to remember.
    """

    def __init__(self, most: int):
        self.most = most
        self._served: Served | None = None
        self._answers: OrderedDict[Hashable, dict[str, Any]] = OrderedDict()

    def get(self, served: Served, asked: Hashable) -> dict[str, Any] | None:
        """The answer's columns, or None if it is not known."""
        if served is not self._served:
            return None
        answer = self._answers.get(asked)
        if answer is not None:
            self._answers.move_to_end(asked)
        return answer

    def put(self, served: Served, asked: Hashable, answer: dict[str, Any]) -> None:
        """Remember an answer; the one that was not asked for the longest is forgotten."""
        if served is not self._served:
            self._served = served
            self._answers.clear()
        self._answers[asked] = answer
        if len(self._answers) > self.most:
            self._answers.popitem(last=False)
