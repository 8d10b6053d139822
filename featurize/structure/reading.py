"""One structure from what people keep them in: CIF text or file, pymatgen's Structure or its JSON, or why not."""

import json
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..elements import INDEX

if TYPE_CHECKING:
    from pymatgen.core import Structure

# Sites of the cell as given. The largest cells of published conductors hold some 400; a simulation box holds more.
MAX_SITES = 4000
MAX_CHARACTERS = 20_000_000
# Two sites this near each other (angstrom) cannot both be filled: refined split positions lie from 0.4 angstrom on, and
# no bond is shorter than H-H, 0.74 angstrom.
OVERLAP_DISTANCE = 0.5
# Occupancies that add up to more than this on one spot are two atoms; refinements overshoot 1 by a few per cent.
OVERLAP_OCCUPANCY = 1.15
FULL_OCCUPANCY = 1.05
# pymatgen takes H, D and T for one element, as the feature tables do.
_ISOTOPES = {"D", "T"}
_OPERATIONS = ("_symmetry_equiv_pos_as_xyz", "_space_group_symop_operation_xyz")
_ATOM_COLUMN = "_atom_site_fract_x"


class StructureError(ValueError):
    """A structure that cannot be read or used; the message names what is wrong with it."""


def read_structure(source: Any) -> "Structure":
    """Read one structure and check it.

    Parameters
    ----------
    source : pymatgen Structure, str, pathlib.Path or dict
        A string is CIF text, JSON text, or the path of a CIF or JSON file; a dict is ``Structure.as_dict()``. Partial
        occupancies and split sites are kept as they are.

    Returns
    -------
    pymatgen.core.Structure
        With at least one site, known elements and no two atoms in one place.

    Raises
    ------
    StructureError
        Saying what is wrong and what would be right.

    Examples
    --------
    >>> from ionscout.featurize.structure.hosts import host_cif
    >>> read_structure(host_cif("NaCl")).composition.reduced_formula
    'NaCl'
    >>> read_structure("data_NaCl")
    Traceback (most recent call last):
    ...
    ionscout.featurize.structure.reading.StructureError: CIF has no atoms (no _atom_site_fract_x); was it cut short?
    """
    return _load(source)


def check_structure(structure: "Structure") -> None:
    """Raise StructureError for a structure whose features would mean nothing.

    Parameters
    ----------
    structure : pymatgen.core.Structure

    Raises
    ------
    StructureError
        If it has no sites or too many, an impossible cell, unknown elements, impossible occupancies or atoms that
        overlap.
    """
    if len(structure) == 0:
        raise StructureError("structure has no atoms")
    if len(structure) > MAX_SITES:
        raise StructureError(f"structure has {len(structure)} sites, limit {MAX_SITES}; give the unit cell")
    matrix, positions = structure.lattice.matrix, structure.frac_coords
    if not (np.isfinite(matrix).all() and np.isfinite(positions).all()):
        raise StructureError("cell or positions are not finite numbers")
    if structure.volume / len(structure) < 1.0:
        raise StructureError(f"cell of {structure.volume:.3g} cubic angstrom cannot hold {len(structure)} sites")
    for number, site in enumerate(structure):
        unknown = [str(s) for s in site.species if getattr(s, "symbol", "") not in INDEX.keys() | _ISOTOPES]
        if unknown:
            raise StructureError(f"site {number} holds {unknown[0]!r}, which is no element")
        filled = site.species.num_atoms
        if not 0 < filled <= FULL_OCCUPANCY:
            raise StructureError(f"site {number} ({site.species_string}) has occupancy {filled:g}, not above 0 up to 1")
    _check_overlap(structure)


