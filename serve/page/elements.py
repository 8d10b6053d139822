"""The periodic table as a page lays it out: ten rows of eighteen places, each element with its name."""

from dataclasses import dataclass
from functools import lru_cache

from ...featurize.elements import SYMBOLS

ROWS, COLUMNS = 9, 18
_LANTHANIDES, _ACTINIDES = range(57, 72), range(89, 104)


@dataclass(frozen=True)
class Element:
    """Symbol, English name and atomic number of an element."""

    symbol: str
    name: str
    number: int


@lru_cache(maxsize=1)
def layout() -> list[list[Element | None]]:
    """Rows of the periodic table; the f-block, group by group, as two rows below. None where no element stands.

    Examples
    --------
    >>> [[e.symbol if e else "" for e in row][:4] for row in layout()][5:9]
    [['Cs', 'Ba', '', 'Hf'], ['Fr', 'Ra', '', 'Rf'], ['', '', 'La', 'Ce'], ['', '', 'Ac', 'Th']]
    """
    from pymatgen.core import Element as Facts

    rows: list[list[Element | None]] = [[None] * COLUMNS for _ in range(ROWS)]
    for number, symbol in enumerate(SYMBOLS, start=1):
        facts = Facts(symbol)
        row, column = facts.row - 1, facts.group - 1
        for block, place in ((_LANTHANIDES, 7), (_ACTINIDES, 8)):
            if number in block:
                row, column = place, 2 + number - block.start
        rows[row][column] = Element(symbol, facts.long_name, number)
    return rows


def names() -> dict[str, str]:
    """English name of each element by symbol."""
    return {element.symbol: element.name for row in layout() for element in row if element is not None}
