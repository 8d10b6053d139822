"""How right the hybrid model is: by paper and by polymer, beside the median, VTF and an effective medium."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from ..models.intervals import GroupedConformal
from ..models.lithium_teacher import LithiumTeacher
from .fit import N_FOLDS
from .fit_hybrid import (
    BASELINES,
    HYBRID_GROUPINGS,
    HybridFitted,
    HybridTable,
    hybrid_out_of_fold,
    hybrid_table,
    lithium_rows,
    lithium_teacher,
)
from .folds import grouped_folds
from .metrics import grouped_bootstrap_MAE, interval_metrics, regression_metrics
from .out_of_fold import OutOfFold
from .plots import parity_plot
from .report import Section
from .studies import figures

_KINDS = {
    "polymer": "dry polymer",
    "gel": "gel",
    "composite": "polymer, filler",
    "gel_composite": "gel, filler",
}


def hybrid_sections(seeds: int) -> list[Section]:
    """Sections of the evaluation report: figures by split, by class of hybrid, and what the lithium table is worth."""
    table, (teacher, lithium) = hybrid_table(), lithium_teacher()
    with_teacher, firsts = hybrid_figures(table, teacher, range(seeds))
    with_teacher.insert(0, "lithium_table", f"{lithium:,} rows" if lithium else "not on this machine")
    parts = [with_teacher]
    if teacher is not None:
        without, _ = hybrid_figures(table, None, range(seeds))
        without.insert(0, "lithium_table", "left out")
        parts.append(without)
    text = (
        f"Errors in decades on {len(table.rows)} measured mixtures, {N_FOLDS} folds, mean of {seeds} shuffles; the "
        "bootstrap draws whole groups. Beside the median of the training folds, one VTF curve for dry polymers and "
        "gels, and Bruggeman's mixture of that curve and the filler. The temperature of a measurement is no feature: "
        "the slope is fitted to mixtures measured at several temperatures."
    )
    sections = [
        Section(
            "Hybrids: polymer, salt, filler, plasticizer",
            text,
            pd.concat(parts, ignore_index=True),
            {f"hybrid_parity_by_{o.grouping}": parity_plot(o) for o in firsts},
        ),
        Section("Hybrids by class, split by paper", table=by_class(table, firsts[0])),
    ]
    if teacher is not None:
        figures = pd.DataFrame([lithium_figures()])
        sections.append(Section("Lithium polymers, the teacher alone, split by repeat unit", table=figures))
    return sections


def hybrid_figures(
    table: HybridTable, teacher: LithiumTeacher | None, seeds: Iterable[int]
) -> tuple[pd.DataFrame, list[OutOfFold]]:
    """One row a grouping, means over shuffles; and the out-of-fold record of the first shuffle of each.

    Returns
    -------
    DataFrame
        split, rows, groups, MAE, MAE_seeds_sd, MAE_lower, MAE_upper (90 % bootstrap over groups, first shuffle),
        the MAE of each baseline, gain_over_vtf_lower and _upper (bootstrap of the difference in MAE to the VTF curve;
        positive is better), Spearman, coverage and width of the 90 % interval.
    """
    rows, firsts = [], []
    for grouping, label in HYBRID_GROUPINGS.items():
        shuffles = [hybrid_out_of_fold(table, grouping, teacher, seed=seed) for seed in seeds]
        first, baselines = shuffles[0]
        firsts.append(first)
        errors = [regression_metrics(o.truth, o.predicted) for o, _ in shuffles]
        covered = [interval_metrics(*hybrid_interval(o)) for o, _ in shuffles]
        low, high = grouped_bootstrap_MAE(first.predicted - first.truth, first.group)
        gain = np.abs(baselines["vtf"] - first.truth) - np.abs(first.predicted - first.truth)
        rows.append(
            {
                "split": label,
                "rows": len(first.truth),
                "groups": len(set(first.group.tolist())),
                "MAE": np.mean([e["MAE"] for e in errors]),
                "MAE_seeds_sd": np.std([e["MAE"] for e in errors]),
                "MAE_lower": low,
                "MAE_upper": high,
                **{
                    f"{name}_MAE": np.mean([np.abs(said[name] - o.truth).mean() for o, said in shuffles])
                    for name in BASELINES
                },
                **dict(zip(("gain_over_vtf_lower", "gain_over_vtf_upper"), _bootstrap(gain, first.group), strict=True)),
                "Spearman": np.mean([e["Spearman"] for e in errors]),
                "coverage": np.mean([c["coverage"] for c in covered]),
                "width": np.mean([c["width"] for c in covered]),
            }
        )
    return pd.DataFrame(rows), firsts


def hybrid_summary(fitted: HybridFitted) -> pd.DataFrame:
    """Cross-validated figures of one fit, one row a grouping, with the columns that `ion.train` gives."""
    return pd.DataFrame([figures(oof, hybrid_interval(oof)) for oof in fitted.out_of_fold])


def hybrid_interval(oof: OutOfFold) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth and bounds (m,) of the 90 % interval of out-of-fold rows, each fold's calibrated on the other folds."""
    half = np.empty(len(oof.truth))
    for fold in np.unique(oof.fold):
        inside, others = oof.fold == fold, oof.fold != fold
        residuals = (oof.predicted - oof.truth)[others]
        fitted = GroupedConformal.fit(residuals, kinds=oof.family[others])
        half[inside] = fitted.half_width(np.ones(inside.sum()), kinds=oof.family[inside])
    return oof.truth, oof.predicted - half, oof.predicted + half


def by_class(table: HybridTable, oof: OutOfFold) -> pd.DataFrame:
    """Rows, MAE, the median's MAE, coverage and width for each class of hybrid."""
    truth, lower, upper = hybrid_interval(oof)
    rows = []
    for name, label in _KINDS.items():
        inside = table.rows["class"].eq(name).to_numpy()
        rows.append(
            {
                "class": label,
                "rows": int(inside.sum()),
                "MAE": float(np.abs(oof.predicted - truth)[inside].mean()),
                "median_MAE": float(np.abs(oof.baseline - truth)[inside].mean()),
                **interval_metrics(truth[inside], lower[inside], upper[inside]),
            }
        )
    return pd.DataFrame(rows)


def lithium_figures(n_folds: int = N_FOLDS, seed: int = 0) -> dict:
    """Error of the teacher on lithium polymers whose repeat unit it has not seen."""
    inputs, target, unit = lithium_rows()
    folds = grouped_folds(unit, n_folds, seed)
    predicted, median = np.empty(len(target)), np.empty(len(target))
    for fold in range(n_folds):
        train, test = folds != fold, folds == fold
        booster = LithiumTeacher.fit(inputs[train], target[train]).booster
        predicted[test], median[test] = booster.predict(inputs[test]), np.median(target[train])
    metrics = regression_metrics(target, predicted)
    return {
        "rows": len(target),
        "repeat_units": len(set(unit.tolist())),
        "MAE": metrics["MAE"],
        "median_MAE": float(np.abs(median - target).mean()),
        "Spearman": metrics["Spearman"],
    }


def _bootstrap(values: np.ndarray, groups: np.ndarray, draws: int = 1000, seed: int = 0) -> tuple[float, float]:
    """90 % bootstrap interval of a mean, drawing whole groups."""
    codes = np.unique(groups.astype(str), return_inverse=True)[1]
    count, total = np.bincount(codes), np.bincount(codes, weights=values)
    drawn = np.random.default_rng(seed).integers(0, count.size, size=(draws, count.size))
    low, high = np.quantile(total[drawn].sum(axis=1) / count[drawn].sum(axis=1), [0.05, 0.95])
    return float(low), float(high)
