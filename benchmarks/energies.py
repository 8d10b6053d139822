"""Formation and decomposition energies on the fixed split of Bartel et al. 2020, beside published models, in one run.

    IONSCOUT_EXTERNAL_DATA=... python benchmarks/energies.py [--validate | --test] [--threads 2]

Fits on the training rows alone. By default the validation rows are scored, on which every choice was made; `--test`
scores the test rows too, on which none was. Intervals are 95 %, from 1,000 resamplings of chemical systems.
"""

import argparse
from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np
import xgboost as xgb

from ionscout.featurize import MagpieFeatures
from ionscout.featurize.composition import CompositionBatch
from ionscout.models.element_exchange import AnonymousFormulas
from ionscout.training.data.external import load_materials_project_energies
from ionscout.training.fit_energies import EnergySettings, fit_energies

ENERGIES = ("formation_energy_eV_atom", "decomposition_energy_eV_atom")
# Mean absolute errors on the test rows, eV/atom: tables of Wang et al. 2021.
PUBLISHED = {
    "Roost": (0.055, 0.067),
    "CrabNet": (0.059, 0.063),
    "ElemNet": (0.071, 0.079),
    "random forest": (0.100, 0.076),
}
PUBLISHED_IN = "10.1038/s41524-021-00545-1"
RESAMPLINGS = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    scored = parser.add_mutually_exclusive_group()
    scored.add_argument("--validate", action="store_true", help="score the validation rows alone, the default")
    scored.add_argument("--test", action="store_true", help="score the test rows too")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=EnergySettings().rounds)
    parser.add_argument("--seeds", type=int, default=EnergySettings().seeds)
    options = parser.parse_args()

    begun = perf_counter()
    table = load_materials_project_energies()
    batch = CompositionBatch.from_formulas(table["formula"])
    splits = ("val", "test") if options.test else ("val",)
    rows = {split: np.flatnonzero(table["split"] == split) for split in ("train", *splits)}
    train = rows["train"]
    truth = table[list(ENERGIES)].to_numpy(np.float64)
    settings = EnergySettings(rounds=options.rounds, seeds=options.seeds, threads=options.threads)
    model = fit_energies(batch[train], truth[train, 0], truth[train, 1], settings)
    print(f"fitted on {len(train)} rows in {perf_counter() - begun:.0f} s")
    usual = on_magpie(batch[train], truth[train], options.threads)

    identities = AnonymousFormulas.of(batch).identities()
    taught = {identities[row] for row in train}
    lines = []
    for split in splits:
        held = rows[split]
        asked = batch[held]
        again = sum(identities[row] in taught for row in held)
        print(f"{split}: {len(held)} rows, {again} of them a composition that was trained on")
        nothing = np.full(len(held), np.nan)
        answers = {
            "ionscout": model.predict(asked)[list(ENERGIES)].to_numpy(),
            "ionscout, neighbour process alone": np.column_stack([model.known.process(asked).mean, nothing]),
            "xgboost on 132 Magpie columns, run here": usual(asked),
        }
        written = resampled(asked)
        for name, answer in answers.items():
            lines.append((name, split, *(written(errors) for errors in np.abs(answer - truth[held]).T)))
        middle = np.median(np.abs(answers["ionscout"] - truth[held]), axis=0)
        print(f"{split}: median errors of ionscout {middle[0]:.4f}, {middle[1]:.4f} eV/atom")
    lines += [(f"{name} ({PUBLISHED_IN})", "test", *(f"{e:.3f}" for e in pair)) for name, pair in PUBLISHED.items()]
    print(as_markdown(lines, ("model", "scored on", *(f"{energy}, MAE" for energy in ENERGIES))))
    print(f"all in {perf_counter() - begun:.0f} s, {options.threads} threads")


def on_magpie(batch: CompositionBatch, truth: np.ndarray, threads: int) -> Callable[[CompositionBatch], np.ndarray]:
    """The usual first try on the same rows: matminer's Magpie columns and squared error."""
    parameters = {"tree_method": "hist", "max_depth": 8, "eta": 0.08, "subsample": 0.8, "colsample_bytree": 0.4}
    inputs = MagpieFeatures().compute(batch).astype(np.float32)
    fitted = [
        xgb.train({**parameters, "nthread": threads}, xgb.QuantileDMatrix(inputs, label=target), 400)
        for target in truth.T
    ]

    def answer(asked: CompositionBatch) -> np.ndarray:
        columns = MagpieFeatures().compute(asked).astype(np.float32)
        return np.column_stack([booster.inplace_predict(columns) for booster in fitted])

    return answer


def resampled(batch: CompositionBatch) -> Callable[[np.ndarray], str]:
    """Writes the mean of errors with its interval; errors of one chemical system go together."""
    amounts = batch.amounts
    systems = [amounts.indices[a:b].tobytes() for a, b in zip(amounts.indptr[:-1], amounts.indptr[1:], strict=True)]
    group = np.unique(np.array(systems, dtype=object), return_inverse=True)[1]
    n = group.max() + 1
    draws = np.random.default_rng(0).integers(n, size=(RESAMPLINGS, n))
    counts = np.bincount(group).astype(np.float64)

    def written(errors: np.ndarray) -> str:
        if np.isnan(errors).any():
            return ""
        sums = np.bincount(group, weights=errors)
        means = sums[draws].sum(axis=1) / counts[draws].sum(axis=1)
        low, high = np.quantile(means, [0.025, 0.975])
        return f"{errors.mean():.4f} ({low:.4f} to {high:.4f})"

    return written


def as_markdown(lines: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *lines))


if __name__ == "__main__":
    main()
