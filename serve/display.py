"""How predictions look in a notebook: value and interval together, the verdict, and conductivity over temperature."""

import re
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from ..models.exact_values import EXACT
from ..models.physics import arrhenius_decades
from ..models.properties import ACTIVATION_ENERGY, CONDUCTIVITY, PROPERTIES, Property
from .text import HEADINGS, SOURCES

_ROWS = 50  # more are said to be there, not shown
_SPARK_C = (-20.0, 100.0)  # what a cell in a car lives through
_TARGET = -3.0  # log10 of the 1e-3 S/cm that screens usually ask for
_WIDTH, _HEIGHT = 90, 26
# An amount follows an element, a bracket or a variable; what leads a formula or a part of it is a coefficient, and so
# is what follows the dot of a hydrate.
_AMOUNT = re.compile(r"(?<=[A-Za-z)\]}])(\d+(?=\.\d*H2O)|\d+(?:\.\d+)?)")
_STYLE = (
    "<style>.ionscout{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    ".ionscout th{text-align:left;white-space:nowrap}.ionscout td{text-align:left;vertical-align:middle}"
    ".ionscout th,.ionscout td{padding:.15em .7em .15em 0}.ionscout sub{line-height:0}"
    ".ionscout small{opacity:.65;white-space:nowrap}.ionscout svg{display:block}</style>"
)


class Predictions(pd.DataFrame):
    """A DataFrame of predictions that renders well in notebooks; in all else a DataFrame.

    Cut to columns that say nothing of conductivity it renders as any DataFrame does.

    Examples
    --------
    >>> table = Predictions({"formula": ["Na3PS4"], "temperature_C": [25.0], "log10_conductivity": [-3.7],
    ...                      "activation_energy_eV": [0.3], "error": [None]})
    >>> "<svg" in table._repr_html_(), "Na<sub>3</sub>PS<sub>4</sub>" in table._repr_html_()
    (True, True)
    >>> "<svg" in table[["formula"]]._repr_html_()
    False
    """

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any):
        super().__init__(data, *args, **kwargs)  # pyright: ignore[reportCallIssue]
        if isinstance(data, pd.DataFrame):
            self.attrs = dict(data.attrs)

    @property
    def _constructor(self) -> type["Predictions"]:
        return Predictions

    def _repr_html_(self) -> str | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        facts = [fact for fact in PROPERTIES.values() if fact.column in self]
        if "formula" not in self or CONDUCTIVITY not in facts or not self.columns.is_unique:
            return super()._repr_html_()  # pyright: ignore[reportAttributeAccessIssue]
        shown = self.head(_ROWS)
        scale = _scale(shown)
        heads = _headings(shown, facts)
        rows = "".join(_row(row, facts, heads, scale) for row in shown.to_dict("records"))
        head = "".join(f"<th>{escape(h)}</th>" for h in heads)
        more = f"<p>{len(self) - _ROWS:,} further rows of {len(self):,}</p>" if len(self) > _ROWS else ""
        held = f"{self.attrs.get('interval', 0.9):.0%} intervals".replace("%", " %")
        note = f"<p><small>[lower, upper]: {held}; line: −20 to 100 °C, dotted at 10⁻³ S/cm</small></p>"
        return (
            f'{_STYLE}<table class="ionscout"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{more}{note}'
        )


def _headings(table: pd.DataFrame, facts: list[Property]) -> list[str]:
    first = [h for h, column in (("rank", "rank"), ("meets spec", "probability")) if column in table]
    at = ["T (°C)"] if "temperature_C" in table else []
    spark = ["σ over T"] if ACTIVATION_ENERGY in facts and at else []
    last = [h for h, column in (("in domain", "in_domain"), ("limited by", "limited_by")) if column in table]
    return [*first, "formula", *at, *(HEADINGS[f.column] for f in facts), *spark, *last]


def _row(row: dict, facts: list[Property], heads: list[str], scale: tuple[float, float]) -> str:
    cells = {
        "rank": _number(row.get("rank"), 0),
        "meets spec": f"{row['probability']:.0%}".replace("%", " %") if pd.notna(row.get("probability")) else "",
        "formula": typeset(row["formula"]),
        "T (°C)": _number(row.get("temperature_C"), 0),
        "in domain": _verdict(row),
        "limited by": escape(str(row["limited_by"])) if pd.notna(row.get("limited_by")) else "",
    }
    if pd.notna(row.get("error")):
        lead = heads[: heads.index("formula") + 1]
        told = "".join(f"<td>{cells[h]}</td>" for h in lead)
        return f'<tr>{told}<td colspan="{len(heads) - len(lead)}"><em>{escape(str(row["error"]))}</em></td></tr>'
    cells |= {HEADINGS[f.column]: _value(row, f) for f in facts}
    cells["σ over T"] = _spark(row, scale) if "σ over T" in heads else ""
    return f"<tr>{''.join(f'<td>{cells[h]}</td>' for h in heads)}</tr>"


