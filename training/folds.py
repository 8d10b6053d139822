"""Folds that no group straddles."""

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold


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


def chemical_systems(rows: pd.DataFrame) -> np.ndarray:
    """Chemical system (n,) of each row.

    Where `group_system` puts new systems beside others, for the sake of the folds, a column `system` has the true one.
    """
    return rows["system" if "system" in rows else "group_system"].to_numpy()
