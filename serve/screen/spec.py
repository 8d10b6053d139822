"""A spec: what a candidate must meet, read from one line of text."""

import re
from dataclasses import dataclass

from ...featurize.elements import INDEX
from ...models.properties import BY_COLUMN, PROPERTIES

# Properties that a spec may name besides the columns themselves.
_NAMES = {**{name: p.column for name, p in PROPERTIES.items()}, "conductivity": "conductivity_S_cm"}
SPEC_COLUMNS = (*BY_COLUMN, "conductivity_S_cm")
_CONDITION = re.compile(r"^(?P<name>[A-Za-z][\w ]*?)\s*(?P<operator>>=|<=|>|<)\s*(?P<value>\S+)$")
_EXCLUSION = re.compile(r"^(?:no|without)\s+(?P<elements>[A-Z][a-z]?(?:\s+[A-Z][a-z]?)*)$")

DEFAULT_SPEC = (
    "conductivity_S_cm >= 1e-3, reduction_limit_V <= 1.5, oxidation_limit_V >= 3.0, energy_above_hull_eV_atom <= 0.05"
)


@dataclass(frozen=True)
class Condition:
    """One bound on one column; `at_least` says which side is good."""

    column: str
    at_least: bool
    value: float

    def __str__(self) -> str:
        return f"{self.column} {'>=' if self.at_least else '<='} {self.value:g}"


@dataclass(frozen=True)
class Spec:
    """Conditions that must all hold, and elements that must be absent."""

    conditions: tuple[Condition, ...]
    excluded: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [str(c) for c in self.conditions]
        return ", ".join([*parts, *(f"no {e}" for e in self.excluded)])

    @classmethod
    def parse(cls, text: str) -> "Spec":
        """Read a spec.

        Parameters
        ----------
        text : str
            Parts separated by commas: `column >= value`, `column <= value`, `no Co`. Columns are those of
            `ion.predict`, or a property's name.

        Raises
        ------
        ValueError
            Naming the part that cannot be read and what would be right.

        Examples
        --------
        >>> print(Spec.parse("conductivity >= 1e-3, oxidation_limit_V >= 3.8, no Co"))
        conductivity_S_cm >= 0.001, oxidation_limit_V >= 3.8, no Co
        """
        conditions, excluded = [], []
        for part in (p.strip() for p in text.split(",")):
            if found := _EXCLUSION.match(part):
                symbols = found["elements"].split()
                unknown = [s for s in symbols if s not in INDEX]
                if unknown:
                    raise ValueError(f"spec part {part!r}: {unknown[0]!r} is not an element")
                excluded += symbols
            elif found := _CONDITION.match(part):
                conditions.append(_condition(part, found))
            else:
                raise ValueError(
                    f"spec part {part!r} cannot be read; write e.g. 'oxidation_limit_V >= 3.8' or 'no Co', "
                    "separated by commas"
                )
        return cls(tuple(conditions), tuple(dict.fromkeys(excluded)))


def _condition(part: str, found: re.Match) -> Condition:
    name = found["name"].strip().replace(" ", "_")
    column = _NAMES.get(name, name)
    if column not in SPEC_COLUMNS:
        raise ValueError(f"spec part {part!r}: {name!r} is not a property; choose one of {', '.join(SPEC_COLUMNS)}")
    try:
        value = float(found["value"])
    except ValueError:
        raise ValueError(f"spec part {part!r}: {found['value']!r} is not a number") from None
    return Condition(column, found["operator"].startswith(">"), value)
