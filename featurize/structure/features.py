"""The features of crystal structures, disorder included, as a scikit-learn transformer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..roles import check_mobile_ion
from ..transformer import FeatureTable, FeatureTransformer
from .anion_framework import ANION_COLUMNS, anion_framework
from .batch import StructureBatch
from .bond_valence import BOND_VALENCE_COLUMNS, bond_valence
from .coordination import COORDINATION_COLUMNS, HOP_COLUMNS, coordination, hops
from .crystal import Crystal
from .geometry import GEOMETRY_COLUMNS, SITE_COLUMNS, SYMMETRY_COLUMNS, geometry, sites, symmetry
from .reading import StructureError
from .void import VOID_COLUMNS, void


class FeatureGroup(NamedTuple):
    """Columns that are computed together: the function, and what its columns mean."""

    compute: Callable[[Crystal], dict[str, float]]
    columns: dict[str, str]


# Name of a group -> its function and columns, in column order.
GROUPS = {
    "geometry": FeatureGroup(geometry, GEOMETRY_COLUMNS),
    "sites": FeatureGroup(sites, SITE_COLUMNS),
    "coordination": FeatureGroup(coordination, COORDINATION_COLUMNS),
    "hops": FeatureGroup(hops, HOP_COLUMNS),
    "anions": FeatureGroup(anion_framework, ANION_COLUMNS),
    "void": FeatureGroup(void, VOID_COLUMNS),
    "bond_valence": FeatureGroup(bond_valence, BOND_VALENCE_COLUMNS),
    "symmetry": FeatureGroup(symmetry, SYMMETRY_COLUMNS),
}
# Columns that jump when a symmetry or a place appears; the others follow positions and occupancies without steps.
STEPPED = {"space_group", "crystal_system", "point_group_order", "bond_valence_dimensions", "hop_neighbours"}
STEPPED |= {
    "hop_face_sharing",
    "hop_shared_anions",
    "mobile_site_density",
    "mobile_site_occupancy",
    "mobile_site_occupancy_lowest",
}
STEPPED |= {"mobile_site_occupancy_spread", "mobile_site_sharing"}


class StructureFeatures(FeatureTransformer):
    """Density, packing, mobile-ion sites, coordination, hops, anion framework, voids, barriers and symmetry.

    Structures are first brought to their standard primitive cell, so that settings, origins and supercells of one
    crystal give the same numbers (to 1e-3; voids and barriers, which live on a grid, to 1 % and 0.02 angstrom or eV).
    Partial occupancies are weights; positions split by disorder are merged where they stand for one place.

    Parameters
    ----------
    mobile_ion : str, default "auto"
        Symbol of the ion that moves. With "auto" it is the one with the largest claim by amount and
        `roles.MOBILE_WEIGHTS`: sodium before lithium before others.
    groups : "all" or sequence of str
        Which groups of columns, keys of `GROUPS`. Voids and bond valence take nine tenths of the time.
    dtype : {"float64", "float32"}
        What the matrix is stored in; all work is done in float64.

    See Also
    --------
    describe_structure_features : what each column means, with its unit.
    structure_features : the same matrix with the reason of every missing row.

    References
    ----------
    The design rule for sodium, face-sharing places of high coordination and a wide percolation radius: S. Wang et al.,
    Nat. Commun. 14, 7615 (2023), https://doi.org/10.1038/s41467-023-43436-3

    Examples
    --------
    >>> from ionscout.featurize.structure.hosts import host_cif
    >>> features = StructureFeatures(groups=["geometry", "coordination"])
    >>> table = features.fit_transform([host_cif("Na3PS4"), "not a structure"])
    >>> names = features.get_feature_names_out().tolist()
    >>> table[:, names.index("density_g_cm3")].round(2).tolist()
    [2.21, nan]
    """

    def __init__(self, mobile_ion: str = "auto", groups: str | Sequence[str] = "all", dtype: str = "float64"):
        self.mobile_ion = mobile_ion
        self.groups = groups
        self.dtype = dtype

    def coerce(self, X: Any) -> StructureBatch:
        """Make a batch of anything `StructureBatch.coerce` reads."""
        return StructureBatch.coerce(X)

    def table(self, X: Any) -> FeatureTable:
        """Compute the columns, with the reason wherever they are missing (see `structure_features`)."""
        if np.dtype(self.dtype).kind != "f":
            raise ValueError(f"dtype must be 'float64' or 'float32', got {self.dtype!r}")
        self.feature_names()
        found = structure_features(X, self.mobile_ion, self.groups)
        return found._replace(matrix=found.matrix.astype(self.dtype))

    def feature_names(self) -> list[str]:
        """Names of the columns."""
        check_mobile_ion(self.mobile_ion)
        return list(describe_structure_features(self.groups))

    def continuous_features(self) -> np.ndarray:
        """Which columns follow positions and occupancies without steps, bool ndarray."""
        return np.array([name not in STEPPED for name in self.feature_names()])


def structure_features(X: Any, mobile_ion: str = "auto", groups: str | Sequence[str] = "all") -> FeatureTable:
    """Compute the features of structures, with the reason wherever they are missing.

    Parameters
    ----------
    X : anything `StructureBatch.coerce` reads, n structures
    mobile_ion : str, default "auto"
    groups : "all" or sequence of str

    Returns
    -------
    FeatureTable

    Examples
    --------
    >>> table = structure_features(["data_x"], groups=["geometry"])
    >>> table.errors[0]
    'CIF has no atoms (no _atom_site_fract_x); was it cut short?'
    """
    batch = StructureBatch.coerce(X)
    names = list(describe_structure_features(groups))
    matrix = np.full((len(batch), len(names)), np.nan)
    errors = np.array(batch.errors, dtype=object, copy=True)
    for row in np.flatnonzero(batch.is_readable):
        try:
            crystal = Crystal.of(batch.structures[row], mobile_ion)
        except StructureError as error:
            errors[row] = str(error)
            continue
        if crystal.mobile < 0:
            wanted = "no ion known to move" if mobile_ion == "auto" else f"no {mobile_ion}"
            errors[row] = f"{wanted} in {'-'.join(crystal.symbols)}; the mobile ion's features are missing"
        elif not crystal.is_anion.any():
            errors[row] = f"no anion in {'-'.join(crystal.symbols)}; features of anions are missing"
        found: dict[str, float] = {}
        for group in _chosen(groups):
            found |= GROUPS[group].compute(crystal)
        matrix[row] = [found[name] if np.isfinite(found[name]) else np.nan for name in names]
    return FeatureTable(matrix, errors, names)


def describe_structure_features(groups: str | Sequence[str] = "all") -> dict[str, str]:
    """What each column of `StructureFeatures` means, in column order.

    Parameters
    ----------
    groups : "all" or sequence of str

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> describe_structure_features()["percolation_radius_1d"]
    'radius of the largest sphere that can travel endlessly between them, angstrom'
    """
    text: dict[str, str] = {}
    for group in _chosen(groups):
        text |= GROUPS[group].columns
    return text


def _chosen(groups: str | Sequence[str]) -> list[str]:
    if isinstance(groups, str):
        if groups == "all":
            return list(GROUPS)
        groups = [groups]
    unknown = [group for group in groups if group not in GROUPS]
    if unknown or not groups:
        raise ValueError(f"groups must be 'all' or some of {', '.join(GROUPS)}; got {groups!r}")
    return list(groups)
