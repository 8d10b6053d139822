"""Drift as data arrive: how far new rows lie from what the champion was taught, and how far off it was."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp, mannwhitneyu

from .plots import BLUE, GREY, ORANGE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def drift(predicted: pd.DataFrame, out_of_fold: pd.DataFrame) -> dict[str, float]:
    """Figures of drift of inputs and of errors.

    Parameters
    ----------
    predicted : DataFrame
        New rows predicted before they were seen: domain_score, log10_conductivity, censored,
        predicted_log10_conductivity. What is censored has no error.
    out_of_fold : DataFrame
        The champion's held-out rows (`held_out.out_of_fold_table`).

    Returns
    -------
    dict
        input_KS and input_p: one-sided Kolmogorov-Smirnov, whether new rows lie farther out than rows whose whole
        system was held out; error_ratio: MAE on new rows over the out-of-fold MAE by system; error_p: one-sided
        Mann-Whitney, whether the absolute errors are larger. NaN without new rows.
    """
    held = _held(out_of_fold)
    scores = predicted["domain_score"].to_numpy(np.float64)
    errors = _errors(predicted)
    errors = errors[np.isfinite(errors)]
    usual = (held["predicted"] - held["truth"]).abs().to_numpy()
    nothing = float("nan")
    inputs = ks_2samp(scores, held["domain_score"].to_numpy(), alternative="less") if len(scores) else None
    return {
        "input_KS": float(inputs.statistic) if inputs else nothing,  # type: ignore[union-attr]
        "input_p": float(inputs.pvalue) if inputs else nothing,  # type: ignore[union-attr]
        "error_ratio": float(np.abs(errors).mean() / usual.mean()) if len(errors) else nothing,
        "error_p": float(mannwhitneyu(np.abs(errors), usual, alternative="greater").pvalue) if len(errors) else nothing,
    }


def drift_plot(predicted: pd.DataFrame, out_of_fold: pd.DataFrame) -> "Figure":
    """Domain scores of new rows beside those of held-out rows, and errors in the order in which rows came."""
    from matplotlib.figure import Figure

    held = _held(out_of_fold)
    usual = (held["predicted"] - held["truth"]).abs()
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for values, colour, label in (
        (held["domain_score"].to_numpy(), GREY, f"held-out rows of the champion ({len(held)})"),
        (predicted["domain_score"].to_numpy(np.float64), ORANGE, f"new rows ({len(predicted)})"),
    ):
        if len(values):
            left.ecdf(values, color=colour, label=label, linewidth=2)
    left.set(xlabel="domain score", ylabel="share of rows up to it", title="Drift of inputs")
    left.legend(frameon=False, loc="lower right")
    left.grid(alpha=0.3)
    errors = _errors(predicted)
    order = predicted["measurement_id"].to_numpy()[np.isfinite(errors)]
    errors = np.abs(errors[np.isfinite(errors)])
    if len(errors):
        place = np.arange(1, len(errors) + 1)
        right.scatter(place, errors, s=24, color=BLUE, alpha=0.6, linewidth=0, label="new row, before it was seen")
        right.plot(place, np.cumsum(errors) / place, color=ORANGE, linewidth=2, label="mean so far")
        right.set_xlabel(f"new rows in order of arrival (measurements {order[0]} to {order[-1]})")
    right.axhline(usual.mean(), color=GREY, linestyle="--", label="out-of-fold MAE by system")
    right.set(ylabel="absolute error (decades)", title="Drift of errors", ylim=(0, None))
    right.legend(frameon=False)
    right.grid(alpha=0.3)
    return figure


def _held(out_of_fold: pd.DataFrame) -> pd.DataFrame:
    return out_of_fold[out_of_fold["property"].eq("conductivity") & out_of_fold["grouping"].eq("system")]


def _errors(predicted: pd.DataFrame) -> np.ndarray:
    errors = predicted["predicted_log10_conductivity"] - predicted["log10_conductivity"]
    return errors.mask(predicted["censored"]).to_numpy(np.float64)
