"""Speed of the screening engine: against bare boosters, and against the stack a user would write, in one run.

    python benchmarks/screen.py [--rows 1000000] [--ten-million]

Needs trained models (`ionscout train`). The space is Na3Zr2Si2PO12 doped on three sites at once.
"""

import argparse
import os
import resource
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import numpy as np
import xgboost as xgb
from matminer.featurizers.composition import ElementProperty
from pymatgen.core import Composition
from threadpoolctl import threadpool_limits

import ionscout as ion
from ionscout.featurize.composition import CompositionBatch
from ionscout.featurize.electrolyte import electrolyte_feature_names, electrolyte_features
from ionscout.featurize.magpie import MagpieFeatures
from ionscout.models.arrhenius import ArrheniusModel
from ionscout.models.booster import BoosterEnsemble
from ionscout.models.hull import HullModel
from ionscout.models.inputs import input_positions, model_inputs
from ionscout.models.window import WindowModel
from ionscout.serve.ahead import in_order
from ionscout.serve.screen.candidates import CandidateSpace
from ionscout.serve.screen.guard_rails import guard
from ionscout.serve.screen.stretch import CHUNK_ROWS
from ionscout.training.registry import champions
from ionscout.training.train import measured_rows

SPEC = "conductivity >= 1e-3, reduction limit <= 1.5, oxidation limit >= 3, energy above hull <= 0.05, no Co"
SITES = ["Zr", "Si", "P"]


class Cut(CandidateSpace):
    """The first rows of another space."""

    def __init__(self, space: CandidateSpace, rows: int):
        self.space, self.rows = space, rows

    @property
    def size(self) -> int:
        return min(self.rows, self.space.size)

    @property
    def description(self) -> dict:
        return {"kind": "cut", "rows": self.rows, "of": self.space.description}

    def pick(self, positions: np.ndarray):
        return self.space.pick(positions)

    def compositions(self, positions: np.ndarray):
        return self.space.compositions(positions)


def side_by_side(do: Callable, items: list, threads: int) -> list:
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        return list(in_order(pool, do, items, 2 * threads))


def timed(do: Callable, repeats: int = 3) -> tuple[float, object]:
    """Shortest time of a few runs, and the last answer."""
    best, answer = np.inf, None
    for _ in range(repeats):
        begun = perf_counter()
        answer = do()
        best = min(best, perf_counter() - begun)
    return best, answer


def booster(inputs: np.ndarray, target: np.ndarray, trees: int) -> xgb.Booster:
    parameters = {"max_depth": 6, "eta": 0.05, "nthread": 1, "tree_method": "hist"}
    trained = xgb.train(parameters, xgb.DMatrix(inputs, label=target), num_boost_round=trees)
    trained.set_param({"nthread": 1})
    return trained


def one_model(space: CandidateSpace, rows: int, threads: int) -> None:
    """Compositions, features and one conductivity model of 500 trees of depth 6."""
    table = measured_rows().dropna(subset=["log10_conductivity"])
    blocks = ("ionic", "framework")
    taught = electrolyte_features(CompositionBatch.from_formulas(table["formula"]), *blocks)
    model = booster(taught, table["log10_conductivity"].to_numpy(), 500)

    def chunk(start: int) -> np.ndarray:
        features = electrolyte_features(space.compositions(np.arange(start, min(start + CHUNK_ROWS, rows))), *blocks)
        return model.inplace_predict(features, missing=np.nan)

    seconds, _ = timed(lambda: side_by_side(chunk, list(range(0, rows, CHUNK_ROWS)), threads))
    names = len(electrolyte_feature_names(*blocks))
    print(f"compositions, {names} features and one model of 500 trees: {rows / seconds:,.0f} candidates a second")


