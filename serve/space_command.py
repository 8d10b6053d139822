"""`ionscout space`: what a described space holds, before it is screened."""

from pathlib import Path
from typing import Annotated

import typer


def space_command(
    space: Annotated[Path, typer.Argument(help="TOML description of a space, or a CSV or Parquet with `formula`.")],
    rows: Annotated[int, typer.Option(min=1, help="Candidates to show.")] = 10,
    sample: Annotated[bool, typer.Option(help="Show candidates drawn evenly from the space, not its first.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="CSV or Parquet for the candidates shown.")
    ] = None,
) -> None:
    """Say how large a space is, show some of it, and what it refused and why."""
    from .report.notes import refusals
    from .screen.description import read_space
    from .tables import TableWriter
    from .text import print_frame

    described = read_space(space)
    if not described.size:
        described.check_runnable()
    shown = described.sample(rows) if sample else described.named(*described.block(0, min(rows, described.size)))
    if output is not None:
        with TableWriter(output) as writer:
            writer.write(shown)
    typer.echo(f"{described.size:,} candidates{f' from {described.host}' if described.host else ''}", err=True)
    print_frame(shown.drop(columns=["candidate_id", "host"], errors="ignore"), "Drawn" if sample else "First")
    for reason, count, names in refusals(described.refused):
        listed = f" ({', '.join(names)})" if names else ""
        typer.echo(f"{count:,} refused: {reason}{listed}", err=True)
    try:
        described.check_runnable()
    except ValueError as error:
        typer.echo(f"too large to screen: {error}", err=True)
