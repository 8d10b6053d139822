"""Windows against pymatgen: agreement and speed over the sodium compounds of the configured energy table, in one run.

    IONSCOUT_EXTERNAL_DATA=... python benchmarks/windows.py [--systems 300]

pymatgen's route: one PhaseDiagram a chemical system, the energy above hull of every compound in it, and the element
profile of those on the hull. Systems of more than seven elements are left to us alone; their diagrams take minutes.
"""

import argparse
from time import perf_counter

import numpy as np
from pymatgen.analysis.phase_diagram import PhaseDiagram
from pymatgen.core import Composition, Element
from pymatgen.entries.computed_entries import ComputedEntry

from ionscout.featurize.composition import CompositionBatch
from ionscout.featurize.elements import INDEX, N_ELEMENTS
from ionscout.models.phase_equilibria import windows
from ionscout.models.phases import Phases
from ionscout.models.voltage_profile import voltage_profiles
from ionscout.training.data.energies import load_energies

LARGEST_SYSTEM = 7


def pymatgen_diagram(phases: Phases, elements: np.ndarray) -> PhaseDiagram:
    rows = phases.within(elements.tolist())
    formulas = [Composition(formula) for formula in phases.formulas_of(rows)]
    return PhaseDiagram(
        [ComputedEntry(c, e * c.num_atoms) for c, e in zip(formulas, phases.energies[rows], strict=True)]
    )


def pymatgen_answer(diagram: PhaseDiagram, composition: Composition) -> tuple[float, float, float]:
    """Energy above hull, and the limits of a compound on the hull."""
    same = [e for e in diagram.all_entries if e.composition.reduced_formula == composition.reduced_formula]
    own = min(same, key=lambda entry: entry.energy_per_atom)
    above = diagram.get_e_above_hull(own) or 0.0
    if above > 1e-8:
        return above, np.nan, np.nan
    profile = diagram.get_element_profile(Element("Na"), own.composition)
    here = next(n for n, step in enumerate(profile) if abs(step["evolution"]) < 1e-6)
    return above, -profile[here]["chempot"], -profile[here + 1]["chempot"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--systems", type=int, help="chemical systems given to pymatgen; all by default")
    options = parser.parse_args()
    begun = perf_counter()
    energies = load_energies()
    print(f"{energies}: read in {perf_counter() - begun:.1f} s")
    phases = energies.phases
    sodium = np.flatnonzero(phases.amounts[:, [INDEX["Na"]]].toarray()[:, 0] > 0)
    batch = CompositionBatch.from_matrix(phases.amounts[sodium[sodium >= N_ELEMENTS]])
    found, ours = None, []
    for _ in range(3):
        begun = perf_counter()
        found = windows(phases, batch)
        ours.append(perf_counter() - begun)
    assert found is not None
    above = found.hull.energy_above_hull
    stable = int((above <= 0).sum())
    print(f"{len(batch)} windows, {stable} on the hull: {ours[0]:.2f} s the first time, {min(ours):.2f} s then")
    begun = perf_counter()
    voltage_profiles(phases, batch)
    print(f"{len(batch)} whole voltage profiles: {perf_counter() - begun:.2f} s")

    systems: dict[tuple[int, ...], list[int]] = {}
    for row in range(len(batch)):
        span = slice(batch.amounts.indptr[row], batch.amounts.indptr[row + 1])
        systems.setdefault(tuple(batch.amounts.indices[span].tolist()), []).append(row)
    small = [system for system in systems if len(system) <= LARGEST_SYSTEM]
    if options.systems is not None:
        small = [small[n] for n in np.random.default_rng(0).permutation(len(small))[: options.systems]]
    differences, failures = [], 0
    begun = perf_counter()
    for system in small:
        diagram = pymatgen_diagram(phases, np.array(system))
        for row in systems[system]:
            try:
                theirs = pymatgen_answer(diagram, Composition(str(batch.formulas[row])))
            except Exception as error:
                failures += 1
                print(f"pymatgen fails on {batch.formulas[row]}: {error!r}")
                continue
            mine = (above[row], found.reduction_limit[row], found.oxidation_limit[row])
            differences.append(np.abs(np.subtract(mine, theirs)))
    theirs_seconds = perf_counter() - begun
    worst = np.nanmax(differences, axis=0)
    compared = int(np.isfinite(differences).all(axis=1).sum())
    share = sum(len(systems[system]) for system in small)
    print(
        f"pymatgen: {share} compounds of {len(small)} systems in {theirs_seconds:.0f} s, {failures} without an answer; "
        f"largest difference {worst[0]:.1e} eV/atom above hull ({len(differences)} compounds), "
        f"{worst[1:].max():.1e} V ({compared} windows)"
    )
    print(
        f"time a compound: pymatgen's is {theirs_seconds / share / (ours[0] / len(batch)):.0f} times ours (first run)"
    )


if __name__ == "__main__":
    main()
