"""`ionscout data faults`: which rows of the glass table are wrong in the source, and why."""

from pathlib import Path
from typing import Annotated

import typer


def faults_command(
    ion: Annotated[str | None, typer.Option(help="Only glasses of one mobile ion: Na, Li or K.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write all of them as CSV or Parquet.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Rows to print.")] = 20,
) -> None:
    """Rows of the glass table that are wrong in the source, by rules that ask no model."""
    from ..training.data.glass_faults import glass_faults
    from .tables import TableWriter
    from .text import print_frame

    found = glass_faults()
    if ion is not None:
        known = sorted(found["mobile_ion"].unique())
        if ion not in known:
            raise ValueError(f"--ion {ion!r}: the glass table has {', '.join(known)}")
        found = found[found["mobile_ion"] == ion]
    counts = found.groupby("rule").agg(rows=("row", "size"), glasses=("sciglass_id", "nunique")).reset_index()
    print_frame(counts.sort_values("rows", ascending=False), f"{len(found):,} faulty rows of the glass table, by rule")
    columns = ["row", "sciglass_id", "formula", "temperature_C", "log10_conductivity", "reason"]
    print_frame(found[columns].head(top), "Rows (the header of glass_electrolytes.csv.gz is row 1)")
    if len(found) > top:
        typer.echo(f"{len(found) - top:,} more; --top shows them, --output writes them", err=True)
    if output is not None:
        with TableWriter(output) as writer:
            writer.write(found.reset_index(drop=True))
