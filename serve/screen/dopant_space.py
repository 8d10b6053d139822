"""The space of a host's doped compositions, numbered without building them."""

from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from ...featurize.composition import CompositionBatch
from ...featurize.elements import INDEX, N_ELEMENTS
from .candidates import CandidateSpace
from .compensation import Compensation
from .counting import Chain
from .substitutions import Substitution

# Charges and amounts are counted in these units, so that sums are exact.
UNIT = 1e-9
# Charge and amounts taken in units, sites doped and sites whose element was brought in as bits; see `_chain`.
State = tuple[int, tuple[int, ...], int, int]


class DopantSpace(CandidateSpace):
    """Doped compositions of one host, built on demand; `dopants` describes one.

    Parameters
    ----------
    asked : dict
        What `dopants` was asked, in JSON types.
    parent : (n_elements,) array
        Amounts of the host.
    choices : list of list of Substitution
        What may be put on each site.
    balance : Compensation
        How the charge is made up.
    refused : DataFrame
        Columns site, dopant, x and reason.
    """

    def __init__(
        self,
        asked: dict[str, Any],
        parent: np.ndarray,
        choices: list[list[Substitution]],
        balance: Compensation,
        refused: pd.DataFrame,
    ):
        self._asked, self._parent, self._choices, self._balance = asked, parent, choices, balance
        self._refused = refused
        self._chain = _chain(choices, balance, asked["at_once"])

    @property
    def size(self) -> int:
        """Number of candidates."""
        return self._chain.size

    @property
    def host(self) -> str:
        """Parent formula as typed."""
        return self._asked["host"]

    @property
    def refused(self) -> pd.DataFrame:
        """What was not made, with columns site, dopant, x and reason."""
        return self._refused

    @property
    def description(self) -> dict[str, Any]:
        """The arguments of `dopants`."""
        return self._asked

    def remedy(self) -> str:
        """What to change to make the space smaller."""
        return "fewer dopants, amounts x or sites at_once"

    def pick(self, positions: np.ndarray) -> tuple[pd.DataFrame, CompositionBatch]:
        """Candidates by position (n,) int: their facts and compositions."""
        ways = self._chain.ways(positions)
        amounts, charge = self._built(ways)
        return self._facts(ways, charge), CompositionBatch.from_matrix(amounts)

    def compositions(self, positions: np.ndarray) -> CompositionBatch:
        """The compositions of `pick` alone; writing its facts costs as much again."""
        return CompositionBatch.from_matrix(self._built(self._chain.ways(positions))[0])

    def _built(self, ways: np.ndarray) -> tuple[csr_array, np.ndarray]:
        """Amounts (n, n_elements) and the charge (n,) that had to be made up."""
        columns = self._touched
        amounts = np.tile(self._parent[columns], (len(ways), 1))
        charge = np.zeros(len(ways))
        for taken, (changes, charges) in zip(ways.T, self._effects, strict=True):
            # Option by option in dense rows: the same sums in the same order whatever the stretch.
            amounts += changes[taken]
            charge += charges[taken]
        for sign, answer in ((1.0, self._balance.too_high), (-1.0, self._balance.too_low)):
            if answer is not None:
                for place in np.flatnonzero(answer.change[columns]):
                    amounts[:, place] += np.maximum(sign * charge, 0.0) * answer.change[columns[place]]
        row, place = np.nonzero(amounts)
        held = np.round(amounts[row, place], 12)
        some = held != 0
        row, place, held = row[some], place[some], held[some]
        indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(ways)))])
        return csr_array((held, columns[place], indptr), shape=(len(ways), N_ELEMENTS)), charge

    @cached_property
    def _touched(self) -> np.ndarray:
        """Elements that any candidate may hold, ascending."""
        held = self._parent > 0
        for made in self._choices:
            held[[INDEX[ion.symbol] for one in made for ion in one.ions]] = True
        for answer in (self._balance.too_high, self._balance.too_low):
            if answer is not None:
                held |= answer.change != 0
        return np.flatnonzero(held)

    @cached_property
    def _effects(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Of each site: change of the amounts (options, touched) and charge (options,); the last option is none."""
        out = []
        for made in self._choices:
            change = np.zeros((len(made) + 1, N_ELEMENTS))
            for row, one in enumerate(made):
                change[row, INDEX[one.place.symbol]] -= one.amount
                for ion, amount in one.parts:
                    change[row, INDEX[ion.symbol]] += amount
            out.append((change[:, self._touched], np.array([*(one.charge for one in made), 0.0])))
        return out

    @cached_property
    def _columns(self) -> list[dict[str, np.ndarray]]:
        """Of each site: the facts of its options (options,); the last option is none."""
        out = []
        for made in self._choices:
            # Scores depend on the ions alone, which recur at every amount.
            scored = {one.ions: one for one in made}
            known = {ions: (one.bond_mismatch, one.x_up_to, one.probability) for ions, one in scored.items()}
            rows = [known[one.ions] for one in made]
            misfit, up_to, chance = np.array([*rows, (0.0, np.inf, np.inf)]).T
            out.append(
                {
                    "site": _texts([one.place.symbol for one in made]),
                    "dopant": _texts(["+".join(ion.symbol for ion, _ in one.parts) for one in made]),
                    "ions": _texts([one.text for one in made]),
                    "x": np.array([*(one.amount for one in made), 0.0]),
                    "state": np.array([*(one.parts[0][0].state if len(one.parts) == 1 else np.nan for one in made), 0]),
                    "misfit": misfit,
                    "up_to": up_to,
                    "chance": chance,
                    "charged": np.array(
                        [*(any(ion.state != one.place.state for ion, _ in one.parts) for one in made), False]
                    ),
                }
            )
        return out

    def _facts(self, ways: np.ndarray, charge: np.ndarray) -> pd.DataFrame:
        n = len(ways)
        site, dopant, ions = (np.full(n, "", dtype=object) for _ in range(3))
        x, state, misfit, charged, doped = (np.zeros(n) for _ in range(5))
        up_to, chance = np.full(n, np.inf), np.full(n, np.inf)
        for taken, columns in zip(ways.T, self._columns, strict=True):
            here = taken < len(columns["x"]) - 1
            join = np.where(here & (doped > 0), ", ", "")
            site, dopant = site + join + columns["site"][taken], dopant + join + columns["dopant"][taken]
            ions = ions + join + columns["ions"][taken]
            x += columns["x"][taken]
            state += columns["state"][taken]
            worse = np.abs(columns["misfit"][taken]) > np.abs(misfit)
            misfit = np.where(worse, columns["misfit"][taken], misfit)
            up_to, chance = np.minimum(up_to, columns["up_to"][taken]), np.fmin(chance, columns["chance"][taken])
            charged += columns["charged"][taken]
            doped += here
        keys = np.round(charge, 9)
        distinct, which = np.unique(keys, return_inverse=True)
        made_up = np.array([*(self._balance.text(value) for value in distinct.tolist()), ""], dtype=object)[which]
        neutral = np.where(charged > 0, "none, " + ions + " balance", "none, " + ions + " is isovalent")
        text = np.where(made_up != "", made_up + " for " + ions, neutral)
        return pd.DataFrame(
            {
                "site": site,
                "dopant": dopant,
                "x": np.round(x, 12),
                "compensation": text,
                "dopant_state": np.where(doped == 1, state, np.nan),
                "bond_mismatch_pct": np.round(100.0 * misfit, 1),
                "substitution_probability": chance,
                "x_up_to": np.round(up_to, 4),
            }
        )


def _chain(choices: list[list[Substitution]], balance: Compensation, at_once: int) -> Chain:
    """Number the ways of doping `at_once` sites or fewer whose charge can be made up.

    The state holds, in whole units, the charge and the amounts taken of the elements that the balance takes from, and
    which sites are doped and which of their elements were brought in: an element is never taken from one site and put
    on another at once, since that makes the same candidate in many ways.
    """
    places = [made[0].place.symbol if made else "" for made in choices]
    watched = tuple(a.element for a in (balance.too_high, balance.too_low) if a is not None and np.isfinite(a.limit))
    effects = [[_effect(one, places, at_once > 1) for one in made] for made in choices]

    def step(layer: int, state: State, option: int) -> State | None:
        if option == len(effects[layer]):
            return state
        charge, taken, doped, brought = state
        if doped.bit_count() == at_once:
            return None
        more, amount, brings = effects[layer][option]
        doped, brought = doped | 1 << layer, brought | brings
        if doped & brought:
            return None
        if places[layer] in watched:
            taken = tuple(
                n + (amount if element == places[layer] else 0) for n, element in zip(taken, watched, strict=True)
            )
        return charge + more, taken, doped, brought

    def ends_well(state: State) -> bool:
        charge, taken, doped, _ = state
        lost = {element: n * UNIT for element, n in zip(watched, taken, strict=True)}
        return doped > 0 and balance.refusal(charge * UNIT, lost) is None

    start: State = (0, (0,) * len(watched), 0, 0)
    return Chain([len(made) + 1 for made in choices], start, step, ends_well)


def _effect(one: Substitution, places: list[str], together: bool) -> tuple[int, int, int]:
    """Charge and amount in whole units, and the sites (bits) whose element it brings."""
    brought = {ion.symbol for ion, _ in one.parts} if together else set()
    brings = sum(1 << i for i, place in enumerate(places) if place in brought)
    return round(one.charge / UNIT), round(one.amount / UNIT), brings


def _texts(values: list[str]) -> np.ndarray:
    return np.array([*values, ""], dtype=object)
