"""`ionscout data convert`: raw measurements to table columns, with the fits and a plot of them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd


def convert_command(
    file: Annotated[Path, typer.Argument(help="Raw measurements as CSV or Parquet.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Table to write, for `data add`.")] = None,
    fits: Annotated[Path | None, typer.Option(help="CSV or Parquet for the fits, one row a sample.")] = None,
    plot: Annotated[Path | None, typer.Option(help="PNG of the points and the fits.")] = None,
    interval: Annotated[float, typer.Option(min=0.5, max=0.999, help="Confidence of the bounds.")] = 0.9,
) -> None:
    """Impedance, temperature runs and polarisation to conductivity, energies and t+, with uncertainty.

    Columns: resistance_ohm, thickness_cm, area_cm2 (sigma = l / (R S)); temperature_C with those or with
    conductivity_S_cm (Arrhenius and VTF fits of each sample); polarisation_V, initial_current_A, steady_current_A,
    initial_resistance_ohm, steady_resistance_ohm (Bruce-Vincent). Uncertainties as resistance_sd_ohm and the like.
    """
    from ..training.data.convert import convert
    from .tables import TableWriter
    from .text import print_frame

    done = convert(file, interval)
    if plot is not None:
        from .fit_plot import fit_plot

        figure = fit_plot(done.rows, done.fits, done.run)
        plot.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(plot, dpi=150)
    for path, table in ((output, done.rows), (fits, done.fits)):
        if path is not None:
            with TableWriter(path) as writer:
                writer.write(table)
    if output is None:
        done.rows.to_csv(sys.stdout, index=False)
    elif len(done.fits):
        title = "Fits: ln sigma = ln A - Ea/kT (or of sigma T), VTF ln sigma = ln A - B/(T - T0), with bounds"
        print_frame(_for_people(done.fits), title)
    for problem in done.problems.itertuples():
        typer.echo(
            f"row {problem.row}: {problem.column}: {problem.value}: {problem.reason}; {problem.remedy}", err=True
        )
    bad = int(done.rows["error"].notna().sum())
    typer.echo(f"{len(done.rows):,} rows, {bad:,} with errors, {len(done.fits):,} samples fitted", err=True)


def _for_people(fits: "pd.DataFrame") -> "pd.DataFrame":
    """Fits with each parameter and its bounds in one cell."""
    import pandas as pd

    shown = fits[[c for c in ("sample", "formula", "polymer", "salt", "points") if c in fits]].copy()
    parameters = {
        "Ea (eV)": ("activation_energy_eV", 3),
        "Ea of sigma T (eV)": ("activation_energy_sigmaT_eV", 3),
        "log10 A (S/cm)": ("log10_prefactor", 2),
        "B (K)": ("vtf_B_K", 0),
        "T0 (K)": ("vtf_T0_K", 0),
    }
    for heading, (name, digits) in parameters.items():
        if name not in fits:
            continue
        cells = zip(fits[name], fits[f"{name}_lower"], fits[f"{name}_upper"], strict=True)
        shown[heading] = [
            "" if pd.isna(v) else f"{v:.{digits}f}" + ("" if pd.isna(a) else f" [{a:.{digits}f}, {b:.{digits}f}]")
            for v, a, b in cells
        ]
    return shown.assign(better=fits["better"])
