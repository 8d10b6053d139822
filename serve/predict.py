"""`ion.predict`: any inputs in, one row of properties out for each, in order, errors in their place."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from ..featurize.structure.given import read_given
from ..models.base import PropertyModel
from ..models.context import Context
from ..models.phases import Phases
from ..models.prediction import predict_properties
from ..training.registry import champions
from .ahead import in_order
from .display import Predictions
from .known_energies import energies_of

CHUNK_STRUCTURES = 64  # reading a structure takes a thousand times as long as reading a formula
CHUNK_ROWS = 4096  # keeps what a chunk needs, distances to the measured compositions most of all, near 50 MB


class InputError(ValueError):
    """A row cannot be predicted and `strict=True` was asked."""


def predict(
    inputs: Any,
    temperature_C: float | Sequence[float] | None = None,
    interval: float = 0.9,
    *,
    state: str | Sequence[str] | None = None,
    strict: bool = False,
    energies: Any = None,
) -> pd.DataFrame:
    """Predict the properties of compositions with the champion models.

    Where the phase equilibria of a composition are known, in the table of windows that comes with ionscout or in the
    energies given, its limits and its energy above hull are those, exactly, and both bounds are the value itself; else
    they are the models'. `window_source` and `hull_source` say which. A glass is never taken for the known crystal:
    conductivity and activation energy of a glass come from the model of glasses where that knows its kind, and
    `conductivity_source` says so.

    Parameters
    ----------
    inputs : str, list of str, Series, DataFrame, pymatgen Composition or Structure, or a list of them
        n inputs. A DataFrame has a column `formula`, or `structure` (pymatgen Structure, CIF text or path) where there
        is no formula, or beside it; it may have `temperature_C` and `state`, and keeps its other columns. Where the
        models were taught structures they use it, and a structure that cannot be read, or is of another composition
        than the formula, is an error of its row; else only its composition is used, where there is no formula.
    temperature_C : float or (n,), optional
        Temperature in Celsius; fills what the inputs leave open. 25 if nothing is said.
    interval : float
        Fraction of new measurements that the bounds should hold.
    state : str or (n,), optional
        crystalline (default), glass, glass_ceramic, amorphous or unknown.
    strict : bool
        Raise at the first row that cannot be predicted instead of reporting it in `error`.
    energies : path, DataFrame, pymatgen entries or PhaseEnergies, optional
        A phase-energy table, as `ionscout.window` takes it; what it holds goes before the shipped table of windows.

    Returns
    -------
    DataFrame
        n rows in order, index as given: the input's columns, then for every property its value, `_lower` and `_upper`;
        `conductivity_source` ("electrolytes" or "glasses"), `structure_source` ("given": the row's structure was used;
        "missing": the model knows structures, the row has none; "not used": the model that answers the row has no use
        for one), `domain_score`, `in_domain`, `window_source`, `hull_source` ("exact" or "predicted"), `error`.

    Raises
    ------
    NoChampionError
        If no model has been trained yet.
    InputError
        With `strict`, naming the row.
    ValueError
        If `interval` is not between 0 and 1, or lengths differ.
    KeyError
        If a DataFrame has no column `formula`.
    TableError
        If the table of energies cannot be used as a whole.

    See Also
    --------
    ionscout.window : windows from energies, with what forms beyond the limits.
    ionscout.rank : order predictions by the probability of meeting a spec.
    """
    table = input_table(inputs, temperature_C, state)
    models, phases = champions(), known_phases(energies)
    parts = list(side_by_side(lambda part: predict_table(part, models, interval, phases), _chunks(table)))
    out = Predictions(without_carried(pd.concat(parts) if len(parts) > 1 else parts[0], inputs))
    out.attrs["interval"] = interval
    if strict and out["error"].notna().any():
        row = int(np.flatnonzero(out["error"].notna())[0])
        raise InputError(f"row {row}: {out['error'].iloc[row]}")
    return out


def predict_table(
    table: pd.DataFrame,
    models: Sequence[PropertyModel],
    interval: float = 0.9,
    phases: Phases | None = None,
) -> pd.DataFrame:
    """Predict one chunk, as `input_table` makes it: `table` with the answer's columns behind its own."""
    context = Context.read(len(table), table["temperature_C"], table["state"])
    given = read_given(table, any(model.reads_structures for model in models))
    batch, context = given.batch, context.with_errors(given.errors)
    answer = predict_properties(models, batch, context, interval, phases=phases, structures=given.features)
    if "structure" in table:
        table = table.assign(
            formula=table["formula"].where(table["formula"].notna(), pd.Series(batch.formulas, table.index))
        )
    kept = table[[c for c in table.columns if c not in answer]]
    return pd.concat([kept, pd.DataFrame(answer, index=table.index)], axis=1)


