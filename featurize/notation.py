"""The many ways a formula is typed, brought to one plain spelling before it is read."""

import re
from dataclasses import dataclass

# 10,000 characters are a file in the wrong column; the longest real formula in the curated tables has 72.
MAX_LENGTH = 1000

_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ₓ", "0123456789+-x", strict=True))
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True))
_ONE_TO_ONE = {
    **dict.fromkeys("•∙⋅・‧●", "·"),
    **dict.fromkeys("–—−‐‑－", "-"),
    **dict.fromkeys("\t\u00a0\u2009\u202f\u2002\u2003", " "),
    **_SUBSCRIPTS,
}
# Marks that set an index or an endohedral atom apart and carry no amount.
_SILENT = frozenset("_$@\u200b\ufeff")
_TAGS = re.compile(r"</?(?:sub|sup)>", re.IGNORECASE)

# Names of anions and polymers in electrolyte papers that happen to spell elements. Read as elements they would give a
# wrong composition without complaint, so they are refused unless amounts are typed (F1S1I1).
ABBREVIATIONS = {
    "TFSI": "bis(trifluoromethanesulfonyl)imide",
    "FSI": "bis(fluorosulfonyl)imide",
    "BOB": "bis(oxalato)borate",
    "FOB": "difluoro(oxalato)borate",
    "OAc": "acetate",
    "PVC": "poly(vinyl chloride)",
    "PVP": "poly(vinylpyrrolidone)",
    "PPC": "poly(propylene carbonate)",
}
ABBREVIATION = re.compile(rf"(?:{'|'.join(ABBREVIATIONS)})(?![a-z0-9.])")


class FormulaError(ValueError):
    """A formula that cannot be read, with the place where reading stopped.

    Attributes
    ----------
    formula : str
        The formula as typed.
    position : int
        Index into `formula` of the character in question; -1 where the formula as a whole is none.
    reason : str
        What is wrong, and what would be right.

    Examples
    --------
    >>> error = FormulaError("Na3P(S4", 4, "has an unclosed bracket")
    >>> print(error)
    formula 'Na3P(S4' has an unclosed bracket (character 5, near '(S4')
    >>> print(error.pointer)
    Na3P(S4
        ^
    """

    def __init__(self, formula: str, position: int, reason: str):
        super().__init__(formula, position, reason)
        self.formula, self.position, self.reason = formula, position, reason

    def __str__(self) -> str:
        shown = self.formula
        if len(shown) > 60:
            shown = f"{shown[:40]}... ({len(shown):,} characters)"
        if self.position < 0:
            return f"formula {shown!r} {self.reason}"
        near = self.formula[self.position : self.position + 12] or self.formula[-6:]
        return f"formula {shown!r} {self.reason} (character {self.position + 1}, near {near!r})"

    @property
    def pointer(self) -> str:
        """Two lines: the formula around the place, and a caret below it."""
        place = max(self.position, 0)
        start = max(0, place - 40)
        return f"{self.formula[start : start + 80]}\n{' ' * (place - start)}^"


_ASSIGNMENTS = re.compile(r"\s*[,;(]\s*(?=[a-zα-ω]\s*=)")
_ASSIGNMENT = re.compile(r"\s*([a-zα-ω])\s*=\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?:\s*/\s*(\d+\.?\d*))?\s*")


@dataclass(frozen=True)
class PlainFormula:
    """A formula in plain spelling.

    Attributes
    ----------
    text : str
        ASCII but for ``·`` (adduct) and Greek variables; superscripts are written ``^2-``.
    places : list[int]
        Position of each character of `text` in the string as typed, and one more for the end.
    """

    text: str
    places: list[int]


def plain_spelling(typed: str) -> PlainFormula:
    """Bring sub- and superscripts, dots, dashes, spaces and LaTeX or HTML index marks to one spelling.

    Examples
    --------
    >>> plain_spelling("Na₂CO₃•10H₂O").text
    'Na2CO3·10H2O'
    """
    characters: list[str] = []
    places: list[int] = []
    raised = False
    tags = {match.start(): match for match in _TAGS.finditer(typed)} if "<" in typed else {}
    position = 0
    while position < len(typed):
        if position in tags:
            if tags[position].group().lower() == "<sup>":
                characters.append("^")
                places.append(position)
            position = tags[position].end()
            continue
        character = typed[position]
        if character in _SUPERSCRIPTS:
            if not raised:
                characters.append("^")
                places.append(position)
            raised, character = True, _SUPERSCRIPTS[character]
        else:
            raised, character = False, _ONE_TO_ONE.get(character, character)
        if character not in _SILENT:
            characters.append(character)
            places.append(position)
        position += 1
    return PlainFormula("".join(characters), [*places, len(typed)])


def split_assignments(text: str) -> tuple[int, dict[str, float], tuple[int, str] | None]:
    """Find the values of variables behind a formula: ``..., x=2, y=0.1`` or ``... (x = 2)``.

    Returns
    -------
    end : int
        Length of the formula itself.
    values : dict[str, float]
        Value of each variable.
    problem : (int, str) or None
        Place and description of an assignment that cannot be read.

    Examples
    --------
    >>> split_assignments("Na1+xZr2SixP3-xO12, x=2")
    (18, {'x': 2.0}, None)
    """
    start = _ASSIGNMENTS.search(text)
    if start is None:
        return len(text), {}, None
    values: dict[str, float] = {}
    in_brackets = "(" in start.group()
    position = start.end()
    while True:
        match = _ASSIGNMENT.match(text, position)
        if match is None:
            return (
                start.start(),
                values,
                (position, "has a variable whose value cannot be read; write it as x=0.5"),
            )
        name, number, divisor = match.groups()
        if name in values:
            return start.start(), values, (position, f"gives the variable {name!r} twice")
        if divisor is not None and float(divisor) == 0:
            return start.start(), values, (position, f"divides the variable {name!r} by zero")
        values[name] = float(number) / float(divisor or 1)
        position = match.end()
        if text[position : position + 1] in (",", ";"):
            position += 1
            continue
        if in_brackets and text[position : position + 1] == ")":
            position += 1
        if text[position:].strip():
            return start.start(), values, (position, "goes on after the values of its variables")
        return start.start(), values, None