def _check_overlap(structure: "Structure") -> None:
    first, second, _, distance = structure.get_neighbor_list(OVERLAP_DISTANCE, exclude_self=True)
    filled = np.array([site.species.num_atoms for site in structure])
    both = filled[first] + filled[second]
    wrong = np.flatnonzero((first <= second) & (both > OVERLAP_OCCUPANCY))
    if wrong.size:
        a, b = structure[first[wrong[0]]], structure[second[wrong[0]]]
        raise StructureError(
            f"atoms overlap: sites {first[wrong[0]]} ({a.species_string}) and {second[wrong[0]]} ({b.species_string}) "
            f"are {distance[wrong[0]]:.2f} angstrom apart and filled to {both[wrong[0]]:.2f} together"
        )


def _load(source: Any) -> "Structure":
    if source is None or (isinstance(source, float) and np.isnan(source)):
        raise StructureError("no structure given")
    if hasattr(source, "lattice") and hasattr(source, "frac_coords"):
        structure: Structure = source  # type: ignore[assignment]
        check_structure(structure)
        return structure
    if isinstance(source, Mapping):
        return _from_dict(source)
    if isinstance(source, Path) or (isinstance(source, str) and is_path(source)):
        path = Path(source)
        if not path.is_file():
            raise StructureError(f"{str(path)!r} is no file, and neither CIF nor JSON text")
        source = path.read_text(encoding="utf-8", errors="replace")
    if not isinstance(source, str):
        kind = type(source).__name__
        raise StructureError(f"cannot read a structure from {kind}; give CIF text, a path, a Structure or its JSON")
    if not source.strip():
        raise StructureError("text is empty")
    if len(source) > MAX_CHARACTERS:
        raise StructureError(f"text has {len(source)} characters, limit {MAX_CHARACTERS}")
    if source.lstrip().startswith("{"):
        try:
            return _from_dict(json.loads(source))
        except json.JSONDecodeError as error:
            raise StructureError(f"JSON cannot be read: {error}") from error
    return _from_cif(source)


def is_path(text: str) -> bool:
    """Whether a text is taken for the path of a file; CIF and JSON texts are not."""
    text = text.strip()
    return bool(text) and "\n" not in text and len(text) < 4096 and not text.startswith(("{", "data_"))


def _from_dict(fields: Mapping) -> "Structure":
    from pymatgen.core import Structure

    missing = [key for key in ("lattice", "sites") if key not in fields]
    if missing:
        raise StructureError(f"JSON lacks {missing[0]!r}; expected what Structure.as_dict() gives")
    if len(fields["sites"]) > MAX_SITES:
        raise StructureError(f"structure has {len(fields['sites'])} sites, limit {MAX_SITES}; give the unit cell")
    try:
        structure = Structure.from_dict(dict(fields))
    except Exception as error:  # pymatgen raises whatever its parts raise
        raise StructureError(f"JSON is no pymatgen Structure: {type(error).__name__}: {error}") from error
    check_structure(structure)
    return structure


