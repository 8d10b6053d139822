"""The careful reader of formulas: one formula at a time, everything researchers write, nothing guessed."""

import math
import re

from .elements import INDEX, SYMBOLS
from .expression import NUMBER, AmountReader
from .notation import ABBREVIATION, ABBREVIATIONS, MAX_LENGTH, FormulaError

_DOTTED = re.compile(r"(\d*)\.(\d+)(\.\d+)?")
_LIGAND = re.compile(r"(H2O|D2O|NH3)(?=$|[\s\])}·.])")
# Beyond two dozen molecules a number behind a dot is neither a likely hydrate nor a sure decimal.
_MOST_MOLECULES = 24
_ION_ENDS = r"(?=\s*$|[\])}·]|\s+[A-Z\[])"
_CHARGE_APART = re.compile(rf"(?:\s+\^?|\^)\{{?(?:\d[+-]|[+-]\d|(?<=\^)[+-])\}}?{_ION_ENDS}")
_CHARGE_OF_BRACKET = re.compile(rf"\d?[+-]{_ION_ENDS}")
_CHARGE_SIGN = re.compile(rf"[+-]{_ION_ENDS}")
_DIGITS_AND_SIGN = re.compile(rf"(\d+)([+-]){_ION_ENDS}")
_ROMAN = re.compile(r"\((?:I{1,3}|IV|VI{0,2})\)(?![\d.])")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_DEEPEST = 50
_NONMETALS = frozenset(("H", "He", "B", "C", "N", "O", "F", "Ne", "Si", "P", "S", "Cl", "Ar", "Ge", "As", "Se", "Br"))
_NONMETALS |= {"Kr", "Te", "I", "Xe", "At", "Rn"}


def parse_formula(text: str) -> dict[str, float]:
    """Read one formula into amounts of elements, as typed.

    Reads nested round, square and curly brackets; hydrates and adducts by a dot or middle dot (``CuSO4.5H2O``);
    mixtures whose every part has a coefficient (``60Na2S-40GeS2``); fractions (``Na1/2Bi1/2TiO3``); variables with
    values (``Na1+xZr2SixP3-xO12, x=2``, ``(1-x)Na3PS4-xNaI, x=0.1``); sub- and superscripts; and charges, which it
    drops (``PO4 3-``, ``[PO4]3-``, ``Na+``). Deuterium and tritium count as hydrogen, as in pymatgen.

    Where a text has two readings it is refused. A number behind a dot before a closing ``H2O``, ``D2O`` or ``NH3`` is
    the number of molecules if the salt shares an element with them (``CuSO4.5H2O``, where pymatgen reads O4.5); if it
    shares none (``MgCl2.6H2O``) both readings stand, and the formula is refused.

    Amounts are kept as small as they are typed (pymatgen drops those below 1e-8); an amount of zero is refused unless
    a variable makes it.

    Parameters
    ----------
    text : str
        At most 1,000 characters.

    Returns
    -------
    dict[str, float]
        Amount of each element, in the order of first appearance; all amounts are positive and finite.

    Raises
    ------
    FormulaError
        If the text is no formula or has more than one reading; the message names the place.

    Examples
    --------
    >>> parse_formula("Na3Zr2(SiO4)2PO4")
    {'Na': 3.0, 'Zr': 2.0, 'Si': 2.0, 'O': 12.0, 'P': 1.0}
    >>> parse_formula("Na1+xZr2SixP3-xO12, x=2")
    {'Na': 3.0, 'Zr': 2.0, 'Si': 2.0, 'P': 1.0, 'O': 12.0}
    >>> try:
    ...     parse_formula("(PEO)8NaTFSI")
    ... except FormulaError as error:
    ...     print(error)
    formula '(PEO)8NaTFSI' names 'E', which is no element (character 3, near 'EO)8NaTFSI')
    """
    if not isinstance(text, str):
        is_missing = text is None or type(text).__name__ in ("NAType", "NaTType") or str(text) == "nan"
        raise FormulaError(str(text), -1, "is missing" if is_missing else f"is a {type(text).__name__}, not a string")
    if not text.strip():
        raise FormulaError(text, -1, "is empty")
    if len(text) > MAX_LENGTH:
        raise FormulaError(text, MAX_LENGTH, f"is longer than {MAX_LENGTH:,} characters")
    return _FormulaReader(text).formula()


