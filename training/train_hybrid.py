"""One training of the hybrid model: fitted, logged with card and plots, registered, promoted."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from ..featurize.mixture import MixtureBatch
from ..models.hybrid import HYBRID_CONDUCTIVITY, PROBES, TEACHER_SHARE, predict_mixtures
from .data.sources import data_hash
from .fit_hybrid import HYBRID_GROUPINGS, HybridFitted, fit_hybrid, hybrid_table, lithium_teacher
from .hybrid_study import hybrid_summary
from .model_files import MODEL_FILES
from .plots import parity_plot, residual_plot
from .registry import promote, register


def train_hybrid(experiment: str, seed: int, tell: Callable[[str], None]) -> pd.DataFrame:
    """Fit, log, register and promote; returns rows of `ion.train`'s summary."""
    table = hybrid_table()
    tell(f"fitting hybrids on {len(table.rows):,} rows")
    teacher, lithium = lithium_teacher()
    fitted = fit_hybrid(table, teacher, lithium, seed=seed)
    tell("registering hybrids")
    summary = hybrid_summary(fitted)
    number = _record(fitted, summary, experiment, seed)
    promote(HYBRID_CONDUCTIVITY.name, number)
    summary.insert(1, "version", number)
    return summary


def hybrid_card(fitted: HybridFitted, summary: pd.DataFrame) -> str:
    """Markdown card of the hybrid model."""
    taught = (
        f"Taught by {fitted.lithium_rows:,} lithium polymer electrolytes (10.1021/acscentsci.2c01123), whose word "
        f"counts {TEACHER_SHARE:g} for dry polyethers."
        if fitted.model.teacher is not None
        else "Trained WITHOUT the lithium polymer table, which was not on the machine: the loading of the salt and the "
        "anion then change nothing."
    )
    lines = [
        "# hybrid conductivity",
        "",
        "Ionic conductivity of sodium electrolytes mixed from polymer, salt, filler and plasticizer, at temperature.",
        "",
        f"Fitted on {len(fitted.table.rows):,} measured mixtures. {taught}",
        "",
        "## Errors in cross-validation",
        "",
        "No group stands on both sides of a split. Decades; in brackets the 90 % bootstrap interval over groups.",
        "",
        "| grouped by | rows | groups | MAE | median | VTF | effective medium | 90 % interval covers | width |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row, oof in zip(summary.to_dict("records"), fitted.out_of_fold, strict=True):
        said = {n: abs(p - oof.truth).mean() for n, p in fitted.baselines[oof.grouping].items()}
        interval = f"{100 * row['coverage']:.0f} % | {row['width']:.2f}"
        lines.append(
            f"| {HYBRID_GROUPINGS[oof.grouping]} | {row['rows']} | {row['groups']} "
            f"| {row['MAE']:.3f} ({row['MAE_lower']:.3f} to {row['MAE_upper']:.3f}) | {said['median']:.3f} "
            f"| {said['vtf']:.3f} | {said['effective_medium']:.3f} | {interval} |"
        )
    lines += [
        "",
        "## Limits",
        "",
        "- Residual solvent, water and crystallinity decide dry polymers, and papers rarely say them.",
        "- Solvents are told apart by kind only; which carbonate it is changes nothing.",
        "- A filler counts by class, volume and its own conductivity; size, shape and surface are not known.",
        "",
    ]
    return "\n".join(lines)


def _record(fitted: HybridFitted, summary: pd.DataFrame, experiment: str, seed: int) -> int:
    """Log one fit to MLflow and register it; returns the new version."""
    import mlflow

    name = HYBRID_CONDUCTIVITY.name
    with mlflow.start_run(experiment_id=experiment, run_name="hybrid"), tempfile.TemporaryDirectory() as temp:
        rows = {"rows": len(fitted.table.rows), "lithium_rows": fitted.lithium_rows, "seed": seed}
        mlflow.log_params({"data_hash": data_hash(fitted.table.rows), **rows})
        for row, oof in zip(summary.to_dict("records"), fitted.out_of_fold, strict=True):
            for metric in ("MAE", "median_MAE", "RMSE", "Spearman", "coverage", "width"):
                mlflow.log_metric(f"{name}_{metric}_by_{oof.grouping}", row[metric])
            for baseline, said in fitted.baselines[oof.grouping].items():
                if baseline != "median":
                    mlflow.log_metric(f"{name}_{baseline}_MAE_by_{oof.grouping}", abs(said - oof.truth).mean())
            for kind, plot in (("parity", parity_plot), ("residuals", residual_plot)):
                mlflow.log_figure(plot(oof), f"plots/{name}_{kind}_by_{oof.grouping}.png")
        mlflow.log_text(json.dumps(list(fitted.model.columns), indent=1), "features.json")
        mlflow.log_text(hybrid_card(fitted, summary), "model_card.md")
        folder = Path(temp) / MODEL_FILES
        fitted.model.save(folder)
        # Text columns without a gap, so that the signature knows them for text.
        example = PROBES.fillna(dict.fromkeys(("filler", "plasticizer"), "none")).fillna({"salt_loading_unit": ""})
        answer = pd.DataFrame(predict_mixtures(fitted.model, MixtureBatch.read(example))).drop(columns="error")
        return register(
            fitted.model,
            folder,
            example,
            answer,
            script="hybrid_pyfunc_script.py",
            required=("polymer", "temperature_C"),
        )[name]
