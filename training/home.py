"""Where state lives: one folder, `IONSCOUT_HOME`, with the MLflow store in it unless a tracking server is named."""

import os
from pathlib import Path


def home() -> Path:
    """Folder of ionscout's state: `IONSCOUT_HOME`, or `.ionscout` in the working directory."""
    return Path(os.environ.get("IONSCOUT_HOME") or ".ionscout").absolute()


def tracking_uri() -> str:
    """MLflow tracking URI: `MLFLOW_TRACKING_URI` if set, else an SQLite file under `home()`."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home() / 'mlflow.db'}"


def measurements_uri() -> str:
    """Database of the measurement store: `IONSCOUT_MEASUREMENTS_URI` if set, else an SQLite file under `home()`."""
    return os.environ.get("IONSCOUT_MEASUREMENTS_URI") or f"sqlite:///{home() / 'measurements.db'}"
