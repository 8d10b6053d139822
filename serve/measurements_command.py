"""`ionscout data add`, `data list` and `data export`: the measurement store on the command line."""

import getpass
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

Kind = Annotated[str | None, typer.Option(help="electrolyte, glass, hybrid, interface or window.")]
By = Annotated[str | None, typer.Option(help="Who added them.")]
_LISTED = ("measurement_id", "added_by", "added_at", "added_from", "measurement_kind")
_SHOWN = ("formula", "polymer", "electrolyte_formula", "temperature_C", "conductivity_S_cm", "activation_energy_eV")


def add_command(
    file: Annotated[Path, typer.Argument(help="Measurements as CSV or Parquet.")],
    by: Annotated[str | None, typer.Option(help="Who vouches; by default IONSCOUT_USER or your login.")] = None,
    source: Annotated[str | None, typer.Option(help="Where they come from, e.g. a DOI; by default the file.")] = None,
    kind: Kind = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of a CSV file that is not UTF-8.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Problems to print.")] = 20,
) -> None:
    """Add measurements for good: valid rows are kept, bad ones listed with the remedy, known ones reported."""
    from ..training.store.measurements import add_measurements
    from .text import print_frame

    who = by or os.environ.get("IONSCOUT_USER") or getpass.getuser()
    done = add_measurements(file, who, source, kind, encoding=encoding)
    if not done.problems.empty:
        print_frame(done.problems.head(top), f"Problems in {file} (the header is row 1)")
    if len(done.problems) > top:
        typer.echo(f"{len(done.problems) - top:,} more; --top shows them", err=True)
    if len(done.already):
        print_frame(done.already.head(top), "Already there, with who added them")
    for sentence in done.assumed:
        typer.echo(f"taken for blank cells: {sentence}", err=True)
    typer.echo(str(done), err=True)


def list_command(
    kind: Kind = None,
    by: By = None,
    top: Annotated[int, typer.Option(min=1, help="Newest rows to print.")] = 20,
) -> None:
    """List what is in the measurement store, newest last."""
    from ..training.data.censored import as_written
    from ..training.data.columns import is_censored
    from ..training.store.measurements import measurements
    from .text import print_frame

    table = measurements(kind, by)
    if is_censored(table).any():
        table["conductivity_S_cm"] = as_written(table)
    shown = table[[c for c in (*_LISTED, *_SHOWN) if c in table]].tail(top)
    if len(shown):
        print_frame(shown.assign(added_at=shown["added_at"].dt.strftime("%Y-%m-%d %H:%M UTC")), "Measurements")
    typer.echo(f"{len(table):,} measurements" + (f", the newest {top}" if len(table) > top else ""), err=True)


def export_command(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet to write; - for standard output.")],
    kind: Annotated[str, typer.Option(help="electrolyte, glass, hybrid, interface or window.")] = "electrolyte",
    provenance: Annotated[bool, typer.Option("--provenance", help="With who, when, from where and hash.")] = False,
) -> None:
    """Write all measurements of one kind; `ionscout data add` of that file elsewhere gives the same rows."""
    from ..training.store.measurements import export_measurements, measurements
    from .tables import TableWriter

    table = measurements(kind) if provenance else export_measurements(kind)
    if str(file) == "-":
        table.to_csv(sys.stdout, index=False)
    else:
        with TableWriter(file) as writer:
            writer.write(table)
    typer.echo(f"{len(table):,} measurements of kind {kind}{'' if str(file) == '-' else f' to {file}'}", err=True)
