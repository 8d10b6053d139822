"""Dopants for a host: substitutions on one or several sites, charge balanced in the way that is asked for."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ...featurize.composition import CompositionBatch
from ...featurize.elements import INDEX
from .candidates import numbers
from .compensation import Compensation, compensation_of
from .dopant_space import DopantSpace
from .sites import (
    MOBILE_IONS,
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
) -> DopantSpace:
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
