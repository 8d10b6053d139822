"""The elements, in one order for every array of the package, and Magpie's table of their properties."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

# A period a line, the longest two. The column of an element in every array is its atomic number minus one.
# fmt: off
SYMBOLS: tuple[str, ...] = (
    "H", "He",
    "Li", "Be", "B", "C", "N", "O", "F", "Ne",
    "Na", "Mg", "Al", "Si", "P", "S", "Cl", "Ar",
    "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr",
    "Rb", "Sr", "Y", "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I", "Xe",
    "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb",
    "Lu", "Hf", "Ta", "W", "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn",
    "Fr", "Ra", "Ac", "Th", "Pa", "U", "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No",
    "Lr", "Rf", "Db", "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts", "Og",
)
# fmt: on
N_ELEMENTS: int = len(SYMBOLS)

# Deuterium and tritium are hydrogen to every property used here, as they are to pymatgen.
INDEX: dict[str, int] = {**{symbol: column for column, symbol in enumerate(SYMBOLS)}, "D": 0, "T": 0}

# The properties of matminer's "magpie" preset, in its order.
MAGPIE_PROPERTIES: tuple[str, ...] = (
    "Number",
    "MendeleevNumber",
    "AtomicWeight",
    "MeltingT",
    "Column",
    "Row",
    "CovalentRadius",
    "Electronegativity",
    "NsValence",
    "NpValence",
    "NdValence",
    "NfValence",
    "NValence",
    "NsUnfilled",
    "NpUnfilled",
    "NdUnfilled",
    "NfUnfilled",
    "NUnfilled",
    "GSvolume_pa",
    "GSbandgap",
    "GSmagmom",
    "SpaceGroupNumber",
)


def magpie_table() -> np.ndarray:
    """Magpie's element properties, one row an element.

    Read from the data files that matminer installs (without importing matminer). Where Magpie has no value the
    mean over the elements that have one stands in, which is matminer's ``impute_nan=True``.

    Returns
    -------
    ndarray of shape (118, 22), float64, read-only
        Rows in the order of `SYMBOLS`, columns in the order of `MAGPIE_PROPERTIES`.

    Raises
    ------
    ModuleNotFoundError
        If matminer, whose data files hold the table, is not installed.

    References
    ----------
    Ward et al., npj Comput. Mater. 2, 16028 (2016), 10.1038/npjcompumats.2016.28

    Examples
    --------
    >>> magpie_table()[INDEX["Na"], :4]
    array([ 11.        ,   2.        ,  22.98976928, 370.87      ])
    """
    return _magpie_columns(MAGPIE_PROPERTIES)


def magpie_property(name: str) -> np.ndarray:
    """One column of Magpie's data files, shape (118,), missing values replaced by the mean.

    Any of matminer's Magpie properties may be named, not only those of the preset.

    Examples
    --------
    >>> float(magpie_property("ElectronAffinity")[INDEX["Cl"]])
    349.0
    """
    return _magpie_columns((name,))[:, 0]


@cache
def _magpie_columns(names: tuple[str, ...]) -> np.ndarray:
    folder = _magpie_folder()
    table = np.empty((N_ELEMENTS, len(names)))
    for column, name in enumerate(names):
        path = folder / f"{name}.table"
        if not path.exists():
            raise KeyError(f"Magpie has no property {name!r}; it has {sorted(p.stem for p in folder.glob('*.table'))}")
        table[:, column] = _read_column(path)
    table.setflags(write=False)
    return table


def _read_column(path: Path) -> np.ndarray:
    """One value a line from hydrogen on; the files say ``Missing`` or end early where nothing is known."""
    values = np.full(N_ELEMENTS, np.nan)
    for row, line in enumerate(path.read_text().splitlines()[:N_ELEMENTS]):
        try:
            values[row] = float(line)
        except ValueError:
            continue
    values[np.isnan(values)] = np.nanmean(values)
    return values


def _magpie_folder() -> Path:
    spec = find_spec("matminer")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("Magpie's element table comes with matminer: pip install matminer")
    return Path(spec.submodule_search_locations[0]) / "utils" / "data_files" / "magpie_elementdata"
