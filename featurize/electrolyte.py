"""The features of an electrolyte that the models read; all are continuous in composition."""

from functools import cache

import numpy as np
from scipy.sparse import csr_array

from .composition import CompositionBatch
from .framework import FrameworkFeatures, framework_columns
from .ionic import IonicFeatures, ionic_columns
from .magpie import ContinuousMagpieFeatures
from .roles import IonRoles
from .transformer import CompositionTransformer

# Rows worked on together: their entries stay in a core's cache.
_CHUNK = 4096


@cache
def feature_blocks() -> dict[str, CompositionTransformer]:
    """The blocks of columns, by name, in order."""
    return {
        "ionic": IonicFeatures(dtype="float32"),
        "framework": FrameworkFeatures(dtype="float32"),
        "magpie": ContinuousMagpieFeatures(dtype="float32"),
    }


@cache
def electrolyte_feature_names(*blocks: str) -> tuple[str, ...]:
    """Names of the columns of `electrolyte_features`, in order; of some blocks, or of all.

    Raises
    ------
    ValueError
        If a block is not one of `feature_blocks`.
    """
    return tuple(name for key in _chosen(blocks) for name in feature_blocks()[key].feature_names())


def electrolyte_features(batch: CompositionBatch, *blocks: str, out: np.ndarray | None = None) -> np.ndarray:
    """Compute the columns of some blocks, or of all; each block's numbers are its transformer's.

    Parameters
    ----------
    batch : CompositionBatch
        n compositions.
    *blocks : str
        Keys of `feature_blocks`; their order here does not matter.
    out : (n, p) float32 array, optional
        Where to write, such as some columns of a larger matrix.

    Returns
    -------
    ndarray of shape (n, p), float32
        Rows in error are NaN.

    Raises
    ------
    ValueError
        If a block is not one of `feature_blocks`.

    Examples
    --------
    >>> batch = CompositionBatch.coerce(["Na3PS4", "Na3P(S4"])
    >>> electrolyte_features(batch, "ionic", "framework").shape
    (2, 156)
    """
    chosen = _chosen(blocks)
    if out is None:
        out = np.empty((len(batch), len(electrolyte_feature_names(*chosen))), dtype=np.float32)
    widths = [len(electrolyte_feature_names(key)) for key in chosen]
    columns = dict(zip(chosen, np.split(out, np.cumsum(widths)[:-1], axis=1), strict=True))
    if "magpie" in columns:
        columns["magpie"][:] = feature_blocks()["magpie"].compute(batch)
    if {"ionic", "framework"} & columns.keys():
        _fill_by_roles(batch, columns)
        out[~batch.is_readable] = np.nan
    return out


def _fill_by_roles(batch: CompositionBatch, columns: dict[str, np.ndarray]) -> None:
    """Fill the blocks that ask who moves, which is worked out once for both; other rows keep what they hold."""
    names = feature_blocks()["ionic"].feature_names()
    for start in range(0, len(batch), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(batch)))
        rows = rows[batch.is_readable[rows]]
        if rows.size == 0:
            continue
        whole = rows[-1] - rows[0] + 1 == rows.size
        place = slice(rows[0], rows[-1] + 1) if whole else rows
        roles = IonRoles.of(csr_array(batch.fractions[place]))
        if "ionic" in columns:
            found = ionic_columns(roles)
            for column, name in enumerate(names):
                columns["ionic"][place, column] = found[name]
        if "framework" in columns:
            columns["framework"][place] = framework_columns(roles)


def _chosen(blocks: tuple[str, ...]) -> list[str]:
    unknown = set(blocks) - feature_blocks().keys()
    if unknown:
        raise ValueError(f"no feature block {min(unknown)!r}; there are {', '.join(feature_blocks())}")
    return [key for key in feature_blocks() if not blocks or key in blocks]
