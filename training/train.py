"""`ion.train`: curated data in, registered models out, every step on record in MLflow."""

import json
import logging
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ..featurize.structure.given import read_given
from ..featurize.structure.hosts import host_cif
from ..models.arrhenius import REFERENCE_C, ArrheniusModel
from ..models.base import PropertyModel
from ..models.context import Context
from ..models.domain import MOBILE_IONS
from ..models.prediction import predict_properties
from ..models.properties import CONDUCTIVITY
from .card import model_card
from .data.host_structures import host_structures
from .data.sources import data_hash, load_curated, training_rows, window_rows
from .fit import Fitted, fit_arrhenius, fit_hull, fit_window
from .held_out import log_out_of_fold
from .metrics import regression_metrics
from .model_files import MODEL_FILES
from .out_of_fold import OutOfFold
from .plots import parity_plot, residual_plot
from .registry import connect, experiment_id, promote, register
from .studies import figures, tested_interval
from .train_glass import train_glass
from .train_hybrid import train_hybrid

log = logging.getLogger(__name__)

# What every registered model shows as its input example: an oxide, a doped one, a sulfide glass, a halide.
EXAMPLE = pd.DataFrame(
    {
        "formula": ["Na3Zr2Si2PO12", "Na3.4Sc0.4Zr1.6Si2PO12", "Na3PS4", "Na2ZrCl6"],
        "temperature_C": [25.0, 25.0, 60.0, 25.0],
        "state": ["crystalline", "crystalline", "glass_ceramic", "crystalline"],
    }
)


def train(*, seed: int = 0, structures: bool = False, progress: Callable[[str], None] | None = None) -> pd.DataFrame:
    """Fit, cross-validate, log and register all property models on the curated tables.

    Each run adds a version to every property and gives it the alias `champion`; nothing is overwritten.

    Parameters
    ----------
    seed : int
        Shuffles the folds.
    structures : bool
        Teach conductivity and activation energy the structures of the shipped hosts too, in the rows that a host
        stands for. Off, because on the curated table the folds do not bear it out (docs/what_was_tried.md).
    progress : callable, optional
        Told the name of each step as it begins.

    Returns
    -------
    DataFrame
        One row a property and grouping (glass_conductivity and glass_activation_energy are those of the glass model, a
        part of the conductivity model): property, version, grouping, rows, MAE with a 90 % bootstrap interval over
        groups, the median's MAE, RMSE, Spearman, coverage and width of the 90 % interval.
    """
    tell = progress or log.info
    tell("reading the curated tables")
    measured, computed = measured_rows(structures), window_rows(MOBILE_IONS)
    steps = (
        ("conductivity and activation energy", fit_arrhenius, measured),
        ("stability window", fit_window, computed),
        ("energy above hull", fit_hull, computed),
    )
    client = connect()
    experiment = experiment_id(client)
    glasses, glass_summary = train_glass(experiment, seed, tell)
    summaries = []
    for title, fit, table in steps:
        tell(f"fitting {title} on {len(table):,} rows")
        started = time.perf_counter()
        fitted = fit(table, seed=seed)
        if isinstance(fitted.model, ArrheniusModel):
            fitted = replace(fitted, model=replace(fitted.model, glasses=glasses))
        log.info("%s: %d rows in %.1f s", title, fitted.rows, time.perf_counter() - started)
        tell(f"registering {title}")
        summary = summarise(fitted)
        versions = record(fitted, table, summary, experiment, seed)
        for name, number in versions.items():
            promote(name, number)
        summary.insert(1, "version", summary["property"].map(versions))
        summaries.append(summary)
        if isinstance(fitted.model, ArrheniusModel):
            # The glasses are part of the conductivity model, and have its version.
            glass_summary.insert(1, "version", versions[CONDUCTIVITY.name])
            summaries.append(glass_summary)
    summaries.append(train_hybrid(experiment, seed, tell))
    return pd.concat(summaries, ignore_index=True)


def measured_rows(structures: bool = False) -> pd.DataFrame:
    """Measured rows of the sodium table that hold a conductivity at a temperature, an activation energy, or both.

    With `structures` there is a column `structure`: a shipped host, doped, in the rows that it stands for.
    """
    rows = pd.concat([training_rows("conductivity"), training_rows("activation_energy")])
    rows = rows.drop_duplicates(["table", "row"], ignore_index=True)
    # Most activation energies are given for a range; those without a temperature stand for the range from 25 C up.
    rows = rows.fillna({"temperature_C": REFERENCE_C})
    if not structures:
        return rows
    return rows.assign(structure=rows["row"].map(host_structures(load_curated("sodium_electrolytes"))))


def summarise(fitted: Fitted) -> pd.DataFrame:
    """Cross-validated metrics, one row a property and grouping; columns as `train` returns them, without version."""
    return pd.DataFrame([figures(oof, tested_interval(oof)) for oof in fitted.out_of_fold])


def record(fitted: Fitted, table: pd.DataFrame, summary: pd.DataFrame, experiment: str, seed: int) -> dict[str, int]:
    """Log one fit to MLflow and register it; returns property name to new version."""
    import mlflow

    with mlflow.start_run(experiment_id=experiment, run_name=fitted.model.kind), tempfile.TemporaryDirectory() as temp:
        mlflow.log_params({"data_hash": data_hash(table), "rows": fitted.rows, "seed": seed})
        for name, settings in fitted.settings.items():
            mlflow.log_params({f"{name}_{k}": v for k, v in settings.as_dict().items()})
        for row in summary.to_dict("records"):
            prefix, split = row["property"], row["grouping"]
            for metric in ("MAE", "median_MAE", "RMSE", "Spearman", "coverage", "width"):
                mlflow.log_metric(f"{prefix}_{metric}_by_{split}", row[metric])
        for found in fitted.structures:
            for figure in ("MAE_without", "MAE_with", "share"):
                name = f"{found.property}_structure_{figure}_by_{found.grouping}"
                mlflow.log_metric(name, getattr(found, figure))
        if isinstance(fitted.model, ArrheniusModel):
            log_out_of_fold(fitted)
        for oof in fitted.out_of_fold:
            _log_folds(oof)
            for kind, plot in (("parity", parity_plot), ("residuals", residual_plot)):
                mlflow.log_figure(plot(oof), f"plots/{oof.fact.name}_{kind}_by_{oof.grouping}.png")
        mlflow.log_text(json.dumps(list(fitted.model.columns), indent=1), "features.json")
        mlflow.log_text(model_card(fitted, summary), "model_card.md")
        return save_and_register(fitted.model, Path(temp) / MODEL_FILES)


def save_and_register(model: PropertyModel, folder: Path) -> dict[str, int]:
    """Write a model into a folder and register it under the active run; returns property name to new version."""
    model.save(folder)
    example = EXAMPLE
    if model.reads_structures:
        example = EXAMPLE.assign(structure=pd.Series([None, None, host_cif("Na3PS4_cubic"), None]))
    given = read_given(example, model.reads_structures)
    context = Context.read(len(example), example["temperature_C"], example["state"])
    answer = predict_properties([model], given.batch, context, structures=given.features)
    return register(model, folder, example, pd.DataFrame(answer).drop(columns="error"))


def _log_folds(oof: OutOfFold) -> None:
    import mlflow

    for fold in range(int(oof.fold.max()) + 1):
        inside = oof.fold == fold
        error = regression_metrics(oof.truth[inside], oof.predicted[inside])["MAE"]
        mlflow.log_metric(f"{oof.fact.name}_fold_MAE_by_{oof.grouping}", error, step=fold)
