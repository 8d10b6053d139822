"""Sodium hosts as CIF, built from the space group, cell and positions that a paper gives.

``python -m ionscout.featurize.structure.hosts FOLDER`` writes them all; the files under ``cifs`` are its output. A host
is one entry of ``hosts.toml``: what its source prints and nothing else. Hosts whose printed positions were not at hand
(monoclinic NASICON, beta''-alumina, Na3YCl6, Na2ZrCl6 and others) are not here: give their CIF instead.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from fractions import Fraction
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


def _read_hosts() -> dict[str, Host]:
    """The hosts of ``hosts.toml``, where sites are lines of label, element, x, y, z and perhaps an occupancy."""
    entries = tomllib.loads(Path(__file__).with_name("hosts.toml").read_text(encoding="utf-8"))
    return {
        name: Host(
            formula=entry["formula"],
            space_group=entry["space_group"],
            cell=tuple(entry["cell"]),
            sites=tuple(_site(line) for line in entry["sites"].strip().splitlines()),
            source=entry["source"],
            operations=tuple(entry.get("operations", ())),
        )
        for name, entry in entries.items()
    }


def _site(line: str) -> Site:
    label, element, *numbers = line.split()
    x, y, z, filled = (float(Fraction(number)) for number in [*numbers, "1"][:4])
    return label, element, x, y, z, filled


HOSTS = _read_hosts()


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
