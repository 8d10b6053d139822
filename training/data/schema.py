"""The pandera schema of a measurement table, one per kind of table and severity, built from `fields` and `rules`."""

from functools import lru_cache

import pandera.pandas as pa

from .fields import ERROR, FIELDS, WARNING
from .kinds import TABLES
from .rules import rules


def measurement_schema(table: str = "electrolyte", severity: str = ERROR) -> pa.DataFrameSchema:
    """Pandera schema of one kind of table.

    Parameters
    ----------
    table : {"electrolyte", "glass", "hybrid", "interface", "window"}
        Kind of table.
    severity : {"error", "warning"}
        Checks to include: those that take a row out, or those that only remark on it.

    Raises
    ------
    ValueError
        If there is no such table or severity.

    Examples
    --------
    >>> import pandas as pd
    >>> row = pd.DataFrame({"formula": ["Na3PS4"], "temperature_C": [25.0], "conductivity_S_cm": [2e-4]})
    >>> float(measurement_schema().validate(row)["conductivity_S_cm"].iloc[0])
    0.0002
    """
    if table not in TABLES:
        raise ValueError(f"{table=} is not known; choose one of {', '.join(TABLES)}")
    if severity not in (ERROR, WARNING):
        raise ValueError(f"{severity=} must be {ERROR!r} or {WARNING!r}")
    return _schema(table, severity)


@lru_cache(maxsize=16)
def _schema(table: str, severity: str) -> pa.DataFrameSchema:
    spec = TABLES[table]
    wide = [r for r in rules(table).values() if r.severity == severity]
    columns = {
        name: pa.Column(
            float if FIELDS[name].number else None,
            nullable=True,
            required=name in spec.required,
            coerce=FIELDS[name].number,
            description=FIELDS[name].meaning,
        )
        for name in spec.columns
    }
    checks = [pa.Check(rule.passes, name=rule.key, error=rule.key, ignore_na=False) for rule in wide]
    return pa.DataFrameSchema(columns, checks=checks, strict=False, name=f"{table} {severity}s")
