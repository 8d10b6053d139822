"""Guard rails before a ranking: one named reason for each composition that is no solid electrolyte.

All tests are weighted sums over the elements, so that a million rows take a second; nothing is solved row by row but
the few whose charge is off by no more than rounding.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from ...featurize.composition import CompositionBatch
from ...featurize.elements import INDEX, N_ELEMENTS, SYMBOLS
from ...featurize.oxidation import NEUTRAL, ROUNDING_TOLERANCE, assign_oxidation_states, state_hulls
from ...featurize.radii import known_states
from .sites import MOBILE_IONS

NO_MOBILE_ION = "no mobile ion"
METALLIC = "metallic, or a pnictide or carbide"
NOT_NEUTRAL = "not neutral"
HYDRATE = "holds water or hydroxide"
OXYSALT = "an oxysalt"
REDOX_ACTIVE = "redox-active framework"
OUT_OF_DOMAIN = "far outside the training domain"

ANION_FORMERS = ("H", "N", "O", "F", "S", "Cl", "Se", "Br", "Te", "I")
# With fewer anion formers than this among its atoms a compound keeps electrons in metal or pnictide bands (Na3P,
# Na15Sn4); the poorest known conductors but phosphides, antiperovskites such as Na3OBr, have 0.4.
LEAST_ANIONS = 0.2
# Cations whose d shell is open in the states they take in a solid, and that change them: the active metals of sodium
# cathodes (C. Delmas, Adv. Energy Mater. 8, 1703137, 2018, 10.1002/aenm.201703137), and the platinum metals alike.
OPEN_SHELL = ("Mn", "Fe", "Co", "Ni", "Cu", "Ru", "Rh", "Os", "Ir", "Pd", "Pt", "Re")
# Cations that insulate in this state alone; below it they hold d electrons, as V3+ in Na3V2(PO4)3, a cathode, does.
CLOSED_SHELL = {"Ti": 4, "Zr": 4, "Hf": 4, "V": 5, "Nb": 5, "Ta": 5, "Mo": 6, "W": 6}
# A dopant is no framework: up to this share of the cations that stay passes.
DOPANT_SHARE = 0.1
# Charge that closed-shell cations may lack, each on average: nominal formulas of titanates miss up to 0.14, while the
# poorest bronze, Na0.3WO3, lacks 0.3.
REDUCED_LIMIT = 0.2
# Central atoms of oxysalts: name, state when not the centre, and oxygen atoms about it.
OXYSALTS = {
    "N": ("nitrate or nitrite", -3, 2),
    "C": ("carbonate or carboxylate", -4, 1),
    "Cl": ("chlorate or perchlorate", -1, 3),
    "Br": ("bromate", -1, 3),
    "I": ("iodate or periodate", -1, 3),
}
# Share of all anions that oxygen on such centres must make up; Na2CO3-TaCl5 glasses, conductors, hold less.
OXYSALT_SHARE = 0.5
# Hydrogen that other atoms may hold: BH4-, NH4+ and CH4 at most; what is more sits on oxygen.
HYDROGEN_HELD = {"B": 4.0, "N": 4.0, "C": 4.0}
# Lowest states that p-block cations take beside oxide, sulfide and halide anions (their lone-pair states).
_LONE_PAIR = {"Sn": 2, "Pb": 2, "Sb": 3, "Bi": 3, "Tl": 1, "In": 1, "Te": 4, "Ge": 2, "Eu": 2}
_ANION_STATES = {"H": -1, "N": -3, "O": -2, "F": -1, "S": -2, "Cl": -1, "Se": -2, "Br": -1, "I": -1}


def guard(batch: CompositionBatch, domain_score: np.ndarray | None = None, domain_limit: float = np.inf) -> np.ndarray:
    """Reason against each composition, the first that holds.

    Parameters
    ----------
    batch : CompositionBatch
        n compositions.
    domain_score : (n,) array, optional
        Distance to the training compositions.
    domain_limit : float
        Largest score that passes.

    Returns
    -------
    (n,) object array
        None where nothing speaks against it. A reason starts with one of the names of this module; what follows the
        colon is the culprit. Unreadable rows carry their error.

    Examples
    --------
    >>> batch = CompositionBatch.from_formulas(["Na3PS4", "NaNO3", "Na3V2(PO4)3", "ZrO2"])
    >>> guard(batch).tolist()
    [None, 'an oxysalt: nitrate or nitrite', 'redox-active framework: V below 5+', 'no mobile ion']
    """
    n = len(batch)
    reasons = np.array(batch.errors, dtype=object, copy=True)
    # One product gives every weighted sum; the columns are picked by name below.
    weights = _weights()
    sums = np.asarray(batch.fractions @ weights.table)

    def total(name: str) -> np.ndarray:
        return sums[:, weights.columns[name]]

    free = reasons == np.array(None)

    def refuse(where: np.ndarray, reason: str | Callable[[CompositionBatch], np.ndarray]) -> None:
        rows = np.flatnonzero(where & free)
        if len(rows):
            reasons[rows] = reason if isinstance(reason, str) else reason(batch.take(rows))
            free[rows] = False

    refuse(total("mobile") <= 0, NO_MOBILE_ION)
    refuse(total("anions") < LEAST_ANIONS, METALLIC)
    refuse((total("hydrogen") - total("hydrogen_held") > 1e-6) & (total("amount O") > 0), HYDRATE)
    for centre, (name, state, oxygens) in OXYSALTS.items():
        amount, oxygen = total(f"amount {centre}"), total("amount O")
        # With the centre as an anion and every cation in its highest state the charge is too low by so much that the
        # centre must be positive, +1 or more.
        positive = (amount > 0) & (total(f"{centre} as anion") <= -(1 - state) * amount + NEUTRAL)
        others = total("anions") - total(f"anion {centre}")
        most = np.minimum(oxygen, 4.0 * amount) >= OXYSALT_SHARE * others
        refuse(positive & (oxygen >= oxygens * amount - NEUTRAL) & most, f"{OXYSALT}: {name}")
    refuse(_charged(batch, total("lowest"), total("highest"), total("positive")), NOT_NEUTRAL)
    cations = total("framework")
    reduced = total("closed charge") > REDUCED_LIMIT * total("closed") + NEUTRAL
    refuse(
        (total("closed") > DOPANT_SHARE * cations) & reduced,
        lambda rows: _culprits(rows, {s: f"{REDOX_ACTIVE}: {s} below {q}+" for s, q in CLOSED_SHELL.items()}),
    )
    refuse(
        total("open") > DOPANT_SHARE * cations,
        lambda rows: _culprits(rows, {s: f"{REDOX_ACTIVE}: {s}" for s in OPEN_SHELL}),
    )
    if domain_score is not None:
        if np.shape(domain_score) != (n,):
            raise ValueError(f"domain_score has shape {np.shape(domain_score)}, the batch has {n} rows")
        refuse(~(domain_score <= domain_limit), OUT_OF_DOMAIN)
    return reasons


class Weights(NamedTuple):
    """Element weights (n_elements, k) and the column of each named sum."""

    table: np.ndarray
    columns: dict[str, int]


@cache
def _weights() -> Weights:
    def column(values: dict[str, float]) -> np.ndarray:
        out = np.zeros(N_ELEMENTS)
        for symbol, value in values.items():
            out[INDEX[symbol]] = value
        return out

    known = [known_states(symbol) for symbol in SYMBOLS]
    lowest = np.array([float(min(q)) if q else np.nan for q in known])
    highest = np.array([float(max(q)) if q else np.nan for q in known])
    anions = column(dict.fromkeys(ANION_FORMERS, 1.0))
    mobile = column(dict.fromkeys(MOBILE_IONS, 1.0))
    # What remains too positive although all but the closed-shell cations are as low as they get.
    closed_charge = np.nan_to_num(state_hulls().start)
    closed_charge[highest > 0] = np.minimum(closed_charge, highest)[highest > 0]
    for given in (_LONE_PAIR, _ANION_STATES, CLOSED_SHELL):
        closed_charge[[INDEX[s] for s in given]] = list(given.values())
    sums = {
        "mobile": mobile,
        "anions": anions,
        "lowest": lowest,
        "highest": highest,
        "positive": np.maximum(highest, 0.0),
        "hydrogen": column({"H": 1.0}),
        "hydrogen_held": column(HYDROGEN_HELD),
        "amount O": column({"O": 1.0}),
        "framework": 1.0 - np.maximum(mobile, anions),
        "open": column(dict.fromkeys(OPEN_SHELL, 1.0)),
        "closed": column(dict.fromkeys(CLOSED_SHELL, 1.0)),
        "closed charge": closed_charge,
    }
    for centre, (_, state, _) in OXYSALTS.items():
        as_anion = highest.copy()
        as_anion[[INDEX[s] for s in ("O", "F", "Cl", "Br", "I")]] = (-2, -1, -1, -1, -1)
        as_anion[INDEX[centre]] = state
        sums[f"amount {centre}"] = column({centre: 1.0})
        sums[f"{centre} as anion"] = as_anion
        sums[f"anion {centre}"] = column({centre: 1.0}) * anions
    return Weights(np.column_stack(list(sums.values())), {name: i for i, name in enumerate(sums)})


def _charged(batch: CompositionBatch, lowest: np.ndarray, highest: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Rows (n,) that no choice of known states makes neutral.

    Elements may share their atoms between states, so that a neutral choice exists when zero lies between the lowest
    and the highest total charge. Rows that miss it by no more than rounding go to `assign_oxidation_states`, which
    knows where rounding is allowed.
    """
    miss = np.maximum(lowest, -highest)
    charged = ~(miss <= NEUTRAL)
    near = np.flatnonzero(charged & (miss <= 2.0 * ROUNDING_TOLERANCE * positive))
    if len(near):
        charged[near] = ~assign_oxidation_states(batch.take(near)).neutral
    return charged


def _culprits(batch: CompositionBatch, texts: dict[str, str]) -> np.ndarray:
    """Text (n,) of the most frequent in each row of the elements that have a text."""
    amounts = batch.amounts[:, [INDEX[s] for s in texts]].toarray()
    return np.array(list(texts.values()), dtype=object)[amounts.argmax(axis=1)]
