"""Dopants for a host: isovalent and aliovalent substitutions, charge balanced through the mobile ion."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from ...featurize.composition import CompositionBatch
from ...featurize.elements import INDEX, N_ELEMENTS, SYMBOLS
from ...featurize.oxidation import assign_oxidation_states
from ...featurize.radii import common_states, shannon_radius
from .candidates import CandidateSpace, numbers

MOBILE_IONS = {"Na": 1, "Li": 1, "K": 1, "Ag": 1}
# Goldschmidt's rule of 15 % (10.1007/BF01507527), taken on the bond to the neighbour; one more per cent lets in O2- on
# S2- (-15.4 %), which is made, as La3+ on Zr4+ (+14.7 %) is.
BOND_MISMATCH_LIMIT = 0.16
# Mg2+ and Zn2+ on Zr4+ and W6+ on Sb5+ or Zr4+ are reported; a difference of three is not.
CHARGE_DIFFERENCE_LIMIT = 2
TETRAHEDRAL_RADIUS_RATIO = (
    0.414  # Pauling's first rule: below this a cation sits in a tetrahedron (10.1021/ja01379a006)
)
_ANIONS = {"N": -3, "O": -2, "S": -2, "Se": -2, "Te": -2, "F": -1, "Cl": -1, "Br": -1, "I": -1}
# Left out of "all", since a laboratory would not start there; named in `dopants`, they are taken.
_TOXIC = {"Be", "As", "Cd", "Hg", "Tl", "Pb"}
_NOBLE_METALS = {"Ru", "Rh", "Pd", "Os", "Ir", "Pt", "Au", "Re"}
# Elements that form no framework cation, and those that do so in their highest state only.
_NO_CATIONS = {"H", "F", "Cl", "Br", "I", "O", "He", "Ne", "Ar", "Kr", "Xe"}
_HIGHEST_STATE_ONLY = {"B": 3, "C": 4, "N": 5, "P": 5, "S": 6, "Se": 6}
# No isotope lives long enough to build a battery from, or (Th, U) none that may be shipped in one.
_RADIOACTIVE = {"Tc", "Pm", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa", "U"} | set(SYMBOLS[92:118])


class Candidates(CandidateSpace):
    """Doped compositions of one host.

    Parameters
    ----------
    host : str
        Parent formula as typed.
    amounts : (n, n_elements) csr_array
        Composition of each candidate per formula unit of the host.
    facts : DataFrame
        n rows: site, dopant, x, compensation, dopant_state, bond_mismatch_pct.
    refused : DataFrame
        What the rule would not make, with columns site, dopant, x and reason.
    """

    def __init__(self, host: str, amounts: csr_array, facts: pd.DataFrame, refused: pd.DataFrame):
        self._host, self._amounts, self._facts, self._refused = host, amounts, facts, refused

    @property
    def size(self) -> int:
        """Number of candidates."""
        return len(self._facts)

    @property
    def host(self) -> str:
        """Parent formula."""
        return self._host

    @property
    def refused(self) -> pd.DataFrame:
        """What was not made, with columns site, dopant, x and reason."""
        return self._refused

    @property
    def description(self) -> dict[str, Any]:
        """The host and a hash of the compositions."""
        content = self._amounts.indptr.tobytes() + self._amounts.indices.tobytes() + self._amounts.data.tobytes()
        return {"kind": "dopants", "host": self._host, "compositions": hashlib.sha256(content).hexdigest()}

    def block(self, start: int, stop: int) -> tuple[pd.DataFrame, CompositionBatch]:
        """Candidates start to stop - 1: their facts and compositions."""
        return self._facts.iloc[start:stop], CompositionBatch.from_matrix(csr_array(self._amounts[start:stop]))


@dataclass(frozen=True)
class _Site:
    """The element that is replaced: amount per formula unit, oxidation state, coordination, radius and bond length."""

    symbol: str
    amount: float
    state: float
    coordination: int
    radius: float
    bond: float


def dopants(
    host: str,
    *,
    site: str | Sequence[str],
    dopants: str | Sequence[str] = "all",
    x: float | Sequence[float] = (0.05, 0.1, 0.2, 0.3),
    compensate: str = "mobile_ion",
) -> Candidates:
    """Enumerate doped compositions of a host.

    An amount x of the site's element is replaced per formula unit; each known oxidation state of the dopant is its own
    candidate, since the balance differs. A difference in charge is made up by the content of the mobile ion.

    Parameters
    ----------
    host : str
        Parent formula, e.g. "Na3Zr2Si2PO12".
    site : str or sequence of str
        Element or elements to replace. An anion is replaced by anions.
    dopants : "all" or sequence of str
        Element symbols.
    x : float or sequence of float
        Amounts per formula unit.
    compensate : {"mobile_ion"}
        What makes up the charge.

    Returns
    -------
    Candidates
        `.refused` lists what was not made and why.

    Raises
    ------
    ValueError
        If the host cannot be read or has no oxidation states, has no mobile ion, the site is not in it, or an element
        or an amount is not one.

    Examples
    --------
    >>> found = dopants("Na3Zr2Si2PO12", site="Zr", dopants=["Mg"], x=0.1)
    >>> found.to_dataframe()[["formula", "compensation"]].values.tolist()
    [['Na3.2Mg0.1Zr1.9Si2PO12', '+0.2 Na for Mg2+ on Zr4+']]
    """
    if compensate != "mobile_ion":
        raise ValueError(f"compensate={compensate!r} is not known; choose 'mobile_ion'")
    batch = CompositionBatch.from_formulas([host])
    if batch.errors[0] is not None:
        raise ValueError(f"host {host!r}: {batch.errors[0]}")
    parent = np.asarray(batch.amounts.todense(), dtype=np.float64)[0]
    mobile = next((ion for ion in MOBILE_IONS if parent[INDEX[ion]] > 0), None)
    if mobile is None:
        raise ValueError(f"host {host!r} has no mobile ion; one of {', '.join(MOBILE_IONS)} must be in it")
    states = _host_states(host, batch)
    amounts = numbers(x)  # type: ignore[arg-type]
    wanted = _symbols(dopants)
    by_name = dopants != "all"

    rows, facts, refused = [], [], []
    for symbol in [site] if isinstance(site, str) else site:
        place = _site(host, symbol, parent, states)
        for dopant in wanted:
            reasons = list(_refusals(place, dopant, mobile, by_name)) or list(
                _misplaced(host, place, dopant, parent, states)
            )
            choices = [] if reasons else list(_choices(place, dopant))
            if not reasons and not choices:
                reasons = [_no_choice(place, dopant)]
            refused += [(symbol, dopant, np.nan, reason) for reason in reasons]
            for state, radius in choices:
                for amount in amounts:
                    made, compensation = _substitute(parent, place, dopant, state, amount, mobile)
                    if made is None:
                        refused.append((symbol, dopant, amount, compensation))
                        continue
                    rows.append(made)
                    facts.append(
                        (
                            symbol,
                            dopant,
                            amount,
                            compensation,
                            state,
                            round(100.0 * _mismatch(place, radius), 1),
                        )
                    )
    columns = ["site", "dopant", "x", "compensation", "dopant_state", "bond_mismatch_pct"]
    return Candidates(
        host,
        csr_array(np.array(rows).reshape(-1, N_ELEMENTS)),
        pd.DataFrame(facts, columns=columns),
        pd.DataFrame(refused, columns=["site", "dopant", "x", "reason"]),
    )


def _host_states(host: str, batch: CompositionBatch) -> np.ndarray:
    """Oxidation state (n_elements,) of each element of the host; NaN where absent."""
    assigned = assign_oxidation_states(batch)
    if assigned.reasons[0] is not None:
        raise ValueError(f"host {host!r}: {assigned.reasons[0]}; doping needs its oxidation states")
    return assigned.states[0]


def _symbols(dopants: str | Sequence[str]) -> list[str]:
    """Dopants as symbols, checked."""
    if isinstance(dopants, str):
        if dopants == "all":
            return list(SYMBOLS[:118])
        dopants = [d.strip() for d in dopants.split(",")]
    unknown = [d for d in dopants if d not in INDEX]
    if unknown:
        raise ValueError(f"dopant {unknown[0]!r} is not an element; give symbols such as 'Mg', or 'all'")
    return list(dict.fromkeys(dopants))


def _site(host: str, symbol: str, parent: np.ndarray, states: np.ndarray) -> _Site:
    """What is replaced; its coordination follows from the radius ratio to the host's main anion."""
    if symbol not in INDEX or parent[INDEX[symbol]] <= 0:
        inside = ", ".join(SYMBOLS[i] for i in np.flatnonzero(parent))
        raise ValueError(f"site {symbol!r} is not in host {host!r}; choose one of {inside}")
    state = float(states[INDEX[symbol]])
    if state < 0:
        radius = shannon_radius(symbol, state, 6)
        ion = next(i for i in MOBILE_IONS if parent[INDEX[i]] > 0)
        return _Site(symbol, float(parent[INDEX[symbol]]), state, 6, radius, radius + shannon_radius(ion, 1, 6))
    anion = max(_ANIONS, key=lambda a: parent[INDEX[a]])
    neighbour = shannon_radius(anion, _ANIONS[anion], 6)
    coordination = 4 if shannon_radius(symbol, state, 6) / neighbour < TETRAHEDRAL_RADIUS_RATIO else 6
    radius = shannon_radius(symbol, state, coordination)
    return _Site(symbol, float(parent[INDEX[symbol]]), state, coordination, radius, radius + neighbour)