def all_models(space: CandidateSpace, rows: int, threads: int) -> None:
    """`ion.screen` with every property, beside its boosters alone on the ready matrix of the rows it predicts."""
    seconds, found = timed(lambda: ion.screen(Cut(space, rows), SPEC, top=100, fast=True, workers=threads), repeats=2)
    print(f"ion.screen, all properties: {rows / seconds:,.0f} candidates a second ({seconds:.1f} s)")
    refused = sum(found.attrs["refused"].values())  # pyright: ignore[reportAttributeAccessIssue]
    ensembles = fast_boosters()
    sample = space.compositions(np.arange(min(rows, 200_000)))
    inputs = model_inputs(sample[np.flatnonzero(guard(sample) == np.array(None))])
    ready = [(e, inputs[:, input_positions(e.columns)]) for e in ensembles]

    def chunk(start: int) -> None:
        for ensemble, matrix in ready:
            ensemble.predict(matrix[start : start + CHUNK_ROWS])

    bare, _ = timed(lambda: side_by_side(chunk, list(range(0, len(inputs), CHUNK_ROWS)), threads))
    rate = len(inputs) / bare
    trees = sum(len(e.members[0].get_dump()) for e in ensembles)
    share = len(inputs) / len(sample)
    print(f"  refused {refused:,} of {rows:,}")
    print(f"  bare boosters ({len(ensembles)}, {trees:,} trees): {rate:,.0f} rows a second")
    print(f"  throughput against the bare boosters, of predicted rows: {rows * share / seconds / rate:.2f}")


def fast_boosters() -> list[BoosterEnsemble]:
    """Every booster that a fast screen asks."""
    found: list[BoosterEnsemble] = []
    for model in champions():
        if isinstance(model, ArrheniusModel):
            for taught in (model.level, model.activation_energy):
                found += [taught.student.value, taught.student.doubt]
        elif isinstance(model, WindowModel):
            found += [model.reduction, model.oxidation]
        elif isinstance(model, HullModel):
            found.append(model.energy)
    return found


def against_peers(space: CandidateSpace, threads: int) -> None:
    """pymatgen, matminer and xgboost as a user would put them together, on the same formulas and the same model."""
    formulas = space.compositions(np.arange(200_000)).formulas.tolist()
    few = formulas[:: len(formulas) // 500][:500]
    table = measured_rows().dropna(subset=["log10_conductivity"])
    magpie = MagpieFeatures(dtype="float32")
    taught = magpie.compute(CompositionBatch.from_formulas(table["formula"]))
    model = booster(taught, table["log10_conductivity"].to_numpy(), 500)
    featurizer = ElementProperty.from_preset("magpie")

    def peer() -> np.ndarray:
        features = np.array([featurizer.featurize(Composition(f)) for f in few], dtype=np.float32)
        return model.inplace_predict(features, missing=np.nan)

    def ours() -> np.ndarray:
        def chunk(start: int) -> np.ndarray:
            batch = CompositionBatch.from_formulas(formulas[start : start + CHUNK_ROWS])
            return model.inplace_predict(magpie.compute(batch), missing=np.nan)

        return np.concatenate(side_by_side(chunk, list(range(0, len(formulas), CHUNK_ROWS)), threads))

    slow, theirs = timed(peer, repeats=1)
    fast, _ = timed(ours)
    same = model.inplace_predict(magpie.compute(CompositionBatch.from_formulas(few)), missing=np.nan)
    ratio = (slow / len(few)) / (fast / len(formulas))
    print(f"pymatgen + matminer + xgboost: {len(few) / slow:,.0f} formulas a second; ours {len(formulas) / fast:,.0f}")
    print(f"  {ratio:,.0f} times; largest difference of the predictions {np.abs(same - theirs).max():.2g} decades")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--ten-million", action="store_true", help="screen ten million candidates, and say the memory")
    options = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS"):
        raise SystemExit("unset OMP_NUM_THREADS: it holds the boosters to its number of threads")
    threads = os.cpu_count() or 1
    x = [round(0.02 * i, 2) for i in range(1, 21)]
    space = ion.dopants("Na3Zr2Si2PO12", site=SITES, dopants="all", x=x, at_once=3)
    print(f"{threads} threads; {space}")
    if options.ten_million:
        begun = perf_counter()
        found = ion.screen(Cut(space, 10_000_000), SPEC, top=100)
        seconds = perf_counter() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"ten million candidates: {seconds:,.0f} s, {1e7 / seconds:,.0f} a second, peak memory {peak:.2f} GiB")
        print(f"  best: {found['formula'].iloc[0]}, probability {found['probability'].iloc[0]:.2f}")
        return
    one_model(space, options.rows, threads)
    all_models(space, options.rows, threads)
    against_peers(space, threads)


if __name__ == "__main__":
    main()
