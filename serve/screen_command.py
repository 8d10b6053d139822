"""`ionscout screen`: a described space in, a shortlist out."""

from pathlib import Path
from typing import Annotated

import typer

from .typed import typed


def screen_command(
    space: Annotated[Path, typer.Argument(help="TOML description of a space, or a CSV or Parquet with `formula`.")],
    spec: Annotated[
        str | None, typer.Option(help="e.g. 'conductivity >= 1e-3, oxidation limit >= 3.5, no Co'.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Candidates in the shortlist.")] = 100,
    out: Annotated[Path | None, typer.Option(help="Folder for every candidate; a stopped run goes on there.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="CSV or Parquet for the shortlist.")] = None,
    report: Annotated[Path | None, typer.Option(help="HTML page of the shortlist, complete in one file.")] = None,
    temperature: Annotated[float, typer.Option("--temperature", "-t", help="Temperature in C.")] = 25.0,
    state: Annotated[
        str, typer.Option(help="crystalline, glass, glass_ceramic, amorphous or unknown.")
    ] = "crystalline",
    out_of_domain: Annotated[bool, typer.Option(help="Let candidates outside the training domain take part.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads; all cores by default.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a dask scheduler to work on.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Candidates to print.")] = 10,
) -> None:
    """Screen a space of any size: refuse what is no electrolyte, predict the rest, rank the best."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from .report.report import page_path
    from .report.report import report as write_report
    from .screen.description import read_space
    from .screen.engine import screen
    from .screen.spec import DEFAULT_SPEC
    from .tables import TableWriter, ending
    from .text import print_table

    # A name that cannot be used is found now, not after hours of screening.
    if report is not None:
        page_path(report)
    if output is not None:
        ending(output)
    described = read_space(space)
    columns = (
        *(BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}")),
        *(TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn()),
    )
    typer.echo(f"{described.size:,} candidates", err=True)
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=described.size, rate="")

        def tell(done: int, _: int) -> None:
            progress.update(task, completed=done)
            speed = progress.tasks[0].speed
            progress.update(task, rate=f"{speed:,.0f}/s" if speed else "")

        found = screen(
            described,
            spec or DEFAULT_SPEC,
            top=top,
            out=out,
            temperature_C=temperature,
            state=state,
            out_of_domain=out_of_domain,
            workers=workers,
            client=scheduler,
            progress=tell,
        )
    if output is not None:
        with TableWriter(output) as writer:
            writer.write(found)
    if report is not None and len(found):
        write_report(found, report, command=typed())
        typer.echo(f"report in {report}", err=True)
    if not len(found):
        typer.echo("no candidate is left", err=True)
    else:
        print_table(found.head(rows), f"spec: {spec or DEFAULT_SPEC}")
    for reason, count in found.attrs["refused"].items():
        typer.echo(f"{count:,} refused: {reason}", err=True)
    typer.echo(f"{found.attrs['candidates']:,} candidates, {found.attrs['pareto']:,} on the Pareto front", err=True)
