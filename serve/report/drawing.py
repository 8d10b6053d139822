"""Figures as SVG inside a page: text stays text, and what is neutral takes the page's own colour, light or dark."""

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from ...training.plots import BLUE, ORANGE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Stands for the colour of the page's text, which the browser knows; no plot uses it for anything else.
INK = "#010203"
# Colours of the plots that the page has lighter ones for in the dark.
_OF_THE_PAGE = {INK: "currentColor", BLUE: "var(--blue)", ORANGE: "var(--orange)"}
_INKED = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color", "grid.color")
_CLEAR = ("axes.facecolor", "figure.facecolor", "legend.facecolor", "legend.edgecolor")
_STYLE: dict[str, Any] = {
    **dict.fromkeys(_INKED, INK),
    **dict.fromkeys(_CLEAR, "none"),
    "svg.fonttype": "none",
    "font.size": 10.0,
}
_REFERENCES = re.compile(r'(\bid="|href="#|url\(#)')


def drawn(name: str, told: str, make: Callable[[], "Figure"]) -> Markup:
    """The SVG of a figure, to stand inside a page beside others.

    Parameters
    ----------
    name : str
        Put before the figure's own identifiers, which would meet those of other figures.
    told : str
        What the figure shows, for those who do not see it.
    make : callable
        Draws the figure; called under the style.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> text = drawn("empty", "nothing <yet>", lambda: Figure(figsize=(2, 1)))
    >>> text[:60]
    Markup('<svg role="img" aria-label="nothing &lt;yet&gt;" style="max-')
    """
    from matplotlib import rc_context

    buffer = io.StringIO()
    style: dict[Any, Any] = {**_STYLE, "svg.hashsalt": name}
    with rc_context(style):
        figure = make()
        # Without a date the same ranking makes the same bytes.
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    width = figure.get_size_inches()[0] * 72
    text = buffer.getvalue()
    text = text[text.index("<svg") + len("<svg") :]
    for colour, meant in _OF_THE_PAGE.items():
        text = text.replace(colour, meant)
    text = re.sub(r'^ [^>]*?(viewBox="[^"]*")[^>]*>', r" \1>", text, count=1, flags=re.DOTALL)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = _REFERENCES.sub(rf"\g<1>{name}-", text)
    text = re.sub(r"\s*\n\s*", "\n", text)
    return Markup(f'<svg role="img" aria-label="{escape(told)}" style="max-width:{width:.0f}pt"{text}')
