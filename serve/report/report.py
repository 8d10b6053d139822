"""`ion.report`: a ranking as one HTML file that needs nothing else, to send, to print and to keep."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from markupsafe import Markup

from ...models.properties import CONDUCTIVITY
from ..screen.spec import Spec
from ..whole_file import write_whole
from .cells import columns_of, formula
from .curves import Series, curves_plot, series_of
from .drawing import drawn
from .front import COLUMNS as FRONT_COLUMNS
from .front import POINTS, front_plot, level_of
from .notes import domain_notes, refusals, versions
from .periodic_map import best_of_elements, percent, periodic_map

if TYPE_CHECKING:
    from jinja2 import Template

ROWS = 100
_NEEDED = ("rank", "formula", "probability")


def report(
    ranked: pd.DataFrame,
    path: str | Path,
    *,
    spec: str | Spec | None = None,
    refused: pd.DataFrame | Mapping[str, int] | None = None,
    rows: int = ROWS,
    title: str | None = None,
    command: str | None = None,
) -> Path:
    """Write a ranking as one self-contained HTML page.

    The page holds the table with its intervals drawn, a periodic-table map of the dopants, conductivity against
    oxidation limit with the Pareto front, conductivity over the amount of dopant with what laboratories measured of the
    same host, and notes on the domain, on refusals and on the models. What the table has no columns for is left out:
    a list of formulas has no map. Nothing is fetched from outside; the page suits light, dark and paper.

    Parameters
    ----------
    ranked : DataFrame
        As `ion.rank` or `ion.screen` gives it.
    path : str or Path
        File to write, ending in .html.
    spec : str or Spec, optional
        What was asked; by default what the ranking remembers in its `.attrs`.
    refused : DataFrame or mapping, optional
        A space's `.refused`, or counts by reason; by default what a screen left in the ranking's `.attrs`.
    rows : int
        Rows of the table, best first; the plots use all.
    title, command : str, optional
        Heading, and the command that made the ranking.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    KeyError
        If the table is no ranking, naming the column that it lacks.
    ValueError
        If the path does not end in .html, or there is no row to show.
    OSError
        If the file cannot be written.

    See Also
    --------
    ionscout.rank, ionscout.screen

    Examples
    --------
    >>> import tempfile
    >>> from ionscout.serve.screen.ranking import rank
    >>> table = pd.DataFrame({"formula": ["NaCl", "Na3PS4"], "oxidation_limit_V": [3.8, 2.1],
    ...     "oxidation_limit_V_lower": [3.4, 1.7], "oxidation_limit_V_upper": [4.2, 2.5]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = report(rank(table, "oxidation limit >= 3.6"), Path(folder) / "report.html").read_text()
    >>> "Na<sub>3</sub>PS<sub>4</sub>" in page, "oxidation_limit_V &gt;= 3.6" in page
    (True, True)
    """
    path = page_path(path)
    missing = [c for c in _NEEDED if c not in ranked]
    if missing:
        raise KeyError(f"the table has no column {missing[0]!r}; rank it first with ion.rank")
    if rows < 1 or not len(ranked):
        raise ValueError(f"{rows=} of {len(ranked):,} candidates: there is nothing to report")
    asked = ranked.attrs.get("spec") if spec is None else spec
    wanted = Spec.parse(asked) if isinstance(asked, str) else asked
    facts = _facts(ranked, wanted, refused, rows)
    told, heading = (title, title) if title else _title(ranked)
    text = _template().render(**facts, title=told, heading=heading, command=command)
    write_whole(path, text)
    return path


def page_path(path: str | Path) -> Path:
    """The path of a page, before the work for it begins.

    Raises
    ------
    ValueError
        If it does not end in .html.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"{path}: a report is a page; give a name that ends in .html")
    return path


def _facts(
    ranked: pd.DataFrame, spec: Spec | None, refused: pd.DataFrame | Mapping[str, int] | None, rows: int
) -> dict:
    """What the template tells."""
    from ... import __version__

    fair = ranked[ranked["probability"].notna()]
    shown = ranked.head(rows)
    temperatures = sorted(set(ranked["temperature_C"].dropna())) if "temperature_C" in ranked else []
    columns = columns_of(shown, spec)
    records = shown.to_dict("records")
    return {
        "version": __version__,
        "spec": None if spec is None else str(spec),
        "interval": f"{100 * ranked.attrs.get('interval', 0.9):g} %",
        "temperatures": [f"{t:g}" for t in temperatures],
        "counts": _counts(ranked, fair),
        "columns": columns,
        "rows": [_row(row, columns) for row in records],
        "has_domain": "in_domain" in ranked,
        "has_front": "pareto" in ranked,
        "has_why": "why" in ranked,
        "is_cut": len(ranked) > rows,
        "figures": _figures(fair, spec, temperatures[0] if len(temperatures) == 1 else None),
        "points": POINTS,
        "domain": domain_notes(ranked) if "in_domain" in ranked else [],
        "refused": refusals(ranked.attrs.get("refused") if refused is None else refused),
        "models": versions(),
    }


def _counts(ranked: pd.DataFrame, fair: pd.DataFrame) -> list[tuple[str, str]]:
    """Numbers at the head of the page: value and label."""
    screened = ranked.attrs.get("candidates")
    counts = [] if screened is None else [(f"{screened:,}", "screened")]
    counts.append((f"{len(ranked):,}", "in the ranking"))
    if len(fair):
        counts.append((percent(float(fair["probability"].max())), "the best meets the spec"))
    if "in_domain" in fair:
        counts.append((f"{int(fair['in_domain'].astype(bool).sum()):,}", "in domain"))
    if "pareto" in fair:
        counts.append((f"{int(fair['pareto'].astype(bool).sum()):,}", "on the Pareto front"))
    bad = len(ranked) - len(fair)
    return [*counts, *([(f"{bad:,}", "not ranked")] if bad else [])]


def _row(row: dict, columns: list) -> dict:
    """One line of the table."""
    chance = row["probability"]
    error = row.get("error")
    ranked = not pd.isna(chance)
    return {
        "rank": row["rank"] if ranked else "",
        "formula": formula(row["formula"]),
        "chance": percent(float(chance)) if ranked else "",
        "share": f"{100 * float(chance):.1f}" if ranked else "",
        "cells": [column.cell(row) for column in columns],
        "in_domain": bool(row.get("in_domain", True)),
        "pareto": bool(row.get("pareto", False)),
        "why": str(row.get("why", "")) if pd.isna(error) else str(error),
        "is_error": not pd.isna(error),
    }


def _figures(fair: pd.DataFrame, spec: Spec | None, temperature_C: float | None) -> dict:
    """SVGs by name, of what the table has columns for."""
    figures = {}
    if "dopant" in fair:
        best = best_of_elements(fair)
        if len(best):
            figures["map"] = drawn("map", "Periodic table of the dopants", lambda: periodic_map(best))
    if len(fair) and all(c in fair and fair[c].notna().any() for c in FRONT_COLUMNS):
        told = "Conductivity against oxidation limit, with the Pareto front"
        figures["front"] = drawn("front", told, lambda: front_plot(fair, spec))
    found: list[Series] = series_of(fair, temperature_C) if temperature_C is not None else []
    if found:
        told = "Conductivity over the amount of dopant, predicted and measured"
        bounds = (
            []
            if spec is None
            else [c for c in spec.conditions if c.column in (CONDUCTIVITY.column, "conductivity_S_cm")]
        )
        figures["curves"] = drawn("curves", told, lambda: curves_plot(found, level_of(bounds[0]) if bounds else None))
    return figures


def _title(ranked: pd.DataFrame) -> tuple[str, Markup]:
    """What the ranking is of, as text and for the page."""
    hosts = ranked["host"].dropna().unique() if "host" in ranked else []
    if len(hosts) == 1:
        return f"Doped {hosts[0]}, ranked", Markup("Doped {}, ranked").format(formula(hosts[0]))
    return (text := f"{len(ranked):,} candidates, ranked"), Markup(text)


@cache
def _template() -> "Template":
    from jinja2 import Environment

    # Everything that is not marked as HTML is escaped.
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(
        (files(__name__.rpartition(".")[0]) / "report.html.jinja").read_text(encoding="utf-8")
    )
