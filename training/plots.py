"""Plots of cross-validated predictions, for MLflow and for reports."""

from typing import TYPE_CHECKING

import numpy as np

from .metrics import regression_metrics
from .out_of_fold import GROUPINGS, OutOfFold

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#999999"  # Okabe and Ito's colours, told apart by colour-blind readers


def parity_plot(oof: OutOfFold) -> "Figure":
    """Predicted against true, out of fold."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    low, high = np.quantile(np.concatenate([oof.truth, oof.predicted]), [0.0, 1.0])
    pad = 0.03 * (high - low)
    ends = [low - pad, high + pad]
    axes.plot(ends, ends, color=GREY, linewidth=1)
    dense = len(oof.truth) > 3000
    axes.scatter(oof.truth, oof.predicted, s=4 if dense else 12, alpha=0.15 if dense else 0.5, color=BLUE, linewidth=0)
    metrics = regression_metrics(oof.truth, oof.predicted)
    axes.set(
        xlabel=f"{oof.fact.label}, source value",
        ylabel=f"{oof.fact.label}, predicted",
        xlim=ends,
        ylim=ends,
        aspect="equal",
        title=f"{len(oof.truth):,} rows, grouped by {GROUPINGS.get(oof.grouping, oof.grouping)}\n"
        f"MAE {metrics['MAE']:.3f}, Spearman {metrics['Spearman']:.2f}",
    )
    return figure


def residual_plot(oof: OutOfFold) -> "Figure":
    """Distribution of the errors, beside that of the median of the training folds."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 3.5), layout="constrained")
    axes = figure.subplots()
    ours, median = oof.predicted - oof.truth, oof.baseline - oof.truth
    limit = float(np.quantile(np.abs(np.concatenate([ours, median])), 0.99)) or 1.0
    bins = np.linspace(-limit, limit, 41).tolist()
    axes.hist(np.clip(median, -limit, limit), bins, color=ORANGE, alpha=0.6, label="median of the training folds")
    axes.hist(np.clip(ours, -limit, limit), bins, color=BLUE, alpha=0.6, label="model")
    axes.axvline(0, color=GREY, linewidth=1)
    axes.set(
        xlabel=f"predicted minus true, {oof.fact.unit}",
        ylabel="rows",
        title=f"Errors of {oof.fact.name.replace('_', ' ')}, grouped by {GROUPINGS.get(oof.grouping, oof.grouping)}",
    )
    axes.legend(frameon=False)
    return figure


def domain_plot(deciles: "pd.DataFrame") -> "Figure":
    """Mean error by decile of the domain score; columns score and MAE, as `studies.by_domain` gives them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(deciles["decile"], deciles["MAE"], "o-", color=BLUE)
    axes.set(xlabel="decile of the domain score", ylabel="mean absolute error (decades)", ylim=(0, None))
    axes.grid(alpha=0.3)
    return figure
