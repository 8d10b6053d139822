"""`ionscout retrain` and `ionscout models rollback` on the command line."""

import getpass
import os
from pathlib import Path
from typing import Annotated

import typer


def retrain_command(
    file: Annotated[Path | None, typer.Argument(help="New measurements as CSV or Parquet; else what is kept.")] = None,
    promote: Annotated[str, typer.Option(help="auto (if it deserves to), always or never.")] = "auto",
    by: Annotated[str | None, typer.Option(help="Who vouches; by default IONSCOUT_USER or your login.")] = None,
    source: Annotated[str | None, typer.Option(help="Where they come from, e.g. a DOI; by default the file.")] = None,
    seed: Annotated[int, typer.Option(help="Shuffles the folds; the champion's keeps its folds.")] = 0,
    plot: Annotated[Path | None, typer.Option(help="PNG of the drift of inputs and errors.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Problems, contradictions and predictions to print.")] = 20,
) -> None:
    """Keep new measurements, teach a challenger, compare it with the champion and let the better one serve."""
    import pandas as pd

    from ..training.retrain import retrain
    from .text import print_frame, with_limits

    who = by or os.environ.get("IONSCOUT_USER") or getpass.getuser()
    done = retrain(file, who, promote, source, seed, progress=lambda step: typer.echo(f"  {step}", err=True))
    if done.addition is not None:
        if not done.addition.problems.empty:
            print_frame(done.addition.problems.head(top), f"Problems in {file} (the header is row 1)")
        typer.echo(str(done.addition), err=True)
    if len(done.contradictions):
        shown = done.contradictions.drop(columns=["known_formula", "known_table"]).head(top)
        shown = with_limits(shown, log10_conductivity="censored", known_log10_conductivity="known_censored")
        print_frame(shown, "More than a decade from what is known (both are kept and taught)")
    if len(done.predicted):
        said = "predicted_log10_conductivity"
        columns = ["formula", "temperature_C", "log10_conductivity", "censored", said, f"{said}_lower", f"{said}_upper"]
        shown = with_limits(done.predicted[[*columns, "in_domain"]].head(top), log10_conductivity="censored")
        shown = shown.rename(columns=lambda name: name.replace("log10_conductivity", "log10 sigma"))
        print_frame(shown, "New rows as the champion predicted them before they were seen")
    compared = pd.DataFrame([vars(c) for c in done.comparisons])
    print_frame(compared, "Challenger minus champion, absolute errors on the same held-out rows, 90 % interval")
    for name, value in done.metrics.items():
        typer.echo(f"{name} = {value:.4g}", err=True)
    if plot is not None:
        from ..training.drift import drift_plot

        plot.parent.mkdir(parents=True, exist_ok=True)
        drift_plot(done.predicted, done.champion_held).savefig(plot, dpi=150)
    version = ", ".join(f"{name} version {number}" for name, number in done.versions.items())
    typer.echo(f"{version}: {'promoted' if done.promoted else 'not promoted'} ({promote}); {done.reason}")


def rollback_command(
    name: Annotated[str, typer.Argument(help="Property.")] = "conductivity",
) -> None:
    """Let the version serve that served before, and with it the property from the same model."""
    from ..training.registry import roll_back

    for moved, number in roll_back(name).items():
        typer.echo(f"{moved}: version {number} is champion")
