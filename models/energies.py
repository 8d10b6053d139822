"""Formation and decomposition energies of compositions that have not been computed, told from those that have."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..featurize.composition import CompositionBatch
from .booster import BoosterEnsemble
from .energy_features import KnownEnergies, composition_inputs, known_columns


@dataclass(frozen=True, eq=False)
class EnergyModel:
    """Trees on what the composition, its competitors and its analogues say.

    Made by `training.fit_energies.fit_energies`. The formation energy is the estimate of the process on known compounds
    plus what the trees have learned of its errors; the decomposition energy, which competing phases decide, is learned
    directly.

    Parameters
    ----------
    known : KnownEnergies
        The compounds it was taught with.
    formation_correction, decomposition : BoosterEnsemble
        Formation energy less the process's estimate, and decomposition energy, eV/atom.
    """

    known: KnownEnergies
    formation_correction: BoosterEnsemble
    decomposition: BoosterEnsemble

    def predict(self, batch: CompositionBatch) -> pd.DataFrame:
        """Energies of n compositions; of one that is known, as if it were not.

        Returns
        -------
        DataFrame
            formation_energy_eV_atom and decomposition_energy_eV_atom (below 0: stable against the phases known, by so
            much); NaN in rows without a composition.
        """
        described = self.known.describe(batch)
        inputs = np.hstack([composition_inputs(batch)[0], described])
        process = described[:, known_columns().index("process_energy_eV_atom")].astype(np.float64)
        found = pd.DataFrame(
            {
                "formation_energy_eV_atom": process + self.formation_correction.predict(inputs),
                "decomposition_energy_eV_atom": self.decomposition.predict(inputs),
            }
        )
        found[~batch.is_readable] = np.nan
        return found
