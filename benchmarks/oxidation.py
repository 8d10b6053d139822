"""Oxidation states and ionic features: agreement with pymatgen, and speed.

    python benchmarks/oxidation.py [--formulas 3000] [--patience 1.0]

Formulas come from the curated electrolyte tables and, where IONSCOUT_EXTERNAL_DATA names the folder that holds it, from
the Materials Project table. pymatgen gets `patience` seconds for each formula.
"""

import argparse
import os
import signal
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from pymatgen.core import Composition

import ionscout
from ionscout.featurize.composition import CompositionBatch
from ionscout.featurize.ionic import IonicFeatures
from ionscout.featurize.oxidation import assign_oxidation_states

CURATED = Path(ionscout.__file__).parent / "training" / "curated"
DECIMALS = ("Na2.88Sb0.88W0.12S4", "Na62MgZr39Si40P20O240", "Na2.9375PS3.9375Cl0.0625", "Na3.4Zr2Si2.4P0.6O12")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--formulas", type=int, default=3000, help="sample of the Materials Project table")
    options.add_argument("--patience", type=float, default=1.0, help="seconds pymatgen may take for a formula")
    chosen = options.parse_args()
    for source, formulas in gather(chosen.formulas).items():
        compare(source, formulas, chosen.patience)
    speed(list(gather(0)["curated electrolytes"]))


def gather(sample):
    tables = [pd.read_csv(CURATED / f"{name}_electrolytes.csv") for name in ("sodium", "other_ion")]
    found = {"curated electrolytes": pd.concat(tables).formula.unique()}
    folder = os.environ.get("IONSCOUT_EXTERNAL_DATA")
    if sample and folder:
        table = pd.read_csv(Path(folder) / "materials_project_formation_energies.csv.gz")
        found["Materials Project"] = table.formula.sample(sample, random_state=0).to_numpy()
    elif sample:
        print("IONSCOUT_EXTERNAL_DATA is not set: the Materials Project formulas are left out")
    return found


def compare(source, formulas, patience):
    batch = CompositionBatch.from_formulas(formulas)
    ours = assign_oxidation_states(batch)
    seconds = min(timed(lambda: assign_oxidation_states(batch)) for _ in range(3))
    outcome, theirs_seconds, different = Counter(), 0.0, []
    for row, formula in enumerate(formulas):
        start = time.perf_counter()
        kind, guess = first_guess(formula, patience)
        theirs_seconds += time.perf_counter() - start
        if guess:
            same = all(abs(ours.row(row)[symbol] - state) < 1e-6 for symbol, state in guess.items())
            kind = "guess, equal" if same else "guess, different"
            if not same:
                different.append(formula)
        outcome[kind, ours.reasons[row] is None] += 1
    print(f"\n{source}: {len(formulas)} formulas")
    mine, theirs = 1e6 * seconds / len(formulas), 1e6 * theirs_seconds / len(formulas)
    print(f"  ours {mine:.1f} us a formula, pymatgen {theirs:.0f} us")
    for (kind, neutral), count in sorted(outcome.items()):
        print(f"  pymatgen: {kind:18}  ours: {'neutral' if neutral else 'refused':8} {count:6}")
    equal = sum(count for (kind, _), count in outcome.items() if kind == "guess, equal")
    print(f"  agreement where pymatgen guesses: {equal}/{equal + len(different)}; different: {different[:10]}")


def first_guess(formula, patience):
    def give_up(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, patience)
    try:
        guesses = Composition(formula).oxi_state_guesses()
        return ("guess", guesses[0]) if guesses else ("none", None)
    except TimeoutError:
        return "takes too long", None
    except ValueError:
        return "raises (decimals)", None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def speed(formulas):
    found = assign_oxidation_states(CompositionBatch.from_formulas(DECIMALS))
    print("\nformulas that pymatgen refuses or takes seconds for")
    for row, formula in enumerate(DECIMALS):
        states = ", ".join(f"{symbol} {state:+g}" for symbol, state in found.row(row).items())
        print(f"  {formula:26} {states}; residual {found.residual_charge[row]:+.1e}")
    batch = CompositionBatch.from_formulas(formulas)
    batch = batch[np.arange(100_000) % len(batch)]
    _ = batch.fractions
    print(f"\nspeed on {len(batch):,} curated compositions (repeated), one thread, best of three")
    for name, work in (
        ("assign_oxidation_states", lambda: assign_oxidation_states(batch)),
        ("IonicFeatures float32", lambda: IonicFeatures(dtype="float32").compute(batch)),
    ):
        best = min(timed(work) for _ in range(3))
        print(f"  {name:26} {1e6 * best / len(batch):6.2f} us a row, {len(batch) / best:12,.0f} rows/s")


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
