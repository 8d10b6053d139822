"""Composition features against their peers, all measured in this run: prints markdown tables.

    OMP_NUM_THREADS=2 IONSCOUT_EXTERNAL_DATA=... python benchmarks/featurize.py [--ten-million]

Takes 20,000 formulas of the Materials Project table there or, without it, of the stability windows that ship with
the package; a minute to a minute and a half. `--ten-million` then streams ten million doped compositions and prints the
memory that took. CBFV is measured where it is installed (`pip install ionscout[benchmarks]`).
"""

import argparse
import contextlib
import importlib.util
import io
import itertools
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
from ionscout.featurize.electrolyte import electrolyte_features, feature_blocks
from ionscout.featurize.elements import INDEX, MAGPIE_PROPERTIES, N_ELEMENTS

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


def fitted_booster(features: np.ndarray) -> xgb.Booster:
    """500 trees of depth 6 on two threads, fitted to something the features know."""
    rng = np.random.default_rng(0)
    sample = rng.choice(len(features), 4000, replace=False)
    data = xgb.DMatrix(
        features[sample], label=features[sample] @ rng.normal(size=features.shape[1]) + rng.normal(size=4000)
    )
    return xgb.train({"max_depth": 6, "eta": 0.05, "nthread": 2, "max_bin": 64}, data, num_boost_round=500)


def cbfv(formulas: list[str]) -> tuple[float, np.ndarray] | None:
    """Rows a second of CBFV's Magpie vector, and its means; None where CBFV is not installed."""
    if importlib.util.find_spec("CBFV") is None:
        return None
    from CBFV import composition  # type: ignore[import-not-found]

    table = pd.DataFrame({"formula": formulas, "target": 0.0})

    def generate() -> pd.DataFrame:
        # It tells of its progress on both streams.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return composition.generate_features(table, elem_prop="magpie")[0]

    means = generate().filter(regex="^avg_").to_numpy()
    return rate(generate, len(formulas), repeats=3), means


def doped(rows: int, size: int) -> Iterator[CompositionBatch]:
    """Yield `rows` compositions in batches of `size`: seven hosts, each doped with two elements in small steps."""
    parents = CompositionBatch.coerce(
        ["Na3Zr2Si2PO12", "Na3PS4", "Na3SbS4", "Na2ZrCl6", "Na3YCl6", "NaAl11O17", "Na3OBr"]
    ).amounts.toarray()
    dopants = [
        "Mg",
        "Ca",
        "Sc",
        "Y",
        "La",
        "Al",
        "Ga",
        "Ti",
        "Hf",
        "Nb",
        "Ta",
        "W",
        "Ge",
        "Sn",
        "Zn",
        "Sr",
        "Cl",
        "Br",
        "F",
        "Se",
    ]
    pairs = np.array([[INDEX[one], INDEX[other]] for one, other in itertools.combinations(dopants, 2)])
    for start in range(0, rows, size):
        number = np.arange(start, min(start + size, rows))
        host, pair = number % len(parents), number // len(parents) % len(pairs)
        step = number // (len(parents) * len(pairs))
        amounts = parents[host]
        for which in (0, 1):
            amounts[np.arange(len(number)), pairs[pair, which]] += 1e-4 * (1 + step + which)
        yield CompositionBatch.from_matrix(amounts)


