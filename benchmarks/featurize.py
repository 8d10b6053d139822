"""Composition features against their peers, all measured in this run: prints one markdown table.

    IONSCOUT_EXTERNAL_DATA=... python benchmarks/featurize.py

Takes 20,000 formulas of the Materials Project table there or, without it, of the stability windows that ship with
the package; a minute to a minute and a half.
"""

import importlib.util
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost as xgb
from matminer.featurizers.composition import ElementProperty, IonProperty, Stoichiometry, ValenceOrbital
from pymatgen.core import Composition

import ionscout
from ionscout.featurize import (
    CompositionBatch,
    ContinuousMagpieFeatures,
    IonPropertyFeatures,
    MagpieFeatures,
    StoichiometryFeatures,
    ValenceOrbitalFeatures,
    parse_formulas,
)
from ionscout.featurize.elements import N_ELEMENTS

FORMULAS = 20_000
BLOCKS = 5  # matminer is timed in blocks of the whole, everything else as often over the whole
SHIPPED = Path(str(ionscout.__file__)).parent / "training" / "curated" / "stability_windows.csv.gz"


def load_formulas() -> list[str]:
    folder = os.environ.get("IONSCOUT_EXTERNAL_DATA")
    path = Path(folder) / "materials_project_formation_energies.csv.gz" if folder else SHIPPED
    formulas = pd.read_csv(path).formula.drop_duplicates()
    chosen = formulas.sample(min(FORMULAS, len(formulas)), random_state=0).tolist()
    print(f"{len(chosen):,} distinct formulas of {path.name}, {os.cpu_count()} cores\n")
    return chosen


def rate(work: Callable[[], object], rows: int, repeats: int = BLOCKS) -> float:
    """Rows a second, median of the repeats after one that warms up."""
    work()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return rows / float(np.median(seconds))


def peer_rate(featurizer, compositions: list[Composition]) -> tuple[float, np.ndarray]:
    """Rows a second of a matminer featurizer with one job, median of blocks, and its numbers."""
    seconds, values = [], []
    for block in np.array_split(np.arange(len(compositions)), BLOCKS):
        start = time.perf_counter()
        values += [featurizer.featurize(compositions[row]) for row in block]
        seconds.append((time.perf_counter() - start) / len(block))
    return 1 / float(np.median(seconds)), np.array(values, dtype=float)


def largest_difference(ours: np.ndarray, theirs: np.ndarray) -> str:
    """Largest difference, absolute for small numbers and relative for large ones."""
    return f"{np.max(np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1)):.0e}"


def booster_rate(features: np.ndarray) -> float:
    """Rows a second of a booster of 500 trees of depth 6 on two threads."""
    rng = np.random.default_rng(0)
    sample = rng.choice(len(features), 4000, replace=False)
    data = xgb.DMatrix(
        features[sample], label=features[sample] @ rng.normal(size=features.shape[1]) + rng.normal(size=4000)
    )
    booster = xgb.train({"max_depth": 6, "eta": 0.05, "nthread": 2, "max_bin": 64}, data, num_boost_round=500)
    return rate(lambda: booster.inplace_predict(features), len(features))


def cbfv_rate(formulas: list[str]) -> float | None:
    if importlib.util.find_spec("CBFV") is None:
        return None
    from CBFV import composition  # type: ignore[import-not-found]

    table = pd.DataFrame({"formula": formulas[:2000], "target": 0.0})
    return rate(lambda: composition.generate_features(table, elem_prop="magpie"), 2000, repeats=3)


def main() -> None:
    warnings.filterwarnings("ignore")
    formulas = load_formulas()
    n = len(formulas)
    batch = CompositionBatch.coerce(formulas)
    compositions = [Composition(formula) for formula in formulas]
    magpie, magpie_numbers = peer_rate(ElementProperty.from_preset("magpie"), compositions)
    rows: list[tuple[str, str, float | None, float | None, str]] = []

    def add(work: str, peer: str, ours: float | None, theirs: float | None, difference: str = "") -> None:
        rows.append((work, peer, ours, theirs, difference))

    pymatgen = rate(lambda: [Composition(formula) for formula in formulas], n)
    typed = np.zeros((n, N_ELEMENTS))
    for row, composition in enumerate(compositions):
        for element, amount in composition.items():
            typed[row, element.Z - 1] = amount
    parsed = rate(lambda: parse_formulas(formulas), n)
    add(
        "strings to amounts",
        "pymatgen Composition(str)",
        parsed,
        pymatgen,
        largest_difference(batch.amounts.toarray(), typed),
    )
    # The batch keeps its fractions once they are worked out; a fresh one pays for them.
    fresh = lambda: CompositionBatch.from_matrix(batch.amounts)  # noqa: E731
    for dtype in ("float64", "float32"):
        features = MagpieFeatures(dtype=dtype)
        ours = rate(lambda features=features: features.transform(fresh()), n)
        difference = largest_difference(features.transform(batch), magpie_numbers)
        add(f"amounts to 132 Magpie columns, {dtype}", "matminer ElementProperty", ours, magpie, difference)
    from_strings = rate(lambda: MagpieFeatures().transform(formulas), n)
    add("strings to 132 Magpie columns", "matminer ElementProperty", from_strings, magpie)
    add("strings to 132 Magpie columns", "CBFV magpie", from_strings, cbfv_rate(formulas))
    for features, peer in ((StoichiometryFeatures(), Stoichiometry()), (ValenceOrbitalFeatures(), ValenceOrbital())):
        theirs, numbers = peer_rate(peer, compositions)
        ours = rate(lambda features=features: features.transform(fresh()), n)
        name = type(peer).__name__
        add(
            f"amounts to {name}",
            f"matminer {name}",
            ours,
            theirs,
            largest_difference(features.transform(batch), numbers),
        )
    # matminer's charge balance takes minutes on large formula units.
    small = [row for row in range(n) if compositions[row].num_atoms <= 12][:500]
    theirs, numbers = peer_rate(IonProperty(), [compositions[row] for row in small])
    some = batch.take(small)
    ours = rate(lambda: IonPropertyFeatures().transform(some), len(small))
    difference = largest_difference(IonPropertyFeatures().transform(some), numbers)
    add("amounts to IonProperty (500 formulas up to 12 atoms)", "matminer IonProperty", ours, theirs, difference)
    continuous = ContinuousMagpieFeatures(dtype="float32")
    ours = rate(lambda: continuous.transform(fresh()), n)
    booster = booster_rate(continuous.transform(batch))
    add("amounts to 88 continuous columns, float32", "booster's prediction on them", ours, booster)

    print("| work | peer | ours, rows/s | peer, rows/s | ratio | largest difference |")
    print("|---|---|---|---|---|---|")
    for work, peer, ours, theirs, difference in rows:
        speed = f"{theirs:,.0f} | {ours / theirs:,.1f}" if ours and theirs else "skipped: not installed | "
        print(f"| {work} | {peer} | {ours:,.0f} | {speed} | {difference} |")


if __name__ == "__main__":
    sys.exit(main())
