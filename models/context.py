"""The circumstances of a prediction, row by row: temperature and state, with defaults and readable refusals."""

from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from .physics import ABSOLUTE_ZERO_C
from .properties import STATES

DEFAULT_TEMPERATURE_C = 25.0
DEFAULT_STATE = "crystalline"
HOTTEST_C = 1500.0  # above this no measurement of a solid electrolyte is in any table; a larger number is in kelvin


@dataclass(frozen=True)
class Context:
    """Temperature (n,) float64 in Celsius, state (n,) str, and errors (n,) of str or None."""

    temperature_C: np.ndarray
    state: np.ndarray
    errors: np.ndarray

    @classmethod
    def read(cls, n: int, temperature_C: Any = None, state: Any = None) -> "Context":
        """Read `n` rows of what a person typed; missing cells take the defaults (25 C, crystalline).

        Parameters
        ----------
        n : int
            Rows.
        temperature_C, state : scalar or (n,) array-like, optional
            As given; rows that cannot be used get an error and harmless stand-ins.
        """
        if n > 1 and all(given is None or np.isscalar(given) for given in (temperature_C, state)):
            one = cls.read(1, *([given] if given is not None else None for given in (temperature_C, state)))
            return cls(*(np.repeat(column, n) for column in (one.temperature_C, one.state, one.errors)))
        if _is_plain(temperature_C, n) and _is_known(state, n):
            return cls(np.array(temperature_C), np.array(state, dtype=object), np.full(n, None, dtype=object))
        errors = np.full(n, None, dtype=object)
        typed = _column(n, DEFAULT_TEMPERATURE_C if temperature_C is None else temperature_C)
        numbers = pd.to_numeric(typed, errors="coerce").to_numpy(np.float64, copy=True)
        missing = typed.isna().to_numpy()
        numbers[missing] = DEFAULT_TEMPERATURE_C
        with np.errstate(invalid="ignore"):
            bad = ~((numbers > ABSOLUTE_ZERO_C) & (numbers <= HOTTEST_C))
        for i in np.flatnonzero(bad):
            value = typed.iloc[i]
            shown = f"{value:g}" if isinstance(value, Real) else repr(value)
            errors[i] = (
                f"temperature_C {shown} is not a temperature between {ABSOLUTE_ZERO_C} and {HOTTEST_C:g} C; "
                "give Celsius"
            )
        numbers[bad] = DEFAULT_TEMPERATURE_C

        states = _column(n, DEFAULT_STATE if state is None else state).astype(object)
        states = states.where(states.notna(), DEFAULT_STATE)
        unknown = ~states.isin(STATES).to_numpy()
        for i in np.flatnonzero(unknown):
            if errors[i] is None:
                errors[i] = f"state {states.iloc[i]!r} is not known; choose one of {', '.join(STATES)}"
        values = states.to_numpy(object, copy=True)
        values[unknown] = DEFAULT_STATE
        return cls(numbers, values, errors)

    def with_errors(self, errors: np.ndarray) -> "Context":
        """The same with further errors (n,) of str or None, which go before its own."""
        return replace(self, errors=np.where(pd.isna(errors), self.errors, errors))


def _is_plain(temperature_C: Any, n: int) -> bool:
    """Whether these are n floats in range, in a list: what a service is mostly asked, and needs no table to check."""
    return (
        isinstance(temperature_C, list)
        and len(temperature_C) == n
        and all(type(value) is float and ABSOLUTE_ZERO_C < value <= HOTTEST_C for value in temperature_C)
    )


def _is_known(state: Any, n: int) -> bool:
    """Whether these are n known states, in a list."""
    return isinstance(state, list) and len(state) == n and all(value in STATES for value in state)


def _column(n: int, value: Any) -> pd.Series:
    """A Series of n values from a scalar or a column.

    Raises
    ------
    ValueError
        If a column has another length than the inputs.
    """
    if np.isscalar(value):
        return pd.Series([value] * n)
    column = pd.Series(value).reset_index(drop=True)
    if len(column) != n:
        raise ValueError(f"{len(column)} temperatures or states for {n} inputs; give one, or one for each input")
    return column
