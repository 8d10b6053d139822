"""Candidate spaces described in a small TOML file."""

import inspect
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .candidates import CandidateSpace
from .dopants import dopants
from .file_space import file_space
from .free import compositions

# Kind of space -> the function that makes it; the keys of a description are that function's parameters.
READERS: dict[str, Callable[..., CandidateSpace]] = {
    "dopants": dopants,
    "compositions": compositions,
    "file": file_space,
}


def read_space(path: str | Path) -> CandidateSpace:
    r"""Read a candidate space from a TOML description, or take a table as one.

    A description says its `kind`, one of `READERS`, and beside it what the function of that kind takes. Paths in it are
    relative to the description.

    Parameters
    ----------
    path : str or Path
        .toml, or a .csv or .parquet table with a column `formula`.

    Raises
    ------
    ValueError
        If the file is missing or no TOML, the kind or a key is not known (naming those that are), or what it asks for
        is impossible.

    Examples
    --------
    >>> import tempfile
    >>> text = 'kind = "dopants"\nhost = "Na3PS4"\nsite = "P"\ndopants = ["Si", "Ge"]\nx = [0.1]'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "space.toml"
    ...     _ = path.write_text(text)
    ...     read_space(path)
    <2 candidates from Na3PS4; 0 refused>
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    if path.suffix.lower() != ".toml":
        return file_space(path)
    try:
        asked = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: is not TOML: {error}") from error
    if "path" in asked:
        asked["path"] = path.parent / str(asked["path"])
    try:
        return described_space(asked)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def described_space(description: dict[str, Any], kinds: Iterable[str] = tuple(READERS)) -> CandidateSpace:
    """The space of a description: its `kind`, one of `kinds`, and beside it what the function of that kind takes.

    Raises
    ------
    ValueError
        If the kind or a key is not known, a key is missing, or what it asks for is impossible.

    Examples
    --------
    >>> described_space({"kind": "dopants", "host": "Na3PS4", "site": "P", "dopants": ["Si", "Ge"], "x": [0.1]})
    <2 candidates from Na3PS4; 0 refused>
    """
    asked = dict(description)
    kind = asked.pop("kind", None)
    if kind not in kinds:
        raise ValueError(f"kind = {kind!r} is not known; choose one of {', '.join(kinds)}")
    parameters = inspect.signature(READERS[kind]).parameters
    unknown = [key for key in asked if key not in parameters]
    if unknown:
        raise ValueError(f"key {unknown[0]!r} is not known for kind {kind!r}; known: {', '.join(parameters)}")
    missing = [key for key, p in parameters.items() if p.default is p.empty and key not in asked]
    if missing:
        raise ValueError(f"kind {kind!r} needs {missing[0]!r}")
    try:
        return READERS[kind](**asked)
    except (TypeError, AttributeError) as error:
        raise ValueError(f"a value is of the wrong kind: {error}") from error
