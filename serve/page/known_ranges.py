"""Where known electrolytes lie in each property: the axes of the small bars, so that one row alone says something."""

from functools import lru_cache

from ...models.properties import ACTIVATION_ENERGY, CONDUCTIVITY, ENERGY_ABOVE_HULL, OXIDATION_LIMIT, REDUCTION_LIMIT
from ...training.data.sources import window_rows
from ...training.train import measured_rows

# The middle nine tenths of what is known.
_SHARES = (0.05, 0.95)


@lru_cache(maxsize=1)
def known_ranges() -> dict[str, tuple[float, float]]:
    """Least and largest usual value of each property, by column.

    Both limits of the window share one axis, from the metal up.

    Examples
    --------
    >>> known_ranges()["log10_conductivity"]
    (-6.5, -1.0)
    """
    measured, computed = measured_rows(), window_rows(("Na",))
    found = {}
    for table, facts in (
        (measured, (CONDUCTIVITY, ACTIVATION_ENERGY)),
        (computed, (OXIDATION_LIMIT, ENERGY_ABOVE_HULL)),
    ):
        for fact in facts:
            low, high = table[fact.column].quantile(list(_SHARES))
            found[fact.column] = (round(float(low), 1), round(float(high), 1))
    found[OXIDATION_LIMIT.column] = (REDUCTION_LIMIT.lower, found[OXIDATION_LIMIT.column][1])
    found[REDUCTION_LIMIT.column] = found[OXIDATION_LIMIT.column]
    return found
