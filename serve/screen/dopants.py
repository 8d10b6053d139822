"""Dopants for a host: substitutions on one or several sites, charge balanced in the way that is asked for."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from ...featurize.composition import CompositionBatch
from ...featurize.elements import INDEX, N_ELEMENTS
from .candidates import CandidateSpace, numbers
from .compensation import Compensation, compensation_of
from .counting import Chain
from .sites import (
    MOBILE_IONS,
    Site,
    charge_text,
    find_site,
    fitting_ions,
    host_states,
    misplaced,
    refusals,
    symbols,
    why_none,
)
from .substitutions import Ion, Substitution, balanced_pairs, mixes, singles

REFUSED_COLUMNS = ["site", "dopant", "x", "reason"]
# Charges and amounts are counted in these units, so that sums are exact.
UNIT = 1e-9


def dopants(
    host: str,
    *,
    site: str | Sequence[str],
    dopants: str | Sequence[str] = "all",
    x: float | Sequence[float] = (0.05, 0.1, 0.2, 0.3),
    compensate: str = "mobile_ion",
    anions: tuple[str, str] | None = None,
    at_once: int = 1,
    mix: int = 1,
    shares: str | float = "equal",
) -> "DopantSpace":
    """Describe the doped compositions of a host.

    An amount x of the site's element is replaced per formula unit; each known oxidation state of the dopant is its own
    candidate, since the balance differs. A difference in charge is made up as `compensate` says; what cannot be made
    up is refused, with the reason.

    Parameters
    ----------
    host : str
        Parent formula, e.g. "Na3Zr2Si2PO12".
    site : str or sequence of str
        Element or elements to replace. An anion is replaced by anions.
    dopants : "all" or sequence of str
        Element symbols.
    x : float or sequence of float
        Amounts per formula unit; of a pair or mix, what its ions take together.
    compensate : str
        "mobile_ion" adds or removes the mobile ion; "mobile_vacancies" only removes it; "anion_vacancies" removes the
        main anion; "vacancies" does whichever of the two fits the sign; "anion_exchange" swaps `anions`; "co_dopant"
        takes a second dopant of opposite charge on the site (or, with `at_once`, on another).
    anions : (str, str), optional
        For "anion_exchange": the host's anion and what replaces it, e.g. ("O", "F").
    at_once : int
        How many sites may be doped together in one candidate.
    mix : int
        Number of different dopants that share a site; 1 gives single dopants.
    shares : "equal" or float
        How the dopants of a mix share x: equally, or in all multiples of a step such as 0.25.

    Returns
    -------
    DopantSpace
        Columns site, dopant, x, compensation, dopant_state, bond_mismatch_pct (of the ion that fits worst),
        substitution_probability (of the least likely ion; Hautier 2011) and x_up_to (largest x by misfit alone, see
        `solubility.largest_share`). `.refused` lists what was not made and why.

    Raises
    ------
    ValueError
        If the host cannot be read or has no oxidation states, has no mobile ion, the site is not in it, or an element,
        an amount or a choice is not one.

    Examples
    --------
    >>> found = dopants("Na3Zr2Si2PO12", site="Zr", dopants=["Mg"], x=0.1)
    >>> found.to_dataframe()[["formula", "compensation"]].values.tolist()
    [['Na3.2Mg0.1Zr1.9Si2PO12', '+0.2 Na for Mg2+ on Zr4+']]
    >>> pair = dopants("Na3Zr2Si2PO12", site="Zr", dopants=["Mg", "Nb"], x=0.3, compensate="co_dopant")
    >>> pair.to_dataframe()["formula"].tolist()
    ['Na3Mg0.1Zr1.7Nb0.2Si2PO12']
    """
    sites = [site] if isinstance(site, str) else list(dict.fromkeys(site))
    if not 1 <= at_once <= len(sites):
        raise ValueError(f"at_once={at_once!r}: give a number from 1 to the {len(sites)} sites")
    if mix < 1:
        raise ValueError(f"mix={mix!r}: give the number of dopants that share a site, 1 or more")
    if shares != "equal" and not isinstance(shares, float):
        raise ValueError(f"shares={shares!r}: give 'equal' or a step such as 0.25")
    batch = CompositionBatch.from_formulas([host])
    if batch.errors[0] is not None:
        raise ValueError(f"host {host!r}: {batch.errors[0]}")
    parent = np.asarray(batch.amounts.todense(), dtype=np.float64)[0]
    mobile = next((ion for ion in MOBILE_IONS if parent[INDEX[ion]] > 0), None)
    if mobile is None:
        raise ValueError(f"host {host!r} has no mobile ion; one of {', '.join(MOBILE_IONS)} must be in it")
    states = host_states(host, batch)
    amounts = numbers(x)  # type: ignore[arg-type]
    wanted = symbols(dopants)
    balance = compensation_of(compensate, parent, states, mobile, anions)

    choices, refused = [], []
    for symbol in sites:
        place = find_site(host, symbol, parent, states)
        ions: list[Ion] = []
        for dopant in wanted:
            reasons = list(refusals(place, dopant, mobile, dopants != "all"))
            reasons = reasons or list(misplaced(host, place, dopant, parent, states))
            found = [] if reasons else [Ion(dopant, *ion) for ion in fitting_ions(place, dopant)]
            if not reasons and not found:
                reasons = [why_none(place, dopant)]
            refused += [(symbol, dopant, np.nan, reason) for reason in reasons]
            ions += found
        step = None if isinstance(shares, str) else shares
        if mix > 1:
            made = mixes(place, ions, amounts, mix, step, compensate == "co_dopant" and at_once == 1)
        else:
            made = [one for ion in ions for one in singles(place, ion, amounts)]
            if at_once == 1:
                refused += _unbalanced(made, balance)
            refused += [
                (symbol, ion.symbol, x, f"x={x:g} is more than the {place.amount:g} {symbol} of the host")
                for ion in ions
                for x in amounts
                if x > place.amount + 1e-9
            ]
            if compensate == "co_dopant":
                made += balanced_pairs(place, ions, amounts)
        choices.append(made)
    asked = {
        "kind": "dopants",
        "host": host,
        "site": sites,
        "dopants": wanted if dopants != "all" else "all",
        "x": amounts.tolist(),
        "compensate": compensate,
        "anions": list(anions) if anions else None,
        "at_once": at_once,
        "mix": mix,
        "shares": shares,
    }
    return DopantSpace(asked, parent, choices, balance, pd.DataFrame(refused, columns=REFUSED_COLUMNS))


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

    def block(self, start: int, stop: int) -> tuple[pd.DataFrame, CompositionBatch]:
        """Candidates start to stop - 1: their facts and compositions."""
        ways = self._chain.ways(start, stop)
        amounts = np.tile(self._parent, (len(ways), 1))
        charge = np.zeros(len(ways))
        for taken, (changes, charges) in zip(ways.T, self._effects, strict=True):
            amounts += changes[taken].toarray()
            charge += charges[taken]
        amounts = np.round(amounts + self._balance.change(charge), 12)
        return self._facts(ways, charge), CompositionBatch.from_matrix(csr_array(amounts))

    @cached_property
    def _effects(self) -> list[tuple[csr_array, np.ndarray]]:
        """Of each site: change of the amounts (options, n_elements) and charge (options,); the last option is none."""
        out = []
        for made in self._choices:
            change = np.zeros((len(made) + 1, N_ELEMENTS))
            for row, one in enumerate(made):
                change[row, INDEX[one.place.symbol]] -= one.amount
                for ion, amount in one.parts:
                    change[row, INDEX[ion.symbol]] += amount
            out.append((csr_array(change), np.array([*(one.charge for one in made), 0.0])))
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


def _unbalanced(made: list[Substitution], balance: Compensation) -> list[tuple]:
    """Rows of `refused` for single dopants whose charge cannot be made up."""
    rows = []
    for one in made:
        reason = balance.refusal(one.charge, {one.place.symbol: one.amount})
        if reason is not None:
            ion, x = one.parts[0]
            label = f"{ion.symbol}{charge_text(ion.state)}"
            rows.append((one.place.symbol, ion.symbol, x, f"balancing {label} {reason}"))
    return rows


def _chain(choices: list[list[Substitution]], balance: Compensation, at_once: int) -> Chain:
    """Number the ways of doping `at_once` sites or fewer whose charge can be made up.

    The state holds, in whole units, the charge and the amount taken of each site's element, and which sites are doped
    and which of their elements were brought in: an element is never taken from one site and put on another at once,
    since that makes the same candidate in many ways.
    """
    places = [made[0].place if made else None for made in choices]
    watched = {a.element for a in (balance.too_high, balance.too_low) if a is not None and np.isfinite(a.limit)}
    effects = [[_effect(one, places, at_once > 1) for one in made] for made in choices]

    def step(layer: int, state: tuple[int, int, int, int, int], option: int) -> tuple[int, int, int, int, int] | None:
        charge, taken, where, doped, brought = state
        if option == len(effects[layer]):
            return state
        if doped.bit_count() == at_once:
            return None
        more, amount, brings = effects[layer][option]
        doped, brought = doped | 1 << layer, brought | brings
        if doped & brought:
            return None
        place = places[layer]
        if place is not None and place.symbol in watched:
            taken, where = taken + amount, layer + 1
        return charge + more, taken, where, doped, brought

    def ends_well(state: tuple[int, int, int, int, int]) -> bool:
        charge, taken, where, doped, _ = state
        place: Site | None = places[where - 1] if where else None
        lost = {place.symbol: taken * UNIT} if place is not None else {}
        return doped > 0 and balance.refusal(charge * UNIT, lost) is None

    return Chain([len(made) + 1 for made in choices], (0, 0, 0, 0, 0), step, ends_well)


def _effect(one: Substitution, places: list[Site | None], together: bool) -> tuple[int, int, int]:
    """Charge and amount in whole units, and the sites (bits) whose element it brings."""
    brought = {ion.symbol for ion, _ in one.parts} if together else set()
    brings = sum(1 << i for i, place in enumerate(places) if place is not None and place.symbol in brought)
    return round(one.charge / UNIT), round(one.amount / UNIT), brings


def _texts(values: list[str]) -> np.ndarray:
    return np.array([*values, ""], dtype=object)
