"""`ion.window` and `ion.voltage_profile`: exact stability windows from the energies of known phases."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..featurize.composition import CompositionBatch
from ..featurize.elements import SYMBOLS
from ..models.exact_values import EXACT
from ..models.interface_reactions import interface_reactions
from ..models.phase_equilibria import Windows, index_of_alkali, windows
from ..models.phases import Phases
from ..models.properties import ENERGY_ABOVE_HULL, OXIDATION_LIMIT, REDUCTION_LIMIT
from ..models.voltage_profile import voltage_profiles
from ..training.data.energies import FORMATION_ENERGY
from .equilibrium_text import atoms_of, reaction, side, written_products
from .interface import reaction_text
from .known_energies import energies_of

ASSUMED = "assumed on hull"
STABLE = "stable"


def window(
    formulas: Any,
    energies: Any = None,
    against: str | Sequence[str] | None = None,
    alkali: str = "Na",
    *,
    on_hull: bool = False,
) -> pd.DataFrame:
    """Reduction and oxidation limit of compositions against an alkali metal, with what they turn into.

    Between the limits the phase exchanges no alkali with a reservoir. For a phase above the hull the limits are those
    of its energy lowered onto the hull: the voltages at which its decomposition products take up or give off alkali.
    They say how far the window could reach, `energy_above_hull_eV_atom` how far the phase is from having it.

    Parameters
    ----------
    formulas : str, list of str, Series, DataFrame, pymatgen Composition or Structure, or a list of them
        n compositions. A DataFrame has a column `formula`; where it has `formation_energy_eV_atom` too, those are the
        energies of the compositions themselves, in place of the table's.
    energies : path, DataFrame, pymatgen entries or PhaseEnergies, optional
        Energies of the competing phases, see `ionscout.training.data.energies.load_energies`. By default the table that
        IONSCOUT_ENERGIES or IONSCOUT_EXTERNAL_DATA names.
    against : str or list of str, optional
        Counterpart, one or one a row, such as a cathode: adds the reaction with it.
    alkali : {"Na", "Li", "K"}
        Metal that voltages are counted against.
    on_hull : bool
        Take a composition that is not in the table to lie on the hull (source "assumed on hull"), instead of leaving
        its limits open: usual for solid solutions, of which no energy is known.

    Returns
    -------
    DataFrame
        n rows in order: formula, reduction_limit_V, oxidation_limit_V, energy_above_hull_eV_atom, reduction_products
        and oxidation_products (just beyond each limit, per formula unit), decomposition ("stable", or the phases at the
        hull), source, error; with `against` also against, reaction_energy_eV_atom, reaction.

    Raises
    ------
    FileNotFoundError
        If no table of energies is given or configured.
    TableError
        If the table cannot be used as a whole.
    ValueError
        If `alkali` is none of the three, the lengths differ, or the one counterpart for all rows cannot be used.

    See Also
    --------
    ionscout.interface : reactions with electrodes at every mixing ratio.

    References
    ----------
    10.1021/cm702327g, 10.1021/acsami.5b07517

    Examples
    --------
    >>> table = pd.DataFrame({"formula": ["NaCl", "Na2S"], "formation_energy_eV_atom": [-2.131, -1.26]})
    >>> window(["NaCl", "NaBr"], energies=table)[["oxidation_limit_V", "oxidation_products", "error"]].values.tolist()
    [[4.262, '0.5 Cl2', None], [nan, None, 'no phase of the energy table contains Br']]
    """
    metal = index_of_alkali(alkali)
    phases = energies_of(energies).phases
    batch, own, index = _questions(formulas)
    counterpart = None if against is None else _counterpart(phases, against, len(batch))
    found = windows(phases, batch, alkali, own)
    is_known = ~np.isnan(found.hull.own_energy)
    errors = [_error(phases, batch, row, metal, alkali, bool(is_known[row]) or on_hull) for row in range(len(batch))]
    answered = np.array([error is None for error in errors], dtype=bool)
    table = _table(phases, batch, found, answered, is_known)
    if counterpart is not None:
        refused = _add_reactions(table, phases, batch, counterpart, answered)
        errors = [mine or other for mine, other in zip(errors, refused, strict=True)]
    table["error"] = pd.array(errors, dtype=object)
    return table.set_axis(index, axis=0)


def voltage_profile(
    formula: Any, energies: Any = None, alkali: str = "Na", voltage_range: tuple[float, float] = (0.0, 5.0)
) -> pd.DataFrame:
    """Decomposition of one composition as a function of voltage, step by step.

    Parameters
    ----------
    formula : str, or one row of what `window` takes
    energies, alkali
        As for `window`.
    voltage_range : (float, float)
        V against the metal.

    Returns
    -------
    DataFrame
        One row a step from low to high voltage: voltage_from_V, voltage_to_V, decomposition_energy_from_eV_atom and
        decomposition_energy_to_eV_atom (linear between; 0 where stable), uptake (atoms of alkali per formula unit,
        negative if given off), products, reaction ("stable" where there is none). `attrs` hold formula and alkali.

    Raises
    ------
    ValueError
        If the composition cannot be read, holds an element that no phase of the table contains, or is the metal itself.

    Examples
    --------
    >>> table = pd.DataFrame({"formula": ["NaCl", "Na2S"], "formation_energy_eV_atom": [-2.131, -1.26]})
    >>> voltage_profile("NaCl", energies=table)[["voltage_from_V", "voltage_to_V", "reaction"]].values.tolist()
    [[0.0, 4.262, 'stable'], [4.262, 5.0, 'NaCl → 0.5 Cl2 + Na']]
    """
    phases = energies_of(energies).phases
    batch, own, _ = _questions(formula)
    if len(batch) != 1:
        raise ValueError(f"{len(batch)} compositions; a profile is of one")
    batch.raise_errors()
    if problem := _absent(phases, batch, 0):
        raise ValueError(f"{batch.formulas[0]}: {problem}")
    [profile] = voltage_profiles(phases, batch, alkali, own, voltage_range)
    if profile is None:
        raise ValueError(f"{batch.formulas[0]} is the metal itself")
    name, atoms = str(batch.formulas[0]), float(atoms_of(batch)[0])
    steps = len(profile.uptake)
    parts = written_products(phases, profile.products, np.full(steps, atoms), [name] * steps)
    uptake = profile.uptake * atoms
    energy = profile.decomposition_energies
    table = pd.DataFrame(
        {
            "voltage_from_V": profile.voltages[:-1].round(9),
            "voltage_to_V": profile.voltages[1:].round(9),
            "decomposition_energy_from_eV_atom": energy[:-1],
            "decomposition_energy_to_eV_atom": energy[1:],
            "uptake": uptake,
            "products": [side(part) for part in parts],
            "reaction": [
                STABLE if side(part) == name else reaction([(1.0, name)], part, alkali, exchanged)
                for part, exchanged in zip(parts, uptake, strict=True)
            ],
        }
    )
    table.attrs.update(formula=name, alkali=alkali)
    return table


def _questions(formulas: Any) -> tuple[CompositionBatch, np.ndarray | None, pd.Index]:
    """Compositions, their own energies where given, and the index of the answer."""
    own = None
    if isinstance(formulas, pd.DataFrame) and FORMATION_ENERGY in formulas:
        own = pd.to_numeric(formulas[FORMATION_ENERGY], errors="raise").to_numpy(dtype=np.float64)
    index = formulas.index if isinstance(formulas, pd.DataFrame | pd.Series) else None
    batch = CompositionBatch.coerce(formulas)
    return batch, own, pd.RangeIndex(len(batch)) if index is None else index


def _counterpart(phases: Phases, against: str | Sequence[str], n: int) -> CompositionBatch:
    batch = CompositionBatch.coerce(against)
    if len(batch) == 1:
        if problem := _refusal(phases, batch, 0):
            raise ValueError(problem)
        return batch.take(np.zeros(n, dtype=np.intp))
    if len(batch) != n:
        raise ValueError(f"{len(batch)} counterparts for {n} compositions; give one, or one for each")
    return batch


def _refusal(phases: Phases, counterpart: CompositionBatch, row: int) -> str | None:
    """Why there is no reaction with a counterpart."""
    problem = counterpart.errors[row] or _absent(phases, counterpart, row)
    return None if problem is None else f"against {counterpart.formulas[row]}: {problem}"


def _error(phases: Phases, batch: CompositionBatch, row: int, metal: int, alkali: str, has_energy: bool) -> str | None:
    """Why a row has no window."""
    if batch.errors[row] is not None:
        return str(batch.errors[row])
    elements = _elements(batch, row)
    if metal not in elements:
        others = [symbol for symbol in ("Na", "Li", "K") if SYMBOLS.index(symbol) in elements]
        hint = f"; it holds {others[0]}: ask with alkali={others[0]!r}" if others else ""
        return f"no {alkali} in {batch.formulas[row]}, so it has no window against {alkali} metal{hint}"
    if len(elements) == 1:
        return f"{batch.formulas[row]} is the metal itself"
    if problem := _absent(phases, batch, row):
        return problem
    if not has_energy:
        return (
            f"{batch.formulas[row]} is not in the energy table, so its limits are not known exactly: "
            "`ionscout predict` estimates them, on_hull=True (--on-hull) takes it to lie on the hull"
        )
    return None


def _absent(phases: Phases, batch: CompositionBatch, row: int) -> str | None:
    absent = [SYMBOLS[element] for element in _elements(batch, row) if not phases.known_elements[element]]
    return f"no phase of the energy table contains {', '.join(absent)}" if absent else None


def _elements(batch: CompositionBatch, row: int) -> list[int]:
    return batch.amounts.indices[batch.amounts.indptr[row] : batch.amounts.indptr[row + 1]].tolist()


def _table(
    phases: Phases, batch: CompositionBatch, found: Windows, answered: np.ndarray, is_known: np.ndarray
) -> pd.DataFrame:
    atoms = atoms_of(batch)
    reduced, oxidised, apart = (
        written_products(phases, products, atoms)
        for products in (found.reduction_products, found.oxidation_products, found.hull.products)
    )
    above = found.hull.energy_above_hull
    untouched = f"none: stable against {found.alkali} metal"
    rows = range(len(batch))
    absent = np.array([_absent(phases, batch, row) is not None for row in rows], dtype=bool)
    is_at_hull = batch.is_readable & ~absent
    return pd.DataFrame(
        {
            "formula": batch.formulas,
            REDUCTION_LIMIT.column: np.where(answered, found.reduction_limit, np.nan),
            OXIDATION_LIMIT.column: np.where(answered, found.oxidation_limit, np.nan),
            ENERGY_ABOVE_HULL.column: np.where(is_at_hull, above, np.nan),
            "reduction_products": pd.array(
                [(side(reduced[r]) or untouched) if answered[r] else None for r in rows], dtype=object
            ),
            "oxidation_products": pd.array([side(oxidised[r]) if answered[r] else None for r in rows], dtype=object),
            "decomposition": pd.array(
                [(STABLE if above[r] <= 0 else side(apart[r])) if is_at_hull[r] else None for r in rows], dtype=object
            ),
            "source": pd.array(
                [(EXACT if is_known[r] else ASSUMED) if answered[r] else None for r in rows], dtype=object
            ),
        }
    )


def _add_reactions(
    table: pd.DataFrame, phases: Phases, batch: CompositionBatch, counterpart: CompositionBatch, answered: np.ndarray
) -> list[str | None]:
    """Add the reactions to the table; gives what is wrong with the counterpart of each row."""
    refused = [_refusal(phases, counterpart, row) for row in range(len(batch))]
    found = interface_reactions(phases, batch, counterpart)
    gives = [r if ok and problem is None else None for r, ok, problem in zip(found, answered, refused, strict=True)]
    table["against"] = counterpart.formulas
    table["reaction_energy_eV_atom"] = [np.nan if r is None else r.reaction_energies[r.worst] for r in gives]
    table["reaction"] = pd.array(
        [
            None if r is None else reaction_text(phases, r, r.worst, batch[n], counterpart[n], None)
            for n, r in enumerate(gives)
        ],
        dtype=object,
    )
    return refused