def _from_cif(text: str) -> "Structure":
    from pymatgen.io.cif import CifFile, CifParser

    if "data_" not in text:
        raise StructureError("text is no CIF: it has no data_ block")
    # Blocks without atoms (texts, reflections) are passed over.
    parts = re.split(r"(?im)^[ \t]*data_", text)[1:]
    text = "data_" + next((part for part in parts if _ATOM_COLUMN in part), parts[0] if parts else "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            blocks = CifFile.from_str(text).data.values()
        except ZeroDivisionError:
            raise StructureError("CIF has a loop without rows; was it cut short?") from None
        except Exception as error:  # pymatgen raises whatever its tokeniser stumbles over
            raise StructureError(f"CIF cannot be read ({error}); is a loop cut short?") from error
        block = next((block.data for block in blocks if _ATOM_COLUMN in block.data), None)
        if block is None:
            raise StructureError(f"CIF has no atoms (no {_ATOM_COLUMN}); was it cut short?")
        rows = len(_list(block[_ATOM_COLUMN]))
        if rows > MAX_SITES:
            raise StructureError(f"CIF lists {rows} sites, limit {MAX_SITES}; give the unit cell")
        _check_symmetry(block)
        _check_numbers(block)
        try:
            parser = CifParser.from_str(text, occupancy_tolerance=FULL_OCCUPANCY)
            structure = parser.parse_structures(primitive=False, on_error="raise")[0]
        except Exception as error:  # pymatgen raises ValueError, KeyError or its own, all with a line of explanation
            reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
            if "exceeded tolerance" in reason:
                reason += " (atoms overlap, or a site is filled twice)"
            raise StructureError(f"CIF cannot be read: {reason}") from error
        for warning in parser.warnings:
            if "Defaulting to P1" in warning:
                raise StructureError("symmetry cannot be read: neither operations nor a known space group are given")
    check_structure(structure)
    _check_complete(block, structure)
    return structure


def _check_symmetry(block: Mapping) -> None:
    """Pymatgen ignores the parts of an operation that it does not understand; that would lose atoms silently."""
    for key in _OPERATIONS:
        for operation in _list(block.get(key, [])):
            terms = operation.replace(" ", "").strip("'\"").lower().split(",")
            unknown = set("".join(terms)) - set("xyz+-/.*0123456789")
            if len(terms) != 3 or unknown or not all(set(term) & set("xyz") for term in terms):
                raise StructureError(
                    f"symmetry operation {operation!r} cannot be read; expected one like '-x, 1/2+y, z'"
                )


def _check_numbers(block: Mapping) -> None:
    """Numbers that pymatgen takes as they are, drops with their site, or refuses without saying where they stand."""
    for axis in "abc":
        key = f"_cell_length_{axis}"
        if not _number(block.get(key)) > 0:
            raise StructureError(f"cell edge {key} is {block.get(key)!r}, no positive length in angstrom")
    for angle in ("alpha", "beta", "gamma"):
        key = f"_cell_angle_{angle}"
        if not 0 < _number(block.get(key)) < 180:
            raise StructureError(f"cell angle {key} is {block.get(key)!r}, not between 0 and 180 degrees")
    cosines = np.cos(np.radians([_number(block[f"_cell_angle_{angle}"]) for angle in ("alpha", "beta", "gamma")]))
    if 1 - (cosines**2).sum() + 2 * cosines.prod() <= 0:  # squared volume of the cell with edges one
        raise StructureError("cell angles cannot meet in one corner; their cell has no volume")
    for axis in "xyz":
        for row, text in enumerate(_list(block.get(f"_atom_site_fract_{axis}", []))):
            if not np.isfinite(_number(text)):
                raise StructureError(f"site {row} has _atom_site_fract_{axis} {text!r}, no finite number")
    for row, text in enumerate(_list(block.get("_atom_site_occupancy", []))):
        # A question mark or a point stands for a full site.
        if text.strip() not in ("?", ".") and not 0 < _number(text) < np.inf:
            raise StructureError(f"site {row} has occupancy {text!r}, not above 0 up to 1")


def _number(text: Any) -> float:
    """A CIF number without its standard uncertainty, 5.64(2) as 5.64; NaN for anything else."""
    try:
        return float(str(text).split("(")[0])
    except ValueError:
        return float("nan")


def _check_complete(block: Mapping, structure: "Structure") -> None:
    """A text cut between two atoms is still valid CIF; its own formula gives it away."""
    from pymatgen.core import Composition

    try:
        stated = Composition(block["_chemical_formula_sum"]).get_el_amt_dict()
    except Exception:  # no formula, or one that cannot be read: nothing to compare with
        return
    present = structure.composition.get_el_amt_dict()
    # Hydrogen is often left out of refinements.
    missing = [symbol for symbol in stated if symbol not in present and symbol not in ("H", "D")]
    if missing:
        formula = str(block["_chemical_formula_sum"]).strip("'\"")
        raise StructureError(f"formula '{formula}' has {missing[0]}, but no site holds it; was the text cut short?")


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
