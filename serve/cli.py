"""The command line: `ionscout predict | dopants | rank | train | evaluate | models | data`."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .convert_command import convert_command
from .dopants_command import batch_command, dopants_command
from .explain_command import explain_command
from .faults_command import faults_command
from .hybrids_command import hybrids_command
from .measurements_command import add_command, export_command, list_command
from .retrain_command import retrain_command, rollback_command
from .screen_command import screen_command
from .serve_command import serve_app
from .space_command import space_command
from .typed import typed
from .window_command import Energies, pull_command, window_command, windows_command

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(
    help="Predict and rank solid sodium electrolytes: conductivity, activation energy, window, phase stability.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
models_app = typer.Typer(help="List registered models and choose which serve.", invoke_without_command=True)
data_app = typer.Typer(help="Look at the curated data, check your own and keep it.", no_args_is_help=True)
app.add_typer(models_app, name="models")
app.add_typer(data_app, name="data")
app.add_typer(serve_app, name="serve")

PRINTED_ROWS = 10

Input = Annotated[Path | None, typer.Option("--input", "-i", help="CSV or Parquet with a column 'formula'.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="CSV or Parquet to write.")]


def main() -> None:
    """Entry point: unusable arguments and unreadable files end with one clear line and status 2."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    try:
        app()
    except (ValueError, KeyError, LookupError, OSError) as error:
        message = error.args[0] if isinstance(error, KeyError) and error.args else error
        typer.secho(f"ionscout: {message}", err=True, fg=typer.colors.RED)
        sys.exit(2)


