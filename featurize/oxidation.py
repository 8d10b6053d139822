"""Oxidation states of many compositions at once, decimals and mixed valence included.

The question pymatgen's ``Composition.oxi_state_guesses`` asks is kept: give every atom one of its element's known
states so that the charges cancel and the sum over atoms of the ICSD counts of the chosen states is largest. It is
answered in two steps of bounded cost.

1. The continuous problem, where each element may share its atoms between states in any proportion, is a linear
   programme with one constraint. Its optimum is greedy: start every element in its most frequent state, then shift
   charge along the upper concave hulls of the counts, cheapest shift first, until the formula is neutral. At most one
   element ends up between two states. All rows are solved together; amounts may be any decimals.
2. Where the formula is a small whole-number one and step 1 would split an atom, the integer problem is solved exactly
   by dynamic programming over the charge sums each element can reach: the same optimum pymatgen enumerates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .elements import N_ELEMENTS, SYMBOLS
from .radii import common_states, known_states, shannon_radius, state_table

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from .composition import CompositionBatch

__all__ = ["OxidationStates", "assign_oxidation_states", "common_states", "known_states", "shannon_radius"]

# Authors round amounts (Na3.33, Zr1.67). A residual charge below this share of the formula's total positive charge
# (0.06 e for NASICON's 24) is taken as rounding: nothing is refused, and no element made mixed-valent, to absorb it.
ROUNDING_TOLERANCE = 2.5e-3
# Sums that should be zero are zero to this many elementary charges per atom.
NEUTRAL = 1e-9
# Whole-number formulas up to this many atoms get the integer optimum; in larger ones a split atom no longer matters.
MAX_SITES = 160
# Largest product of two charge-sum tables that the integer step may combine for one formula (bounds it near 1 ms).
MAX_TABLE = 200_000
# Formula units over which whole charges may balance.
MAX_UNITS = 4
# Rows solved together: keeps the work arrays in cache.
CHUNK = 20_000

NO_ANION = "every element is known only with positive states (intermetallic or alloy)"
NO_CATION = "every element is known only with negative states"


@dataclass(frozen=True)
class OxidationStates:
    """Oxidation states of n compositions.

    Attributes
    ----------
    states : numpy.ndarray, shape (n, N_ELEMENTS), float64
        State of each element in elementary charges, averaged over its atoms where the valence is mixed; NaN where the
        element is absent or has no known state.
    residual_charge : numpy.ndarray, shape (n,), float64
        Charge left over per formula as typed; 0 when neutral, NaN when a row could not be judged.
    reasons : numpy.ndarray of object, shape (n,)
        Why a row has no neutral assignment; None where it has one.
    """

    states: np.ndarray
    residual_charge: np.ndarray
    reasons: np.ndarray

    def __len__(self) -> int:
        return len(self.residual_charge)

    @property
    def neutral(self) -> np.ndarray:
        """Rows with a neutral assignment (within the rounding tolerance), shape (n,) bool."""
        return np.array([reason is None for reason in self.reasons], dtype=bool)

    def row(self, index: int) -> dict[str, float]:
        """States of one composition as ``{symbol: state}``, in order of atomic number."""
        present = np.flatnonzero(~np.isnan(self.states[index]))
        return {SYMBOLS[element]: float(self.states[index, element]) for element in present}


def assign_oxidation_states(batch: CompositionBatch) -> OxidationStates:
    """Most probable neutral oxidation states of every composition.

    The first guess of pymatgen's ``Composition.oxi_state_guesses()`` where that exists, and the same criterion carried
    on to decimals, large cells, high-entropy and mixed-valence formulas. Where nothing known is neutral the nearest
    assignment is returned with its residual and a reason. A formula and its multiples have the same states.

    Parameters
    ----------
    batch : CompositionBatch
        n compositions.

    Returns
    -------
    OxidationStates

    See Also
    --------
    known_states : the states searched.

    References
    ----------
    The greedy solution of the multiple-choice knapsack relaxation: P. Sinha and A. A. Zoltners, Operations Research 27,
    503 (1979), https://doi.org/10.1287/opre.27.3.503

    Examples
    --------
    >>> from ionscout.featurize.composition import CompositionBatch
    >>> found = assign_oxidation_states(CompositionBatch.from_formulas(["Na2.88Sb0.88W0.12S4", "Na0.5Zr2Si2PO12"]))
    >>> found.row(0)
    {'Na': 1.0, 'S': -2.0, 'Sb': 5.0, 'W': 6.0}
    >>> round(float(found.residual_charge[1]), 6), found.reasons[1]
    (-2.5, 'no combination of known states is neutral; nearest residual -2.5')
    """
    n = len(batch)
    states = np.full((n, N_ELEMENTS), np.nan)
    residual = np.full(n, np.nan)
    reasons = np.array(batch.errors, dtype=object, copy=True)
    amounts = batch.amounts.tocsr()
    sizes = np.diff(amounts.indptr)
    for start in range(0, n, CHUNK):
        for size in np.unique(sizes[start : start + CHUNK]):
            if size > 0:
                rows = start + np.flatnonzero(sizes[start : start + CHUNK] == size)
                _assign_equal_sizes(amounts, rows, int(size), states, residual, reasons)
    return OxidationStates(states, residual, reasons)


def whole_numbers(amount: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest whole-number formula of each row, where it has one of at most `MAX_SITES` atoms.

    Parameters
    ----------
    amount : numpy.ndarray, shape (n, k), float64
        Amounts, all positive.

    Returns
    -------
    counts : numpy.ndarray, shape (n, k), int
        Atoms of each element; zeros where no small whole-number formula exists.
    whole : numpy.ndarray, shape (n,), bool
        Where it does.

    Examples
    --------
    >>> whole_numbers(np.array([[3.4, 2, 2.4, 0.6, 12], [2.997, 1, 3.98, 0.003, 12]]))[0].tolist()
    [[17, 10, 12, 3, 60], [0, 0, 0, 0, 0]]
    """
    relative = amount / amount.min(axis=1, keepdims=True)
    total = relative.sum(axis=1)
    counts = np.zeros(amount.shape, dtype=int)
    open_rows = np.arange(len(amount))
    for multiple in range(1, MAX_SITES // 2 + 1):  # atoms of the rarest element
        open_rows = open_rows[multiple * total[open_rows] <= MAX_SITES + 0.5]
        scaled = multiple * relative[open_rows]
        near = np.rint(scaled)
        found = (np.abs(scaled - near) < 1e-6).all(axis=1)
        counts[open_rows[found]] = near[found].astype(int)
        open_rows = open_rows[~found]
    return counts, counts[:, 0] > 0


class StateHulls(NamedTuple):
    """Upper concave hull of ICSD counts against state, for every element (first axis: element index).

    Attributes
    ----------
    start : numpy.ndarray, shape (N_ELEMENTS,)
        Most frequent state; NaN where no state is known.
    step : numpy.ndarray, shape (N_ELEMENTS, 2, segments)
        Width in charge of each hull segment going down (0) and up (1) from the start; 0 where there is none.
    cost : numpy.ndarray, shape (N_ELEMENTS, 2, segments)
        Counts lost per unit of charge along it, ascending; inf where there is none.
    """

    start: np.ndarray
    step: np.ndarray
    cost: np.ndarray


@cache
def state_hulls() -> StateHulls:
    """Hulls of all elements, computed once."""
    segments = max(len(known_states(symbol)) for symbol in SYMBOLS) - 1
    start = np.full(N_ELEMENTS, np.nan)
    step = np.zeros((N_ELEMENTS, 2, segments))
    cost = np.full((N_ELEMENTS, 2, segments), np.inf)
    for element in range(N_ELEMENTS):
        options = _options(element)
        if not options:
            continue
        best = max(options, key=lambda option: (option[1], option[0] in common_states(SYMBOLS[element])))
        start[element] = best[0]
        for side, sign in enumerate((-1, 1)):
            here, place = best, 0
            while ahead := [option for option in options if sign * (option[0] - here[0]) > 0]:
                origin = here
                slopes = [(origin[1] - count) / abs(state - origin[0]) for state, count in ahead]
                # The farthest of equally cheap states makes one segment of a straight stretch.
                here = max(zip(slopes, ahead, strict=True), key=lambda pair: (-pair[0], abs(pair[1][0])))[1]
                step[element, side, place] = abs(here[0] - origin[0])
                cost[element, side, place] = (origin[1] - here[1]) / abs(here[0] - origin[0])
                place += 1
    return StateHulls(start, step, cost)


def relaxed_states(elements: np.ndarray, amount: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solve the continuous problem for n rows of k elements each.

    Parameters
    ----------
    elements : numpy.ndarray, shape (n, k), int
        Element indices.
    amount : numpy.ndarray, shape (n, k), float64
        Their amounts, all positive.
    counts : numpy.ndarray, shape (n, k), int
        The whole-number formula; zeros in rows without one, which the rounding tolerance applies to.

    Returns
    -------
    state : numpy.ndarray, shape (n, k), float64
        Average states of the neutral optimum, or of the assignment nearest to neutral; NaN for unknown elements.
    split : numpy.ndarray, shape (n,), bool
        Rows whose optimum divides an atom of the whole-number formula between two states.
    """
    hulls = state_hulls()
    n, k = elements.shape
    state = hulls.start[elements]
    need = -(amount * state).sum(axis=1)  # charge to add
    upward = (need > 0).astype(int)[:, None]
    step = hulls.step[elements, upward].reshape(n, -1)  # (n, k * segments)
    order = np.argsort(hulls.cost[elements, upward].reshape(n, -1), axis=1, kind="stable")
    step = np.take_along_axis(step, order, axis=1)
    room = step * np.take_along_axis(amount, order // (order.shape[1] // k), axis=1)
    before = np.cumsum(room, axis=1) - room
    moved = np.clip(np.abs(need)[:, None] - before, 0.0, room)

    # Only the last segment used can be partly filled; a sliver of it is rounding, not a second valence.
    whole = counts[:, :1] > 0
    positive = (amount * np.maximum(state, 0)).sum(axis=1, keepdims=True)
    slack = np.where(whole, 0.0, ROUNDING_TOLERANCE * positive) + NEUTRAL * amount.sum(axis=1, keepdims=True)
    moved = np.where(moved <= np.minimum(slack, room / 2), 0.0, moved)
    moved = np.where(room - moved <= slack, np.where(moved > 0, room, moved), moved)
    partial = (moved > 0) & (moved < room)
    atoms_per_amount = counts.sum(axis=1, keepdims=True) / amount.sum(axis=1, keepdims=True)
    atoms = np.divide(moved * atoms_per_amount, step, out=np.zeros_like(moved), where=partial)
    split = np.any(np.abs(atoms - np.rint(atoms)) > 1e-6, axis=1)

    by_element = np.empty_like(moved)
    np.put_along_axis(by_element, order, moved, axis=1)
    return state + (2 * upward - 1) * by_element.reshape(n, k, -1).sum(axis=2) / amount, split


def integer_states(elements: tuple[int, ...], counts: tuple[int, ...]) -> list[float] | None:
    """Solve the integer problem for one formula.

    Parameters
    ----------
    elements : tuple of int
        Element indices, at least two.
    counts : tuple of int
        Atoms of each.

    Returns
    -------
    list of float or None
        Average state of each element; None where no choice of one state per atom is neutral, or where the tables would
        grow beyond `MAX_TABLE`.
    """
    tables = [charge_sums(element, count) for element, count in zip(elements, counts, strict=True)]
    order = sorted(range(len(tables)), key=lambda place: len(tables[place][1]))
    prefix = [tables[order[0]]]
    for place in order[1:-1]:
        (low, scores), (more_low, more) = prefix[-1], tables[place]
        if len(scores) * len(more) > MAX_TABLE:
            return None
        prefix.append((low + more_low, max_plus(scores, more)))
    # Back from neutrality: what the last element carries leaves a charge for those before it, and so on.
    sums, target = [0] * len(order), 0
    for step in range(len(order) - 1, 0, -1):
        (low, scores), (more_low, more) = prefix[step - 1], tables[order[step]]
        partner = target - low - more_low - np.arange(len(more))
        inside = (partner >= 0) & (partner < len(scores))
        total = np.where(inside, more + scores[np.where(inside, partner, 0)], -np.inf)
        best = int(np.argmax(total))
        if total[best] == -np.inf:
            return None
        sums[order[step]] = more_low + best
        target -= more_low + best
    sums[order[0]] = target
    return [charge / count for charge, count in zip(sums, counts, strict=True)]


@lru_cache(maxsize=20_000)
def charge_sums(element: int, count: int) -> tuple[int, np.ndarray]:
    """Best ICSD count total for each total charge that `count` atoms of an element can carry.

    Parameters
    ----------
    element : int
        Element index.
    count : int
        Number of atoms.

    Returns
    -------
    lowest : int
        The smallest total charge.
    scores : numpy.ndarray
        ``scores[i]`` belongs to the total charge ``lowest + i``; -inf where it cannot be made.
    """
    if count == 1:
        options = _options(element)
        lowest = min(state for state, _ in options)
        scores = np.full(max(state for state, _ in options) - lowest + 1, -np.inf)
        for state, score in options:
            scores[state - lowest] = score
        return lowest, scores
    half_low, half = charge_sums(element, count // 2)
    rest_low, rest = charge_sums(element, count - count // 2)
    return half_low + rest_low, max_plus(half, rest)


def max_plus(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Best sum for each total index: ``out[s] = max over i of first[i] + second[s - i]``.

    Examples
    --------
    >>> max_plus(np.array([0.0, 5.0]), np.array([1.0, 2.0])).tolist()
    [1.0, 6.0, 7.0]
    """
    short, long = sorted((first, second), key=len)
    out = np.full(len(short) + len(long) - 1, -np.inf)
    for shift in np.flatnonzero(short > -np.inf):
        window = out[shift : shift + len(long)]
        np.maximum(window, long + short[shift], out=window)
    return out


def _assign_equal_sizes(
    amounts: csr_array, rows: np.ndarray, size: int, states: np.ndarray, residual: np.ndarray, reasons: np.ndarray
) -> None:
    """Fill `states`, `residual` and `reasons` for the `rows` of `amounts`, which all hold `size` elements."""
    entries = amounts.indptr[rows][:, None] + np.arange(size)
    elements, amount = amounts.indices[entries], amounts.data[entries]
    if size == 1:  # an element by itself
        states[rows, elements[:, 0]] = 0.0
        residual[rows] = 0.0
        return
    counts, whole = whole_numbers(amount)
    # Computed from the whole numbers, a neutral formula is neutral to the last bit.
    unit = amount.sum(axis=1, keepdims=True) / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    amount = np.where(whole[:, None], counts * unit, amount)
    state, split = relaxed_states(elements, amount, counts)
    for row in np.flatnonzero(split):
        # A cell may hold several formula units: Na2B12H12 is neutral atom by atom where NaB6H6 is not.
        for units in range(1, 1 + min(MAX_UNITS, MAX_SITES // counts[row].sum())):
            exact = integer_states(tuple(elements[row].tolist()), tuple((units * counts[row]).tolist()))
            if exact is not None:
                state[row] = exact
                break
    charge = (amount * state).sum(axis=1)
    charge[np.abs(charge) <= NEUTRAL * amount.sum(axis=1)] = 0.0
    tolerance = np.where(whole, 0.0, ROUNDING_TOLERANCE * (amount * np.maximum(state, 0)).sum(axis=1))
    states[rows[:, None], elements] = state
    residual[rows] = charge
    for row in np.flatnonzero(~(np.abs(charge) <= tolerance)):
        reasons[rows[row]] = _refusal(elements[row], charge[row])


def _refusal(elements: np.ndarray, charge: float) -> str:
    ranges = [known_states(SYMBOLS[element]) for element in elements]
    unknown = [SYMBOLS[element] for element, states in zip(elements, ranges, strict=True) if not states]
    if unknown:
        return f"no oxidation state is known for {', '.join(unknown)}"
    if all(states[0] > 0 for states in ranges):
        return NO_ANION
    if all(states[-1] < 0 for states in ranges):
        return NO_CATION
    return f"no combination of known states is neutral; nearest residual {charge:+.4g}"


def _options(element: int) -> list[tuple[int, float]]:
    """``(state, ICSD count)`` of every known state of an element."""
    table = state_table(SYMBOLS[element])
    return [(state, table.occurrence.get(state, 0.0)) for state in table.known]
