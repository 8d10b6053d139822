"""A report of tables and plots, written once as Markdown and once as one self-contained HTML page."""

import base64
import html
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: 1rem 0; font-size: 0.9rem; }
th, td { border-bottom: 1px solid #ddd; padding: 0.3rem 0.7rem; text-align: right; }
th:first-child, td:first-child { text-align: left; }
figure { display: inline-block; margin: 0.5rem 1rem 0.5rem 0; }
img { max-width: 100%; }
"""


@dataclass(frozen=True)
class Section:
    """A heading with text, a table and plots (name to figure), each optional."""

    title: str
    text: str = ""
    table: pd.DataFrame | None = None
    figures: dict[str, "Figure"] = field(default_factory=dict)


def write_report(title: str, sections: list[Section], folder: Path) -> list[Path]:
    """Write `report.md` with its plots beside it, and `report.html` with its plots inside.

    Parameters
    ----------
    title : str
        Heading of the report.
    sections : list of Section
        In order.
    folder : Path
        Made if it is not there.

    Returns
    -------
    list of Path
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    markdown, page = [f"# {title}", ""], [f"<h1>{html.escape(title)}</h1>"]
    for section in sections:
        markdown += [f"## {section.title}", ""]
        page.append(f"<h2>{html.escape(section.title)}</h2>")
        if section.text:
            markdown += [section.text, ""]
            page.append(f"<p>{html.escape(section.text)}</p>")
        if section.table is not None:
            texts = section.table.map(_cell)
            markdown += [*_markdown_rows(texts), ""]
            page.append(texts.to_html(index=False, border=0, escape=True))
        for name, figure in section.figures.items():
            image = _png(figure)
            path = folder / f"{name}.png"
            path.write_bytes(image)
            written.append(path)
            markdown += [f"![{section.title}: {name.replace('_', ' ')}]({path.name})", ""]
            source = base64.b64encode(image).decode()
            alt = html.escape(f"{section.title}: {name.replace('_', ' ')}")
            page.append(f'<figure><img alt="{alt}" src="data:image/png;base64,{source}"></figure>')
    document = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
    (folder / "report.md").write_text("\n".join(markdown))
    (folder / "report.html").write_text(f"{document}<style>{_STYLE}</style>{''.join(page)}</html>")
    return [folder / "report.md", folder / "report.html", *written]


def _markdown_rows(texts: pd.DataFrame) -> list[str]:
    header = "| " + " | ".join(map(str, texts.columns)) + " |"
    rows = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in texts.itertuples(index=False)]
    return [header, "|" + "---|" * len(texts.columns), *rows]


def _cell(value: object) -> str:
    """A number to three decimals, everything else as it is."""
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.3f}"
    return str(value)


def _png(figure: "Figure") -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()
