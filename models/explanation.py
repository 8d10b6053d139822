"""Why a model says what it says: TreeSHAP contributions, summed up in the field's words."""

from functools import cache

import numpy as np
import xgboost as xgb

from .booster import BoosterEnsemble
from .inputs import THERMAL

# Words for groups of input columns, and the beginnings (or the whole) of the columns that belong to them; the first
# that fits is taken.
_ANIONS = ("H", "N", "O", "F", "S", "Cl", "Se", "Br", "Te", "I")
_GROUPS: dict[str, tuple[str, ...]] = {
    "temperature": (THERMAL,),
    "glass or crystal": ("state_",),
    "amount of mobile ion": ("mobile_ion", "fraction_Na", "fraction_Li", "fraction_K"),
    "which anions": (
        "anion_",
        "mobile_anion_ionicity",
        "framework_anion_ionicity",
        *(f"fraction_{symbol}$" for symbol in _ANIONS),
    ),
    "molecular units": (
        *("hydrogen_per_boron", "carborane_match", "closo_borane_match", "borohydride_match", "amide_match"),
        *("hydroxide_match", "thiophosphate_match", "phosphate_match", "silicate_match"),
    ),
    "charges and vacancies": ("charge_", "framework_cation_charge"),
    "room and size of the framework's ions": (
        *("framework_cation_radius", "ionic_volume_per_atom", "framework_to_anion_radius", "mobile_to_anion_radius"),
        *("framework_mean_CovalentRadius", "framework_mean_GSvolume_pa"),
    ),
    "which framework cations": (
        *("fraction_", "tetrahedral_cation_per_anion", "large_cation_per_anion", "rare_earth_share"),
        *("transition_metal_share", "framework_cation_fraction", "framework_cation_per_anion", "B_per", "Al_per"),
        *("Si_per", "P_per", "Ge_per", "Zr_per", "Sb_per", "framework_profile_"),
    ),
    "bonding of the framework": ("framework_cation_", "framework_mean_", "framework_"),
}
OTHER = "other"


def contributions(booster: BoosterEnsemble, inputs: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """What each group of columns adds to the prediction of each row.

    TreeSHAP (10.1038/s42256-019-0138-9): the contributions of a row and the base add up to its prediction.

    Parameters
    ----------
    booster : BoosterEnsemble
        The model.
    inputs : (n, p) float32
        Columns as in `booster.columns`.

    Returns
    -------
    groups : dict of str to (n,) float64
        In the unit of the prediction, by the field's word.
    base : (n,) float64
        The mean prediction over the training rows.
    """
    matrix = xgb.DMatrix(inputs, missing=np.nan)
    parts = np.mean(
        [member.predict(matrix, pred_contribs=True).astype(np.float64) for member in booster.members], axis=0
    )
    words = np.array([word_of(column) for column in booster.columns])
    found = {word: parts[:, :-1][:, words == word].sum(axis=1) for word in dict.fromkeys((*_GROUPS, OTHER))}
    return {word: values for word, values in found.items() if (words == word).any()}, parts[:, -1]


@cache
def word_of(column: str) -> str:
    """The field's word for an input column.

    Examples
    --------
    >>> word_of("framework_cation_radius_mean"), word_of("fraction_Zr"), word_of("fraction_O")
    ("room and size of the framework's ions", 'which framework cations', 'which anions')
    """
    for word, beginnings in _GROUPS.items():
        if any(column == b[:-1] if b.endswith("$") else column.startswith(b) for b in beginnings):
            return word
    return OTHER
