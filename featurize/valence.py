"""Smooth charge balance: what each element's atoms carry when a whole composition is neutral.

`assign_oxidation_states` picks one answer per formula, so it jumps when a dopant tips the balance. Features for a model
must not. Here every element keeps a distribution over its states,

    p(q | element, composition) ~ N(q)^SHARPNESS exp(potential * q),

with N the ICSD count of the state and one `potential` per composition, chosen so that the charges sum to zero. The
potential is the Lagrange multiplier of the charge balance: near zero in ordinary compounds, strongly positive where
unusually high states are needed (or negative, low ones). It and every average over p are continuous in composition.

All averages are tabulated on a grid of potentials once per process, and linear between its points, so that a row costs
one sparse product and one interpolation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .elements import N_ELEMENTS, SYMBOLS
from .radii import known_states, shannon_radius, state_table

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Counts are raised to this power: high enough that sulfide is S2- in Na3PS4 although the ICSD holds sulfates too.
SHARPNESS = 8.0
# Potentials reach from forced reduction to forced oxidation; dense around zero where compounds live.
POTENTIALS = 12.0 * np.sinh(np.linspace(-3.0, 3.0, 97)) / np.sinh(3.0)
# Charge per atom that a unit of potential may leave unbalanced. It keeps the potential finite and smooth where all
# states are at their limit already (Na3Zr2Si2PO12) or only one state exists (NaCl).
COMPLIANCE = 0.01
# Elements that may be anions in some compounds and cations in others get all their counted states.
AMBIVALENT = frozenset(
    ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Ge", "As", "Se", "Br", "Sb", "Te", "I", "At")
)
# Radii that Shannon leaves open, angstrom. H-: D. F. C. Morris, G. L. Reed, J. Inorg. Nucl. Chem. 27, 1715 (1965);
# the pnictides and tetrels: L. Pauling, The Nature of the Chemical Bond (1960), ch. 13.
ANION_RADII = {"H": 1.40, "C": 2.60, "Si": 2.71, "Ge": 2.72, "P": 2.12, "As": 2.22, "Sb": 2.45}
# Stand-ins for what neither tabulates, angstrom.
TYPICAL_CATION_RADIUS, TYPICAL_ANION_RADIUS = 0.7, 2.0


class ValenceTables(NamedTuple):
    """Averages over an element's states, each of shape (N_ELEMENTS, len(POTENTIALS)).

    Attributes
    ----------
    charge : mean state, elementary charges.
    anion : probability that an atom's state is negative.
    cation_charge : mean over the positive states, elementary charges.
    anion_charge : mean over the negative states, counted positive.
    cation_radius : mean Shannon radius over the positive states, angstrom.
    anion_radius : mean radius over the negative states, angstrom.
    """

    charge: np.ndarray
    anion: np.ndarray
    cation_charge: np.ndarray
    anion_charge: np.ndarray
    cation_radius: np.ndarray
    anion_radius: np.ndarray


@dataclass(frozen=True)
class SmoothValence:
    """Smooth valences of n compositions holding m element entries in total (CSR order).

    Attributes
    ----------
    potential : numpy.ndarray, shape (n,)
        Charge-balance potential.
    residual : numpy.ndarray, shape (n,)
        Charge per atom left where even the extreme states are not neutral; 0 otherwise.
    tendency : numpy.ndarray, shape (n,)
        Charge per atom at zero potential: what the most frequent states would leave.
    charge, anion, cation_charge, anion_charge, cation_radius, anion_radius : numpy.ndarray, shape (m,)
        The averages of `ValenceTables` for each entry at its row's potential.
    """

    potential: np.ndarray
    residual: np.ndarray
    tendency: np.ndarray
    charge: np.ndarray
    anion: np.ndarray
    cation_charge: np.ndarray
    anion_charge: np.ndarray
    cation_radius: np.ndarray
    anion_radius: np.ndarray


def smooth_valence(fractions: csr_array) -> SmoothValence:
    """Balance the charges of n compositions smoothly.

    Parameters
    ----------
    fractions : csr_array, shape (n, N_ELEMENTS)
        Element fractions, rows sum to 1, no empty row.

    Returns
    -------
    SmoothValence

    Examples
    --------
    >>> from ionscout.featurize.composition import CompositionBatch
    >>> valence = smooth_valence(CompositionBatch.from_formulas(["Na3PS4"]).fractions)
    >>> valence.charge.round(2).tolist()
    [1.0, 5.0, -2.0]
    """
    tables = valence_tables()
    total = fractions @ _compliant_charge()  # (n, potentials), increasing along each row
    n, last = len(total), len(POTENTIALS) - 2
    rows = np.arange(n)
    above_zero = total >= 0
    first = np.where(above_zero[:, -1], above_zero.argmax(axis=1), last + 2)
    left = np.clip(first - 1, 0, last)
    below, above = total[rows, left], total[rows, left + 1]
    weight = np.clip(below / (below - above), 0.0, 1.0)
    potential = POTENTIALS[left] + weight * (POTENTIALS[left + 1] - POTENTIALS[left])
    row_of = np.repeat(rows, np.diff(fractions.indptr))
    share = weight[row_of]
    place = fractions.indices * len(POTENTIALS) + left[row_of]

    def at(table: np.ndarray) -> np.ndarray:
        low = table.take(place)
        return low + share * (table.take(place + 1) - low)

    return SmoothValence(
        potential=potential,
        residual=below + weight * (above - below) - COMPLIANCE * potential,
        tendency=total[:, len(POTENTIALS) // 2],
        **{name: at(table) for name, table in zip(ValenceTables._fields, tables, strict=True)},
    )


@cache
def _compliant_charge() -> np.ndarray:
    """Mean states plus what the compliance allows, which the rows of fractions, summing to one, add once."""
    return valence_tables().charge + COMPLIANCE * POTENTIALS


@cache
def valence_tables() -> ValenceTables:
    """Averages of every element on the grid of potentials, computed once."""
    shape = (N_ELEMENTS, len(POTENTIALS))
    tables = ValenceTables(*(np.zeros(shape) for _ in ValenceTables._fields))
    tables.cation_radius[:] = TYPICAL_CATION_RADIUS
    for element, symbol in enumerate(SYMBOLS):
        states, counts = _weighted_states(symbol)
        if states.size == 0:
            continue
        logits = SHARPNESS * np.log(counts / counts.max())[:, None] + states[:, None] * POTENTIALS
        chance = np.exp(logits - logits.max(axis=0))
        chance /= chance.sum(axis=0)
        tables.charge[element] = states @ chance
        tables.anion[element] = (states < 0) @ chance
        sides = ((1, tables.cation_charge, tables.cation_radius), (-1, tables.anion_charge, tables.anion_radius))
        for sign, charge, radius in sides:
            side = sign * states > 0
            if side.any():
                part = np.exp(logits[side] - logits[side].max(axis=0))
                part /= part.sum(axis=0)
                charge[element] = np.abs(states[side]) @ part
                radius[element] = np.array([_radius(symbol, state) for state in states[side]]) @ part
    return tables


def _weighted_states(symbol: str) -> tuple[np.ndarray, np.ndarray]:
    """States an element may take here and their counts (at least one each)."""
    table = state_table(symbol)
    counts = {state: max(table.occurrence.get(state, 0.0), 1.0) for state in known_states(symbol)}
    if symbol in AMBIVALENT:
        counts |= {state: count for state, count in table.occurrence.items() if state}
    states = np.array(sorted(counts), dtype=float)
    return states, np.array([counts[int(state)] for state in states])


def _radius(symbol: str, state: float) -> float:
    """Six-coordinate Shannon radius; where he has none Pauling's, or a typical one."""
    radius = shannon_radius(symbol, state)
    if np.isnan(radius):
        return ANION_RADII.get(symbol, TYPICAL_ANION_RADIUS) if state < 0 else TYPICAL_CATION_RADIUS
    return max(radius, 0.05)  # a bare proton has a negative one