def _refusals(place: _Site, dopant: str, mobile: str, by_name: bool) -> Iterator[str]:
    """Reasons against an element, whatever its state and amount."""
    if dopant == place.symbol:
        yield f"{dopant} is the element of the site"
    elif dopant == mobile:
        yield f"{dopant} is the mobile ion"
    elif dopant in _RADIOACTIVE:
        yield f"{dopant} is radioactive"
    elif place.state > 0 and dopant in _NO_CATIONS:
        yield f"{dopant} forms no framework cation"
    elif not by_name and dopant in _TOXIC:
        yield f"{dopant} is toxic; name it in dopants to include it"
    elif not by_name and dopant in _NOBLE_METALS:
        yield f"{dopant} is a noble metal, costly and easily reduced; name it in dopants to include it"


def _misplaced(host: str, place: _Site, dopant: str, parent: np.ndarray, states: np.ndarray) -> Iterator[str]:
    """Reason against an element that the host holds already, in another coordination."""
    if parent[INDEX[dopant]] > 0:
        own = _site(host, dopant, parent, states)
        if own.coordination != place.coordination:
            yield f"{dopant} is in the host already, in coordination {own.coordination} and not {place.coordination}"


def _choices(place: _Site, dopant: str) -> Iterator[tuple[int, float]]:
    """States of the dopant that fit the site, with their radii in angstrom."""
    for state in _possible_states(place, dopant):
        radius = shannon_radius(dopant, state, place.coordination)
        if abs(state - place.state) <= CHARGE_DIFFERENCE_LIMIT and abs(_mismatch(place, radius)) <= BOND_MISMATCH_LIMIT:
            yield state, radius


