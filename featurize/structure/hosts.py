"""Sodium hosts as CIF, built from the space group, cell and positions that a paper gives.

``python -m ionscout.featurize.structure.hosts FOLDER`` writes them all; the files under ``cifs`` are its output. A host
is one entry of `HOSTS`: what its source prints and nothing else. An ICSD number says by which entry of the Inorganic
Crystal Structure Database the printed numbers came here. Hosts whose printed positions were not at hand (monoclinic
NASICON, beta''-alumina, Na3YCl6, Na2ZrCl6 and others) are not here: give their CIF instead.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pymatgen.core import Structure

Site = tuple[str, str, float, float, float, float]  # label, element, x, y, z, occupancy


@dataclass(frozen=True)
class Host:
    """One host.

    Attributes
    ----------
    formula : str
        Its name in `HOSTS` adds the symmetry where another host has the same formula.
    space_group : str
        Hermann-Mauguin symbol, in the setting of the positions.
    cell : tuple of float
        a, b, c in angstrom, alpha, beta, gamma in degrees.
    sites : tuple of (label, element, x, y, z, occupancy)
        The asymmetric unit.
    source : str
        Where cell and positions are printed.
    operations : tuple of str
        Symmetry operations, where pymatgen does not know the setting.
    """

    formula: str
    space_group: str
    cell: tuple[float, float, float, float, float, float]
    sites: tuple[Site, ...]
    source: str
    operations: tuple[str, ...] = ()


_CHLORINE_DOPED = "I.-H. Chu et al., Sci. Rep. 6, 33733 (2016), https://doi.org/10.1038/srep33733, table 3"
_THIRD, _SIXTH = 1 / 3, 1 / 6

HOSTS = {
    "Na3PS4": Host(
        "Na3PS4",
        "P-42_1c",
        (6.956, 6.956, 7.088, 90, 90, 90),
        (
            ("Na1", "Na", 0, 0.5, 0.426, 1),
            ("Na2", "Na", 0, 0, 0, 1),
            ("P1", "P", 0, 0, 0.5, 1),
            ("S1", "S", 0.315, 0.345, 0.167, 1),
        ),
        _CHLORINE_DOPED,
    ),
    # Occupancies as synthesised; the refined ones, 1.99(4)/2, 0.99(4), 3.94(4)/4 and Cl 0.02(4)/4, agree with them.
    "Na2.9375PS3.9375Cl0.0625": Host(
        "Na2.9375PS3.9375Cl0.0625",
        "P-42_1c",
        (6.970, 6.970, 7.092, 90, 90, 90),
        (
            ("Na1", "Na", 0, 0.5, 0.428, 2.9375 / 3),
            ("Na2", "Na", 0, 0, 0, 2.9375 / 3),
            ("P1", "P", 0, 0, 0.5, 1),
            ("S1", "S", 0.316, 0.344, 0.165, 3.9375 / 4),
            ("Cl1", "Cl", 0.316, 0.344, 0.165, 0.0625 / 4),
        ),
        _CHLORINE_DOPED,
    ),
    "NaAlCl4": Host(
        "NaAlCl4",
        "P2_12_12_1",
        (9.886, 6.617, 10.322, 90, 90, 90),
        (
            ("Al1", "Al", 0.51429, 0.20707, 0.96226, 1),
            ("Cl1", "Cl", 0.68550, 0.10957, 0.85152, 1),
            ("Cl2", "Cl", 0.33503, 0.07337, 0.87726, 1),
            ("Cl3", "Cl", 0.55257, 0.07458, 0.15367, 1),
            ("Cl4", "Cl", 0.50874, 0.55281, 0.96786, 1),
            ("Na1", "Na", 0.71343, 0.31122, 0.37466, 1),
        ),
        "G. Mairesse, P. Barbier, J. Wignacourt, Acta Cryst. B35, 1573 (1979), https://doi.org/10.1107/S0567740879007160",
    ),
    # The type that Na3YCl6 and its relatives follow.
    "Na3AlF6": Host(
        "Na3AlF6",
        "P2_1/n",
        (5.4139, 5.6012, 7.7769, 90, 90.183, 90),
        (
            ("Al1", "Al", 0, 0, 0, 1),
            ("Na1", "Na", 0, 0, 0.5, 1),
            ("Na2", "Na", -0.0121, 0.4492, 0.2526, 1),
            ("F1", "F", 0.1016, 0.0442, 0.2188, 1),
            ("F2", "F", 0.2278, 0.3267, 0.5450, 1),
            ("F3", "F", 0.1622, 0.2687, 0.9383, 1),
        ),
        "H. Yang, S. Ghose, D. M. Hatch, Phys. Chem. Minerals 19, 528 (1993), 295 K",
        ("x, y, z", "1/2+x, 1/2-y, 1/2+z", "1/2-x, 1/2+y, 1/2-z", "-x, -y, -z"),
    ),
    # Half of the phosphate oxygens lie on split positions.
    "Na3BiP2O8": Host(
        "Na3BiP2O8",
        "Pnam",
        (18.71, 7.18, 5.429, 90, 90, 90),
        (
            ("Bi1", "Bi", 0.11815, 0.03270, 0.25, 1),
            ("P1", "P", 0.29130, 0.28660, 0.25, 1),
            ("P2", "P", 0.46210, 0.70700, 0.25, 1),
            ("Na1", "Na", 0.46090, 0.16060, 0.25, 1),
            ("Na2", "Na", 0.13650, 0.52660, 0.25, 1),
            ("Na3", "Na", 0.29930, 0.80490, 0.25, 1),
            ("O1", "O", 0.42060, 0.77090, 0.02300, 1),
            ("O2", "O", 0.46730, 0.49530, 0.25, 1),
            ("O3", "O", 0.53540, 0.79210, 0.25, 1),
            ("O4", "O", 0.21010, 0.24740, 0.25, 1),
            ("O5", "O", 0.31120, 0.32300, -0.02450, 0.5),
            ("O6", "O", 0.30360, 0.45640, 0.10440, 0.5),
            ("O7", "O", 0.33380, 0.13000, 0.16190, 0.5),
        ),
        "G. Mairesse, M. Drache, G. Nowogrocki, F. Abraham, Phase Transitions 27, 91 (1990)",
        (
            "x, y, z",
            "x, y, 1/2-z",
            "-x, -y, 1/2+z",
            "1/2-x, 1/2+y, 1/2+z",
            "1/2+x, 1/2-y, 1/2-z",
            "1/2+x, 1/2-y, z",
            "1/2-x, 1/2+y, -z",
            "-x, -y, -z",
        ),
    ),
    # The form that milling makes; sodium is spread over four places around each site of the mean structure.
    "Na3PS4_cubic": Host(
        "Na3PS4",
        "I-43m",
        (6.978, 6.978, 6.978, 90, 90, 90),
        (
            ("P1", "P", 0, 0, 0, 1),
            ("S1", "S", 0.16799, 0.16799, 0.16799, 1),
            ("Na1", "Na", 0.0606, 0.5, 0, 0.25),
        ),
        "T. Famprikis et al., J. Am. Chem. Soc. 142, 18422 (2020), ICSD 121568",
    ),
    "Na3SbS4_cubic": Host(
        "Na3SbS4",
        "I-43m",
        (7.17, 7.17, 7.17, 90, 90, 90),
        (
            ("Sb1", "Sb", 0, 0, 0, 1),
            ("Na1", "Na", 0, 0.5, 0.5, 1),
            ("S1", "S", 0.187, 0.187, 0.187, 1),
        ),
        "H. Graf, H. Schaefer, Z. Anorg. Allg. Chem. 425, 67 (1976), ICSD 44707",
    ),
    "Na4P2S6": Host(
        "Na4P2S6",
        "C2/m",
        (6.7250, 11.222, 7.5417, 90, 107.03, 90),
        (
            ("P1", "P", 0.5532, 0.5, 0.1561, 1),
            ("S1", "S", 0.2942, 0.5, 0.2414, 1),
            ("S2", "S", 0.7233, 0.34993, 0.23122, 1),
            ("Na1", "Na", 0.5, 0.16273, 0, 1),
            ("Na2", "Na", 0.5, 0.3153, 0.5, 1),
        ),
        "A. Kuhn, R. Eger, J. Nuss, B. V. Lotsch, Z. Anorg. Allg. Chem. 640, 689 (2014), ICSD 426907, 293 K",
    ),
    # The sodium-rich end of NASICON, Na(1+x)Zr2Si(x)P(3-x)O12 at x = 3: every sodium site is full.
    "Na4Zr2Si3O12": Host(
        "Na4Zr2Si3O12",
        "R-3c",
        (9.1863, 9.1863, 22.181, 90, 90, 120),
        (
            ("Zr1", "Zr", 0, 0, 0.14719, 1),
            ("Na1", "Na", 0, 0, 0, 1),
            ("Na2", "Na", -0.36033, 0, 0.25, 1),
            ("O1", "O", 0.18534, 0.16651, 0.08652, 1),
            ("O2", "O", 0.18214, 0.02102, 0.19199, 1),
            ("Si1", "Si", 0.29544, 0, 0.25, 1),
        ),
        "D. Tran Qui et al., J. Solid State Chem. 39, 219 (1981), ICSD 15546, 573 K",
    ),
    # Beta-alumina in its ideal composition; real crystals hold more sodium than this.
    "NaAl11O17": Host(
        "NaAl11O17",
        "P6_3/mmc",
        (5.584, 5.584, 22.45, 90, 90, 120),
        (
            ("Na1", "Na", 2 * _THIRD, _THIRD, 0.25, 1),
            ("Al1", "Al", 0, 0, 0, 1),
            ("Al2", "Al", _THIRD, 2 * _THIRD, 0.022, 1),
            ("Al3", "Al", _THIRD, _SIXTH, 0.106, 1),
            ("Al4", "Al", _THIRD, 2 * _THIRD, 0.178, 1),
            ("O1", "O", _SIXTH, _THIRD, 0.050, 1),
            ("O2", "O", 2 * _THIRD, _THIRD, 0.050, 1),
            ("O3", "O", 0, 0, 0.144, 1),
            ("O4", "O", 0.5, 0.5, 0.144, 1),
            ("O5", "O", _THIRD, 2 * _THIRD, 0.25, 1),
        ),
        # The cell and the place of sodium are the abstract's; the other positions come by way of the second source.
        "C. A. Beevers, M. A. S. Ross, Z. Kristallogr. 97, 59 (1937), https://doi.org/10.1524/zkri.1937.97.1.59, "
        "positions as in github.com/apoletayev/anomalous_ion_conduction, templates/stNabeta_ortho.cif",
    ),
    "Na3PO4": Host(
        "Na3PO4",
        "P-42_1c",
        (10.81111, 10.81111, 6.81831, 90, 90, 90),
        (
            ("P1", "P", 0.2592, -0.0124, 0.2231, 1),
            ("O1", "O", 0.1642, -0.0750, 0.3512, 1),
            ("O2", "O", 0.3768, -0.0993, 0.2049, 1),
            ("O3", "O", 0.2074, 0.0162, 0.0235, 1),
            ("O4", "O", 0.3050, 0.1043, 0.3288, 1),
            ("Na1", "Na", 0.2556, 0.0330, 0.6962, 1),
            ("Na2", "Na", 0.2229, 0.2405, 0.0424, 1),
            ("Na3", "Na", 0, 0, 0, 1),
            ("Na4", "Na", 0, 0, 0.5, 1),
            ("Na5", "Na", 0, 0.5, 0.0477, 1),
        ),
        "R. J. Harrison, A. Putnis, W. Kockelmann, Phys. Chem. Chem. Phys. 4, 3252 (2002), ICSD 97205",
    ),
    # A garnet whose large sites hold nothing but sodium.
    "Na3Sc2V3O12": Host(
        "Na3Sc2V3O12",
        "Ia-3d",
        (12.602, 12.602, 12.602, 90, 90, 90),
        (
            ("Na1", "Na", -0.375, 0, 0.25, 1),
            ("Sc1", "Sc", 0, 0, 0, 1),
            ("V1", "V", -0.125, 0, 0.25, 1),
            ("O1", "O", -0.0418, 0.04855, 0.15395, 1),
        ),
        "E. L. Belokoneva, B. V. Mill, M. A. Simonov, N. V. Belov, Kristallografiya 19, 374 (1974), ICSD 6110",
    ),
    "NaCl": Host(
        "NaCl",
        "Fm-3m",
        (5.6402, 5.6402, 5.6402, 90, 90, 90),
        (("Na1", "Na", 0, 0, 0, 1), ("Cl1", "Cl", 0.5, 0.5, 0.5, 1)),
        "H. E. Swanson, R. K. Fuyat, NBS Circular 539, vol. II, 41 (1953)",
    ),
}


def host_cif(name: str) -> str:
    """CIF text of a host.

    Parameters
    ----------
    name : str
        A key of `HOSTS`.

    Returns
    -------
    str

    Raises
    ------
    KeyError
        If there is no such host; the message lists those there are.

    Examples
    --------
    >>> host_cif("NaCl").splitlines()[0]
    'data_NaCl'
    """
    if name not in HOSTS:
        raise KeyError(f"no host {name!r}; there are {', '.join(HOSTS)}")
    host = HOSTS[name]
    labels = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    lines = [f"data_{host.formula}", f"# Built from: {host.source}"]
    lines += [f"_chemical_formula_sum '{_spaced(host.formula)}'"]
    lines += [f"_cell_{label} {value:.8g}" for label, value in zip(labels, host.cell, strict=True)]
    lines += [f"_symmetry_space_group_name_H-M '{host.space_group.replace('_', '')}'"]
    lines += ["loop_", "_symmetry_equiv_pos_as_xyz"]
    lines += [f"'{operation}'" for operation in host.operations or _operations(host.space_group)]
    lines += ["loop_"]
    columns = ("label", "type_symbol", "fract_x", "fract_y", "fract_z", "occupancy")
    lines += [f"_atom_site_{column}" for column in columns]
    for label, element, x, y, z, filled in host.sites:
        lines.append(f"{label} {element} {x:.5f} {y:.5f} {z:.5f} {filled:.6g}")
    return "\n".join(lines) + "\n"


def host_structure(name: str) -> Structure:
    """A host as a pymatgen Structure, in the cell of its source.

    Parameters
    ----------
    name : str
        A key of `HOSTS`.

    Returns
    -------
    pymatgen.core.Structure

    Examples
    --------
    >>> structure = host_structure("NaAlCl4")
    >>> len(structure), round(float(structure.density), 2)
    (24, 1.89)
    """
    from .reading import read_structure

    return read_structure(host_cif(name))


def write_hosts(folder: str | Path) -> list[Path]:
    """Write every host as ``NAME.cif`` into a folder.

    Parameters
    ----------
    folder : str or pathlib.Path
        Made if need be.

    Returns
    -------
    list of pathlib.Path
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in HOSTS:
        path = folder / f"{name}.cif"
        path.write_text(host_cif(name), encoding="utf-8")
        written.append(path)
    return written


def _operations(space_group: str) -> list[str]:
    from pymatgen.symmetry.groups import SpaceGroup

    texts = sorted(operation.as_xyz_str() for operation in SpaceGroup(space_group).symmetry_ops)
    return sorted(texts, key=lambda text: text != "x, y, z")


def _spaced(formula: str) -> str:
    """The formula as CIF writes it: elements apart."""
    from pymatgen.core import Composition

    return " ".join(f"{symbol}{amount:g}" for symbol, amount in Composition(formula).get_el_amt_dict().items())


if __name__ == "__main__":
    write_hosts(sys.argv[1] if len(sys.argv) > 1 else "cifs")
