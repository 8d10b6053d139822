"""Tables for people: one line a candidate, value and interval together, errors spelled out."""

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..models.exact_values import EXACT
from ..models.properties import PROPERTIES, Property
from ..training.data.fields import BELOW

HEADINGS = {
    "log10_conductivity": "log₁₀ σ (S/cm)",
    "activation_energy_eV": "Eₐ (eV)",
    "reduction_limit_V": "reduction (V)",
    "oxidation_limit_V": "oxidation (V)",
    "energy_above_hull_eV_atom": "above hull (eV)",
}
SOURCES = {
    "reduction_limit_V": "window_source",
    "oxidation_limit_V": "window_source",
    "energy_above_hull_eV_atom": "hull_source",
}
_WIDTH = 170  # where the output is no terminal


def print_table(table: pd.DataFrame, title: str) -> None:
    """Print predictions, or a ranking, on standard output.

    Parameters
    ----------
    table : DataFrame
        Columns as `ion.predict` or `ion.rank` give them; what is absent is left out.
    title : str
        Heading.
    """
    console = Console(width=None if Console().is_terminal else _WIDTH)
    shown = Table(title=title, title_justify="left", header_style="bold")
    if "rank" in table:
        shown.add_column("rank", justify="right")
    shown.add_column("formula", no_wrap=True)
    single = len(set(table["temperature_C"])) <= 1 if "temperature_C" in table else True
    if not single:
        shown.add_column("T (°C)", justify="right")
    facts = [p for p in PROPERTIES.values() if p.column in table]
    if "probability" in table:
        shown.add_column("meets spec", justify="right")
    for fact in facts:
        shown.add_column(HEADINGS[fact.column], justify="right")
    shown.add_column("in domain", justify="center")
    if "pareto" in table:
        shown.add_column("Pareto", justify="center")
    for row in table.to_dict("records"):
        shown.add_row(*_cells(row, facts, single), style=None if pd.isna(row.get("error")) else "red")
    console.print(shown)
    console.print(
        "\\[lower, upper]: 90 % intervals unless asked otherwise; exact: from known phase equilibria; "
        "in domain: like what the models were taught."
    )
    if "why" in table:
        for row in table.to_dict("records"):
            if pd.isna(row.get("error")):
                console.print(
                    f"{row['rank']}. [bold]{escape(row['formula'])}[/bold]: {escape(row['why'])}", highlight=False
                )
    for row in table.to_dict("records"):
        if not pd.isna(row.get("error")):
            console.print(f"[red]{row['formula']}[/red]: {row['error']}", markup=True, highlight=False)


def _cells(row: dict, facts: list[Property], single: bool) -> list[str]:
    """Texts of one line."""
    cells = [f"{row['rank']}"] if "rank" in row else []
    cells.append(str(row["formula"]))
    if not single:
        cells.append(f"{row['temperature_C']:g}")
    if "probability" in row:
        cells.append("" if pd.isna(row["probability"]) else f"{100 * row['probability']:.1f} %")
    cells += [_interval(row, fact) for fact in facts]
    cells.append("" if not pd.isna(row.get("error")) else ("yes" if row.get("in_domain") else "no"))
    if "pareto" in row:
        cells.append("yes" if row["pareto"] else "")
    return cells


def _interval(row: dict, fact: Property) -> str:
    """Value with its bounds."""
    value, lower, upper = (row[c] for c in fact.columns)
    if pd.isna(value):
        return ""
    digits = fact.decimals
    if row.get(SOURCES.get(fact.column)) == EXACT:
        return f"{value:.{digits}f} exact"
    return f"{value:.{digits}f} \\[{lower:.{digits}f}, {upper:.{digits}f}]"


def print_training(summary: pd.DataFrame) -> None:
    """Print what `ion.train` returns."""
    shown = Table(title="Cross-validated errors; no group stands on both sides of a split", title_justify="left")
    for heading in ("property", "version", "grouped by", "rows", "MAE (90 % bootstrap)", "median's MAE", "Spearman"):
        shown.add_column(heading, justify="left" if heading in ("property", "grouped by") else "right")
    shown.add_column("90 % interval covers", justify="right")
    for row in summary.to_dict("records"):
        shown.add_row(
            row["property"],
            str(row["version"]),
            row["grouping"],
            f"{row['rows']:,}",
            f"{row['MAE']:.3f} ({row['MAE_lower']:.3f} to {row['MAE_upper']:.3f})",
            f"{row['median_MAE']:.3f}",
            f"{row['Spearman']:.2f}",
            f"{100 * row['coverage']:.0f} %",
        )
    Console(width=None if Console().is_terminal else _WIDTH).print(shown)


def print_frame(frame: pd.DataFrame, title: str) -> None:
    """Print any table for people: numbers to the right, four digits, nothing cut off."""
    shown = Table(title=title, title_justify="left", header_style="bold")
    for column in frame:
        shown.add_column(str(column), justify="right" if _holds_numbers(frame[column]) else "left")
    for row in frame.itertuples(index=False):
        shown.add_row(*(_text(cell) for cell in row))
    Console(width=None if Console().is_terminal else _WIDTH).print(shown)


def with_limits(table: pd.DataFrame, **flags: str) -> pd.DataFrame:
    """A table for people: `<-10` where a flag says that only a limit is known; without the flags.

    A column with such a limit becomes text, others stay numbers.

    Parameters
    ----------
    table : DataFrame
        Values and flags.
    **flags : str
        Name of a column of numbers to that of its flags.

    Examples
    --------
    >>> rows = pd.DataFrame({"log10_conductivity": [-3.7, -10.0], "censored": [False, True]})
    >>> with_limits(rows, log10_conductivity="censored")["log10_conductivity"].tolist()
    ['-3.7', '<-10']
    """
    shown = {}
    for name, flag in flags.items():
        if not table[flag].astype(bool).any():
            continue
        cells = zip(table[name].astype(object), table[flag], strict=True)
        shown[name] = [f"{BELOW if below else ''}{_text(value)}" for value, below in cells]
    return table.assign(**shown).drop(columns=list(flags.values()))


def _holds_numbers(column: pd.Series) -> bool:
    """Whether a column is of numbers, or of numbers and limits as text."""
    if pd.api.types.is_numeric_dtype(column):
        return True
    said = column.dropna().astype(str)
    said = said[said.ne("")].str.removeprefix(BELOW)
    return len(said) > 0 and bool(pd.to_numeric(said, errors="coerce").notna().all())


def _text(cell: object) -> str:
    """A cell as a person writes it."""
    if cell is None or (isinstance(cell, float) and pd.isna(cell)):
        return ""
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell == int(cell) and abs(cell) < 1e15 else f"{cell:.4g}"
    return escape(str(cell))