def whole_road(rows: int = 100_000, size: int = 10_000) -> None:
    """Amounts to the models' matrix, against a booster's prediction on it; both on two threads."""
    chunks = list(doped(rows, size))
    fresh = lambda batch: CompositionBatch.from_matrix(batch.amounts)  # noqa: E731
    blocks = [(name,) for name in feature_blocks()] + [("ionic", "framework"), ()]
    print(f"\n{rows:,} doped compositions in chunks of {size:,}; microseconds a row on one thread, float32")
    print("| block | columns | us/row |\n|---|---|---|")
    for chosen in blocks:
        speed = rate(lambda chosen=chosen: [electrolyte_features(fresh(chunk), *chosen) for chunk in chunks], rows)
        width = electrolyte_features(chunks[0][0], *chosen).shape[1]
        print(f"| {' + '.join(chosen) or 'all'} | {width} | {1e6 / speed:.2f} |")
    matrix = np.vstack([electrolyte_features(chunk) for chunk in chunks])
    booster = fitted_booster(matrix)
    # By turns, so that whatever else the machine does falls on both; processor time adds up the threads.
    wall, processor = [], []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(BLOCKS):
            both = [
                spent(lambda: list(pool.map(lambda chunk: electrolyte_features(fresh(chunk)), chunks))),
                spent(lambda: booster.inplace_predict(matrix)),
            ]
            wall.append([1e6 * seconds / rows for seconds, _ in both])
            processor.append([1e6 * seconds / rows for _, seconds in both])
    print("\nthe whole road on two threads, amounts to all blocks, against 500 trees of depth 6 on them, us/row")
    print("| | ours | booster | ours / booster |\n|---|---|---|---|")
    for name, values in (("wall clock", np.array(wall)), ("processor, both threads", np.array(processor))):
        ours, theirs = np.median(values, axis=0)
        print(f"| {name} | {ours:.2f} | {theirs:.2f} | {np.median(values[:, 0] / values[:, 1]):.2f} |")


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall and of the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def ten_million(rows: int = 10_000_000, size: int = 10_000) -> None:
    """Stream compositions through all blocks, keeping a sum, and print the largest memory of the process."""
    before = peak_memory()
    start = time.perf_counter()
    total = np.zeros(electrolyte_features(CompositionBatch.coerce(["NaCl"])).shape[1])
    for batch in doped(rows, size):
        total += electrolyte_features(batch).sum(axis=0, dtype=np.float64)
    seconds = time.perf_counter() - start
    print(f"\n{rows:,} compositions streamed in chunks of {size:,} in {seconds:.0f} s on one thread (with making them)")
    print(f"largest memory of the process {peak_memory():.2f} GiB, {before:.2f} GiB of it before the first")
    assert np.isfinite(total).all()


def peak_memory() -> float:
    """Largest resident memory so far, GiB."""
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest / (2**30 if sys.platform == "darwin" else 2**20)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--ten-million", action="store_true", help="stream ten million compositions, print the memory")
    wanted = options.parse_args()
    if os.environ.get("OMP_NUM_THREADS", "2") != "2":
        sys.exit("OMP_NUM_THREADS must be 2 (or unset): it also limits the booster, which is to have two threads")
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
    if (peer := cbfv(formulas[:5000])) is not None:
        means = MagpieFeatures(columns=[f"MagpieData mean {name}" for name in MAGPIE_PROPERTIES])
        difference = largest_difference(means.transform(formulas[:5000]), peer[1])
        add("strings to 132 Magpie columns", "CBFV magpie", from_strings, peer[0], f"{difference} (means)")
    else:
        add("strings to 132 Magpie columns", "CBFV magpie", from_strings, None)
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
    matrix = continuous.transform(batch)
    booster = fitted_booster(matrix)
    theirs = rate(lambda: booster.inplace_predict(matrix), n)
    add("amounts to 88 continuous columns, float32", "booster's prediction on them", ours, theirs)

    print("| work | peer | ours, rows/s | peer, rows/s | ratio | largest difference |")
    print("|---|---|---|---|---|---|")
    for work, peer, ours, theirs, difference in rows:
        speed = f"{theirs:,.0f} | {ours / theirs:,.1f}" if ours and theirs else "skipped: not installed | "
        print(f"| {work} | {peer} | {ours:,.0f} | {speed} | {difference} |")
    whole_road()
    if wanted.ten_million:
        ten_million()


if __name__ == "__main__":
    sys.exit(main())
