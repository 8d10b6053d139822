"""How much of a dopant a host may take up, and how often nature makes the exchange: scores beside a substitution."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from .sites import charge_text

if TYPE_CHECKING:
    from pymatgen.analysis.structure_prediction.substitution_probability import SubstitutionProbability

GAS_CONSTANT = 8.314462618e-3  # kJ/mol/K, CODATA 2018
# Where oxide electrolytes are sintered.
FIRING_TEMPERATURE_C = 1000.0
# Interaction parameter of a solid solution against the mismatch of the volumes, W = 100.8 dV/V - 0.4 kJ/mol, fitted to
# measured miscibility gaps (P. K. Davies, A. Navrotsky, J. Solid State Chem. 46, 1-22, 1983).
MISFIT_SLOPE, MISFIT_OFFSET = 100.8, -0.4


def largest_share(bond_mismatch: np.ndarray, temperature_C: float = FIRING_TEMPERATURE_C) -> np.ndarray:
    """Largest share of a site that a substituent of another size may take, from its misfit alone.

    The host and its fully substituted end are taken as a regular solution, whose interaction parameter W follows from
    the mismatch of the volumes (Davies and Navrotsky 1983); with V going as the cube of the bond, dV/V is twice the
    difference over the sum. The limit is the miscibility gap at the firing temperature: everything dissolves up to
    W = 2 RT, above it y solves ln((1 - y)/y) = (1 - 2 y) W/RT. Charge, ordering and other phases are left aside, so
    read it as an upper estimate.

    Parameters
    ----------
    bond_mismatch : (n,) array
        Relative change of the bond, 0.05 for 5 %.
    temperature_C : float
        Firing temperature.

    Returns
    -------
    (n,) array
        Between 0 and 1.

    Examples
    --------
    Hf4+ and Zr4+ mix in all proportions, La3+ (+15 %) barely enters:

    >>> largest_share(np.array([-0.005, 0.147])).round(3).tolist()
    [1.0, 0.026]
    """
    volume = (1.0 + np.asarray(bond_mismatch, dtype=np.float64)) ** 3
    misfit = 2.0 * np.abs(volume - 1.0) / (volume + 1.0)
    w = (MISFIT_SLOPE * misfit + MISFIT_OFFSET) / (GAS_CONSTANT * (temperature_C + 273.15))
    low, high = np.full(w.shape, 1e-12), np.full(w.shape, 0.5)
    for _ in range(60):  # bisection below the maximum of the gap at y = 1/2
        middle = 0.5 * (low + high)
        dissolves = np.log((1.0 - middle) / middle) > (1.0 - 2.0 * middle) * w
        low, high = np.where(dissolves, middle, low), np.where(dissolves, high, middle)
    return np.where(w <= 2.0, 1.0, low)


def substitution_probability(dopant: str, dopant_state: int, site: str, site_state: float) -> float:
    """Probability that an ion takes another's place, mined from the structures of the ICSD.

    pymatgen's `SubstitutionProbability.cond_prob`: of all ions, how likely this one is found where the host's ion sits
    in a compound of the same structure type.

    Returns
    -------
    float
        NaN where the host's state is not whole.

    References
    ----------
    G. Hautier, C. Fischer, V. Ehrlacher, A. Jain, G. Ceder, Inorg. Chem. 50, 656 (2011), 10.1021/ic102031h

    Examples
    --------
    >>> round(substitution_probability("Mg", 2, "Zr", 4.0), 4)
    0.0211
    """
    if site_state != round(site_state):
        return float("nan")
    ions = (f"{dopant}{charge_text(dopant_state)}", f"{site}{charge_text(site_state)}")
    # pymatgen sums over a set, whose order, and so the last digits, differ from process to process.
    return float(f"{_table().cond_prob(*ions):.12g}")


@cache
def _table() -> "SubstitutionProbability":
    from pymatgen.analysis.structure_prediction.substitution_probability import SubstitutionProbability

    return SubstitutionProbability()
