"""The site that is replaced, and which ions fit it: charge, radius, and what a laboratory would put there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...featurize.composition import CompositionBatch
from ...featurize.elements import INDEX, SYMBOLS
from ...featurize.oxidation import assign_oxidation_states
from ...featurize.radii import common_states, shannon_radius

MOBILE_IONS = {"Na": 1, "Li": 1, "K": 1, "Ag": 1}
# Goldschmidt's rule of 15 % (10.1007/BF01507527), taken on the bond to the neighbour; one more per cent lets in O2- on
# S2- (-15.4 %), which is made, as La3+ on Zr4+ (+14.7 %) is.
BOND_MISMATCH_LIMIT = 0.16
# Mg2+ and Zn2+ on Zr4+ and W6+ on Sb5+ or Zr4+ are reported; a difference of three is not.
CHARGE_DIFFERENCE_LIMIT = 2
TETRAHEDRAL_RADIUS_RATIO = (
    0.414  # Pauling's first rule: below this a cation sits in a tetrahedron (10.1021/ja01379a006)
)
ANIONS = {"N": -3, "O": -2, "S": -2, "Se": -2, "Te": -2, "F": -1, "Cl": -1, "Br": -1, "I": -1}
# Left out of "all", since a laboratory would not start there; named in `dopants`, they are taken.
_TOXIC = {"Be", "As", "Cd", "Hg", "Tl", "Pb"}
_NOBLE_METALS = {"Ru", "Rh", "Pd", "Os", "Ir", "Pt", "Au", "Re"}
# Elements that form no framework cation, and those that do so in their highest state only.
_NO_CATIONS = {"H", "F", "Cl", "Br", "I", "O", "He", "Ne", "Ar", "Kr", "Xe"}
_HIGHEST_STATE_ONLY = {"B": 3, "C": 4, "N": 5, "P": 5, "S": 6, "Se": 6}
# No isotope lives long enough to build a battery from, or (Th, U) none that may be shipped in one.
_RADIOACTIVE = {"Tc", "Pm", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa", "U"} | set(SYMBOLS[92:118])


@dataclass(frozen=True)
class Site:
    """The element that is replaced: amount per formula unit, oxidation state, coordination, radius and bond length."""

    symbol: str
    amount: float
    state: float
    coordination: int
    radius: float
    bond: float


def host_states(host: str, batch: CompositionBatch) -> np.ndarray:
    """Oxidation state (n_elements,) of each element of the host; NaN where absent."""
    assigned = assign_oxidation_states(batch)
    if assigned.reasons[0] is not None:
        raise ValueError(f"host {host!r}: {assigned.reasons[0]}; doping needs its oxidation states")
    return assigned.states[0]


def symbols(dopants: str | Sequence[str]) -> list[str]:
    """Dopants as symbols, checked."""
    if isinstance(dopants, str):
        if dopants == "all":
            return list(SYMBOLS[:118])
        dopants = [d.strip() for d in dopants.split(",")]
    unknown = [d for d in dopants if d not in INDEX]
    if unknown:
        raise ValueError(f"dopant {unknown[0]!r} is not an element; give symbols such as 'Mg', or 'all'")
    return list(dict.fromkeys(dopants))


def find_site(host: str, symbol: str, parent: np.ndarray, states: np.ndarray) -> Site:
    """What is replaced; its coordination follows from the radius ratio to the host's main anion."""
    if symbol not in INDEX or parent[INDEX[symbol]] <= 0:
        inside = ", ".join(SYMBOLS[i] for i in np.flatnonzero(parent))
        raise ValueError(f"site {symbol!r} is not in host {host!r}; choose one of {inside}")
    state = float(states[INDEX[symbol]])
    if state < 0:
        radius = shannon_radius(symbol, state, 6)
        ion = next(i for i in MOBILE_IONS if parent[INDEX[i]] > 0)
        return Site(symbol, float(parent[INDEX[symbol]]), state, 6, radius, radius + shannon_radius(ion, 1, 6))
    anion = max(ANIONS, key=lambda a: parent[INDEX[a]])
    neighbour = shannon_radius(anion, ANIONS[anion], 6)
    coordination = 4 if shannon_radius(symbol, state, 6) / neighbour < TETRAHEDRAL_RADIUS_RATIO else 6
    radius = shannon_radius(symbol, state, coordination)
    return Site(symbol, float(parent[INDEX[symbol]]), state, coordination, radius, radius + neighbour)


def refusals(place: Site, dopant: str, mobile: str, by_name: bool) -> Iterator[str]:
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


def misplaced(host: str, place: Site, dopant: str, parent: np.ndarray, states: np.ndarray) -> Iterator[str]:
    """Reason against an element that the host holds already, in another coordination."""
    if parent[INDEX[dopant]] > 0:
        own = find_site(host, dopant, parent, states)
        if own.coordination != place.coordination:
            yield f"{dopant} is in the host already, in coordination {own.coordination} and not {place.coordination}"


def fitting_ions(place: Site, dopant: str) -> Iterator[tuple[int, float]]:
    """States of the dopant that fit the site, with their radii in angstrom."""
    for state in _possible_states(place, dopant):
        radius = shannon_radius(dopant, state, place.coordination)
        if abs(state - place.state) <= CHARGE_DIFFERENCE_LIMIT and abs(mismatch(place, radius)) <= BOND_MISMATCH_LIMIT:
            yield state, radius


def _possible_states(place: Site, dopant: str) -> tuple[int, ...]:
    if place.state < 0:
        return (ANIONS[dopant],) if dopant in ANIONS else ()
    if dopant in _HIGHEST_STATE_ONLY:
        return (_HIGHEST_STATE_ONLY[dopant],)
    return tuple(s for s in common_states(dopant) if s > 0)


def mismatch(place: Site, radius: float) -> float:
    """Relative change of the bond to the neighbour; infinite where the dopant's radius is not tabulated."""
    return (radius - place.radius) / place.bond if np.isfinite(radius) else np.inf


def why_none(place: Site, dopant: str) -> str:
    """Why no state of the dopant fits."""
    states = _possible_states(place, dopant)
    where = f"{place.symbol}{charge_text(place.state)}"
    if not states:
        return f"{dopant} has no {'anionic' if place.state < 0 else 'cationic'} state that is common"
    near = [s for s in states if abs(s - place.state) <= CHARGE_DIFFERENCE_LIMIT]
    if not near:
        listed = ", ".join(charge_text(s) for s in states)
        return f"charge {listed} is more than {CHARGE_DIFFERENCE_LIMIT} away from {where}"
    radii = {s: shannon_radius(dopant, s, place.coordination) for s in near}
    state = min(radii, key=lambda s: abs(mismatch(place, radii[s])))
    if not np.isfinite(radii[state]):
        return f"no Shannon radius is tabulated for {dopant}{charge_text(state)}"
    return (
        f"{dopant}{charge_text(state)} ({radii[state]:.2f} Å) for {where} ({place.radius:.2f} Å) changes the bond by "
        f"{100 * mismatch(place, radii[state]):+.0f} %; limit {100 * BOND_MISMATCH_LIMIT:.0f} %"
    )


def charge_text(state: float) -> str:
    """Charge as chemists write it: 4+, 2-."""
    return f"{abs(state):g}{'+' if state > 0 else '-'}"
