"""`ionscout dopants` and `ionscout batch`: candidate spaces in, experiments out."""

import sys
from pathlib import Path
from typing import Annotated

import typer

Output = Annotated[Path | None, typer.Option("--output", "-o", help="CSV or Parquet to write.")]


def dopants_command(
    host: Annotated[str, typer.Argument(help="Parent formula, e.g. Na3Zr2Si2PO12.")],
    site: Annotated[str, typer.Option(help="Element to replace; several with commas.")],
    dopants: Annotated[str, typer.Option(help="'all', or symbols with commas.")] = "all",
    x: Annotated[
        str, typer.Option(help="Amounts per formula unit, with commas; of a pair or mix, together.")
    ] = "0.05,0.1,0.2,0.3",
    compensate: Annotated[
        str,
        typer.Option(
            help="What makes up the charge: mobile_ion, mobile_vacancies, anion_vacancies, vacancies, anion_exchange "
            "or co_dopant."
        ),
    ] = "mobile_ion",
    anions: Annotated[str | None, typer.Option(help="For anion_exchange: old and new anion, e.g. O,F.")] = None,
    at_once: Annotated[int, typer.Option("--at-once", help="Sites doped together in one candidate.")] = 1,
    mix: Annotated[int, typer.Option(help="Different dopants that share a site.")] = 1,
    shares: Annotated[str, typer.Option(help="'equal', or the step of all shares of a mix, e.g. 0.25.")] = "equal",
    output: Output = None,
    refused: Annotated[Path | None, typer.Option(help="Where to write what was refused, with reasons.")] = None,
) -> None:
    """Enumerate charge-balanced doped compositions of a host."""
    from .screen.dopants import dopants as describe
    from .tables import TableWriter

    pair = None if anions is None else [a.strip() for a in anions.split(",")]
    if pair is not None and len(pair) != 2:
        raise ValueError(f"--anions {anions!r}: give two with a comma, e.g. O,F")
    found = describe(
        host,
        site=[s.strip() for s in site.split(",")],
        dopants=dopants,
        x=_numbers("--x", x),
        compensate=compensate,
        anions=None if pair is None else (pair[0], pair[1]),
        at_once=at_once,
        mix=mix,
        shares="equal" if shares == "equal" else _numbers("--shares", shares)[0],
    )
    found.check_runnable()
    if output is None:
        found.to_dataframe().to_csv(sys.stdout, index=False)
    else:
        with TableWriter(output) as writer:
            for table, _ in found.chunks():
                writer.write(table)
    if refused is not None:
        with TableWriter(refused) as writer:
            writer.write(found.refused)
    typer.echo(f"{len(found):,} candidates, {len(found.refused):,} refused", err=True)


def batch_command(
    input: Annotated[Path, typer.Option("--input", "-i", help="A ranking, as `ionscout rank` writes it.")],
    size: Annotated[int, typer.Option(min=1, help="How many to make.")] = 8,
    explore: Annotated[float, typer.Option(help="0: likely winners; 1: what the models know least.")] = 0.3,
    diversity: Annotated[float, typer.Option(help="0: likeness does not matter; 1: as unlike as can be.")] = 0.5,
    made: Annotated[str | None, typer.Option(help="Formulas made already, with commas.")] = None,
    output: Output = None,
) -> None:
    """Choose what to make next: likely winners and instructive ones, unlike each other."""
    import pandas as pd

    from .screen.next_batch import batch
    from .tables import TableWriter, read_chunks
    from .text import print_frame

    ranked = pd.concat(list(read_chunks(input, 100_000)))
    known = [] if made is None else [formula.strip() for formula in made.split(",")]
    chosen = batch(ranked, size=size, explore=explore, diversity=diversity, made=known)
    if output is not None:
        with TableWriter(output) as writer:
            writer.write(chosen)
    columns = ["batch_order", "formula", "rank", "probability", "win", "teach", "distance"]
    print_frame(chosen[columns], f"To make next (explore {explore:g}, diversity {diversity:g})")


def _numbers(option: str, text: str) -> list[float]:
    try:
        return [float(value) for value in text.split(",")]
    except ValueError:
        raise ValueError(f"{option} {text!r}: give numbers with commas, e.g. 0.1,0.2") from None
