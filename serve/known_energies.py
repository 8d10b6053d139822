"""The phase-energy table that a question is answered from."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..training.data.energies import PhaseEnergies, configured_energies, load_energies


def energies_of(energies: Any = None) -> PhaseEnergies:
    """The phase-energy table asked for, or the configured one; a file is read once for as long as it does not change.

    Parameters
    ----------
    energies : path, DataFrame, pymatgen entries, PhaseEnergies or None
        As in `ionscout.training.data.energies.load_energies`.
    """
    if energies is None:
        energies = configured_energies()
    if isinstance(energies, str | os.PathLike) and Path(energies).is_file():
        return _read_once(str(energies), Path(energies).stat().st_mtime_ns)
    return load_energies(energies)


@lru_cache(maxsize=2)
def _read_once(path: str, changed: int) -> PhaseEnergies:
    return load_energies(path)
