"""Every check of a measurement table: the ranges and words of `fields.FIELDS`, and what ties columns together.

A rule carries a key, a severity, a reason and a remedy; the schema runs them, the report words them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd

from .columns import compositions, contains, infer_mobile_ion, is_computed, number, text
from .fields import ERROR, FIELDS, INTERFACE_QUANTITIES, MEASURED_COLUMNS, MOBILE_IONS, WARNING, Bound
from .kinds import TABLES
from .plausible import CEILING_25C_S_CM, ROOM_C, below_ceiling, not_kelvin, prefactor_plausible, room_is_room, solid


@dataclass(frozen=True)
class Rule:
    """One check of a table: what it is about, how grave it is, why, and what would be right."""

    key: str
    column: str
    severity: str
    reason: str
    remedy: str
    passes: Callable[[pd.DataFrame], pd.Series]


@lru_cache(maxsize=8)
def rules(table: str) -> dict[str, Rule]:
    """All rules of one kind of table by key, in the order of its columns; rules between columns come last."""
    spec = TABLES[table]
    found: list[Rule] = []
    for name in spec.columns:
        field = FIELDS[name]
        if name in spec.required:
            found.append(
                Rule(f"{name}:required", name, ERROR, f"{name} is missing", f"give {field.meaning}", _given(name))
            )
        for bound in field.bounds:
            found.append(
                Rule(
                    f"{name}:{bound.severity} range",
                    name,
                    bound.severity,
                    bound.reason,
                    bound.remedy,
                    _within(name, bound),
                )
            )
        choices = spec.choices(name)
        if choices:
            remedy = f"choose one of {', '.join(choices)}"
            reason = f"not a word for {name} ({field.meaning})"
            found.append(Rule(f"{name}:word", name, field.choices_severity, reason, remedy, _one_of(name, choices)))
        if field.pattern:
            reason = f"not the form of {name}"
            found.append(
                Rule(f"{name}:form", name, WARNING, reason, field.pattern_remedy, _matches(name, field.pattern))
            )
    found += [rule for rule, needs in _BETWEEN if needs <= set(spec.columns)]
    return {rule.key: rule for rule in found}


# ---------------------------------------------------------------------------------------------- checks of one column


def _given(name: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda frame: text(frame, name).ne("")


def _within(name: str, bound: Bound) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda frame: number(frame, name).isna() | number(frame, name).between(bound.lower, bound.upper)


def _one_of(name: str, choices: tuple[str, ...]) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda frame: text(frame, name).isin(("", *choices))


def _matches(name: str, pattern: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda frame: text(frame, name).eq("") | text(frame, name).str.fullmatch(pattern)


# --------------------------------------------------------------------------------------------- checks between columns


def _parsable(frame: pd.DataFrame) -> pd.Series:
    return text(frame, "formula").eq("") | compositions(frame["formula"]).is_readable


def _holds_mobile_ion(frame: pd.DataFrame) -> pd.Series:
    batch = compositions(frame["formula"])
    ion = text(frame, "mobile_ion")
    ion = ion.where(ion.ne(""), pd.Series(infer_mobile_ion(batch), index=frame.index))
    # A word that is no ion is the vocabulary's business.
    other = ion.notna() & ~ion.isin(MOBILE_IONS)
    return other | pd.Series(contains(batch, ion) | ~batch.is_readable, index=frame.index)


def _something_measured(frame: pd.DataFrame) -> pd.Series:
    return pd.concat([number(frame, c).notna() for c in MEASURED_COLUMNS], axis=1).any(axis=1)


def _limit_given(frame: pd.DataFrame) -> pd.Series:
    return text(frame, "conductivity_relation").eq("") | number(frame, "conductivity_S_cm").notna()


def _temperature_given(frame: pd.DataFrame) -> pd.Series:
    return number(frame, "conductivity_S_cm").isna() | number(frame, "temperature_C").notna()


def _ordered(low: str, high: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda frame: ~(number(frame, low) > number(frame, high))


def _grade_earned(frame: pd.DataFrame) -> pd.Series:
    earned = text(frame, "doi").ne("") & text(frame, "temperature_stated").ne("rt")
    return text(frame, "quality").ne("A") | earned


def _computed_is_graded_so(frame: pd.DataFrame) -> pd.Series:
    return ~is_computed(frame) | text(frame, "quality").eq("computed")


def _loading_has_unit(frame: pd.DataFrame) -> pd.Series:
    return number(frame, "salt_loading").isna() | text(frame, "salt_loading_unit").ne("")


def _interface_value_ok(frame: pd.DataFrame) -> pd.Series:
    quantity, value = text(frame, "quantity"), pd.to_numeric(frame["value"], errors="coerce")
    good = quantity.eq("decomposition_products") | ~quantity.isin(tuple(INTERFACE_QUANTITIES))
    for name, (_, lower, upper, _) in INTERFACE_QUANTITIES.items():
        good |= quantity.eq(name) & value.between(lower, upper)
    return good


def _interface_unit_ok(frame: pd.DataFrame) -> pd.Series:
    expected = text(frame, "quantity").map({name: q[0] for name, q in INTERFACE_QUANTITIES.items()})
    return expected.isna() | text(frame, "unit").eq(expected)


def _limits_on_hull(frame: pd.DataFrame) -> pd.Series:
    limits = number(frame, "reduction_limit_V").notna() | number(frame, "oxidation_limit_V").notna()
    return ~(limits & (number(frame, "energy_above_hull_eV_atom") > 0))


_FORMULA, _CONDUCTIVITY, _TEMPERATURE = {"formula"}, "conductivity_S_cm", "temperature_C"
# (rule, columns a table must have for it to apply)
_BETWEEN: tuple[tuple[Rule, set[str]], ...] = (
    (Rule("formula:parsable", "formula", ERROR, "the formula cannot be read", "mend the formula", _parsable), _FORMULA),
    (
        Rule(
            "mobile_ion:present",
            "mobile_ion",
            ERROR,
            "the formula does not hold the mobile ion",
            f"name the ion that conducts ({', '.join(MOBILE_IONS)}) and that the formula holds",
            _holds_mobile_ion,
        ),
        {"formula", "mobile_ion"},
    ),
    (
        Rule(
            "row:measured",
            _CONDUCTIVITY,
            ERROR,
            "the row holds no measured value",
            f"give one of {', '.join(MEASURED_COLUMNS)}",
            _something_measured,
        ),
        {_CONDUCTIVITY},
    ),
    (
        Rule(
            "conductivity_relation:limit",
            "conductivity_relation",
            ERROR,
            "a relation without the limit that it is about",
            "give the limit in conductivity_S_cm, or leave conductivity_relation blank",
            _limit_given,
        ),
        {_CONDUCTIVITY, "conductivity_relation"},
    ),
    (
        Rule(
            "temperature_C:given",
            _TEMPERATURE,
            ERROR,
            "a conductivity without its temperature means nothing",
            "give temperature_C; for `room temperature` write 25 and temperature_stated = rt",
            _temperature_given,
        ),
        {_CONDUCTIVITY, _TEMPERATURE},
    ),
    (
        Rule(
            "temperature_C:kelvin",
            _TEMPERATURE,
            WARNING,
            "looks like a temperature in K",
            "subtract 273.15, or leave it if it is Celsius",
            not_kelvin,
        ),
        {_TEMPERATURE},
    ),
    (
        Rule(
            "temperature_C:room",
            _TEMPERATURE,
            WARNING,
            f"room temperature lies between {ROOM_C[0]:g} and {ROOM_C[1]:g} C",
            "write temperature_stated = exact, or mend the temperature",
            room_is_room,
        ),
        {"temperature_stated"},
    ),
    (
        Rule(
            "temperature_C:solid",
            _TEMPERATURE,
            WARNING,
            "above the temperature where such a glass softens, such a crystal melts or such a polymer degrades",
            "check temperature, state and family; a melt is no solid electrolyte",
            solid,
        ),
        {_TEMPERATURE, _CONDUCTIVITY},
    ),
    (
        Rule(
            "window:ordered",
            "window_low_V",
            ERROR,
            "the reduction limit lies above the oxidation limit",
            "exchange window_low_V and window_high_V",
            _ordered("window_low_V", "window_high_V"),
        ),
        {"window_low_V", "window_high_V"},
    ),
    (
        Rule(
            "limits:ordered",
            "reduction_limit_V",
            ERROR,
            "the reduction limit lies above the oxidation limit",
            "exchange reduction_limit_V and oxidation_limit_V",
            _ordered("reduction_limit_V", "oxidation_limit_V"),
        ),
        {"reduction_limit_V", "oxidation_limit_V"},
    ),
    (
        Rule(
            "limits:hull",
            "reduction_limit_V",
            WARNING,
            "a phase above the hull has no stability window of its own",
            "leave the limits blank or set energy_above_hull_eV_atom to 0",
            _limits_on_hull,
        ),
        {"reduction_limit_V"},
    ),
    (
        Rule(
            "conductivity_S_cm:ceiling",
            _CONDUCTIVITY,
            WARNING,
            f"above every solid known at this temperature ({CEILING_25C_S_CM:g} S/cm at 25 C)",
            "check the unit (mS/cm?), the exponent, and electronic conduction",
            below_ceiling,
        ),
        {_CONDUCTIVITY, _TEMPERATURE},
    ),
    (
        Rule(
            "activation_energy_eV:prefactor",
            "activation_energy_eV",
            WARNING,
            "conductivity and activation energy disagree: sigma*T*exp(Ea/kT) is beyond any attempt frequency",
            "check both, and whether the energy was defined by exp(-Ea/2kT)",
            prefactor_plausible,
        ),
        {_CONDUCTIVITY, _TEMPERATURE, "activation_energy_eV"},
    ),
    (
        Rule(
            "quality:A",
            "quality",
            WARNING,
            "grade A asks for a DOI and an exact temperature",
            "give them, or grade the row B",
            _grade_earned,
        ),
        {"quality", "doi"},
    ),
    (
        Rule(
            "quality:computed",
            "quality",
            WARNING,
            "method or note says computed, quality does not",
            "write quality = computed; the row is kept out of measured data",
            _computed_is_graded_so,
        ),
        {"quality", "method"},
    ),
    (
        Rule(
            "salt_loading:unit",
            "salt_loading_unit",
            WARNING,
            "a loading without its unit",
            f"choose one of {', '.join(FIELDS['salt_loading_unit'].choices)}",
            _loading_has_unit,
        ),
        {"salt_loading"},
    ),
    (
        Rule(
            "value:range",
            "value",
            ERROR,
            "the value is no number, or out of range for its quantity",
            "; ".join(f"{n}: {lo:g} to {hi:g} {u}" for n, (u, lo, hi, _) in INTERFACE_QUANTITIES.items() if u),
            _interface_value_ok,
        ),
        {"quantity", "value"},
    ),
    (
        Rule(
            "unit:quantity",
            "unit",
            WARNING,
            "not the unit of this quantity",
            "write " + "; ".join(f"{u} for {n}" for n, (u, *_) in INTERFACE_QUANTITIES.items() if u),
            _interface_unit_ok,
        ),
        {"quantity", "unit"},
    ),
)
