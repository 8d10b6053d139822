"""`ion.interface` and `ion.coatings`: reactions of electrolytes with electrodes, and what could keep them apart."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..featurize.composition import CompositionBatch
from ..featurize.elements import SYMBOLS
from ..models.coatings import RADIOACTIVE, stable_coatings
from ..models.interface_reactions import InterfaceReaction, interface_reactions
from ..models.phases import Phases
from ..models.properties import OXIDATION_LIMIT, REDUCTION_LIMIT
from .equilibrium_text import atoms_of, reaction, reduced_formulas, side, written_products
from .known_energies import energies_of

# Sodium metal and the cathodes that solid electrolytes are paired with most.
ELECTRODES = (
    "Na",
    "NaCrO2",
    "Na3V2(PO4)3",
    "Na3V2(PO4)2F3",
    "NaNi0.5Mn0.5O2",
    "NaCoO2",
    "NaFePO4",
    "S",
)
# Less than this is no driving force: the noise of computed energies is ten times as large.
NO_REACTION_EV_ATOM = 1e-6


def interface(
    electrolytes: Any,
    electrodes: Any = ELECTRODES,
    energies: Any = None,
    *,
    alkali: str = "Na",
    voltage: float | None = None,
    every_ratio: bool = False,
) -> pd.DataFrame:
    """Reactions of every electrolyte with every electrode, from the energies of known phases.

    Parameters
    ----------
    electrolytes, electrodes : str, list of str, Series, DataFrame, pymatgen objects
        All combinations are computed. Electrodes are sodium metal and seven common cathodes by default.
    energies : path, DataFrame, pymatgen entries or PhaseEnergies, optional
        As for `window`.
    alkali : {"Na", "Li", "K"}
        Element of the reservoir.
    voltage : float, optional
        Both solids exchange alkali with a reservoir at this potential, V against the metal; closed if None.
    every_ratio : bool
        One row for every mixing ratio at which the products change, instead of the ratio with the lowest energy.

    Returns
    -------
    DataFrame
        electrolyte, electrode, electrolyte_fraction (share of its atoms in the pair's), reaction_energy_eV_atom (with
        the energies of the table; the hull's where a solid is not in it), mutual_energy_eV_atom (without what either
        solid would gain alone), products, reaction, not_in_table (solids whose energy is not known), error. With a
        reservoir, energies are per atom that is not the alkali, and an electrode of the alkali metal itself stands for
        the reservoir: its row is the electrolyte's own decomposition at that voltage.

    References
    ----------
    Richards et al. 2016, 10.1021/acs.chemmater.5b04082

    Examples
    --------
    >>> table = pd.DataFrame({"formula": ["Na2S", "CuS"], "formation_energy_eV_atom": [-1.26, -0.275]})
    >>> interface("CuS", "Na", energies=table)[["reaction_energy_eV_atom", "reaction"]].round(3).values.tolist()
    [[-0.808, 'CuS + 2 Na → Na2S + Cu']]
    """
    phases = energies_of(energies).phases
    many, few = CompositionBatch.coerce(electrolytes), CompositionBatch.coerce(electrodes)
    first = many.take(np.repeat(np.arange(len(many)), len(few)))
    second = few.take(np.tile(np.arange(len(few)), len(many)))
    reservoir = None if voltage is None else alkali
    found = interface_reactions(phases, first, second, reservoir, 0.0 if voltage is None else voltage)
    is_known = [phases.find(batch) >= 0 for batch in (many, few)]
    rows = []
    for place, answer in enumerate(found):
        pair = {"electrolyte": first.formulas[place], "electrode": second.formulas[place]}
        error = _error(phases, first[place], second[place], answer, reservoir)
        if error is not None or answer is None:
            rows.append({**pair, "error": error})
            continue
        for ratio in range(len(answer.fractions)) if every_ratio else [answer.worst]:
            row = _row(phases, answer, ratio, first[place], second[place], reservoir)
            rows.append(
                {
                    **pair,
                    **row,
                    "not_in_table": _unnamed(pair, is_known[0][place // len(few)], is_known[1][place % len(few)]),
                    "error": None,
                }
            )
    return pd.DataFrame(rows, columns=_COLUMNS)


_COLUMNS = [
    "electrolyte",
    "electrode",
    "electrolyte_fraction",
    "reaction_energy_eV_atom",
    "mutual_energy_eV_atom",
    "products",
    "reaction",
    "not_in_table",
    "error",
]


def coatings(
    electrolyte: str,
    electrode: str,
    energies: Any = None,
    *,
    alkali: str = "Na",
    tolerance: float = 0.0,
    exclude: Sequence[str] = RADIOACTIVE,
    voltage_range: tuple[float, float] | None = None,
    top: int | None = 20,
) -> pd.DataFrame:
    """Known phases that conduct by the same ion, lie on the hull and react with neither side, best first.

    Ranked by the stronger of the two mutual reactions (to 1 meV/atom), then by oxidation limit. Whether a phase
    conducts, can be deposited, or is safe (azides, perchlorates) is not asked here.

    Parameters
    ----------
    electrolyte, electrode : str
    energies : as for `window`
    alkali : {"Na", "Li", "K"}
    tolerance : float
        Largest gain of a mutual reaction that still counts as stable, eV/atom.
    exclude : list of str
        Elements not wanted in a coating.
    voltage_range : (float, float), optional
        Voltages that the coating's own window must hold, V against the metal.
    top : int, optional
        Rows returned; None for all.

    Returns
    -------
    DataFrame
        coating, energy_with_electrolyte_eV_atom, energy_with_electrode_eV_atom, reduction_limit_V, oxidation_limit_V.
        `attrs["reaction_energy_eV_atom"]` is the mutual energy of the pair without a coating; an empty table with 0
        there needs none.

    Raises
    ------
    ValueError
        If one of the two cannot be read or holds an element that no phase of the table contains.

    Examples
    --------
    >>> table = pd.DataFrame({"formula": ["NaCl", "Na2S", "CuS"], "formation_energy_eV_atom": [-2.131, -1.26, -0.275]})
    >>> coatings("CuS", "Na", energies=table)["coating"].tolist()
    ['NaCl', 'Na2S']
    """
    phases = energies_of(energies).phases
    first, second = (CompositionBatch.coerce(one) for one in (electrolyte, electrode))
    CompositionBatch.concat([first, second]).raise_errors()
    if problem := _error(phases, first, second, None, None):
        raise ValueError(problem)
    [bare] = interface_reactions(phases, first, second)
    found = stable_coatings(
        phases, first, second, alkali, tolerance=tolerance, exclude=exclude, voltage_range=voltage_range
    )
    energies_with = np.where(found.energies < -NO_REACTION_EV_ATOM, found.energies, 0.0)
    table = pd.DataFrame(
        {
            "coating": reduced_formulas(phases, found.phases)[0],
            "energy_with_electrolyte_eV_atom": energies_with[:, 0],
            "energy_with_electrode_eV_atom": energies_with[:, 1],
            REDUCTION_LIMIT.column: found.windows.reduction_limit,
            OXIDATION_LIMIT.column: found.windows.oxidation_limit,
        }
    )
    worst = np.round(-found.energies.min(axis=1, initial=0.0), 3)
    order = np.lexsort((-found.windows.oxidation_limit, worst))
    table = table.iloc[order[:top]].reset_index(drop=True)
    table.attrs["reaction_energy_eV_atom"] = 0.0 if bare is None else float(bare.mutual_energies.min())
    return table


def reaction_text(
    phases: Phases,
    answer: InterfaceReaction,
    ratio: int,
    first: CompositionBatch,
    second: CompositionBatch,
    reservoir: str | None,
) -> str:
    """The reaction at one ratio, per formula unit of the first solid (of the second where there is no first).

    Without a reservoir, "none" where the two do not react.
    """
    if reservoir is None and answer.reaction_energies[ratio] > -NO_REACTION_EV_ATOM:
        return "none"
    return _reaction_parts(phases, answer, ratio, first, second, reservoir)[1]


def _row(
    phases: Phases,
    answer: InterfaceReaction,
    ratio: int,
    first: CompositionBatch,
    second: CompositionBatch,
    reservoir: str | None,
) -> dict[str, Any]:
    products, _ = _reaction_parts(phases, answer, ratio, first, second, reservoir)
    reacts = answer.reaction_energies[ratio] < -NO_REACTION_EV_ATOM
    return {
        "electrolyte_fraction": float(answer.fractions[ratio]),
        "reaction_energy_eV_atom": float(answer.reaction_energies[ratio]) if reacts else 0.0,
        "mutual_energy_eV_atom": float(answer.mutual_energies[ratio]) if reacts else 0.0,
        "products": products,
        "reaction": reaction_text(phases, answer, ratio, first, second, reservoir),
    }


def _reaction_parts(
    phases: Phases,
    answer: InterfaceReaction,
    ratio: int,
    first: CompositionBatch,
    second: CompositionBatch,
    reservoir: str | None,
) -> tuple[str, str]:
    fraction = float(answer.fractions[ratio])
    shares = np.array([fraction, 1.0 - fraction])
    units = shares / np.concatenate([atoms_of(first), atoms_of(second)])
    per = units[0] if units[0] > 1e-9 else units[1]
    atoms = 1.0
    if reservoir is not None:  # amounts come per atom that is not the alkali
        index = SYMBOLS.index(reservoir)
        held = np.array([batch.fractions[:, [index]].toarray()[0, 0] for batch in (first, second)])
        atoms = float(shares @ (1.0 - held))
    rows = answer.products[np.array([ratio])]
    [parts] = written_products(phases, rows, np.array([atoms / per]))
    names = (str(first.formulas[0]), str(second.formulas[0]))
    reactants = [(unit / per, name) for unit, name in zip(units, names, strict=True) if unit > 1e-9]
    uptake = float(answer.uptake[ratio]) * atoms / per
    return side(parts), reaction(reactants, parts, reservoir or "", uptake)


def _error(
    phases: Phases,
    first: CompositionBatch,
    second: CompositionBatch,
    answer: InterfaceReaction | None,
    alkali: str | None,
) -> str | None:
    for batch in (first, second):
        if batch.errors[0] is not None:
            return str(batch.errors[0])
        absent = [SYMBOLS[element] for element in batch.amounts.indices if not phases.known_elements[element]]
        if absent:
            return f"{batch.formulas[0]}: no phase of the energy table contains {', '.join(absent)}"
    if answer is None and alkali is not None:
        return f"both are {alkali}, which is the reservoir"
    return None


def _unnamed(pair: dict[str, Any], *is_known: bool) -> str | None:
    """The solids of a pair whose energy is not known."""
    return ", ".join(name for name, known in zip(pair.values(), is_known, strict=True) if not known) or None
