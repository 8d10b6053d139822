"""Folds that no group straddles."""

import zlib

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold

from ..models.properties import Property


def grouped_folds(groups: pd.Series | np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """Fold number (n,) of each row; rows of one group share a fold.

    Parameters
    ----------
    groups : (n,)
        Group of each row, e.g. its chemical system or its source.
    n_folds : int
        Number of folds.
    seed : int
        Shuffles which groups go together.

    Raises
    ------
    ValueError
        If there are fewer groups than folds.

    Examples
    --------
    >>> import numpy as np
    >>> folds = grouped_folds(np.array(["Na-P-S", "Na-P-S", "Cl-Na-Zr", "Na-O-P"]), 3, seed=0)
    >>> bool(folds[0] == folds[1]), len(set(folds.tolist()))
    (True, 3)
    """
    codes = pd.factorize(np.asarray(groups), sort=True)[0]
    folds = np.empty(len(codes), dtype=np.int64)
    splitter = GroupKFold(n_splits=n_folds, shuffle=True, random_state=seed)
    for number, (_, test) in enumerate(splitter.split(codes, groups=codes)):
        folds[test] = number
    return folds


def fold_column(fact: Property, grouping: str) -> str:
    """Column of the groups that folds of a property are drawn over, where these are not the true ones."""
    return f"fold_{grouping}_{fact.name}"


def beside_known(groups: pd.Series, known: pd.Series) -> pd.Series:
    """Groups (n,) in which every new one goes by the name of a known one, so that old rows keep their folds.

    Folds are drawn over the set of groups: one more would deal all of them anew. Which one a new group goes with
    follows from its name alone; both then share a fold, so still no group straddles two.

    Parameters
    ----------
    groups : (n,) str
        Group of each row.
    known : (m,) str
        Groups of the rows that the folds were drawn over before.

    Examples
    --------
    >>> beside_known(pd.Series(["Na-P-S", "Na-O-P", "Na-Sb-W-S"]), pd.Series(["Na-P-S", "Na-O-P"])).tolist()
    ['Na-P-S', 'Na-O-P', 'Na-P-S']
    """
    hosts = sorted(set(known))
    new = {one: hosts[zlib.crc32(one.encode()) % len(hosts)] for one in set(groups) - set(hosts)}
    return groups.replace(new)
