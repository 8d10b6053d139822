"""A structure as plain text that any later reader may trust: CIF as it is, everything else as lean JSON."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .reading import StructureError, is_path


def structure_text(source: Any) -> str:
    """Text of one structure, from whatever `reading.read_structure` reads.

    Parameters
    ----------
    source : pymatgen Structure, str, pathlib.Path or dict
        A path is opened, here and now: the text holds what the file holds, and names no file.

    Returns
    -------
    str
        CIF text, or JSON with lattice, species and positions alone. Site properties are left out: they may name Python
        modules, which pymatgen would import.

    Raises
    ------
    StructureError
        If it is no structure, or a file is missing. CIF text is not looked into.

    Examples
    --------
    >>> from ionscout.featurize.structure.hosts import host_structure
    >>> from ionscout.featurize.structure.reading import read_structure
    >>> text = structure_text(host_structure("NaCl"))
    >>> read_structure(text).composition.reduced_formula, "properties" in text
    ('NaCl', False)
    """
    if hasattr(source, "lattice") and hasattr(source, "as_dict"):
        return _lean(source.as_dict())
    if isinstance(source, Mapping):
        return _lean(source)
    if isinstance(source, Path) or (isinstance(source, str) and is_path(source)):
        if not Path(source).is_file():
            raise StructureError(f"{str(source)!r} is no file, and neither CIF nor JSON text")
        source = Path(source).read_text(encoding="utf-8", errors="replace")
    if not isinstance(source, str):
        raise StructureError(
            f"cannot read a structure from {type(source).__name__}; give CIF text, a path, a Structure or its JSON"
        )
    return plain_text(source)


def plain_text(text: str) -> str:
    """The same of a text that names no file: CIF as it is, JSON made lean.

    Raises
    ------
    StructureError
        If JSON is none of a pymatgen Structure.
    """
    if not text.lstrip().startswith("{"):
        return text
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StructureError(f"JSON cannot be read: {error}") from error
    return _lean(fields)


def _lean(fields: Mapping) -> str:
    try:
        sites = [
            {
                "species": [{"element": str(s["element"]), "occu": float(s.get("occu", 1))} for s in site["species"]],
                "abc": [float(place) for place in site["abc"]],
            }
            for site in fields["sites"]
        ]
        matrix = [[float(length) for length in row] for row in fields["lattice"]["matrix"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise StructureError(f"JSON is no pymatgen Structure: {type(error).__name__}: {error}") from error
    return json.dumps({"lattice": {"matrix": matrix}, "sites": sites})
