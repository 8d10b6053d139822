"""What a model of formation or decomposition energies is told: the composition, its competitors, its analogues."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..featurize import IonPropertyFeatures, MagpieFeatures, StoichiometryFeatures, ValenceOrbitalFeatures
from ..featurize.composition import CompositionBatch
from ..featurize.electrolyte import electrolyte_feature_names, electrolyte_features
from ..featurize.elements import SYMBOLS
from .analogues import analogue_columns, analogue_features
from .competitors import COMPETITOR_COLUMNS, competitor_features, mixture_energies
from .element_exchange import AnonymousFormulas, element_coordinates, exchange_squares
from .neighbour_process import Estimates, neighbour_estimates
from .phases import Phases

# Elements whose exchange changes an energy by this, squared eV/atom for a fraction of 1, count as fairly alike; the
# dimensions their places are given. Chosen on the validation rows of the Materials Project split.
_LIKE_EV2 = 0.4
_DIMENSIONS = 40
# How far apart 1 eV/atom in the energies of their competitors puts two compositions, besides their elements.
_PER_EV = 0.1
_TARGETS = ("formation_energy", "decomposition_energy")
_PROCESS_COLUMNS = ("process_energy_eV_atom", "process_variance", "process_distance", "process_nearest_energy_eV_atom")


def composition_inputs(batch: CompositionBatch) -> tuple[np.ndarray, tuple[str, ...]]:
    """Columns (n, p) float32 that a composition alone gives, and their names."""
    parts, names = [electrolyte_features(batch)], list(electrolyte_feature_names())
    for block in (MagpieFeatures(), StoichiometryFeatures(), ValenceOrbitalFeatures(), IonPropertyFeatures()):
        offered = block.feature_names()
        new = [place for place, name in enumerate(offered) if name not in names]
        parts.append(block.compute(batch)[:, new].astype(np.float32))
        names += [offered[place] for place in new]
    parts.append(batch.fractions.toarray().astype(np.float32))
    return np.hstack(parts), (*names, *(f"fraction_{symbol}" for symbol in SYMBOLS))


def known_columns() -> tuple[str, ...]:
    """Names of the columns of `KnownEnergies.describe`."""
    analogues = analogue_columns(_TARGETS)
    return (
        *(column.name for column in COMPETITOR_COLUMNS),
        *_PROCESS_COLUMNS,
        "process_above_mixture_eV_atom",
        *(f"{name}_by_{measure}" for measure in _TARGETS for name in analogues),
    )


@dataclass(frozen=True, eq=False)
class KnownEnergies:
    """Compounds with known formation energies, and what they say about any composition.

    Parameters
    ----------
    batch : CompositionBatch
        m compounds.
    energies : ndarray of shape (m,)
        Formation energies, eV/atom.

    Raises
    ------
    ValueError
        If two rows have one composition, or a row has none or no energy, naming it.

    Examples
    --------
    >>> names = ["NaCl", "KCl", "RbCl", "NaBr", "KBr", "AlCl3", "AlBr3", "NaAlCl4"]
    >>> energies = np.array([-2.13, -2.26, -2.25, -1.87, -2.03, -1.83, -1.32, -1.99])
    >>> known = KnownEnergies(CompositionBatch.from_formulas(names), energies)
    >>> rows = known.describe(CompositionBatch.from_formulas(["KAlCl4", "RbBr"]))
    >>> rows.shape == (2, len(known_columns()))
    True
    >>> [round(float(energy), 2) for energy in rows[:, 0]]
    [-1.97, 0.0]
    """

    batch: CompositionBatch
    energies: np.ndarray

    def __post_init__(self) -> None:
        if self.energies.shape != (len(self.batch),):
            raise ValueError(f"{len(self.batch)} compounds and energies of shape {self.energies.shape}")
        seen: dict[bytes, int] = {}
        for row, identity in enumerate(self.formulas.identities()):
            if not self.formulas.keys[row] or not np.isfinite(self.energies[row]):
                raise ValueError(f"row {row}: no composition or no energy; leave such rows out")
            first = seen.setdefault(identity, row)
            if first != row:
                raise ValueError(f"rows {first} and {row} are one composition; keep the one of lower energy")

    @cached_property
    def phases(self) -> Phases:
        """The compounds as competing phases."""
        return Phases.from_compounds(self.batch.amounts, self.energies)

    @cached_property
    def formulas(self) -> AnonymousFormulas:
        """The compounds' anonymous formulas."""
        return AnonymousFormulas.of(self.batch)

    @cached_property
    def _mixtures(self) -> np.ndarray:
        """Energy of each compound's cheapest mixture of others, (m,)."""
        return mixture_energies(self.phases, self.batch)

    @cached_property
    def _targets(self) -> np.ndarray:
        """Formation energy and energy against the other compounds, (m, 2)."""
        return np.column_stack([self.energies, self.energies - self._mixtures])

    @cached_property
    def _squares(self) -> tuple[np.ndarray, ...]:
        return tuple(exchange_squares(self.formulas, target) for target in self._targets.T)

    def process(self, batch: CompositionBatch) -> Estimates:
        """The process's estimate of each formation energy; a compound's own value is left out."""
        coordinates = element_coordinates(self._squares[0], _LIKE_EV2, _DIMENSIONS)

        def places(compositions: CompositionBatch, energies: np.ndarray) -> np.ndarray:
            return np.column_stack([compositions.fractions @ coordinates, _PER_EV * energies])

        own = {identity: row for row, identity in enumerate(self.formulas.identities())}
        itself = np.array([own.get(identity, -1) for identity in AnonymousFormulas.of(batch).identities()], dtype=int)
        asked = places(batch, mixture_energies(self.phases, batch))
        return neighbour_estimates(asked, places(self.batch, self._mixtures), self.energies, itself)

    def describe(self, batch: CompositionBatch) -> np.ndarray:
        """Columns (n, q) float32 as `known_columns` names them; NaN in rows without a composition.

        A compound's own energy is in none of its row's numbers.
        It has, however, had a part in how alike two elements are held to be, and in what its relatives are
        worth against *their* competitors. To learn from these columns use `describe_held_out`.
        """
        out = self._assemble(competitor_features(self.phases, batch), *self._similar(batch))
        out[~batch.is_readable] = np.nan
        return out

    def describe_held_out(self, folds: int = 10, seed: int = 0) -> np.ndarray:
        """The columns of the known compounds themselves (m, q), to train on.

        The competitors of a row are all other known compounds, as they are for a new row. All that rests on likeness
        is learned from the other folds, in which the row had no part at all.
        """
        m = len(self.batch)
        fold = np.random.default_rng(seed).permutation(m) % folds
        process, analogues = np.empty((m, len(_PROCESS_COLUMNS))), np.empty((m, len(_TARGETS) * _n_analogue_columns()))
        for number in range(folds):
            others, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            known = KnownEnergies(self.batch[others], self.energies[others])
            process[held], analogues[held] = known._similar(self.batch[held])
        return self._assemble(competitor_features(self.phases, self.batch), process, analogues)

    def _similar(self, batch: CompositionBatch) -> tuple[np.ndarray, np.ndarray]:
        """Columns of the process (n, 4) and of the analogues by both measures of likeness."""
        found = self.process(batch)
        process = np.column_stack([found.mean, found.variance, found.distance, self.energies[found.nearest]])
        asked = AnonymousFormulas.of(batch)
        analogues = [analogue_features(asked, self.formulas, self._targets, squares) for squares in self._squares]
        return process, np.hstack(analogues)

    @staticmethod
    def _assemble(competitors: np.ndarray, process: np.ndarray, analogues: np.ndarray) -> np.ndarray:
        above = process[:, 0] - competitors[:, 0]
        return np.column_stack([competitors, process, above, analogues]).astype(np.float32)


def _n_analogue_columns() -> int:
    return len(analogue_columns(_TARGETS))
