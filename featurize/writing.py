"""Amounts back to formulas that a chemist, pymatgen and our own reader all read the same way."""

import re
from functools import cache

import numpy as np
from scipy.sparse import csr_array

from .elements import INDEX, SYMBOLS, magpie_property

# Written first, in this order: the ion that moves.
_MOBILE = ("Na", "Li", "K")
_DIGITS = 6
# Amounts written without an exponent.
_PLAIN = (1e-6, 1e9)
# Li3.5H2O may be read as a hydrate; Li3.5H2O1 may not.
_MAY_BE_HYDRATE = re.compile(r"\.\d+H2O$")


def format_formulas(amounts: csr_array) -> np.ndarray:
    """Write formulas from amounts, mobile ion first, then by rising electronegativity.

    Amounts keep six significant digits, and one is left out. `formula.parse_formula` and
    pymatgen read the result back.

    Parameters
    ----------
    amounts : csr_array of shape (n, 118)

    Returns
    -------
    object ndarray of shape (n,)
        A formula a row, an empty string for an empty row.

    Examples
    --------
    >>> from ionscout.featurize.formula import parse_formulas
    >>> format_formulas(parse_formulas(["O12P0.6Si2.4Zr2Na3.4"])[0]).tolist()
    ['Na3.4Zr2Si2.4P0.6O12']
    """
    bounds = np.asarray(amounts.indptr).tolist()
    n = len(bounds) - 1
    counts = np.diff(bounds)
    row_of = np.repeat(np.arange(n), counts)
    order = np.lexsort((_rank()[amounts.indices], row_of))
    distinct, which = np.unique(amounts.data[order], return_inverse=True)
    written = np.array([_number(amount) for amount in distinct.tolist()] + [""], dtype=object)[:-1]
    parts = np.array(SYMBOLS, dtype=object)[amounts.indices[order]] + written[which]
    formulas = np.empty(n, dtype=object)
    pieces = parts.tolist()
    formulas[:] = ["".join(pieces[bounds[row] : bounds[row + 1]]) for row in range(n)]
    for row in [row for row, formula in enumerate(formulas) if _MAY_BE_HYDRATE.search(formula)]:
        formulas[row] += "1"
    return formulas


def _number(amount: float) -> str:
    """Six significant digits; nothing for one."""
    if amount == 1:
        return ""
    if _PLAIN[0] <= amount < _PLAIN[1]:
        return np.format_float_positional(amount, precision=_DIGITS, fractional=False, unique=True, trim="-")
    # Without the plus sign of 1e+12, which in a formula would be a charge.
    return f"{amount:.{_DIGITS}g}".replace("+", "")


@cache
def _rank() -> np.ndarray:
    """Place of each element in a formula, shape (118,)."""
    key = magpie_property("Electronegativity").copy()
    key[[INDEX[symbol] for symbol in _MOBILE]] = np.arange(len(_MOBILE)) - len(_MOBILE)
    rank = np.empty(len(key), dtype=np.int64)
    rank[np.argsort(key, kind="stable")] = np.arange(len(key))
    return rank
