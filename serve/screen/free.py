"""Free spaces: every charge-balanced composition of given elements, up to given whole numbers."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import gcd, prod
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from ...featurize.composition import CompositionBatch
from ...featurize.elements import INDEX, N_ELEMENTS, SYMBOLS
from ...featurize.radii import common_states
from .candidates import CandidateSpace
from .counting import Chain, TooLarge


def compositions(
    elements: str | Sequence[str],
    *,
    up_to: int | Mapping[str, int],
    contains: str | Sequence[str] = (),
    states: Mapping[str, Sequence[int]] | None = None,
) -> "FreeSpace":
    """Describe all charge-balanced compositions of some elements.

    A composition is one where each element can take one of its states, the same for all its atoms, so that the charges
    cancel. Amounts are whole and without a common divisor, so that Na2S2 is not a second NaS: no composition comes
    twice, and none is remembered to make sure.

    Parameters
    ----------
    elements : str or sequence of str
        Symbols, or text such as "Na-P-S-Cl".
    up_to : int or mapping
        Largest amount, of every element or by symbol.
    contains : str or sequence of str
        Elements that must be there, e.g. "Na".
    states : mapping, optional
        Oxidation states by symbol; the common ones of the elements that are not named.

    Returns
    -------
    FreeSpace
        Columns: atoms (in the formula).

    Raises
    ------
    ValueError
        If an element is none, has no common state, or the space is too large to count; says what to change.

    Examples
    --------
    >>> space = compositions("Na-P-S", up_to=4, contains="Na-P-S", states={"P": [5], "S": [-2]})
    >>> space.to_dataframe()["formula"].tolist()
    ['NaPS3', 'Na3PS4']
    """
    wanted = _elements(elements)
    needed = _elements(contains) if contains else []
    named = (*needed, *(states or {}), *(up_to if isinstance(up_to, Mapping) else ()))
    stray = [symbol for symbol in named if symbol not in wanted]
    if stray:
        raise ValueError(f"{stray[0]!r} is not among the elements {', '.join(wanted)}")
    most = {s: up_to.get(s, 0) if isinstance(up_to, Mapping) else up_to for s in wanted}
    for symbol, amount in most.items():
        if isinstance(amount, bool) or not isinstance(amount, int) or amount < 1:
            raise ValueError(f"up_to of {symbol} is {amount!r}: give a whole number from 1 on")
    given = {s: tuple(sorted(set((states or {}).get(s, common_states(s))))) for s in wanted}
    for symbol, known in given.items():
        if not known or not all(isinstance(state, int) and state != 0 for state in known):
            raise ValueError(f"states of {symbol} are {list(known)!r}: give whole charges, e.g. states={{'P': [5]}}")
    asked = {
        "kind": "compositions",
        "elements": wanted,
        "up_to": most,
        "contains": needed,
        "states": {s: list(q) for s, q in given.items()},
    }
    return FreeSpace(asked)


class FreeSpace(CandidateSpace):
    """Charge-balanced compositions in dictionary order of their amounts; `compositions` describes one."""

    def __init__(self, asked: dict[str, Any]):
        self._asked = asked
        self._chain = _chain(asked)

    @property
    def size(self) -> int:
        """Number of compositions, exact."""
        return self._chain.size

    @property
    def description(self) -> dict[str, Any]:
        """The arguments of `compositions`."""
        return self._asked

    def remedy(self) -> str:
        """What to change to make the space smaller."""
        return "fewer elements, a smaller up_to, more in contains, or fewer states"

    @cached_property
    def _columns(self) -> np.ndarray:
        return np.array([INDEX[symbol] for symbol in self._asked["elements"]])

    def pick(self, positions: np.ndarray) -> tuple[pd.DataFrame, CompositionBatch]:
        """Candidates by position (n,) int: their number of atoms and their compositions."""
        counts = self._chain.ways(positions)
        row, column = np.nonzero(counts)
        entries = (counts[row, column].astype(np.float64), (row, self._columns[column]))
        amounts = csr_array(entries, shape=(len(counts), N_ELEMENTS))
        return pd.DataFrame({"atoms": counts.sum(axis=1)}), CompositionBatch.from_matrix(amounts)


def _elements(text: str | Sequence[str]) -> list[str]:
    symbols = text.replace("-", " ").replace(",", " ").split() if isinstance(text, str) else list(text)
    unknown = [s for s in symbols if s not in SYMBOLS]
    if unknown or not symbols:
        raise ValueError(f"{(unknown or [text])[0]!r} is not an element; write e.g. 'Na-P-S'")
    return list(dict.fromkeys(symbols))


def _chain(asked: dict[str, Any]) -> Chain:
    """Number the amounts. The state is the set of charges that can be reached, as bits, and the common divisor."""
    # Elements of many states last, since each of their amounts opens a set of charges of its own.
    elements, states, most = asked["elements"], asked["states"], asked["up_to"]
    counts = [most[s] for s in elements]
    lowest = [min(0, *(q * most[s] for q in states[s])) for s in elements]
    highest = [max(0, *(q * most[s] for q in states[s])) for s in elements]
    # What the layers from here on can still add; charges that they cannot cancel are forgotten.
    least = [sum(lowest[i:]) for i in range(len(elements) + 1)]
    largest = [sum(highest[i:]) for i in range(len(elements) + 1)]
    zero = -sum(lowest)  # the bit of charge zero
    windows = [_window(zero - largest[i], zero - least[i]) for i in range(len(elements) + 1)]

    def step(layer: int, state: tuple[int, int], amount: int) -> tuple[int, int] | None:
        reached, divisor = state
        symbol = elements[layer]
        if amount == 0:
            charges = 0 if symbol in asked["contains"] else reached
        else:
            charges = 0
            for q in states[symbol]:
                charges |= reached << q * amount if q > 0 else reached >> -q * amount
        charges &= windows[layer + 1]
        return (charges, gcd(divisor, amount)) if charges else None

    try:
        return Chain([c + 1 for c in counts], (1 << zero, 0), step, lambda state: state[1] == 1)
    except TooLarge as error:
        bound = prod(c + 1 for c in counts)
        raise ValueError(
            f"the space of {'-'.join(elements)} is too large to count ({error}; at most {bound:.3g} compositions); "
            "take fewer elements, a smaller up_to, or give one state to elements that have several"
        ) from None


def _window(low: int, high: int) -> int:
    """Bits low to high, both included."""
    low = max(low, 0)
    return ((1 << (high + 1)) - 1) >> low << low if high >= low else 0
