"""Amounts inside a formula: numbers, fractions and sums with variables."""

import math
import re
from typing import NoReturn

from .notation import FormulaError, plain_spelling, split_assignments

NUMBER = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?")
_VARIABLE = re.compile(r"[a-zα-ω]")
_ARITHMETIC = re.compile(r"[\d.\s+\-*/a-zα-ω()\[\]{}]+")
# "+x", "-0.5x", "-2*x", "-x/2": a sign that goes on with a variable belongs to the amount; any other sign does not.
_SIGNED_VARIABLE = re.compile(r"[+-](?:(?:\d*\.?\d+)\*?)?[a-zα-ω]")
_SIGNED_NUMBER = re.compile(r"[+-](?:\d*\.?\d+)(?=$|[A-Z(\[{)\]}\s])")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
# Subtracting decimals leaves 3 - 30 * 0.1 at 4e-16: such an element is gone, not present in traces.
_ROUNDING = 1e-12


class AmountReader:
    """A place in a formula, and the reading of amounts from there.

    `text` is the formula in plain spelling without its assignments, `at` the place of the next character, `values`
    the assigned variables.
    """

    def __init__(self, typed: str):
        plain = plain_spelling(typed)
        self.typed, self.places = typed, plain.places
        end, self.values, problem = split_assignments(plain.text)
        # A full stop may close the sentence a formula was copied from.
        self.text, self.at = plain.text[:end].rstrip().rstrip("."), 0
        self.used: set[str] = set()
        if problem is not None:
            self.fail(problem[1], problem[0])

    def fail(self, reason: str, at: int | None = None) -> NoReturn:
        """Raise `FormulaError` at a place of the plain spelling, by default the next character."""
        place = self.places[min(self.at if at is None else at, len(self.places) - 1)]
        raise FormulaError(self.typed, min(place, len(self.typed) - 1), reason)

    def peek(self) -> str:
        """The next character, or an empty string at the end."""
        return self.text[self.at : self.at + 1]

    def spaces(self) -> None:
        """Go past spaces."""
        while self.peek() == " ":
            self.at += 1

    def skip(self, pattern: re.Pattern) -> bool:
        """Go past what `pattern` matches here, if it does."""
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
        return match is not None

    def refuse_unused(self) -> None:
        """Refuse a variable with a value that the formula never uses: it was mistyped somewhere."""
        unused = sorted(set(self.values) - self.used)
        if unused:
            self.fail(f"gives a value to {unused[0]!r}, which it does not use", len(self.text))

    def check(self, value: float, variable: bool, start: int, owner: str) -> float:
        """Refuse amounts that no composition has; only a variable may bring an amount to zero."""
        if not math.isfinite(value):
            self.fail("has an amount that is not finite", start)
        if variable and abs(value) < _ROUNDING:
            return 0.0
        if value < 0:
            self.fail(f"gives {owner} the negative amount {value:g}", start)
        if value == 0:
            self.fail(f"gives {owner} the amount 0; leave it out", start)
        return value

    def amount_begins(self) -> bool:
        """Whether a number, a variable or a bracket with a sum comes next."""
        character = self.peek()
        if character and character in _CLOSING:
            return self.is_sum_bracket()
        return NUMBER.match(self.text, self.at) is not None or _VARIABLE.match(character) is not None

    def is_sum_bracket(self) -> bool:
        """Whether the bracket that opens here holds arithmetic, as in ``Na(1+x)``, and no elements."""
        match = _ARITHMETIC.match(self.text, self.at)
        assert match is not None  # the bracket itself matches
        depth = 0
        for place in range(self.at, match.end()):
            depth += (self.text[place] in "([{") - (self.text[place] in ")]}")
            if depth == 0:
                inside = self.text[self.at + 1 : place]
                # LaTeX writes Na_{3}; a bare number in round brackets is a label, not an amount.
                return bool(inside.strip()) and (self.peek() == "{" or re.search("[^0-9.\\s]", inside) is not None)
        return False

    def amount(self, counted: bool, mixing: bool) -> tuple[float, bool]:
        """Read an amount; return it and whether it holds a variable.

        In a part with a coefficient a minus may also join the next part: ``mixing`` (the coefficient holds a variable,
        as in ``(1-x)Na3PS4-xNaI``) decides for the joint, a plain coefficient for neither.
        """
        value, variable = self.product()
        while not mixing and (
            _SIGNED_VARIABLE.match(self.text, self.at) or (variable and _SIGNED_NUMBER.match(self.text, self.at))
        ):
            sign = self.peek()
            if counted and sign == "-":
                self.fail("has a minus that may belong to an amount or join two parts; put the amount in brackets")
            self.at += 1
            term, has_variable = self.product()
            value, variable = value + (term if sign == "+" else -term), variable or has_variable
        return value, variable

    def product(self) -> tuple[float, bool]:
        """Factors: ``2x``, ``x/2``, ``1/3``, ``0.5(1-x)``."""
        value, variable = self.factor()
        while True:
            following = self.text[self.at + 1 : self.at + 2]
            if self.peek() == "/" and following:
                slash = self.at
                self.at += 1
                divisor, has_variable = self.factor()
                if divisor == 0:
                    self.fail("divides by zero", slash)
                value, variable = value / divisor, variable or has_variable
            elif self.peek() == "*" and (_VARIABLE.match(following) or (variable and following.isdigit())):
                self.at += 1
                other, has_variable = self.factor()
                value, variable = value * other, variable or has_variable
            elif _VARIABLE.match(self.peek()):
                value, variable = value * self.variable(), True
            else:
                return value, variable

    def factor(self) -> tuple[float, bool]:
        """A number, a variable or a sum in brackets."""
        number = NUMBER.match(self.text, self.at)
        if number is not None:
            self.at = number.end()
            return float(number.group()), False
        if _VARIABLE.match(self.peek()):
            return self.variable(), True
        if self.peek() not in _CLOSING:
            self.fail("has an amount that cannot be read")
        closing = _CLOSING[self.peek()]
        self.at += 1
        value, variable = self.sum()
        if self.peek() != closing:
            self.fail(f"has an amount whose bracket is not closed by {closing!r}")
        self.at += 1
        return value, variable

    def sum(self) -> tuple[float, bool]:
        """Terms inside brackets, where any sign is arithmetic."""
        value, variable, sign = 0.0, False, 1.0
        self.spaces()
        if self.peek() in ("+", "-"):
            sign = -1.0 if self.peek() == "-" else 1.0
            self.at += 1
        while True:
            self.spaces()
            term, has_variable = self.product()
            value, variable = value + sign * term, variable or has_variable
            self.spaces()
            if self.peek() not in ("+", "-"):
                return value, variable
            sign = -1.0 if self.peek() == "-" else 1.0
            self.at += 1

    def variable(self) -> float:
        """Value of the variable that comes next."""
        name = self.peek()
        if name not in self.values:
            self.fail(f"has a variable {name!r} without a value; add it behind the formula: ', {name}=0.5'")
        self.at += 1
        self.used.add(name)
        return self.values[name]
