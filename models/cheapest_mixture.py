"""The mixture of phases with the lowest energy at a given composition: many linear programmes solved together.

Every question of phase equilibria at 0 K is one: minimise the energy of amounts `a >= 0` of known phases that
together hold given atoms. The duals of the balance are the chemical potentials of the elements. All programmes of one
size go through the simplex method side by side, as arrays; each answer is then recomputed from its final basis and
checked against the optimality conditions, and the rare one that fails them is solved once more by HiGHS.
"""

from dataclasses import dataclass

import numpy as np

# Reduced costs above this are optimal; energies are of order 1 eV/atom and carry 1e-16 of rounding.
_OPTIMAL_EV = 1e-11
_CERTIFIED_EV = 1e-8
_PIVOT = 1e-9
# Amounts are shifted by this times a random number, so that no step of the simplex method has length zero (a stable
# phase is a degenerate vertex); the shift is gone from the recomputed answer.
_SHIFT = 1e-8
_MOST_STEPS = 60


@dataclass(frozen=True)
class Mixtures:
    """Answers to n programmes with k balances.

    Parameters
    ----------
    energies : ndarray of shape (n,)
        Lowest energy, eV; NaN where the programme has no answer.
    amounts : ndarray of shape (n, k)
        Amount of each phase of the basis.
    basis : ndarray of shape (n, k)
        Which columns these phases are.
    potentials : ndarray of shape (n, k)
        Dual of each balance, eV: the chemical potential of the element.
    """

    energies: np.ndarray
    amounts: np.ndarray
    basis: np.ndarray
    potentials: np.ndarray


def cheapest_mixtures(columns: np.ndarray, costs: np.ndarray, targets: np.ndarray, basis: np.ndarray) -> Mixtures:
    """Minimise costs . amounts subject to columns^T amounts = targets, amounts >= 0, for n programmes.

    Parameters
    ----------
    columns : ndarray of shape (n, m, k)
        What one unit of each of m phases holds of k elements.
    costs : ndarray of shape (n, m)
        Energy of one unit of each phase; infinite for a phase that is not to be used.
    targets : ndarray of shape (n, k)
        What the mixture holds.
    basis : ndarray of shape (n, k), int
        Columns of a feasible start.

    Returns
    -------
    Mixtures

    References
    ----------
    Dantzig's simplex method in its revised form; the check is linear-programming duality.

    Examples
    --------
    Na2S from its elements or from Na2S: the compound wins, and its potentials lie on its tie line.

    >>> columns = np.array([[[1.0, 0.0], [0.0, 1.0], [2 / 3, 1 / 3]]])
    >>> answer = cheapest_mixtures(columns, np.array([[0.0, 0.0, -1.2]]), np.array([[0.5, 0.5]]), np.array([[0, 1]]))
    >>> answer.energies.round(6).tolist(), sorted(zip(answer.basis[0].tolist(), answer.amounts[0].round(6).tolist()))
    ([-0.9], [(1, 0.25), (2, 0.75)])
    """
    final = _simplex(columns, costs, targets, basis.copy())
    answer = _from_basis(columns, costs, targets, final)
    for row in np.flatnonzero(~_is_optimal(columns, costs, targets, answer)).tolist():
        _solve_again(columns[row], costs[row], targets[row], answer, row)
    return answer


def _simplex(columns: np.ndarray, costs: np.ndarray, targets: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Final basis of each programme, (n, k); programmes that end are put aside so that the rest goes faster."""
    n, k = targets.shape
    active = np.arange(n)
    start = np.take_along_axis(columns, basis[:, :, None], axis=1)
    inverse = np.linalg.inv(start.transpose(0, 2, 1))
    values = np.einsum("nij,nj->ni", inverse, targets)
    values += _SHIFT * np.random.default_rng(0).uniform(0.5, 1.0, values.shape)
    price = np.take_along_axis(costs, basis, axis=1)
    work, cost = columns, costs
    here = basis.copy()
    for _ in range(_MOST_STEPS * k):
        potentials = np.einsum("nk,nkj->nj", price, inverse)
        reduced = cost - np.matmul(work, potentials[:, :, None])[:, :, 0]
        enters = reduced.argmin(axis=1)
        each = np.arange(len(active))
        goes_on = reduced[each, enters] < -_OPTIMAL_EV
        entering = work[each, enters]
        direction = np.einsum("nij,nj->ni", inverse, entering)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where(direction > _PIVOT, values / direction, np.inf)
        leaves = step.argmin(axis=1)
        length = step[each, leaves]
        goes_on &= np.isfinite(length)
        if not goes_on.all():
            basis[active[~goes_on]] = here[~goes_on]
            active, here = active[goes_on], here[goes_on]
            inverse, values, price = inverse[goes_on], values[goes_on], price[goes_on]
            work, cost = work[goes_on], cost[goes_on]
            enters, leaves = enters[goes_on], leaves[goes_on]
            direction, length = direction[goes_on], length[goes_on]
            each = np.arange(len(active))
        if not len(active):
            break
        values -= length[:, None] * direction
        values[each, leaves] = length
        pivot_row = inverse[each, leaves] / direction[each, leaves][:, None]
        inverse -= direction[:, :, None] * pivot_row[:, None, :]
        inverse[each, leaves] = pivot_row
        here[each, leaves] = enters
        price[each, leaves] = cost[each, enters]
    basis[active] = here
    return basis


def _from_basis(columns: np.ndarray, costs: np.ndarray, targets: np.ndarray, basis: np.ndarray) -> Mixtures:
    """Amounts, energy and potentials straight from the data and the final basis, free of what the steps added up."""
    matrix = np.take_along_axis(columns, basis[:, :, None], axis=1)
    price = np.take_along_axis(costs, basis, axis=1)
    amounts = np.linalg.solve(matrix.transpose(0, 2, 1), targets[:, :, None])[:, :, 0]
    potentials = np.linalg.solve(matrix, price[:, :, None])[:, :, 0]
    return Mixtures(np.einsum("nk,nk->n", price, amounts), amounts, basis, potentials)


def _is_optimal(columns: np.ndarray, costs: np.ndarray, targets: np.ndarray, answer: Mixtures) -> np.ndarray:
    """Whether amounts are not negative and no phase could lower the energy, (n,)."""
    reduced = (costs - np.matmul(columns, answer.potentials[:, :, None])[:, :, 0]).min(axis=1)
    scale = 1.0 + np.abs(targets).max(axis=1)
    return (answer.amounts.min(axis=1) > -1e-7 * scale) & (reduced > -_CERTIFIED_EV)


def _solve_again(columns: np.ndarray, costs: np.ndarray, targets: np.ndarray, answer: Mixtures, row: int) -> None:
    """One programme by HiGHS, written into the row of the answer; NaN if it has no answer."""
    from scipy.optimize import linprog

    usable = np.flatnonzero(np.isfinite(costs))
    found = linprog(costs[usable], A_eq=columns[usable].T, b_eq=targets, bounds=(0, None), method="highs-ds")
    if not found.success:
        answer.energies[row] = np.nan
        answer.amounts[row] = answer.potentials[row] = np.nan
        return
    k = len(targets)
    largest = usable[np.argsort(-found.x, kind="stable")[:k]]
    answer.energies[row] = found.fun
    answer.basis[row] = largest
    answer.amounts[row] = np.sort(found.x)[::-1][:k]
    answer.potentials[row] = found.eqlin.marginals
