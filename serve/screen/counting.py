"""Count and number the ways through a chain of choices, so that the i-th is found without the ones before it.

A chain has layers; in each, one of a few options is taken, and what matters of the options so far is their *state* (a
charge that must end at zero, a common divisor that must end at one). The ways that end well are counted backwards once,
layer by layer; the running counts then say which option the i-th way takes in each layer. This is the ranking of the
words of a finite automaton in dictionary order (D. E. Knuth, The Art of Computer Programming 4A, 7.2.1).
"""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import numpy as np

State = TypeVar("State", bound=Hashable)

# Steps (states x options) that are worked out before a chain is called too large: some seconds and 100 MB.
STEPS = 3_000_000
# Ways that can be numbered; counts stay exact in int64.
LARGEST = 2**62


class TooLarge(ValueError):
    """A space cannot be numbered: too many states or too many candidates."""


class Chain:
    """Ways through layers of options, in dictionary order.

    Parameters
    ----------
    options : sequence of int
        Number of options in each layer.
    start : state
        Where every way begins; any hashable value.
    step : callable (layer, state, option) -> state or None
        The state after taking an option; None where it may not be taken.
    ends_well : callable (state) -> bool
        Which states may stand at the end.

    Raises
    ------
    TooLarge
        If there are more than `STEPS` steps or `LARGEST` ways.

    Examples
    --------
    Three digits of 0 to 2 that sum to four:

    >>> chain = Chain([3, 3, 3], 0, lambda layer, total, digit: total + digit, lambda total: total == 4)
    >>> chain.size, chain.ways(np.array([1, 2, 5])).tolist()
    (6, [[1, 1, 2], [1, 2, 1], [2, 2, 0]])
    """

    def __init__(
        self,
        options: Sequence[int],
        start: State,
        step: Callable[[int, State, int], State | None],
        ends_well: Callable[[State], bool],
    ):
        states: list[State] = [start]
        reached: list[np.ndarray] = []  # (states, options) of each layer: number of the next state, or -1
        steps = 0
        for layer, count in enumerate(options):
            steps += len(states) * count
            if steps > STEPS:
                raise TooLarge(f"more than {STEPS:,} steps to count (layer {layer + 1} of {len(options)})")
            numbers: dict[State, int] = {}
            table = np.full((len(states), count), -1, dtype=np.int64)
            for row, state in enumerate(states):
                for option in range(count):
                    following = step(layer, state, option)
                    if following is not None:
                        table[row, option] = numbers.setdefault(following, len(numbers))
            reached.append(table)
            states = list(numbers)
        # Python integers, since a space may turn out larger than int64.
        ways = np.array([int(ends_well(state)) for state in states] + [0], dtype=object)
        running: list[np.ndarray] = []
        for table in reversed(reached):
            taken = ways[table] if len(ways) > 1 else np.zeros(table.shape, dtype=object)
            ways = np.append(taken.sum(axis=1), 0)
            running.append(np.cumsum(taken, axis=1))
        self.size = int(ways[0])
        self._next = reached
        if self.size > LARGEST:
            self._ends: list[np.ndarray] = []
            return
        # The end of each option's ways, counted on through the states of a layer so that one search serves all rows.
        # A state is reached by at least one way, so that these sums never pass the number of ways.
        self._ends, self._before = [], []
        for counts in reversed(running):
            totals = counts[:, -1] if counts.shape[1] else np.zeros(len(counts), dtype=object)
            before = np.concatenate([[0], np.cumsum(totals)[:-1]]).astype(np.int64)
            self._ends.append((counts.astype(np.int64) + before[:, None]).ravel())
            self._before.append(before)

    def ways(self, numbers: np.ndarray) -> np.ndarray:
        """Options taken by the ways of some numbers (n,) int, each from 0 to `size` - 1.

        Returns
        -------
        ndarray of shape (n, layers), int64

        Raises
        ------
        TooLarge
            If there are more ways than can be numbered.
        """
        if self.size > LARGEST:
            raise TooLarge(f"{self.size:.3g} candidates cannot be numbered (limit {LARGEST:.3g})")
        left = np.asarray(numbers, dtype=np.int64)
        state = np.zeros(len(left), dtype=np.int64)
        taken = np.empty((len(left), len(self._next)), dtype=np.int64)
        for layer, (table, ends, before) in enumerate(zip(self._next, self._ends, self._before, strict=True)):
            place = np.searchsorted(ends, before[state] + left, side="right")
            option = place - state * table.shape[1]
            previous = np.where(option > 0, ends[place - 1], before[state])
            left = before[state] + left - previous
            taken[:, layer] = option
            state = table[state, option]
        return taken