def _value(row: dict, fact: Property) -> str:
    value, lower, upper = (row.get(c) for c in fact.columns)
    if value is None or pd.isna(value):
        return ""
    said = _number(value, fact.decimals)
    if row.get(SOURCES.get(fact.column, "")) == EXACT:
        return f"{said} <small>exact</small>"
    if lower is None or pd.isna(lower):
        return said
    return f"{said} <small>[{_number(lower, fact.decimals)}, {_number(upper, fact.decimals)}]</small>"


def _verdict(row: dict) -> str:
    known, score = row.get("in_domain"), row.get("domain_score")
    if known is None or pd.isna(known):
        return ""
    return f"{'yes' if known else 'no'} <small>{_number(score, 2)}</small>"


def _spark(row: dict, scale: tuple[float, float]) -> str:
    """Conductivity from -20 to 100 C as a line on the scale of the table."""
    ends = _over_heat(np.array([row[CONDUCTIVITY.column]]), np.array([row[ACTIVATION_ENERGY.column]]),
                      np.array([row["temperature_C"]]))[0]  # fmt: skip
    if not np.isfinite(ends).all():
        return ""
    low, high = scale
    across = np.linspace(0, _WIDTH, ends.size)
    up = (_HEIGHT - 2) * (1 - (ends - low) / (high - low)) + 1
    points = " ".join(f"{x:.0f},{y:.1f}" for x, y in zip(across, up, strict=True))
    target = (_HEIGHT - 2) * (1 - (_TARGET - low) / (high - low)) + 1
    said = f"log10 conductivity {ends[0]:.1f} at {_SPARK_C[0]:.0f} C, {ends[-1]:.1f} at {_SPARK_C[1]:.0f} C"
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="{said}"><title>{said}</title>'
        f'<line x1="0" x2="{_WIDTH}" y1="{target:.1f}" y2="{target:.1f}" stroke="currentColor" opacity=".5" '
        f'stroke-dasharray="2 3"/><polyline points="{points}" fill="none" stroke="#0072b2" stroke-width="2"/></svg>'
    )


def _scale(table: pd.DataFrame) -> tuple[float, float]:
    """Lowest and highest conductivity of the lines of a table, the target among them."""
    if ACTIVATION_ENERGY.column not in table or "temperature_C" not in table:
        return _TARGET - 1, _TARGET + 1
    columns = (CONDUCTIVITY.column, ACTIVATION_ENERGY.column, "temperature_C")
    ends = _over_heat(*(pd.to_numeric(table[c], errors="coerce").to_numpy(np.float64) for c in columns))
    finite = ends[np.isfinite(ends)]
    return min([*finite, _TARGET - 0.5]), max([*finite, _TARGET + 0.5])


def _over_heat(value: np.ndarray, energy: np.ndarray, temperature_C: np.ndarray) -> np.ndarray:
    """log10 conductivity (n, 13) of n materials along `_SPARK_C`, from what they are at one temperature."""
    along = np.linspace(*_SPARK_C, 13)
    with np.errstate(invalid="ignore"):
        return value[:, None] + energy[:, None] * arrhenius_decades(along[None, :], temperature_C[:, None])


def typeset(formula: Any) -> str:
    """A formula as HTML, amounts as subscripts.

    Examples
    --------
    >>> typeset("Na3.4Zr2(SiO4)2.4(PO4)0.6")
    'Na<sub>3.4</sub>Zr<sub>2</sub>(SiO<sub>4</sub>)<sub>2.4</sub>(PO<sub>4</sub>)<sub>0.6</sub>'
    >>> typeset("60Na2S-40GeS2")
    '60Na<sub>2</sub>S-40GeS<sub>2</sub>'
    """
    return _AMOUNT.sub(r"<sub>\1</sub>", escape(str(formula)))


def _number(value: Any, decimals: int) -> str:
    return "" if value is None or pd.isna(value) else f"{value:.{decimals}f}".replace("-", "−")
