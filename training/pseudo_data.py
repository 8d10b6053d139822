"""Compositions that nobody measured, near those that were: what a student learns its teacher's answers on."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.sparse import csr_array

from ..featurize.composition import CompositionBatch
from ..featurize.elements import INDEX, SYMBOLS
from ..models.arrhenius import REFERENCE_C
from ..models.inputs import model_inputs
from ..models.relatives import Places, Relatives
from .data.sources import window_rows

MADE_ROWS = 6000
COMPUTED_ROWS = 1500  # of other chemistry, so that the student learns where its teacher is in doubt
_NEIGHBOURS = 24
_ANIONS = ("O", "S", "Se", "Te", "F", "Cl", "Br", "I", "H", "N")
_MOBILE = ("Na", "Li", "K", "Ag")
_DOPANTS = (
    *("Mg", "Ca", "Sr", "Ba", "Zn", "Cd", "Ni", "Co", "Cu", "Mn", "Fe", "Al", "Ga", "In", "Sc", "Y", "La", "Ce"),
    *("Pr", "Nd", "Sm", "Gd", "Dy", "Er", "Yb", "Cr", "Bi", "Zr", "Hf", "Ti", "Nb", "Ta", "Si", "Ge", "Sn", "P"),
    *("Sb", "W", "Mo", "V", "As", "B", "Te"),
)


@dataclass(frozen=True)
class PseudoData:
    """Compositions with what the models see of them.

    Parameters
    ----------
    inputs : (n, p) float32
        Their `model_inputs`, at random states and temperatures.
    places : Places
        Where they lie.
    parents : (n, 2) int
        Which of the relatives each was made from; -1 for none.
    """

    inputs: np.ndarray
    places: Places
    parents: np.ndarray

    @classmethod
    def near(cls, measured: CompositionBatch, relatives: Relatives, seed: int = 0) -> Self:
        """Make compositions near u distinct measured ones.

        Mixtures of neighbours (45 %), one framework cation partly replaced by another with some of the mobile ion
        (40 %), and small changes of all amounts (15 %); besides, computed sodium compounds of any chemistry.

        Parameters
        ----------
        measured : CompositionBatch
            The u compositions.
        relatives : Relatives
            The same.
        seed : int
            Of the random numbers.
        """
        generator = np.random.default_rng(seed)
        fractions = measured.fractions.toarray()
        near = np.argsort(relatives.among().whole, axis=1, kind="stable")[:, 1 : _NEIGHBOURS + 1]
        made, parents = np.empty((MADE_ROWS, fractions.shape[1])), np.full((MADE_ROWS + COMPUTED_ROWS, 2), -1)
        for row in range(MADE_ROWS):
            parent = int(generator.integers(len(fractions)))
            other, kind = parent, generator.random()
            made[row] = fractions[parent]
            if kind < 0.45:
                other = int(generator.choice(near[parent]))
                share = generator.beta(0.7, 0.7)
                made[row] = share * fractions[parent] + (1.0 - share) * fractions[other]
            elif kind < 0.85:
                _dope(made[row], generator)
            else:
                made[row] *= np.exp(0.08 * generator.standard_normal(made.shape[1]))
            parents[row] = parent, other
        made /= made.sum(axis=1, keepdims=True)
        computed = window_rows(("Na",))["formula"].sample(COMPUTED_ROWS, random_state=seed)
        batch = CompositionBatch.concat(
            [
                CompositionBatch.from_matrix(csr_array(made), [f"pseudo {i}" for i in range(MADE_ROWS)]),
                CompositionBatch.from_formulas(computed),
            ]
        )
        # Most questions are of crystals near room temperature.
        temperatures = np.array([*[REFERENCE_C] * 6, 50.0, 100.0, 150.0, 200.0, 300.0, 400.0])
        temperature = generator.choice(temperatures, len(batch))
        state = generator.choice(["crystalline", "glass", "glass_ceramic"], len(batch), p=[0.8, 0.08, 0.12])
        inputs = model_inputs(batch, temperature, state.astype(object))
        return cls(inputs, Places.of(batch, inputs), parents)

    def without(self, left_out: np.ndarray) -> "PseudoData":
        """Those made from none of the relatives that `left_out` (u,) bool names."""
        # Parent -1 looks at the last place.
        kept = np.flatnonzero(~np.append(left_out, False)[self.parents].any(axis=1))
        return PseudoData(self.inputs[kept], self.places[kept], self.parents[kept])


def _dope(fractions: np.ndarray, generator: np.random.Generator) -> None:
    """Replace part of one framework cation by a dopant, and change the mobile ion's content, in place."""
    cations = [k for k in np.flatnonzero(fractions) if SYMBOLS[k] not in (*_ANIONS, *_MOBILE)]
    if not cations:
        return
    site = int(generator.choice(cations))
    moved = fractions[site] * generator.choice([0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0])
    fractions[site] -= moved
    fractions[INDEX[str(generator.choice(_DOPANTS))]] += moved
    fractions[[INDEX[ion] for ion in _MOBILE]] *= generator.uniform(0.85, 1.2)
