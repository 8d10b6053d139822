"""What a composition is without its mobile ion: element fractions, property means and a profile over chemical kinds."""

from functools import cache

import numpy as np
from scipy.sparse import csr_array

from .composition import CompositionBatch
from .elements import INDEX, MAGPIE_PROPERTIES, N_ELEMENTS, magpie_table
from .roles import IonRoles
from .transformer import CompositionTransformer

# Elements that solid electrolytes are made of; the others count through the property means alone.
ELEMENTS = (
    *(
        "Na",
        "Li",
        "K",
        "Mg",
        "Ca",
        "Zn",
        "Ba",
        "Pb",
        "Al",
        "Ga",
        "In",
        "Sc",
        "Y",
        "La",
        "Sm",
        "Zr",
        "Hf",
        "Ti",
        "Nb",
        "Ta",
    ),
    *(
        "Si",
        "Ge",
        "Sn",
        "P",
        "Sb",
        "As",
        "W",
        "Mo",
        "V",
        "Fe",
        "Cr",
        "Te",
        "B",
        "C",
        "H",
        "S",
        "Se",
        "O",
        "F",
        "Cl",
        "Br",
    ),
    *("I", "N", "Bi"),
)
# Cuts through Pettifor's order of the elements (10.1088/0022-3719/19/3/002), evenly spaced; the profile is the fraction
# of the framework that lies before each.
PROFILE_CUTS = tuple(range(10, 104, 6))
# Atoms of an average framework mixed in per atom, so that a mean over (almost) nothing is defined and smooth.
PRIOR = 1e-3
_CHUNK_ROWS = 4096


class FrameworkFeatures(CompositionTransformer):
    """Element fractions, and Magpie means and a chemical profile of the composition without its mobile ion.

    Means over all atoms mix two things, how much of the mobile ion there is and what holds it; without the mobile ion
    the second stands alone. All columns are continuous in composition.

    Parameters
    ----------
    dtype : {"float64", "float32"}
        What the matrix is stored in.

    See Also
    --------
    IonicFeatures : the field's own descriptors of mobile ion and framework.

    Examples
    --------
    >>> features = FrameworkFeatures()
    >>> table = features.fit_transform(["Na3PS4", "Na2.9PS3.9Cl0.1"])
    >>> table[:, features.feature_names().index("framework_mean_Electronegativity")].round(2).tolist()
    [2.5, 2.51]
    """

    def __init__(self, dtype: str = "float64"):
        self.dtype = dtype

    def feature_names(self) -> list[str]:
        """Names of the columns."""
        return [
            *(f"fraction_{symbol}" for symbol in ELEMENTS),
            *(f"framework_mean_{name}" for name in MAGPIE_PROPERTIES),
            *(f"framework_profile_{cut}" for cut in PROFILE_CUTS),
        ]

    def continuous_features(self) -> np.ndarray:
        """All True: no column jumps."""
        return np.ones(len(self.feature_names()), dtype=bool)

    def compute(self, batch: CompositionBatch) -> np.ndarray:
        """Compute the columns for a batch, shape (n, p); NaN in unreadable rows."""
        out = np.full((len(batch), len(self.feature_names())), np.nan, dtype=self.dtype)
        for start in range(0, len(batch), _CHUNK_ROWS):
            fractions = csr_array(batch.fractions[start : start + _CHUNK_ROWS])
            readable = np.flatnonzero(np.diff(fractions.indptr))
            if readable.size:
                out[start + readable] = framework_columns(IonRoles.of(csr_array(fractions[readable])))
        return out


def framework_columns(roles: IonRoles) -> np.ndarray:
    """Every column of `FrameworkFeatures`, shape (n, p), of n compositions with the roles of ``mobile_ion="auto"``."""
    fractions = roles.fractions
    columns = _places()[fractions.indices]
    here = columns >= 0
    picked = np.zeros((len(fractions.indptr) - 1, len(ELEMENTS)))
    picked[roles.row_of[here], columns[here]] = fractions.data[here]
    return np.hstack([picked, _framework_of(roles) @ _table()])


def framework_fractions(fractions: csr_array) -> csr_array:
    """Fractions (n, 118) of everything but the mobile ion; rows sum to just under one.

    Parameters
    ----------
    fractions : csr_array of shape (n, 118)
        Atomic fractions, no row empty.
    """
    return _framework_of(IonRoles.of(fractions))


def _framework_of(roles: IonRoles) -> csr_array:
    fractions = roles.fractions
    rest = roles.anion + roles.framework
    scale = np.repeat(roles.total(rest) + PRIOR, np.diff(fractions.indptr))
    return csr_array((rest / scale, fractions.indices, fractions.indptr), shape=fractions.shape)


@cache
def _places() -> np.ndarray:
    """Place of each element (118,) in `ELEMENTS`; -1 where it is not among them."""
    places = np.full(N_ELEMENTS, -1)
    places[[INDEX[symbol] for symbol in ELEMENTS]] = np.arange(len(ELEMENTS))
    return places


@cache
def _table() -> np.ndarray:
    """Magpie properties and profile steps, shape (118, 22 + cuts)."""
    numbers = magpie_table()[:, MAGPIE_PROPERTIES.index("MendeleevNumber")]
    steps = (numbers[:, None] <= np.array(PROFILE_CUTS)[None, :]).astype(np.float64)
    return np.hstack([magpie_table(), steps])
