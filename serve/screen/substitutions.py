"""What may be put on one site: single dopants, balanced pairs and mixes, each with its amount and scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np

from .sites import Site, charge_text, mismatch
from .solubility import largest_share, substitution_probability

# Substitutions of one site that are listed before a request is called too large.
SITE_LIMIT = 200_000


class Ion(NamedTuple):
    """An ion that fits a site: symbol, state, radius in angstrom."""

    symbol: str
    state: int
    radius: float


@dataclass(frozen=True)
class Substitution:
    """Ions on one site: `parts` pairs each with its amount per formula unit."""

    place: Site
    parts: tuple[tuple[Ion, float], ...]

    @property
    def ions(self) -> tuple[Ion, ...]:
        """The ions without their amounts."""
        return tuple(ion for ion, _ in self.parts)

    @property
    def amount(self) -> float:
        """Amount of the site's element that is replaced."""
        return sum(amount for _, amount in self.parts)

    @property
    def charge(self) -> float:
        """Charge that is added per formula unit."""
        return sum(amount * (ion.state - self.place.state) for ion, amount in self.parts)

    @property
    def text(self) -> str:
        """As in "Mg2+ and Nb5+ on Zr4+"."""
        ions = " and ".join(f"{ion.symbol}{charge_text(ion.state)}" for ion, _ in self.parts)
        return f"{ions} on {self.place.symbol}{charge_text(self.place.state)}"

    @property
    def bond_mismatch(self) -> float:
        """Relative change of the bond for the ion that fits worst."""
        return max((mismatch(self.place, ion.radius) for ion, _ in self.parts), key=abs)

    @property
    def x_up_to(self) -> float:
        """Largest amount per formula unit by misfit; see `solubility.largest_share`."""
        return float(largest_share(np.array([self.bond_mismatch]))[0]) * self.place.amount

    @property
    def probability(self) -> float:
        """Substitution probability of the least likely ion."""
        place = self.place
        return min(substitution_probability(i.symbol, i.state, place.symbol, place.state) for i, _ in self.parts)


def singles(place: Site, ion: Ion, amounts: np.ndarray) -> list[Substitution]:
    """One ion at each amount that the site can hold."""
    return [Substitution(place, ((ion, float(x)),)) for x in amounts if x <= place.amount + 1e-9]


def balanced_pairs(place: Site, ions: Sequence[Ion], amounts: np.ndarray) -> list[Substitution]:
    """Two ions of opposite excess charge that balance each other; x is the amount both take together."""
    made = []
    for first, second in combinations(ions, 2):
        up, down = first.state - place.state, second.state - place.state
        if up * down >= 0 or first.symbol == second.symbol:
            continue
        share = abs(down) / (abs(up) + abs(down))
        made += [
            Substitution(place, ((first, float(x * share)), (second, float(x * (1.0 - share)))))
            for x in amounts
            if x <= place.amount + 1e-9
        ]
    return made


def mixes(
    place: Site, ions: Sequence[Ion], amounts: np.ndarray, count: int, step: float | None, neutral: bool
) -> list[Substitution]:
    """`count` different elements sharing a site, equally or in all shares that are multiples of `step`.

    Raises
    ------
    ValueError
        If there are more than `SITE_LIMIT`, saying what to change.
    """
    shares = _shares(count, step)
    elements = len({ion.symbol for ion in ions})
    # Ions of one element are few, so that the elements' combinations are a fair lower bound before any is built.
    expected = comb(elements, count) * len(shares) * len(amounts)
    if expected > SITE_LIMIT:
        raise ValueError(
            f"{expected:,} mixes of {count} of {elements} dopants on {place.symbol} are too many (limit "
            f"{SITE_LIMIT:,}); name fewer dopants, amounts or shares"
        )
    made = []
    for chosen in combinations(ions, count):
        if len({ion.symbol for ion in chosen}) < count:
            continue
        for share in shares:
            excess = sum(part * (ion.state - place.state) for ion, part in zip(chosen, share, strict=True))
            if neutral and abs(excess) > 1e-9:
                continue
            for x in amounts[amounts <= place.amount + 1e-9]:
                parts = tuple((ion, float(x * part)) for ion, part in zip(chosen, share, strict=True))
                made.append(Substitution(place, parts))
    if len(made) > SITE_LIMIT:
        raise ValueError(f"{len(made):,} mixes on {place.symbol} are too many (limit {SITE_LIMIT:,}); name fewer")
    return made


def _shares(count: int, step: float | None) -> list[tuple[float, ...]]:
    """Shares of `count` ions, all positive, that sum to one."""
    if step is None:
        return [(1.0 / count,) * count]
    parts = round(1.0 / step) if step > 0 else 0
    if parts < count or abs(parts * step - 1.0) > 1e-6:
        raise ValueError(
            f"shares={step!r}: give 'equal' or a step that divides 1 into at least {count} parts, e.g. 0.1"
        )
    cuts = combinations(range(1, parts), count - 1)
    return [tuple((b - a) / parts for a, b in zip((0, *c), (*c, parts), strict=True)) for c in cuts]
