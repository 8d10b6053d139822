"""A host's sites, and what may stand on each: told before anything is asked, so that the form can say why not."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from ...featurize.composition import CompositionBatch
from ...featurize.elements import SYMBOLS
from ..screen.dopants import dopants
from ..screen.sites import MOBILE_IONS, charge_text, host_states
from .answering import PageError

# Any small amount: what is asked is whether an ion fits, not how much of it.
_LITTLE = 0.01


@dataclass(frozen=True)
class HostSite:
    """An element of a host that may be replaced.

    Parameters
    ----------
    symbol, charge : str
    amount : float
        Per formula unit.
    refused : dict
        Symbol to reason, for elements that cannot stand there.
    unasked : dict
        Symbol to reason, for elements that can, but are left out unless they are named.
    """

    symbol: str
    charge: str
    amount: float
    refused: dict[str, str]
    unasked: dict[str, str]


@dataclass(frozen=True)
class Host:
    """A host with its sites, the likeliest to be doped first."""

    formula: str
    sites: tuple[HostSite, ...]

    @property
    def likely(self) -> str:
        """Symbol of the site that one would dope first: a framework cation if there is one."""
        return self.sites[0].symbol


@lru_cache(maxsize=64)
def read_host(text: str) -> Host:
    """The host of a formula.

    Raises
    ------
    PageError
        If it cannot be read, has no mobile ion or no oxidation states; says so in the words of the library.
    """
    batch = CompositionBatch.from_formulas([text.strip()])
    if batch.errors[0] is not None:
        raise PageError(f"host: {batch.errors[0]}")
    amounts = np.asarray(batch.amounts.todense(), dtype=np.float64)[0]
    try:
        states = host_states(text.strip(), batch)
        sites = [_site(text.strip(), place, amounts, states) for place in np.flatnonzero(amounts).tolist()]
    except ValueError as error:
        raise PageError(str(error)) from error
    # Framework cations, then the mobile ion, then anions; the bigger cation is doped more often.
    order = sorted(
        (site for site in sites if len(site.refused) < len(SYMBOLS)),
        key=lambda s: (s.charge.endswith("-"), s.symbol in MOBILE_IONS, len(s.refused)),
    )
    if not order or not (states < 0).any():
        raise PageError(f"host {text.strip()!r}: no element is known to fit any of its sites")
    return Host(text.strip(), tuple(order))


def _site(host: str, place: int, amounts: np.ndarray, states: np.ndarray) -> HostSite:
    symbol = SYMBOLS[place]
    named = dopants(host, site=symbol, dopants=list(SYMBOLS), x=_LITTLE).refused
    left_out = dopants(host, site=symbol, dopants="all", x=_LITTLE).refused
    refused = _reasons(named[named["x"].isna()])
    unasked = {s: reason for s, reason in _reasons(left_out[left_out["x"].isna()]).items() if s not in refused}
    return HostSite(symbol, charge_text(round(float(states[place]), 2)), float(amounts[place]), refused, unasked)


def _reasons(refused: pd.DataFrame) -> dict[str, str]:
    first = refused.drop_duplicates("dopant")
    return dict(zip(first["dopant"], first["reason"], strict=True))
