"""Files that take their name only when they are whole."""

from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, text: str, remedy: str = "") -> None:
    """Write a text under another name and rename it; what was there before stays until then.

    Parameters
    ----------
    path : Path
        File to write; its folder is made if it is not there.
    text : str
        Written as UTF-8.
    remedy : str
        Said at the end of an error, such as "; name another folder".

    Raises
    ------
    OSError
        Naming the file, if it cannot be written; nothing half-written is left.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "new" / "a.txt", "Na₃PS₄")
    ...     (Path(folder) / "new" / "a.txt").read_text(encoding="utf-8")
    'Na₃PS₄'
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):  # the folder itself may be out of reach
            partial.unlink(missing_ok=True)
        raise OSError(f"{path}: cannot be written ({error.strerror or error}){remedy}") from error
