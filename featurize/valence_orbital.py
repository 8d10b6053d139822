"""Valence electrons by orbital: how many s, p, d and f electrons an average atom brings."""

from collections.abc import Sequence

import numpy as np

from .composition import CompositionBatch
from .elements import magpie_property
from .transformer import CompositionTransformer

_KINDS = ("avg", "frac")
_ORBITALS = ("s", "p", "d", "f")


class ValenceOrbitalFeatures(CompositionTransformer):
    """Mean number and share of valence electrons by orbital, equal to matminer's ``ValenceOrbital``.

    All columns are continuous in the composition.

    Parameters
    ----------
    orbitals : sequence of {"s", "p", "d", "f"}
        Which orbitals.
    props : sequence of {"avg", "frac"}
        Mean number of electrons an atom, its share of all valence electrons, or both.

    References
    ----------
    Ward et al., npj Comput. Mater. 2, 16028 (2016), 10.1038/npjcompumats.2016.28

    Examples
    --------
    >>> ValenceOrbitalFeatures(orbitals=("s", "p")).fit_transform(["NaCl"]).round(3)
    array([[1.5  , 2.5  , 0.375, 0.625]])
    """

    def __init__(self, orbitals: Sequence[str] = _ORBITALS, props: Sequence[str] = _KINDS):
        self.orbitals = orbitals
        self.props = props

    def feature_names(self) -> list[str]:
        """Names as matminer writes them: ``avg s valence electrons``."""
        for given, known in ((self.orbitals, _ORBITALS), (self.props, _KINDS)):
            wrong = [name for name in given if name not in known]
            if wrong:
                raise ValueError(f"expected some of {known}, got {wrong[0]!r}")
        return [f"{kind} {orbital} valence electrons" for kind in self.props for orbital in self.orbitals]

    def continuous_features(self) -> np.ndarray:
        """All True."""
        return np.ones(len(self.feature_names()), dtype=bool)

    def compute(self, batch: CompositionBatch) -> np.ndarray:
        """Compute the columns for a batch."""
        names = self.feature_names()
        mean = batch.fractions @ np.column_stack([magpie_property(f"N{orbital}Valence") for orbital in self.orbitals])
        total = batch.fractions @ magpie_property("NValence")
        with np.errstate(invalid="ignore"):  # unreadable rows are 0 / 0
            kinds = {"avg": mean, "frac": mean / total[:, None]}
        out = np.hstack([kinds[kind] for kind in self.props]) if names else np.empty((len(batch), 0))
        out[~batch.is_readable] = np.nan
        return out
