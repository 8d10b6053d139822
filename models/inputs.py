"""What the boosters see: one float32 matrix of composition features and measurement context for all models."""

from functools import cache

import numpy as np

from ..featurize.composition import CompositionBatch
from ..featurize.electrolyte import electrolyte_feature_names, electrolyte_features
from .physics import kelvin

THERMAL = "minus_1000_over_T"
STATE_COLUMNS = {
    "glass_ceramic": "state_glass_ceramic",
    "glass": "state_glass",
    "amorphous": "state_amorphous",
}
CONTEXT_COLUMNS = (THERMAL, *STATE_COLUMNS.values())


def input_columns(*blocks: str, context: bool = True) -> tuple[str, ...]:
    """Names of input columns: of some feature blocks (`featurize.electrolyte`) or of all, and of the context."""
    return (*electrolyte_feature_names(*blocks), *(CONTEXT_COLUMNS if context else ()))


@cache
def input_positions(names: tuple[str, ...]) -> np.ndarray:
    """Places (k,) of named columns in `model_inputs`.

    Raises
    ------
    KeyError
        Naming the columns that do not exist.
    """
    places = {name: i for i, name in enumerate(input_columns())}
    missing = [name for name in names if name not in places]
    if missing:
        raise KeyError(f"no input columns {', '.join(missing)}")
    return np.array([places[name] for name in names])


def model_inputs(
    batch: CompositionBatch, temperature_C: np.ndarray | float = 25.0, state: np.ndarray | str = "crystalline"
) -> np.ndarray:
    """Input matrix (n, p) float32; every model takes the same one, so that it is made once a chunk.

    Parameters
    ----------
    batch : CompositionBatch
        n compositions; rows in error become NaN.
    temperature_C : (n,) or scalar
        Temperature at which the material is or would be reported, in Celsius.
    state : (n,) or scalar of str
        One of `STATES`, already checked (`Context.read`); "unknown" leaves the state columns missing.
    """
    names = electrolyte_feature_names()
    inputs = np.empty((len(batch), len(names) + len(CONTEXT_COLUMNS)), dtype=np.float32)
    electrolyte_features(batch, out=inputs[:, : len(names)])
    set_context(inputs, temperature_C, state)
    return inputs


def set_context(inputs: np.ndarray, temperature_C: np.ndarray | float, state: np.ndarray | str) -> None:
    """Write temperature and state into the context columns of `inputs` (n, p), in place."""
    states = np.broadcast_to(np.asarray(state, dtype=object), (inputs.shape[0],))
    first = inputs.shape[1] - len(CONTEXT_COLUMNS)
    inputs[:, first] = -1000.0 / kelvin(temperature_C)
    if (states == "crystalline").all():
        inputs[:, first + 1 :] = 0.0
        return
    unknown = states == "unknown"
    for offset, name in enumerate(STATE_COLUMNS, start=1):
        inputs[:, first + offset] = np.where(unknown, np.nan, states == name)
