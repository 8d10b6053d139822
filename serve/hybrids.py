"""`ion.predict_hybrids`: a table of mixtures in, conductivity with bounds out, errors in their place."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..featurize.mixture import MixtureBatch
from ..models.hybrid import HybridModel, predict_mixtures
from ..training.registry import hybrid_champion
from .predict import InputError

CHUNK_ROWS = 4096


def predict_hybrids(
    table: Any,
    temperature_C: float | Sequence[float] | None = None,
    interval: float = 0.9,
    *,
    strict: bool = False,
) -> pd.DataFrame:
    """Predict the conductivity of mixtures of polymer, salt, filler and plasticizer.

    Parameters
    ----------
    table : DataFrame, dict, or a space made by `ionscout.hybrids`
        Columns of hybrid_electrolytes.csv: polymer (or polymer_smiles), salt, salt_loading, salt_loading_unit, filler,
        filler_wt_pct, plasticizer, class, temperature_C. Columns that are not there are empty; others are kept.
    temperature_C : float or (n,), optional
        Fills what the table leaves open. There is no default: half a decade hangs on it.
    interval : float
        Fraction of new measurements that the bounds should hold.
    strict : bool
        Raise at the first row that cannot be predicted instead of reporting it in `error`.

    Returns
    -------
    DataFrame
        n rows in order, index as given: the table's columns (a measured `conductivity_S_cm` as
        `given_conductivity_S_cm`), then log10_conductivity and conductivity_S_cm with
        `_lower` and `_upper`, domain_score, in_domain, error.

    Raises
    ------
    NoChampionError
        If no model has been trained yet.
    InputError
        With `strict`, naming the row.
    KeyError
        If there is no column `polymer`.
    ValueError
        If `interval` is not between 0 and 1, or lengths differ.

    See Also
    --------
    ionscout.hybrids : enumerate mixtures.
    """
    given = hybrid_input(table, temperature_C)
    model = hybrid_champion()
    starts = range(0, max(len(given), 1), CHUNK_ROWS)
    out = pd.concat([predict_hybrid_table(given.iloc[s : s + CHUNK_ROWS], model, interval) for s in starts])
    out.attrs["interval"] = interval
    if strict and out["error"].notna().any():
        row = int(np.flatnonzero(out["error"].notna())[0])
        raise InputError(f"row {row}: {out['error'].iloc[row]}")
    return out


def predict_hybrid_table(table: pd.DataFrame, model: HybridModel, interval: float = 0.9) -> pd.DataFrame:
    """Predict one chunk: `table` with the answer's columns behind its own; a measured value is kept as `given_...`."""
    answer = predict_mixtures(model, MixtureBatch.read(table), interval)
    kept = table.drop(columns="error", errors="ignore").rename(columns={c: f"given_{c}" for c in answer})
    return pd.concat([kept, pd.DataFrame(answer, index=table.index)], axis=1)


def hybrid_input(table: Any, temperature_C: Any = None) -> pd.DataFrame:
    """A table of mixtures with its temperatures filled in.

    Raises
    ------
    TypeError
        If it is neither a table nor a space of hybrids.
    ValueError
        If there are not as many temperatures as rows.
    """
    if isinstance(table, dict):
        lists = any(not np.isscalar(v) and v is not None for v in table.values())
        table = pd.DataFrame(table) if lists else pd.DataFrame([table])
    elif hasattr(table, "to_dataframe"):
        table = table.to_dataframe()
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"predict_hybrids takes a DataFrame with the columns of a hybrid, not {type(table).__name__}")
    given = table.copy()
    if temperature_C is None:
        return given
    if not np.isscalar(temperature_C) and len(temperature_C) != len(given):
        raise ValueError(
            f"{len(temperature_C)} values of temperature_C for {len(given)} rows; give one, or one for each"
        )
    filling = pd.Series(np.broadcast_to(np.asarray(temperature_C, dtype=np.float64), len(given)), index=given.index)
    own = given["temperature_C"] if "temperature_C" in given else pd.Series(np.nan, index=given.index)
    return given.assign(temperature_C=own.where(own.notna(), filling))
