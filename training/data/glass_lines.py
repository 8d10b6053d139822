"""Glasses as Arrhenius lines: the rows of one glass hold a level and a slope, however many they are."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from ...models.glass import GLASS_REFERENCE_C
from ...models.physics import arrhenius_decades
from ...models.properties import ACTIVATION_ENERGY
from .sources import load_curated, training_rows

# SciGlass lists conductivities at these temperatures, and the temperature at which 1e-8 S/cm is reached.
STANDARD_C = (20.0, 100.0, 150.0, 300.0)
# Rows that span less say nothing about a slope.
_LEAST_SPAN_C = 20.0
# Energies outside are no hopping of ions; they teach the bound.
_ENERGY_BOUNDS_EV = (0.1, 2.0)


@dataclass(frozen=True)
class GlassRows:
    """Rows of the glass table, and the glass that each belongs to.

    Parameters
    ----------
    rows : DataFrame
        n rows: as `training_rows`, with sciglass_id, `glass` (0 .. m-1), `heat` (decades an eV brings from
        `GLASS_REFERENCE_C`) and `standard` (whether the temperature is one of `STANDARD_C`, not where 1e-8 is reached).
    glasses : DataFrame
        m glasses: sciglass_id, formula, mobile_ion, group_system, group_source, year, rows, mean_heat and mean_level of
        its rows, activation_energy_eV (the table's, else the slope of its rows, else NaN).
    """

    rows: pd.DataFrame
    glasses: pd.DataFrame

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Self:
        """Group rows that have a column sciglass_id."""
        heat = arrhenius_decades(rows["temperature_C"].to_numpy(np.float64), GLASS_REFERENCE_C)
        glass, names = pd.factorize(rows["sciglass_id"])
        level = rows["log10_conductivity"].to_numpy(np.float64)
        count = np.bincount(glass)
        mean_heat, mean_level = (np.bincount(glass, v) / count for v in (heat, level))
        away = heat - mean_heat[glass]
        spread, product = np.bincount(glass, away**2), np.bincount(glass, away * (level - mean_level[glass]))
        by_glass = rows.groupby(glass)
        span = by_glass["temperature_C"].max() - by_glass["temperature_C"].min()
        with np.errstate(invalid="ignore", divide="ignore"):
            slope = np.where(span >= _LEAST_SPAN_C, product / spread, np.nan)
        told = by_glass[ACTIVATION_ENERGY.column].first()
        glasses = by_glass[["formula", "mobile_ion", "group_system", "group_source", "year"]].first()
        glasses.insert(0, "sciglass_id", names)
        glasses = glasses.assign(
            rows=count,
            mean_heat=mean_heat,
            mean_level=mean_level,
            **{ACTIVATION_ENERGY.column: told.fillna(pd.Series(slope))},
        )
        reached = np.isclose(level, -8.0, rtol=0.0, atol=1e-9) & ~rows["temperature_C"].isin(STANDARD_C)
        return cls(rows.assign(glass=glass, heat=heat, standard=~reached).reset_index(drop=True), glasses)

    def taught_energies(self) -> np.ndarray:
        """Energies (m,) that a model is taught: within what ions can have; NaN where a glass has none."""
        return np.clip(self.glasses[ACTIVATION_ENERGY.column].to_numpy(np.float64), *_ENERGY_BOUNDS_EV)


def glass_rows() -> GlassRows:
    """All rows of the shipped glass table.

    Examples
    --------
    >>> table = glass_rows()
    >>> len(table.rows), len(table.glasses), int(table.rows["mobile_ion"].eq("Na").sum())
    (22610, 8863, 9517)
    """
    rows = training_rows("conductivity", ("glass_electrolytes",))
    names = load_curated("glass_electrolytes")["sciglass_id"]
    return GlassRows.of(rows.assign(sciglass_id=names.reindex(rows["row"]).to_numpy()))
