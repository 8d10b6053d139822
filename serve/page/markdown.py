"""Markdown of model cards and of the data sheet as HTML: headings, lists, tables; raw HTML stays text."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup


def as_html(text: str) -> Markup:
    r"""Render a document whose first heading becomes the page's.

    Examples
    --------
    >>> str(as_html("## Limits\n\n- <b>none</b>")).split("\n")[0:3]
    ['<h2>Limits</h2>', '<ul>', '<li>&lt;b&gt;none&lt;/b&gt;</li>']
    """
    return Markup(_reader().render(text, {}))


@lru_cache(maxsize=1)
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")

    def opened(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        # A policy against inline styles takes no `style`; a class says the same.
        token = tokens[index]
        if "right" in str(token.attrs.pop("style", "")):
            token.attrs["class"] = "number"
        return self.renderToken(tokens, index, options, env)

    def scrolled(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        env["tables"] = env.get("tables", 0) + 1
        return f'<div class="wide" tabindex="0" role="region" aria-label="Table {env["tables"]}"><table>\n'

    def scrolled_end(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        return "</table></div>\n"

    for cell in ("th_open", "td_open"):
        reader.add_render_rule(cell, opened)
    reader.add_render_rule("table_open", scrolled)
    reader.add_render_rule("table_close", scrolled_end)
    return reader
