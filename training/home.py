"""Where state lives: one folder, `IONSCOUT_HOME`, with the MLflow store in it unless a tracking server is named."""

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from filelock import FileLock


def home() -> Path:
    """Folder of ionscout's state: `IONSCOUT_HOME`, or `.ionscout` in the working directory."""
    return Path(os.environ.get("IONSCOUT_HOME") or ".ionscout").absolute()


def tracking_uri() -> str:
    """MLflow tracking URI: `MLFLOW_TRACKING_URI` if set, else an SQLite file under `home()`."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home() / 'mlflow.db'}"


def measurements_uri() -> str:
    """Database of the measurement store: `IONSCOUT_MEASUREMENTS_URI` if set, else an SQLite file under `home()`."""
    return os.environ.get("IONSCOUT_MEASUREMENTS_URI") or f"sqlite:///{home() / 'measurements.db'}"


def store_lock(uri: str) -> AbstractContextManager:
    """A lock on a local store while a client comes to it: two that make its tables at once leave it broken."""
    if not uri.startswith("sqlite:///"):
        return nullcontext()
    path = Path(uri.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    # Where nothing can be written nothing is made.
    return FileLock(f"{path}.lock") if os.access(path.parent, os.W_OK) else nullcontext()
