"""What a form asks, read from its texts; what cannot be read is told with the field's name."""

import re
from typing import Annotated, Any

from fastapi import Query

from ...models.properties import STATES
from ..screen.spec import ZERO_C
from .answering import PageError

# What one field of a form may hold; an address has room for little more.
Text = Annotated[str, Query(max_length=20_000)]
MOST_FORMULAS = 200
# Formulas stand on lines of their own or between commas; a comma before "x=2" belongs to the formula.
_BETWEEN = re.compile(r"[\r\n;]+|,(?!\s*[a-zα-ω]\s*=)")
HOTTEST_C = 1500.0


def formulas(text: str) -> list[str]:
    r"""Formulas of a search.

    Examples
    --------
    >>> formulas("Na3PS4, Na3SbS4\nNa1+xZr2SixP3-xO12, x=2")
    ['Na3PS4', 'Na3SbS4', 'Na1+xZr2SixP3-xO12, x=2']
    """
    found = [part.strip() for part in _BETWEEN.split(text) if part.strip()]
    if len(found) > MOST_FORMULAS:
        raise PageError(
            f"{len(found):,} formulas are more than the {MOST_FORMULAS} that fit a page; upload them as a CSV instead"
        )
    return found


def number(field: str, text: str, low: float, high: float, unit: str = "") -> float:
    """A number within bounds.

    Raises
    ------
    PageError
        Naming the field, the text and the bounds.
    """
    unit = f" {unit}" if unit else ""
    try:
        value = float(text.strip().replace("−", "-").replace(",", "."))
    except ValueError:
        raise PageError(f"{field} {text!r} is not a number; give one from {low:g} to {high:g}{unit}") from None
    if not low <= value <= high:
        raise PageError(f"{field} {text!r} is out of range; give one from {low:g} to {high:g}{unit}")
    return value


def temperature_C(text: str) -> float:
    """A temperature in Celsius, 25 where nothing is said.

    Examples
    --------
    >>> temperature_C(""), temperature_C("60")
    (25.0, 60.0)
    """
    return number("temperature", text, ZERO_C + 1.0, HOTTEST_C, "°C") if text.strip() else 25.0


def state(text: str) -> str:
    """A state of matter, crystalline where nothing is said."""
    chosen = text.strip() or "crystalline"
    if chosen not in STATES:
        raise PageError(f"state {text!r} is not known; choose one of {', '.join(STATES)}")
    return chosen


def amounts(text: str) -> tuple[float, ...]:
    """Amounts per formula unit, between commas or spaces.

    Examples
    --------
    >>> amounts("0.05, 0.1 0.2")
    (0.05, 0.1, 0.2)
    """
    parts: list[Any] = [part for part in re.split(r"[\s,;]+", text) if part]
    if not parts:
        raise PageError("x is empty; give amounts per formula unit, e.g. 0.05, 0.1, 0.2")
    return tuple(sorted({number("x", part, 0.001, 100.0) for part in parts}))
