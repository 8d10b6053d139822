"""One training of the glass model: fitted, cross-validated, logged with card, plots and the rows that are wrong."""

import json
from collections.abc import Callable

import pandas as pd

from ..models.glass import GLASS_REFERENCE_C, GlassModel, glass_input_columns
from .data.glass_faults import glass_faults
from .data.glass_lines import glass_rows
from .data.sources import data_hash
from .fit_glass import GlassFitted, GlassTable, fit_glass
from .out_of_fold import GROUPINGS, OutOfFold
from .plots import parity_plot, residual_plot
from .settings import GLASS_DOUBT, GLASS_KERNELS, GLASS_SHARE, GLASS_TREES
from .studies import figures, tested_interval


def train_glass(experiment: str, seed: int, tell: Callable[[str], None]) -> tuple[GlassModel, pd.DataFrame]:
    """Fit and log; returns the model, which the conductivity model carries, and rows of `ion.train`'s summary."""
    rows = glass_rows()
    tell(f"fitting glasses on {len(rows.glasses):,} glasses, {len(rows.rows):,} rows")
    fitted = fit_glass(GlassTable.of(rows), seed=seed)
    records = fitted.out_of_fold.records()
    summary = pd.DataFrame([figures(record, tested_interval(record)) for record in records])
    tell("logging glasses")
    _log(fitted, records, summary, experiment, seed)
    return fitted.model, summary


def glass_card(fitted: GlassFitted, summary: pd.DataFrame) -> str:
    """Markdown card of the glass model."""
    table = fitted.out_of_fold.glasses.table
    lines = [
        "# glasses: conductivity and activation energy",
        "",
        f"One Arrhenius line a glass: level at {GLASS_REFERENCE_C:g} °C and energy. Part of the registered model of "
        "conductivity, which asks it for rows whose state is glass or amorphous, of kinds and elements that were "
        "measured.",
        "",
        f"Fitted on {len(table.glasses):,} glasses of Na, Li and K in {len(table.rows):,} rows (SciGlass).",
        "",
        "## Errors in cross-validation, sodium glasses",
        "",
        "No group stands on both sides of a split. In brackets the 90 % bootstrap interval over groups.",
        "",
        "| property | grouped by | rows | MAE | median's MAE | Spearman | coverage of 90 % interval | width |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r['property']} | {GROUPINGS[r['grouping']]} | {r['rows']:,} "
        f"| {r['MAE']:.3f} ({r['MAE_lower']:.3f} to {r['MAE_upper']:.3f}) | {r['median_MAE']:.3f} "
        f"| {r['Spearman']:.2f} | {100 * r['coverage']:.0f} % | {r['width']:.2f} |"
        for r in summary.to_dict("records")
    ]
    limits = (
        "Rows that are wrong in the source are scored like all others (`faults.csv` lists those found).",
        "No measured glass holds more than 15 % of a second alkali: the mixed-alkali effect is not known.",
        "No measured glass conducts electrons: more than 2 % of transition metals is out of domain.",
        "Amorphous chlorides and other halides richer in a halogen than any measured glass are not answered.",
        "Thermal history is not known; the line holds below the softening temperature.",
    )
    return "\n".join([*lines, "", "## Limits", "", *(f"- {limit}" for limit in limits), ""])


def _log(
    fitted: GlassFitted, records: tuple[OutOfFold, OutOfFold], summary: pd.DataFrame, experiment: str, seed: int
) -> None:
    import mlflow

    table = fitted.out_of_fold.glasses.table
    with mlflow.start_run(experiment_id=experiment, run_name="glasses"):
        counts = {"rows": len(table.rows), "glasses": len(table.glasses), "seed": seed}
        mlflow.log_params({"data_hash": data_hash(table.rows), **counts, "process_share": GLASS_SHARE})
        for name, settings in (("trees", GLASS_TREES), ("doubt", GLASS_DOUBT)):
            mlflow.log_params({f"{name}_{k}": v for k, v in settings.as_dict().items()})
        for name, kernel in GLASS_KERNELS.items():
            mlflow.log_params({f"{name}_kernel_{k}": v for k, v in vars(kernel).items()})
        for row in summary.to_dict("records"):
            for metric in ("MAE", "median_MAE", "RMSE", "Spearman", "coverage", "width"):
                mlflow.log_metric(f"{row['property']}_{metric}_by_{row['grouping']}", row[metric])
        for record in records:
            for kind, plot in (("parity", parity_plot), ("residuals", residual_plot)):
                mlflow.log_figure(plot(record), f"plots/{record.fact.name}_{kind}_by_{record.grouping}.png")
        mlflow.log_text(json.dumps(list(glass_input_columns()), indent=1), "features.json")
        mlflow.log_text(glass_card(fitted, summary), "model_card.md")
        mlflow.log_text(glass_faults(table).to_csv(index=False), "faults.csv")