@app.callback(invoke_without_command=True)
def _version(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    if version:
        from .. import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.command()
def predict(
    formulas: Annotated[list[str] | None, typer.Argument(help="Formulas, e.g. Na3Zr2Si2PO12.")] = None,
    input: Input = None,
    output: Output = None,
    temperature: Annotated[float | None, typer.Option("--temperature", "-t", help="Temperature in C.")] = None,
    state: Annotated[str | None, typer.Option(help="crystalline, glass, glass_ceramic, amorphous or unknown.")] = None,
    interval: Annotated[float, typer.Option(help="Fraction of new measurements the bounds should hold.")] = 0.9,
    energies: Energies = None,
) -> None:
    """Predict the properties of formulas, or of every row of a file."""
    from ..training.registry import champions
    from .predict import CHUNK_ROWS, input_table, known_phases, predict_table, side_by_side
    from .tables import TableWriter, read_chunks

    if (input is None) == (not formulas):
        raise ValueError(
            "give formulas, or a file with --input, not both" if formulas else "give formulas or --input FILE"
        )
    models, phases = champions(), known_phases(energies)
    if input is None:
        chunks: Iterator[Any] = iter([formulas])
    else:
        chunks = read_chunks(input, CHUNK_ROWS, as_typed=True)
    rows = bad = 0

    def answer_chunk(chunk: Any) -> "pd.DataFrame":
        given = input_table(chunk, temperature, state)
        answer = predict_table(given, models, interval, phases)
        # Seven digits are more than any model knows, and keep a text file half as long.
        ours = [c for c in answer.columns if c not in given and answer[c].dtype == "float64"]
        return answer.astype(dict.fromkeys(ours, "float32")) if output is None or ".csv" in output.name else answer

    if output is None:
        import pandas as pd

        table = pd.concat(list(side_by_side(answer_chunk, chunks)))
        rows, bad = len(table), int(table["error"].notna().sum())
        if input is None:
            _print(table, "predictions", limit=None)
        else:
            table.to_csv(sys.stdout, index=False, float_format="%.6g")
    else:
        with TableWriter(output) as writer, _counter("rows") as advance:
            for answer in side_by_side(answer_chunk, chunks):
                writer.write(answer)
                rows, bad = rows + len(answer), bad + int(answer["error"].notna().sum())
                advance(len(answer))
    _report(rows, bad, output)


@app.command()
def rank(
    input: Annotated[Path, typer.Option("--input", "-i", help="Predictions, as `ionscout predict` writes them.")],
    spec: Annotated[
        str | None, typer.Option(help="e.g. 'conductivity at 25 C >= 1e-3, oxidation limit >= 3.5, cost <= 50, no Co'.")
    ] = None,
    output: Output = None,
    top: Annotated[int, typer.Option(min=1, help="Rows to print.")] = PRINTED_ROWS,
    plot: Annotated[Path | None, typer.Option(help="PNG of the best candidates with their intervals.")] = None,
    report: Annotated[Path | None, typer.Option(help="HTML page of the ranking, complete in one file.")] = None,
    refused: Annotated[
        Path | None, typer.Option(help="For the report: what was refused, as `ionscout dopants --refused` writes it.")
    ] = None,
) -> None:
    """Order predictions by the probability that they meet a spec."""
    import pandas as pd

    if refused is not None and report is None:
        raise ValueError(f"--refused {refused} is shown in a report; name one with --report FILE.html")
    from .report.report import page_path
    from .report.report import report as write_report
    from .screen.ranking import rank as rank_table
    from .screen.spec import DEFAULT_SPEC
    from .tables import TableWriter, ending, read_chunks

    if report is not None:
        page_path(report)
    if output is not None:
        ending(output)
    table = pd.concat(list(read_chunks(input, 100_000)))
    ranked = rank_table(table, spec or DEFAULT_SPEC)
    if output is not None:
        with TableWriter(output) as writer:
            writer.write(ranked)
    if plot is not None:
        from .plots import ranking_plot

        plot.parent.mkdir(parents=True, exist_ok=True)
        ranking_plot(ranked).savefig(plot, dpi=150)
    if report is not None:
        known = None if refused is None else pd.concat(list(read_chunks(refused, 100_000)))
        write_report(ranked, report, refused=known, command=typed())
        typer.echo(f"report in {report}", err=True)
    _print(ranked, f"spec: {spec or DEFAULT_SPEC}", limit=top)
    _report(len(ranked), int(ranked["rank"].isna().sum()), output)


@app.command()
def train(
    seed: Annotated[int, typer.Option(help="Shuffles the folds of the cross-validation.")] = 0,
    structures: Annotated[bool, typer.Option("--structures", help="Teach the shipped hosts' structures too.")] = False,
) -> None:
    """Fit, cross-validate, log and register all models on the curated tables."""
    from ..training.train import train as train_models

    with _steps() as tell:
        summary = train_models(seed=seed, structures=structures, progress=tell)
    _print_training(summary)


@app.command()
def evaluate(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the report.")] = Path("evaluation"),
    seeds: Annotated[int, typer.Option(min=1, help="Shuffles of the folds.")] = 5,
) -> None:
    """Cross-validate every property under every split; write report.md and report.html."""
    from ..training.evaluate import evaluate as evaluate_models
    from .text import print_frame

    with _steps() as tell:
        summary = evaluate_models(output, seeds=seeds, progress=tell)
    columns = ["property", "grouping", "rows", "MAE", "MAE_lower", "MAE_upper", "Magpie_MAE", "median_MAE"]
    print_frame(summary[[*columns, "Spearman", "top10", "coverage"]], "Errors by split")
    typer.echo(f"report in {output / 'report.html'}", err=True)


@models_app.callback()
def models(context: typer.Context) -> None:
    """List registered models."""
    if context.invoked_subcommand is None:
        from ..training.registry import models as registered

        table = registered()
        if table.empty:
            raise LookupError("no model is registered yet; run `ionscout train`")
        typer.echo(table.drop(columns="run_id").round(3).to_string(index=False))


@models_app.command()
def promote(
    name: Annotated[str, typer.Argument(help="Property, e.g. conductivity.")],
    version: Annotated[int, typer.Argument(help="Version that shall serve.")],
) -> None:
    """Let a version serve, and with it the property that comes from the same model."""
    from ..training.registry import promote_together

    for moved, number in promote_together(name, version).items():
        typer.echo(f"{moved}: version {number} is champion")


@data_app.command()
def summary(
    by: Annotated[
        str | None, typer.Option(help="Count by a column: family, state, quality, mobile_ion, method ...")
    ] = None,
) -> None:
    """What the curated tables hold, and how far laboratories differ on one composition."""
    from ..training.data.summary import count_by, noise_floors, summarise
    from .text import print_frame

    if by is not None:
        counts = count_by(by)
        if counts.empty:
            raise ValueError(f"--by {by!r}: no table has this column; try family, state, quality, mobile_ion or method")
        print_frame(counts, f"Rows by {by}")
        return
    print_frame(summarise().set_index("table").T.reset_index(names=""), "Curated tables")
    print_frame(noise_floors(), "Noise floor: how far repeated measurements of one composition differ, in decades")


@data_app.command()
def validate(
    file: Annotated[Path, typer.Argument(help="Measurements as CSV or Parquet.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write the rows that are valid.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Problems to print.")] = 20,
) -> None:
    """Check a table of measurements; list what is wrong, row by row, with the remedy."""
    from ..training.data.validate import validate as validate_table
    from .tables import TableWriter
    from .text import print_frame

    report = validate_table(file)
    if not report.problems.empty:
        print_frame(report.problems.head(top), f"Problems in {file} (the header is row 1)")
    if len(report.problems) > top:
        typer.echo(f"{len(report.problems) - top:,} more; --top shows them", err=True)
    if output is not None:
        with TableWriter(output) as writer:
            writer.write(report.valid)
    typer.echo(str(report), err=True)


app.command("dopants")(dopants_command)
app.command("batch")(batch_command)
app.command("explain")(explain_command)
app.command("hybrids")(hybrids_command)
app.command("retrain")(retrain_command)
models_app.command("rollback")(rollback_command)
app.command("screen")(screen_command)
app.command("space")(space_command)
app.command("window")(window_command)
data_app.command("add")(add_command)
data_app.command("convert")(convert_command)
data_app.command("faults")(faults_command)
data_app.command("list")(list_command)
data_app.command("export")(export_command)
data_app.command("pull")(pull_command)
data_app.command("windows")(windows_command)


@contextmanager
def _steps() -> Iterator[Callable[[str], None]]:
    """A spinner on standard error that names the step under way."""
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("starting") as status:

        def tell(step: str) -> None:
            console.print(f"  {step}")
            status.update(step)

        yield tell


@contextmanager
def _counter(what: str) -> Iterator[Callable[[int], None]]:
    """A running count with its rate on standard error."""
    from rich.console import Console
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.completed:,.0f} " + what), TextColumn("{task.fields[rate]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None, rate="")

        def advance(rows: int) -> None:
            progress.advance(task, rows)
            speed = progress.tasks[0].speed
            progress.update(task, rate=f"{speed:,.0f}/s" if speed else "")

        yield advance


def _report(rows: int, bad: int, output: Path | None) -> None:
    """Say on standard error what was done."""
    where = f" to {output}" if output is not None else ""
    typer.echo(f"{rows:,} rows{where}, {bad:,} with errors", err=True)


def _print(table: "pd.DataFrame", title: str, limit: int | None) -> None:
    """Print predictions or a ranking as a table for people."""
    from .text import print_table

    print_table(table if limit is None else table.head(limit), title)


def _print_training(summary: "pd.DataFrame") -> None:
    from .text import print_training

    print_training(summary)
