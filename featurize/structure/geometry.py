"""How densely a crystal is filled, how its mobile sites are occupied, and its symmetry."""

import numpy as np

from ..radii import element_record
from .crystal import Crystal

ATOMIC_MASS_G = 1.66053906660e-24  # CODATA 2018
CUBIC_ANGSTROM_CM3 = 1e-24
# First space group of each crystal system: triclinic, monoclinic, orthorhombic, tetragonal, trigonal, hexagonal, cubic.
CRYSTAL_SYSTEM_STARTS = (1, 3, 16, 75, 143, 168, 195)
CRYSTAL_SYSTEMS = ("triclinic", "monoclinic", "orthorhombic", "tetragonal", "trigonal", "hexagonal", "cubic")

# What the columns of `geometry` mean.
GEOMETRY_COLUMNS = {
    "density_g_cm3": "mass density, g per cubic centimetre",
    "volume_per_atom": "volume of the cell per atom, cubic angstrom",
    "volume_per_anion": "volume of the cell per anion, cubic angstrom",
    "atomic_packing_fraction": "share of the cell inside spheres of the atomic radii (as in matminer)",
    "ionic_packing_fraction": "share of the cell inside spheres of the ionic radii (six-coordinate)",
    "framework_packing_fraction": "share of the cell inside the spheres of all ions but the mobile one",
}


def geometry(crystal: Crystal) -> dict[str, float]:
    """Density, volumes and packing.

    Parameters
    ----------
    crystal : Crystal

    Returns
    -------
    dict of str to float
        Keys as in `GEOMETRY_COLUMNS`.

    Examples
    --------
    >>> from ionscout.featurize.structure.hosts import host_structure
    >>> found = geometry(Crystal.of(host_structure("NaAlCl4")))
    >>> round(found["density_g_cm3"], 2), round(found["volume_per_anion"], 1)
    (1.89, 42.2)
    """
    amounts = crystal.occupancy.sum(axis=0)
    records = [element_record(symbol) for symbol in crystal.symbols]
    masses = np.array([float(record["Atomic mass"]) for record in records])
    atoms = np.array([_atomic_radius(record) for record in records])
    spheres = 4 / 3 * np.pi * amounts * crystal.radii**3 / crystal.volume
    anions = amounts[crystal.is_anion].sum()
    return {
        "density_g_cm3": float(amounts @ masses * ATOMIC_MASS_G / (crystal.volume * CUBIC_ANGSTROM_CM3)),
        "volume_per_atom": float(crystal.volume / amounts.sum()),
        "volume_per_anion": float(crystal.volume / anions) if anions > 0 else np.nan,
        "atomic_packing_fraction": float(4 / 3 * np.pi * amounts @ atoms**3 / crystal.volume),
        "ionic_packing_fraction": float(spheres.sum()),
        "framework_packing_fraction": float(spheres[~crystal.is_mobile].sum()),
    }


def _atomic_radius(record: dict) -> float:
    try:
        return float(record["Atomic radius"])
    except (KeyError, ValueError):
        return float("nan")


# What the columns of `sites` mean.
SITE_COLUMNS = {
    "mobile_ion_density": "mobile ions per cubic nanometre",
    "mobile_site_density": "places for the mobile ion (split positions merged) per cubic nanometre",
    "mobile_site_occupancy": "mean occupancy of the places of the mobile ion",
    "mobile_site_occupancy_lowest": "lowest occupancy among the places of the mobile ion",
    "mobile_site_occupancy_spread": "standard deviation of the occupancy over the places",
    "mobile_vacancies_per_ion": "empty places of the mobile ion per mobile ion",
    "mobile_site_sharing": "share of the mobile ions on sites that hold another element, too",
    "framework_disorder": "mean entropy of mixing of the sites without mobile ions, units of k per site",
}


def sites(crystal: Crystal) -> dict[str, float]:
    """Number and filling of the places of the mobile ion, and disorder of the rest.

    Parameters
    ----------
    crystal : Crystal

    Returns
    -------
    dict of str to float
        Keys as in `SITE_COLUMNS`; NaN where there is no mobile ion.

    Examples
    --------
    >>> from ionscout.featurize.structure.hosts import host_structure
    >>> found = sites(Crystal.of(host_structure("Na3PS4")))
    >>> found["mobile_site_occupancy"], round(found["mobile_ion_density"], 2)
    (1.0, 17.49)
    """
    others = ~crystal.is_mobile
    total = crystal.filled(others)
    rest = np.setdiff1d(np.arange(len(total)), crystal.mobile_sites)
    disorder = float(_mixing_entropy(crystal.occupancy[rest]).mean()) if rest.size else 0.0
    if crystal.mobile < 0:
        return dict.fromkeys(SITE_COLUMNS, np.nan) | {"framework_disorder": disorder}
    _, _, occupancy = crystal.mobile_positions
    filled = crystal.filled(crystal.is_mobile)
    ions = filled.sum()
    # Places that another element fills are not vacant.
    vacant = np.maximum(len(occupancy) - ions - total[crystal.mobile_sites].sum(), 0.0)
    return {
        "mobile_ion_density": float(1000 * ions / crystal.volume),
        "mobile_site_density": float(1000 * len(occupancy) / crystal.volume),
        "mobile_site_occupancy": float(occupancy.mean()),
        "mobile_site_occupancy_lowest": float(occupancy.min()),
        "mobile_site_occupancy_spread": float(occupancy.std()),
        "mobile_vacancies_per_ion": float(vacant / ions),
        "mobile_site_sharing": float(filled @ (total > 1e-6) / ions),
        "framework_disorder": disorder,
    }


def _mixing_entropy(occupancy: np.ndarray) -> np.ndarray:
    """Entropy of each site, the vacancy counted as one more species: (n, k) -> (n,)."""
    shares = np.column_stack([occupancy, 1 - np.minimum(occupancy.sum(axis=1), 1.0)])
    shares = np.where(shares > 1e-9, shares, 1.0)
    return np.maximum(-(shares * np.log(shares)).sum(axis=1), 0.0)


# What the columns of `symmetry` mean.
SYMMETRY_COLUMNS = {
    "space_group": "number of the space group",
    "crystal_system": "1 triclinic, 2 monoclinic, 3 orthorhombic, 4 tetragonal, 5 trigonal, 6 hexagonal, 7 cubic",
    "point_group_order": "symmetry operations of the point group",
}


def symmetry(crystal: Crystal) -> dict[str, float]:
    """Space group, crystal system and order of the point group (spglib, 10.1080/27660400.2024.2384822).

    Parameters
    ----------
    crystal : Crystal

    Returns
    -------
    dict of str to float
        Keys as in `SYMMETRY_COLUMNS`.

    Examples
    --------
    >>> from ionscout.featurize.structure.hosts import host_structure
    >>> symmetry(Crystal.of(host_structure("NaCl")))
    {'space_group': 225.0, 'crystal_system': 7.0, 'point_group_order': 48.0}
    """
    system = np.searchsorted(CRYSTAL_SYSTEM_STARTS, crystal.space_group, side="right")
    return {
        "space_group": float(crystal.space_group),
        "crystal_system": float(system),
        "point_group_order": float(crystal.point_group_order),
    }
