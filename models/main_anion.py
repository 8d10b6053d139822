"""The anion that a composition is mostly built of: what decides how hard its stability is to predict."""

from functools import cache

import numpy as np

from ..featurize.electrolyte import electrolyte_feature_names


def main_anion(features: np.ndarray) -> np.ndarray:
    """Number (n,) of the anion with the largest share, in the order of the features `anion_share_*`; -1 without one.

    Parameters
    ----------
    features : (n, p)
        `electrolyte_features` of n compositions, or `model_inputs`, which begin with them.

    Examples
    --------
    >>> from ionscout.featurize.composition import CompositionBatch
    >>> from ionscout.featurize.electrolyte import electrolyte_features
    >>> batch = CompositionBatch.from_formulas(["NaCl", "Na6PS5Cl", "Na2S", "NaBH4", "Na("])
    >>> chloride, argyrodite, sulfide, hydride, unreadable = main_anion(electrolyte_features(batch)).tolist()
    >>> argyrodite == sulfide, chloride == sulfide, unreadable
    (True, False, -1)
    """
    shares = features[:, _places()]
    return np.where(np.isnan(shares).any(axis=1), -1, np.nan_to_num(shares).argmax(axis=1))


@cache
def _places() -> np.ndarray:
    names = electrolyte_feature_names()
    return np.array([place for place, name in enumerate(names) if name.startswith("anion_share_")])
