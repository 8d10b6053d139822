"""Formulas, charges, numbers and conditions as a page shows them; what comes in is text, and stays text."""

import re

import numpy as np
from markupsafe import Markup, escape

from ...models.properties import BY_COLUMN, CONDUCTIVITY

_AMOUNT = re.compile(r"(?<=[A-Za-z)\]])(\d+\.?\d*)")
_CHARGE = re.compile(r"(?<=[A-Za-z])(\d+)([+-])(?![\d.])")
_CONDITION = re.compile(
    r"\b(?P<column>[A-Za-z]+\w*)(?P<where> at [-\d.]+ C)? (?P<sign>>=|<=) (?P<value>-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)"
)
_SIGNS = {">=": "≥", "<=": "≤"}
_DIGITS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def formula(text: object) -> Markup:
    """A formula with its amounts as subscripts; a long one may break before an element.

    Examples
    --------
    >>> formula("Na3.4Sc0.4Zr1.6Si2PO12")
    Markup('Na<sub>3.4</sub><wbr>Sc<sub>0.4</sub><wbr>Zr<sub>1.6</sub><wbr>Si<sub>2</sub><wbr>PO<sub>12</sub>')
    >>> formula("<script>")
    Markup('&lt;script&gt;')
    """
    lowered = _AMOUNT.sub(r"<sub>\1</sub>", str(escape(text)))
    return Markup(re.sub(r"</sub>(?=[A-Z(\[])", "</sub><wbr>", lowered))


def charges(text: object) -> Markup:
    """A text with the charges of its ions raised.

    Examples
    --------
    >>> charges("+0.2 Na for Mg2+ on Zr4+")
    Markup('+0.2 Na for Mg<sup>2+</sup> on Zr<sup>4+</sup>')
    """
    raised = _CHARGE.sub(lambda found: f"<sup>{found[1]}{found[2].replace('-', '−')}</sup>", str(escape(text)))
    return Markup(re.sub(r"^-(?=\d)", "−", raised))


def number(value: object, decimals: int = 2) -> str:
    """A number with a minus sign that is one; a dash where there is none.

    Examples
    --------
    >>> number(-3.215), number(float("nan"))
    ('−3.21', '–')
    """
    if value is None or not np.isfinite(value := float(value)):  # type: ignore[arg-type]
        return "–"
    text = f"{value:.{decimals}f}"
    return (text if float(text) else text.lstrip("-")).replace("-", "−")


def plain(value: object) -> str:
    """A number as it was given, without trailing zeros.

    Examples
    --------
    >>> plain(25.0), plain(0.05), plain(-40)
    ('25', '0.05', '−40')
    """
    return f"{float(value):g}".replace("-", "−")  # type: ignore[arg-type]


def power_of_ten(log10: object, digits: int = 2) -> str:
    """10 to a power as mantissa and exponent.

    Examples
    --------
    >>> power_of_ten(-3.2), power_of_ten(-0.1), power_of_ten(-3, 1), power_of_ten(float("nan"))
    ('6.3 × 10⁻⁴', '0.79', '10⁻³', '–')
    """
    if log10 is None or not np.isfinite(log10 := float(log10)):  # type: ignore[arg-type]
        return "–"
    mantissa, exponent = f"{10.0**log10:.{digits - 1}e}".split("e")
    if digits == 1 and mantissa == "1":
        return decade(int(exponent))
    if -2 <= int(exponent) <= 1:
        return f"{10.0**log10:.{digits}g}"
    return f"{mantissa} × {decade(int(exponent))}"


def decade(exponent: int) -> str:
    """A power of ten.

    Examples
    --------
    >>> decade(-12)
    '10⁻¹²'
    """
    return "10" + f"{exponent:d}".translate(_DIGITS)


def percent(share: object) -> str:
    """A probability in per cent; what is small but not nothing stays visible.

    Examples
    --------
    >>> percent(0.214), percent(0.0004), percent(0.0)
    ('21 %', '< 0.1 %', '0 %')
    """
    if share is None or not np.isfinite(share := float(share)):  # type: ignore[arg-type]
        return "–"
    if 0 < share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.1f} %" if 0 < share < 0.0995 else f"{100 * share:.0f} %"


def in_words(text: object) -> str:
    """A text whose conditions name columns, with the names and units that a reader knows.

    Examples
    --------
    >>> in_words("held back by oxidation_limit_V >= 3 (p = 0.12, predicted 2.4)")
    'held back by oxidation limit ≥ 3 V (p = 0.12, predicted 2.4)'
    >>> in_words("conductivity_S_cm at 60 C >= 0.001, no Co")
    'conductivity at 60 °C ≥ 0.001 S/cm, no Co'
    """

    def spoken(found: re.Match) -> str:
        column, where = found["column"], (found["where"] or "").replace(" C", " °C")
        fact = BY_COLUMN.get(column)
        name, unit = (fact.name, fact.unit) if fact else (column, "")
        if column == f"{CONDUCTIVITY.name}_S_cm":
            name, unit = CONDUCTIVITY.name, "S/cm"
        name = name.replace("_", " ") if fact or unit else name
        return f"{name}{where} {_SIGNS[found['sign']]} {found['value']}{' ' + unit if unit else ''}"

    return _CONDITION.sub(spoken, str(text))
