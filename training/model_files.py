"""The files of a registered model: where they lie in its artifact, and the hash that says they are those registered."""

import hashlib
from pathlib import Path

MODEL_FILES = "ionscout_model"  # name of the pyfunc artifact that holds what PropertyModel.save wrote


class ModelFilesError(ValueError):
    """The files of a model are not those that were registered."""


def files_sha256(folder: Path) -> str:
    """Hash of all files under a folder, with their names."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def checked_files(uri: str, sha256: str | None) -> Path:
    """Folder of a model's files; versions that were registered before there were hashes are taken as they are.

    Raises
    ------
    ModelFilesError
        If the files have another hash than `sha256`.
    """
    from mlflow.artifacts import download_artifacts

    folder = Path(download_artifacts(artifact_uri=uri)) / "artifacts" / MODEL_FILES
    if sha256 is not None and files_sha256(folder) != sha256:
        raise ModelFilesError(
            f"the files of the model at {uri} are not those that were registered (their hash differs); restore them, "
            "or promote another version with `ionscout models promote`"
        )
    return folder
