"""`ionscout window`, `ionscout data pull` and `ionscout data windows`: phase equilibria on the command line."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

_WIDTH = 160  # where the output is no terminal
_FACTS = 8  # printed of what was measured
QUANTITIES = {
    "interfacial_resistance_ohm_cm2": "interfacial resistance",
    "ccd_mA_cm2": "critical current density",
    "symmetric_cell_hours": "symmetric cell for",
    "decomposition_products": "decomposition products",
}
_PLOT_ROWS, _PLOT_COLUMNS = 12, 72

Energies = Annotated[
    Path | None, typer.Option("--energies", help="Phase-energy table: CSV or Parquet with formula and energy columns.")
]
Alkali = Annotated[str, typer.Option(help="Metal that voltages are counted against: Na, Li or K.")]


def window_command(
    formulas: Annotated[list[str] | None, typer.Argument(help="Formulas, e.g. Na3PS4.")] = None,
    input: Annotated[Path | None, typer.Option("--input", "-i", help="CSV or Parquet with a column 'formula'.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="CSV or Parquet to write.")] = None,
    energies: Energies = None,
    against: Annotated[
        str | None, typer.Option(help="Counterpart, e.g. 'Na3V2(PO4)3': its reaction and coatings.")
    ] = None,
    alkali: Alkali = "Na",
    on_hull: Annotated[bool, typer.Option("--on-hull", help="Take unknown compositions to lie on the hull.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Where to save the voltage-energy plot (one formula).")] = None,
) -> None:
    """Print stability windows, what forms beyond them, and the decomposition energy at every voltage."""
    from .window import window

    if (input is None) == (not formulas):
        raise ValueError("give formulas, or a file with --input" + (", not both" if formulas else ""))
    if plot is not None and (formulas is None or len(formulas) != 1):
        raise ValueError("--plot draws one formula")
    if input is None:
        asked: Any = formulas
    else:
        import pandas as pd

        from .tables import read_chunks

        asked = pd.concat(list(read_chunks(input, 100_000)))
    table = window(asked, energies=energies, against=against, alkali=alkali, on_hull=on_hull)
    if output is not None:
        from .tables import TableWriter

        with TableWriter(output) as writer:
            writer.write(table)
    elif input is not None:
        table.to_csv(sys.stdout, index=False, float_format="%.6g")
    else:
        _print_windows(table, alkali)
        if len(table) == 1:
            _print_details(table.iloc[0], formulas, energies, against, alkali, plot)
    bad = int(table["error"].notna().sum())
    typer.echo(f"{len(table):,} rows{'' if output is None else f' to {output}'}, {bad:,} with errors", err=True)


def pull_command(
    source: Annotated[str, typer.Argument(help="Where from: materials-project.")],
    elements: Annotated[str, typer.Option(help="Elements of the phases, e.g. Na-Zr-Si-P-O.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV or Parquet to write.")],
    thermo_type: Annotated[
        str, typer.Option(help="Functional and corrections: GGA_GGA+U, GGA_GGA+U_R2SCAN or R2SCAN.")
    ] = "GGA_GGA+U",
) -> None:
    """Pull a phase-energy table; goes on where an earlier pull stopped. The key is taken from MP_API_KEY."""
    from ..training.data.materials_project import pull_materials_project

    if source != "materials-project":
        raise ValueError(f"{source!r}: only materials-project can be pulled")

    def tell(done: int, total: int) -> None:
        typer.echo(f"{done} of {total} chemical systems", err=True)

    try:
        path = pull_materials_project(elements, None, output, thermo_type, tell)
    except ModuleNotFoundError as error:
        if error.name != "mp_api":
            raise
        raise ValueError(str(error)) from error
    typer.echo(f"{path}: let IONSCOUT_ENERGIES name it, or pass --energies {path}")


def windows_command(
    energies: Energies = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="CSV or Parquet to write.")] = None,
    measured: Annotated[
        bool, typer.Option("--measured", help="Compare the windows measured by LSV or CV instead, by family.")
    ] = False,
) -> None:
    """Compute the shipped table of windows again from a phase-energy table, and show how far the two agree."""
    from ..training.windows import compare_windows, recompute_windows
    from .measured_windows import differences_by_family, measured_windows
    from .tables import TableWriter
    from .text import print_frame

    table = measured_windows(energies) if measured else recompute_windows(energies)
    if output is not None:
        with TableWriter(output) as writer:
            writer.write(table)
    if measured:
        for side, by_family in differences_by_family(table).groupby("limit", sort=False):
            shown = by_family.drop(columns="limit").round(2)
            print_frame(shown, f"{side} limit, V: measured (LSV, CV) minus thermodynamic")
    else:
        typer.echo(compare_windows(table).set_index("mobile_ion").T.to_string())
    typer.echo(f"{len(table):,} rows{'' if output is None else f' to {output}'}", err=True)


def text_plot(profile: "pd.DataFrame") -> str:
    """Decomposition energy against voltage in characters, for terminals.

    Parameters
    ----------
    profile : DataFrame
        As `ionscout.serve.window.voltage_profile` gives it.
    """
    import numpy as np

    voltages = np.append(profile["voltage_from_V"], profile["voltage_to_V"].iloc[-1])
    energies = np.append(
        profile["decomposition_energy_from_eV_atom"], profile["decomposition_energy_to_eV_atom"].iloc[-1]
    )
    places = np.linspace(voltages[0], voltages[-1], _PLOT_COLUMNS)
    lowest = min(float(energies.min()), -1e-3)
    rows = np.rint(np.interp(places, voltages, energies) / lowest * (_PLOT_ROWS - 1)).astype(int)
    grid = [[" "] * _PLOT_COLUMNS for _ in range(_PLOT_ROWS)]
    for column, row in enumerate(rows):
        grid[row][column] = "•"
    lines = [f"{0.0 + lowest * n / (_PLOT_ROWS - 1):8.3f} ┤{''.join(line)}" for n, line in enumerate(grid)]
    ticks = np.arange(np.ceil(voltages[0]), np.floor(voltages[-1]) + 1)
    axis = [" "] * (_PLOT_COLUMNS + 4)
    for tick in ticks:
        column = round((tick - voltages[0]) / (voltages[-1] - voltages[0]) * (_PLOT_COLUMNS - 1))
        for offset, letter in enumerate(f"{tick:g}"):
            axis[column + offset] = letter
    below = f"{'':9}└{'─' * _PLOT_COLUMNS}\n{'':10}{''.join(axis).rstrip()} V"
    return "\n".join(["  eV/atom", *lines, below])


def _print_windows(table: "pd.DataFrame", alkali: str) -> None:
    from rich.markup import escape
    from rich.table import Table

    console = _console()
    shown = Table(title=f"windows, V against {alkali}", title_justify="left", header_style="bold")
    for heading in ("formula", "reduction (V)", "oxidation (V)", "above hull (eV/atom)", "below", "above", "source"):
        shown.add_column(heading, justify="right" if "(" in heading else "left")
    for row in table[table["error"].isna()].to_dict("records"):
        shown.add_row(
            escape(str(row["formula"])),
            f"{row['reduction_limit_V']:.2f}",
            f"{row['oxidation_limit_V']:.2f}",
            ""
            if row["energy_above_hull_eV_atom"] != row["energy_above_hull_eV_atom"]
            else f"{row['energy_above_hull_eV_atom']:.3f}",
            row["reduction_products"],
            row["oxidation_products"],
            row["source"],
        )
    if shown.row_count:
        console.print(shown)
    for row in table.to_dict("records"):
        if row["error"] is not None:
            console.print(f"[red]{escape(str(row['formula']))}[/red]: {escape(row['error'])}", highlight=False)
        elif row["decomposition"] != "stable":
            console.print(
                f"{escape(str(row['formula']))} is not on the hull of the table; there it is {row['decomposition']}, "
                "and these limits are those of that mixture.",
                highlight=False,
            )


def _print_details(
    row: Any, formulas: Any, energies: Path | None, against: str | None, alkali: str, plot: Path | None
) -> None:
    """Profile of one formula, and its reaction with the counterpart."""
    if row["error"] is not None and "not in the energy table" not in row["error"]:
        return
    from .interface import coatings
    from .window import voltage_profile

    profile = voltage_profile(formulas, energies, alkali)
    typer.echo(text_plot(profile))
    steps = zip(profile["voltage_from_V"], profile["voltage_to_V"], profile["reaction"], strict=True)
    for low, high, written in steps:
        typer.echo(f"  {low:5.2f} to {high:5.2f} V  {written}")
    _print_measured_windows(row["formula"])
    if plot is not None:
        from .window_plots import energy_voltage_plot

        plot.parent.mkdir(parents=True, exist_ok=True)
        energy_voltage_plot(profile).savefig(plot, dpi=150)
    if against is None or row["error"] is not None:
        return
    typer.echo(f"against {against}: {row['reaction']}  ({row['reaction_energy_eV_atom']:.3f} eV/atom)")
    if row["reaction"] != "none":
        found = coatings(row["formula"], against, energies, alkali=alkali, top=8)
        names = ", ".join(found["coating"]) or "none in the table"
        typer.echo(f"coatings stable against both: {names}")
    _print_interface_facts(row["formula"], against)


def _print_measured_windows(formula: str) -> None:
    """Windows that voltammetry found: kinetic, and a matter of the method, so they stand beside the computed one."""
    from .measured_windows import measured_windows_of

    for fact in measured_windows_of(formula).to_dict("records"):
        low, high = (
            "not measured" if limit != limit else f"{limit:.2f} V"
            for limit in (fact["window_low_V"], fact["window_high_V"])
        )
        source = f"[{fact['doi'] or fact['url']}]"
        typer.echo(f"measured by {fact['window_method']} ({fact['state']}): reduction {low}, oxidation {high} {source}")


def _print_interface_facts(formula: str, against: str) -> None:
    """What was measured at interfaces of the electrolyte, or of those most like it; the counterpart asked for first."""
    from .interface_measurements import interface_measurements

    found = interface_measurements(formula)
    if found.empty:
        typer.echo("measured at interfaces: nothing known, nor of others with this anion")
        return
    is_asked = found["counterpart"].eq(against).to_numpy()
    own = found["distance"].iloc[0] == 0.0
    typer.echo(f"measured at interfaces{'' if own else f' of the electrolytes most like {formula}'}:")
    for fact in found.iloc[(~is_asked).argsort(kind="stable")][:_FACTS].to_dict("records"):
        parts = [
            "" if own else f"{fact['electrolyte']} (distance {fact['distance']:.1f})",
            f"against {fact['counterpart']}:",
            QUANTITIES[fact["quantity"]],
            f"{fact['value']} {fact['unit'] or ''}".strip(),
            "" if fact["temperature_C"] != fact["temperature_C"] else f"at {fact['temperature_C']:g} C",
            f"with {fact['modification']}" if fact["modification"] else "",
            f"[{fact['doi'] or fact['url']}]",
        ]
        typer.echo("  " + " ".join(part for part in parts if part))
    if len(found) > _FACTS:
        typer.echo(f"  and {len(found) - _FACTS} more: ion.interface_measurements({formula!r})")


def _console() -> "Console":
    from rich.console import Console

    return Console(width=None if Console().is_terminal else _WIDTH)
