"""A spec: what a candidate must meet, read from one line of text."""

import re
from dataclasses import dataclass
from difflib import get_close_matches

from ...featurize.element_supply import HAZARDS, SUPPLY_COLUMNS
from ...featurize.elements import INDEX
from ...models.properties import BY_COLUMN, PROPERTIES

# Facts of a composition's elements that may be asked for; they are exact.
FACT_COLUMNS = tuple(column for column in SUPPLY_COLUMNS if column != "hazard")
SPEC_COLUMNS = (*BY_COLUMN, "conductivity_S_cm", *FACT_COLUMNS, "domain_score")
# Names that a spec may use besides the columns themselves.
_NAMES = {
    **{name: p.column for name, p in PROPERTIES.items()},
    "conductivity": "conductivity_S_cm",
    "cost": "cost_USD_kg",
    "crustal_abundance": "crustal_abundance_ppm",
    "abundance": "crustal_abundance_ppm",
}
_CONDITION = re.compile(
    r"^(?P<name>[A-Za-z][\w ]*?)(?:\s+at\s+(?P<temperature>[-+.\w]+)\s*°?C)?\s*(?P<operator>>=|<=|≥|≤|>|<)\s*"
    r"(?P<value>\S+)(?:\s+(?P<unit>\S+))?$"
)
_EXCLUSION = re.compile(r"^(?:no|without)\s+(?P<elements>[A-Z][a-z]?(?:\s+[A-Z][a-z]?)*)$")
_NO_HAZARD = re.compile(r"^(?:no|without)\s+hazard(?:s|ous)?(?:\s+elements?)?$")
_UNITS = {
    "conductivity_S_cm": "S/cm",
    **{column: p.unit for column, p in BY_COLUMN.items()},
    "cost_USD_kg": "USD/kg",
    "crustal_abundance_ppm": "ppm",
}
ZERO_C = -273.15

DEFAULT_SPEC = (
    "conductivity_S_cm >= 1e-3, reduction_limit_V <= 1.5, oxidation_limit_V >= 3.0, energy_above_hull_eV_atom <= 0.05"
)


@dataclass(frozen=True)
class Condition:
    """One bound on one column; `at_least` says which side is good, `temperature_C` at which temperature, if it says."""

    column: str
    at_least: bool
    value: float
    temperature_C: float | None = None

    def __str__(self) -> str:
        where = "" if self.temperature_C is None else f" at {self.temperature_C:g} C"
        return f"{self.column}{where} {'>=' if self.at_least else '<='} {self.value:g}"


@dataclass(frozen=True)
class Spec:
    """Conditions that must all hold, elements that must be absent, and whether hazardous ones must be."""

    conditions: tuple[Condition, ...]
    excluded: tuple[str, ...] = ()
    no_hazard: bool = False

    def __str__(self) -> str:
        parts = [*map(str, self.conditions), *(f"no {e}" for e in self.excluded)]
        return ", ".join([*parts, *(["no hazardous"] if self.no_hazard else [])])

    @property
    def absent(self) -> tuple[str, ...]:
        """Elements that a candidate may not hold, hazardous ones included."""
        return tuple(dict.fromkeys((*self.excluded, *(HAZARDS if self.no_hazard else ()))))

    @classmethod
    def parse(cls, text: str) -> "Spec":
        """Read a spec.

        Parameters
        ----------
        text : str
            Parts separated by commas: `column >= value`, `column <= value`, `no Co`, `no hazardous`. Columns are those
            of `ion.predict`, a property's name ("oxidation limit"), or a fact of the elements ("cost"); a conductivity
            may say "at 25 C", and a value may carry its unit.

        Raises
        ------
        ValueError
            Naming the part that cannot be read and what would be right.

        Examples
        --------
        >>> print(Spec.parse("conductivity at 25 C >= 1e-3, oxidation limit >= 3.8 V, cost <= 50, no Co"))
        conductivity_S_cm at 25 C >= 0.001, oxidation_limit_V >= 3.8, cost_USD_kg <= 50, no Co
        """
        conditions, excluded, no_hazard = [], [], False
        for part in (p.strip() for p in text.split(",")):
            if found := _EXCLUSION.match(part):
                symbols = found["elements"].split()
                unknown = [s for s in symbols if s not in INDEX]
                if unknown:
                    raise ValueError(f"spec part {part!r}: {unknown[0]!r} is not an element")
                excluded += symbols
            elif _NO_HAZARD.match(part):
                no_hazard = True
            elif found := _CONDITION.match(part):
                conditions.append(_condition(part, found))
            else:
                raise ValueError(
                    f"spec part {part!r} cannot be read; write e.g. 'oxidation limit >= 3.8' or 'no Co', "
                    "separated by commas"
                )
        return cls(tuple(conditions), tuple(dict.fromkeys(excluded)), no_hazard)


def _condition(part: str, found: re.Match) -> Condition:
    name = re.sub(r"\s+", "_", found["name"].strip())
    column = _NAMES.get(name, name)
    if column not in SPEC_COLUMNS:
        known = [n.replace("_", " ") for n in _NAMES] + list(SPEC_COLUMNS)
        near = get_close_matches(name.replace("_", " "), known, 1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"spec part {part!r}: {name!r} is not a property{meant}; choose one of {', '.join(known)}")
    unit = _UNITS.get(column, "")
    if found["unit"] and found["unit"] != unit:
        raise ValueError(f"spec part {part!r}: {column} is in {unit or 'no unit'}, not {found['unit']}")
    value, temperature = _number(part, found["value"]), None
    if found["temperature"] is not None:
        temperature = _number(part, found["temperature"])
        if column not in ("conductivity_S_cm", "log10_conductivity"):
            raise ValueError(f"spec part {part!r}: only a conductivity is asked for at a temperature")
        if temperature <= ZERO_C:
            raise ValueError(f"spec part {part!r}: {temperature:g} C is below absolute zero")
    if column == "conductivity_S_cm" and value <= 0:
        raise ValueError(f"spec part {part!r}: a conductivity is positive, {value:g} is not")
    return Condition(column, found["operator"] in (">=", ">", "≥"), value, temperature)


def _number(part: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"spec part {part!r}: {text!r} is not a number") from None
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(f"spec part {part!r}: {text!r} is not a finite number")
    return value