class _FormulaReader(AmountReader):
    """Recursive descent over one formula."""

    def __init__(self, typed: str):
        super().__init__(typed)
        self.seen: set[str] = set()
        self.depth = 0

    def formula(self) -> dict[str, float]:
        """Read the whole text."""
        amounts = self.mixture()
        self.spaces()
        if self.at < len(self.text):
            self.fail(self.complaint())
        # Only now: a text that names no element says so first.
        self.refuse_abbreviations()
        self.refuse_unused()
        amounts = {symbol: amount for symbol, amount in amounts.items() if amount > 0}
        if not amounts:
            self.fail("has no element left: every amount is zero", 0)
        if not math.isfinite(sum(amounts.values())):
            self.fail("has an amount that is not finite", 0)
        return amounts

    def refuse_abbreviations(self) -> None:
        """Refuse names of anions and polymers that spell elements."""
        found = ABBREVIATION.search(self.text)
        if found is not None:
            name = found.group()
            spelled = "".join(f"{symbol}1" for symbol in re.findall("[A-Z][a-z]?", name))
            self.fail(
                f"holds {name!r}, which may be {ABBREVIATIONS[name]} or elements; if elements, write {spelled}",
                found.start(),
            )

    def mixture(self) -> dict[str, float]:
        """Parts joined by dots (adducts) or by hyphens (mixtures, where each part needs a coefficient)."""
        total: dict[str, float] = {}
        uncounted, joined_at = False, None
        while True:
            self.spaces()
            coefficient, counted, variable = self.coefficient()
            uncounted = uncounted or not counted
            for symbol, amount in self.sequence(counted, variable).items():
                total[symbol] = total.get(symbol, 0.0) + coefficient * amount
            self.spaces()
            joint = self.peek()
            if joint and joint in "+-" and joined_at is None:
                joined_at = self.at
            if joined_at is not None and uncounted:
                self.fail(
                    f"has a misplaced {self.text[joined_at]!r}: amounts cannot be negative, charges stand apart or at "
                    "the end (PO4 3-), and every part of a mixture needs a coefficient (60Na2S-40GeS2)",
                    joined_at,
                )
            if not joint or joint not in "·.*+-":
                return total
            self.at += 1

    def coefficient(self) -> tuple[float, bool, bool]:
        """Number before a part: its value, whether there is one, and whether it holds a variable."""
        start = self.at
        if not self.amount_begins():
            return 1.0, False, False
        if self.peek().islower() and self.peek() not in self.values and not self.text[start + 1 : start + 2].isupper():
            self.fail(self.complaint())
        value, variable = self.product()
        self.check(value, variable, start, "a part of the formula")
        self.spaces()
        if not self.peek():
            self.fail("ends after a coefficient", start)
        return value, True, variable

    def sequence(self, counted: bool, mixing: bool) -> dict[str, float]:
        """Elements and brackets one after the other, each ion closed by its charge."""
        total: dict[str, float] = {}
        alone = True
        while True:
            self.spaces()
            character = self.peek()
            if character and character in _CLOSING:
                found = self.bracket(counted, mixing, follows=bool(total))
            elif "A" <= character <= "Z":
                symbol = self.element()
                alone = not total
                found = {symbol: self.element_amount(symbol, counted, mixing, alone)}
            elif total and (not character or character in ")]}·.*+-"):
                return total
            else:
                self.fail(self.complaint())
            for symbol, amount in found.items():
                total[symbol] = total.get(symbol, 0.0) + amount
            self.skip(_CHARGE_APART)
            self.skip(_CHARGE_SIGN)

    def complaint(self) -> str:
        """Why the next character cannot stand where it does."""
        character = self.peek()
        if not character:
            return "ends where an element should follow"
        if character in ")]}":
            return "has an empty bracket" if self.depth else "closes a bracket that was never opened"
        if character.islower():
            return f"has {character!r} where an element should begin (symbols begin with a capital)"
        if character.isdigit():
            return "has a number that belongs to no element (a hydrate is written CuSO4·5H2O)"
        if character == ",":
            return "has a comma: shared sites need amounts, decimals a point, and variables a value such as x=0.5"
        return f"has {character!r}, which means nothing here"

    def bracket(self, counted: bool, mixing: bool, follows: bool) -> dict[str, float]:
        """A bracketed group with the number behind it."""
        opened = self.at
        closing = _CLOSING[self.peek()]
        if follows and _ROMAN.match(self.text, opened):
            self.fail("has a bracket that may be an oxidation state or iodine and vanadium; drop it, or add amounts")
        self.depth += 1
        if self.depth > _DEEPEST:
            self.fail(f"has brackets more than {_DEEPEST} deep")
        self.at += 1
        self.spaces()
        inside = self.mixture() if self.peek() else {}
        if not self.peek():
            self.fail("has an unclosed bracket", opened)
        if self.peek() != closing:
            wrong = f"closes {self.text[opened]!r} with {self.peek()!r}"
            self.fail(wrong if self.peek() in ")]}" else self.complaint())
        self.at += 1
        self.depth -= 1
        if self.skip(_CHARGE_OF_BRACKET):
            return inside
        factor = self.optional_amount("a bracket", counted, mixing)
        return {symbol: amount * factor for symbol, amount in inside.items()}

    def element(self) -> str:
        """An element symbol, the longer one where two fit."""
        at = self.at
        shorter, longer, lower = self.text[at], self.text[at : at + 2], self.text[at + 1 : at + 2]
        is_longer = lower.islower() and longer in INDEX
        is_product = lower in self.values and shorter in INDEX
        if is_longer and is_product and shorter not in "DT" and self.text[at + 2 : at + 3] not in tuple("0123456789."):
            self.fail(f"has {longer!r}, which may be one element or {shorter} times {lower}; write {shorter}({lower})")
        if not is_longer and lower.islower() and not is_product:
            hint = f", nor does {lower!r} have a value" if shorter in INDEX else ""
            self.fail(f"names {longer!r}, which is no element{hint}")
        symbol = longer if is_longer else shorter
        if symbol not in INDEX:
            self.fail(f"names {symbol!r}, which is no element")
        self.at += len(symbol)
        symbol = SYMBOLS[INDEX[symbol]]
        self.seen.add(symbol)
        return symbol

    def element_amount(self, symbol: str, counted: bool, mixing: bool, alone: bool) -> float:
        """Amount behind an element; digits before a closing sign may belong to a charge."""
        ion = _DIGITS_AND_SIGN.match(self.text, self.at)
        if ion is None:
            return self.optional_amount(symbol, counted, mixing)
        digits, sign = ion.groups()
        if alone and symbol in _NONMETALS:
            self.fail(
                f"may mean one {symbol} of charge {digits}{sign} or {digits} {symbol} of charge 1{sign}; "
                f"write [{symbol}]{digits}{sign} or [{symbol}{digits}]{sign}"
            )
        if not alone and len(digits) > 1:
            self.fail("has digits that may be an amount or a charge; write the charge apart, as in PO4 3-")
        start, self.at = self.at, ion.end()
        # Mg2+ is magnesium of charge 2+, NH4+ four hydrogens of charge 1+: nobody writes them otherwise.
        return 1.0 if alone else self.check(float(digits), False, start, symbol)

    def optional_amount(self, owner: str, counted: bool, mixing: bool) -> float:
        """Amount behind an element or a bracket, one if there is none."""
        start = self.at
        dotted = _DOTTED.match(self.text, start)
        if dotted is not None and self.is_joint(dotted, counted):
            self.at = start + len(dotted.group(1))
            return self.check(float(dotted.group(1) or 1), False, start, owner)
        self.spaces()
        if self.at > start:
            number = NUMBER.match(self.text, self.at)
            if number is None or _CHARGE_APART.match(self.text, start):
                self.at = start
                return 1.0
            if self.text[number.end() : number.end() + 1].isalpha():
                self.fail("has a number that may count what stands before it or behind it; close one gap")
        if not self.amount_begins():
            return 1.0
        value, variable = self.amount(counted, mixing)
        return self.check(value, variable, start, owner)

    def is_joint(self, dotted: re.Match, counted: bool) -> bool:
        """Whether the dot of ``4.5`` joins an adduct (``CuSO4.5H2O``) rather than being a decimal point."""
        before, after, third = dotted.groups()
        ligand = _LIGAND.match(self.text, dotted.end())
        if third is not None:
            if ligand and before and int(after) == 0:
                return True
            self.fail("has a number with two dots; write the joint of an adduct as ·")
        if counted and not before:
            self.fail("has a dot that may be a decimal point or join two parts; write · to join, 0. for a decimal")
        if not ligand or after.startswith("0") or (before and int(before) == 0):
            return False
        molecule = ligand.group(1)
        shares_element = bool({"H" if s == "D" else s for s in re.findall("[A-Z]", molecule)} & self.seen)
        if not shares_element or int(after) > _MOST_MOLECULES:
            self.fail(
                f"has a dot that may be a decimal point or join {after} {molecule}; write ·{after}{molecule} to join, "
                f"or set a space before {molecule}"
            )
        return True