def known_phases(energies: Any) -> Phases | None:
    """Phases of a table that a user names; None without one."""
    return None if energies is None else energies_of(energies).phases


def input_table(inputs: Any, temperature_C: Any = None, state: Any = None) -> pd.DataFrame:
    """Inputs of any kind as a table with columns formula, temperature_C and state, and what it had besides.

    Raises
    ------
    KeyError
        If a DataFrame has no column `formula`, saying which column may be meant.
    """
    if isinstance(inputs, pd.DataFrame):
        table = inputs.copy()
        if "formula" not in table and "structure" in table:
            table.insert(0, "formula", pd.Series(None, index=table.index, dtype=object))
        elif "formula" not in table:
            alike = [c for c in table if str(c).strip().lower() in ("formula", "composition", "formulas", "compound")]
            hint = f"; rename {alike[0]!r} to 'formula'" if alike else ""
            raise KeyError(f"the table has no column 'formula'{hint} (columns: {', '.join(map(str, table.columns))})")
    elif isinstance(inputs, pd.Series):
        table = pd.DataFrame({"formula": inputs})
    else:
        single = isinstance(inputs, str) or hasattr(inputs, "composition") or hasattr(inputs, "get_el_amt_dict")
        items = [inputs] if single else list(inputs)
        table = pd.DataFrame({"formula": _formulas(items)})
        structures = [item if hasattr(item, "frac_coords") else None for item in items]
        if any(item is not None for item in structures):
            table["structure"] = pd.Series(structures, dtype=object)
    table["temperature_C"] = _filled(table, "temperature_C", temperature_C, 25.0)
    table["state"] = _filled(table, "state", state, "crystalline")
    return table


def _filled(table: pd.DataFrame, column: str, given: Any, default: float | str) -> Any:
    """A column of the table, where it is empty filled with what was given, or the default."""
    filling: Any = default if given is None else given
    if not np.isscalar(filling):
        if len(filling) != len(table):
            raise ValueError(f"{len(filling)} values of {column} for {len(table)} inputs; give one, or one for each")
        filling = pd.Series(list(filling), index=table.index)
    if column not in table:
        return filling
    return table[column].where(table[column].notna(), filling)  # pyright: ignore[reportArgumentType]


def side_by_side(do: Callable[[pd.DataFrame], pd.DataFrame], chunks: Iterable[Any]) -> Iterator[pd.DataFrame]:
    """Results of `do` in the order of the chunks, worked out on all cores, never more than a few chunks ahead."""
    workers = os.cpu_count() or 1
    with threadpool_limits(1), ThreadPoolExecutor(workers) as pool:
        yield from in_order(pool, do, chunks, 2 * workers)


def _formulas(items: list[Any]) -> list[Any]:
    """One formula for each of a list of strings and pymatgen objects."""
    formulas = []
    for item in items:
        composition: Any = getattr(item, "composition", item)
        formulas.append(composition.formula.replace(" ", "") if hasattr(composition, "get_el_amt_dict") else item)
    return formulas


def without_carried(table: pd.DataFrame, inputs: Any) -> pd.DataFrame:
    """The answer without structures that `input_table` wrote down for inputs that were no table."""
    return table if isinstance(inputs, pd.DataFrame) else table.drop(columns="structure", errors="ignore")


def _chunks(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Slices of at most CHUNK_ROWS rows; at least one, so that an empty table answers with all columns."""
    rows = CHUNK_STRUCTURES if "structure" in table else CHUNK_ROWS
    for start in range(0, max(len(table), 1), rows):
        yield table.iloc[start : start + rows]