def _possible_states(place: _Site, dopant: str) -> tuple[int, ...]:
    if place.state < 0:
        return (_ANIONS[dopant],) if dopant in _ANIONS else ()
    if dopant in _HIGHEST_STATE_ONLY:
        return (_HIGHEST_STATE_ONLY[dopant],)
    return tuple(s for s in common_states(dopant) if s > 0)


def _mismatch(place: _Site, radius: float) -> float:
    """Relative change of the bond to the neighbour; infinite where the dopant's radius is not tabulated."""
    return (radius - place.radius) / place.bond if np.isfinite(radius) else np.inf


def _no_choice(place: _Site, dopant: str) -> str:
    """Why no state of the dopant fits."""
    states = _possible_states(place, dopant)
    where = f"{place.symbol}{_charge(place.state)}"
    if not states:
        return f"{dopant} has no {'anionic' if place.state < 0 else 'cationic'} state that is common"
    near = [s for s in states if abs(s - place.state) <= CHARGE_DIFFERENCE_LIMIT]
    if not near:
        listed = ", ".join(_charge(s) for s in states)
        return f"charge {listed} is more than {CHARGE_DIFFERENCE_LIMIT} away from {where}"
    radii = {s: shannon_radius(dopant, s, place.coordination) for s in near}
    state = min(radii, key=lambda s: abs(_mismatch(place, radii[s])))
    if not np.isfinite(radii[state]):
        return f"no Shannon radius is tabulated for {dopant}{_charge(state)}"
    return (
        f"{dopant}{_charge(state)} ({radii[state]:.2f} Å) for {where} ({place.radius:.2f} Å) changes the bond by "
        f"{100 * _mismatch(place, radii[state]):+.0f} %; limit {100 * BOND_MISMATCH_LIMIT:.0f} %"
    )


def _substitute(
    parent: np.ndarray, place: _Site, dopant: str, state: int, x: float, mobile: str
) -> tuple[np.ndarray | None, str]:
    """The doped composition and how it was balanced, or None and why not."""
    if x > place.amount + 1e-9:
        return None, f"x={x:g} is more than the {place.amount:g} {place.symbol} of the host"
    change = -x * (state - place.state) / MOBILE_IONS[mobile]
    made = parent.copy()
    made[INDEX[place.symbol]] -= x
    made[INDEX[dopant]] += x
    made[INDEX[mobile]] += change
    made = np.round(made, 12)
    if made[INDEX[mobile]] <= 0:
        return None, f"balancing {dopant}{_charge(state)} takes {-change:g} {mobile}, the host has too little"
    ions = f"{dopant}{_charge(state)} on {place.symbol}{_charge(place.state)}"
    return made, f"{change:+.6g} {mobile} for {ions}" if abs(change) > 1e-9 else f"none, {ions} is isovalent"


def _charge(state: float) -> str:
    """Charge as chemists write it: 4+, 2-."""
    return f"{abs(state):g}{'+' if state > 0 else '-'}"
