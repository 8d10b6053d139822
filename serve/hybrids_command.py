"""`ionscout hybrids`: enumerate polymer mixtures, or read them from a file, and predict their conductivity."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

PRINTED_ROWS = 20
_SHOWN = (
    "polymer", "salt", "salt_loading", "salt_loading_unit", "filler", "filler_wt_pct", "plasticizer", "temperature_C",
)  # fmt: skip


def hybrids_command(
    input: Annotated[
        Path | None, typer.Option("--input", "-i", help="Mixtures as CSV or Parquet: polymer, salt, temperature_C ...")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="CSV or Parquet to write.")] = None,
    polymer: Annotated[str | None, typer.Option(help="Names or repeat units as SMILES, with commas.")] = None,
    salt: Annotated[str | None, typer.Option(help="Names or SMILES, with commas.")] = None,
    salt_loading: Annotated[str, typer.Option(help="Amounts, with commas.")] = "20",
    salt_loading_unit: Annotated[str, typer.Option(help="EO_to_Na, wt_pct, M, molar_ratio or mol_pct.")] = "EO_to_Na",
    filler: Annotated[str | None, typer.Option(help="Names or formulas, with semicolons; 'none' for none.")] = None,
    filler_wt_pct: Annotated[str, typer.Option(help="Weight percents of the whole, with commas.")] = "5,10,20,40,60",
    plasticizer: Annotated[
        str | None, typer.Option(help="Such as 'EC/PC 50 wt%', with semicolons; 'none' for none.")
    ] = None,
    temperature: Annotated[str | None, typer.Option("--temperature", "-t", help="In C, with commas.")] = None,
    interval: Annotated[float, typer.Option(help="Fraction of new measurements the bounds should hold.")] = 0.9,
    refused: Annotated[Path | None, typer.Option(help="Where to write what cannot be mixed, with reasons.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Rows to print, best first, where there is no output file.")] = (
        PRINTED_ROWS
    ),
) -> None:
    """Predict the conductivity of polymer, salt, filler and plasticizer mixtures, from names or from a file."""
    from ..training.registry import hybrid_champion
    from .hybrids import CHUNK_ROWS, hybrid_input, predict_hybrid_table
    from .tables import TableWriter, read_chunks

    if (input is None) == (polymer is None or salt is None):
        raise ValueError("give --polymer and --salt, or mixtures in a file with --input" + (", not both" * bool(input)))
    if input is None:
        from .screen.hybrids import hybrids

        space = hybrids(
            polymer=_split(polymer or ""),
            salt=_split(salt or ""),
            salt_loading=_floats("--salt-loading", salt_loading),
            salt_loading_unit=salt_loading_unit,
            filler=None if filler is None else _split(filler, ";"),
            filler_wt_pct=_floats("--filler-wt-pct", filler_wt_pct),
            plasticizer=None if plasticizer is None else _split(plasticizer, ";"),
            temperature_C=_floats("--temperature", temperature or "25"),
        )
        typer.echo(repr(space), err=True)
        if refused is not None:
            with TableWriter(refused) as writer:
                writer.write(space.refused)
        chunks: Iterator[Any] = space.chunks(CHUNK_ROWS)
        heat: Any = None
    else:
        chunks = read_chunks(input, CHUNK_ROWS)
        heats = [] if temperature is None else _floats("--temperature", temperature)
        if len(heats) > 1:
            raise ValueError("with --input give one --temperature; it fills the rows that have none")
        heat = heats[0] if heats else None
    model = hybrid_champion()
    rows = bad = 0
    answers = (predict_hybrid_table(hybrid_input(chunk, heat), model, interval) for chunk in chunks)
    if output is not None:
        with TableWriter(output) as writer:
            for answer in answers:
                writer.write(answer)
                rows, bad = rows + len(answer), bad + int(answer["error"].notna().sum())
    else:
        import pandas as pd

        table = pd.concat(list(answers), ignore_index=True)
        rows, bad = len(table), int(table["error"].notna().sum())
        if input is None:
            _print(table, top)
        else:
            table.to_csv(sys.stdout, index=False, float_format="%.6g")
    typer.echo(f"{rows:,} rows{'' if output is None else f' to {output}'}, {bad:,} with errors", err=True)


def _print(table: "pd.DataFrame", top: int) -> None:
    """The best rows by conductivity, as a table for people."""
    from .text import print_frame

    best = table.sort_values("log10_conductivity", ascending=False, kind="stable").head(top)
    shown = best[[c for c in _SHOWN if best[c].notna().any()]].copy()
    ends = zip(*(best["log10_conductivity" + s] for s in ("", "_lower", "_upper")), strict=True)
    shown["log₁₀ σ (S/cm)"] = [f"{v:.2f} [{low:.2f}, {high:.2f}]" for v, low, high in ends]
    shown["in domain"] = ["yes" if v else "no" for v in best["in_domain"]]
    print_frame(shown, f"hybrids, best {len(best):,} of {len(table):,}; 90 % intervals unless asked otherwise")


def _split(text: str, by: str = ",") -> list[str]:
    return [part.strip() for part in text.split(by) if part.strip()]


def _floats(option: str, text: str) -> list[float]:
    try:
        return [float(v) for v in text.split(",")]
    except ValueError:
        raise ValueError(f"{option} {text!r}: give numbers with commas, e.g. 10,20") from None
