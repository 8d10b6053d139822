"""The features of an electrolyte that the models read; all are continuous in composition."""

from functools import cache

import numpy as np

from .composition import CompositionBatch
from .framework import FrameworkFeatures
from .ionic import IonicFeatures
from .magpie import ContinuousMagpieFeatures
from .transformer import CompositionTransformer


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
    """Names of the columns of `electrolyte_features`, in order; of some blocks, or of all."""
    wanted = blocks or tuple(feature_blocks())
    return tuple(name for key in feature_blocks() if key in wanted for name in feature_blocks()[key].feature_names())


def electrolyte_features(batch: CompositionBatch) -> np.ndarray:
    """Feature matrix (n, p) float32; rows in error are NaN."""
    return np.hstack([block.compute(batch) for block in feature_blocks().values()])
