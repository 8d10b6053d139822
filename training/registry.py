"""The model registry: every training run adds a version, the alias `champion` serves."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..models.base import PropertyModel
from ..models.hybrid import HYBRID_CONDUCTIVITY, HybridModel
from ..models.prediction import load_model
from ..models.properties import PROPERTIES, Property
from .home import home, store_lock, tracking_uri
from .model_files import MODEL_FILES, checked_files, files_sha256

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient

EXPERIMENT = "ionscout"
CHAMPION = "champion"
PREVIOUS = "previous_champion"  # tag of a registered model: the version that served before
FILES_SHA256 = "files_sha256"  # tag of a version: the hash of its model's files
_NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # MLflow's codes; other errors are the store's
_REQUIRED = ("ionscout", "matminer", "mlflow", "numpy", "pandas", "pymatgen", "rdkit", "scipy", "xgboost")
# Everything that has versions and a champion; hybrids are no formulas, so `champions` and `ion.predict` leave them out.
_REGISTERED = (*PROPERTIES, HYBRID_CONDUCTIVITY.name)

log = logging.getLogger(__name__)


class NoChampionError(LookupError):
    """A property has no registered model with the alias `champion`."""


def models() -> "pd.DataFrame":
    """Registered models: one row a version, newest first, with its champion mark and cross-validated errors.

    Returns
    -------
    pandas.DataFrame
        Columns property, version, champion, created, data_hash, run_id, and the run's metrics that name a split.
    """
    import pandas as pd

    client = connect()
    rows = []
    for name in _REGISTERED:
        champion = _champion_version(client, name)
        for found in client.search_model_versions(f"name='{name}'", order_by=["version_number DESC"]):
            run = client.get_run(found.run_id) if found.run_id else None
            metrics = {k: v for k, v in (run.data.metrics if run else {}).items() if k.startswith(f"{name}_MAE_")}
            rows.append(
                {
                    "property": name,
                    "version": int(found.version),
                    "champion": int(found.version) == champion,
                    "created": pd.Timestamp(found.creation_timestamp, unit="ms", tz="UTC"),
                    "data_hash": run.data.params.get("data_hash") if run else None,
                    "run_id": found.run_id,
                    **{k.removeprefix(f"{name}_"): v for k, v in sorted(metrics.items())},
                }
            )
    columns = ["property", "version", "champion", "created", "data_hash", "run_id"]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)


def champions() -> tuple[PropertyModel, ...]:
    """The models that serve, in the order of `PROPERTIES`; a model of two properties stands once.

    Raises
    ------
    NoChampionError
        If a property has no champion; trains nothing by itself.
    RuntimeError
        If two properties that physics ties together would be served by different models.
    """
    client = connect()
    return load_champions({name: _champion(client, name) for name in PROPERTIES})


@dataclass(frozen=True)
class Champion:
    """The version of a property that serves, where its files are, and their hash where one was registered."""

    version: int
    uri: str
    sha256: str | None


def load_champions(found: Mapping[str, Champion]) -> tuple[PropertyModel, ...]:
    """The models of `registered_champions` without hybrids, in its order; a model of two properties stands once.

    Raises
    ------
    ModelFilesError
        If the files of a model are not those that were registered.
    RuntimeError
        If two properties that physics ties together would be served by different models.
    """
    loaded = {champion.uri: _load(champion.uri, champion.sha256) for champion in found.values()}
    for name, champion in found.items():
        for tied in loaded[champion.uri].properties:
            if found[tied.name].uri != champion.uri:
                raise RuntimeError(
                    f"{name} and {tied.name} come from one model, but their champions differ "
                    f"({champion.uri} and {found[tied.name].uri}); promote both together with `ionscout models promote`"
                )
    return tuple(loaded.values())


def champion_sources() -> dict[str, str]:
    """Where the model that serves each property lies, by property; another version lies elsewhere.

    Raises
    ------
    NoChampionError
        If a property has no champion.
    """
    client = connect()
    return {name: _champion(client, name).uri for name in PROPERTIES}


def registered_champions() -> dict[str, Champion]:
    """What serves each property, hybrids last and only if they have a champion.

    Raises
    ------
    NoChampionError
        If a property of compositions has no champion.
    """
    client = connect()
    found = {name: _champion(client, name) for name in PROPERTIES}
    if _champion_version(client, HYBRID_CONDUCTIVITY.name) is not None:
        found[HYBRID_CONDUCTIVITY.name] = _champion(client, HYBRID_CONDUCTIVITY.name)
    return found


def hybrid_champion() -> HybridModel:
    """The hybrid model that serves.

    Raises
    ------
    NoChampionError
        If there is none; trains nothing by itself.
    """
    return load_hybrid(_champion(connect(), HYBRID_CONDUCTIVITY.name))


def connect() -> "MlflowClient":
    """MLflow client on ionscout's store, which is made if it is not there."""
    # MLflow's own progress bars and telemetry have no place in a tool that prints results.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    for chatty in ("alembic", "mlflow"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    uri = tracking_uri()
    # MLflow writes what it is told into the environment, where it would outlive a change of IONSCOUT_HOME.
    named = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(uri)
    if named is None:
        os.environ.pop("MLFLOW_TRACKING_URI", None)
    with store_lock(uri):
        return mlflow.MlflowClient()


def experiment_id(client: "MlflowClient") -> str:
    """Experiment that holds all runs, made on first use."""
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return found.experiment_id
    # A local store keeps its files beside its database; a server decides for itself.
    local = tracking_uri().startswith("sqlite:///") and "MLFLOW_TRACKING_URI" not in os.environ
    return client.create_experiment(EXPERIMENT, (home() / "artifacts").as_uri() if local else None)


def register(
    model: PropertyModel | HybridModel,
    folder: Path,
    example: "pd.DataFrame",
    answer: "pd.DataFrame",
    script: str = "pyfunc_script.py",
    required: tuple[str, ...] = ("formula",),
) -> dict[str, int]:
    """Log `model`, saved in `folder`, to the active run and register it under each of its properties.

    Parameters
    ----------
    model : PropertyModel or HybridModel
        What was saved.
    folder : Path
        Its files.
    example, answer : DataFrame
        Input and output that the signature is read from.
    script : str
        File beside this one that MLflow runs to build the pyfunc.
    required : tuple of str
        Input columns that must be given; the others have defaults.

    Returns
    -------
    dict
        Property name to new version. Aliases do not move; `promote` does that.
    """
    import mlflow
    from mlflow.models import infer_signature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import DataType

    signature = infer_signature(example, answer)
    signature.inputs = Schema([_optional(c, required) for c in signature.inputs.inputs])
    # Texts are missing where a row is in error.
    numbers = tuple(str(c) for c in answer if answer[c].dtype != object)
    outputs = [_optional(c, numbers) for c in signature.outputs.inputs]
    signature.outputs = Schema([*outputs, ColSpec(DataType.string, "error", required=False)])
    signature.params = ParamSchema([ParamSpec("interval", DataType.double, 0.9)])
    logged = mlflow.pyfunc.log_model(
        name=model.kind,
        python_model=str(Path(__file__).with_name(script)),
        artifacts={MODEL_FILES: str(folder)},
        signature=signature,
        input_example=example,
        pip_requirements=[f"{name}=={version(name)}" for name in _REQUIRED],
    )
    client = mlflow.MlflowClient()
    run, digest = mlflow.active_run(), files_sha256(folder)
    versions = {}
    for p in model.properties:
        _create_registered_model(client, p)
        found = client.create_model_version(
            p.name,
            logged.model_uri,
            run_id=run.info.run_id if run else None,
            tags={FILES_SHA256: digest},
            model_id=logged.model_id,
        )
        versions[p.name] = int(found.version)
    return versions


def promote(name: str, number: int) -> None:
    """Give version `number` of property `name` the alias `champion`; remember which version served before."""
    client = connect()
    before = _champion_version(client, name)
    if before is not None and before != number:
        client.set_registered_model_tag(name, PREVIOUS, str(before))
    client.set_registered_model_alias(name, CHAMPION, str(number))
    log.info("%s version %d is champion", name, number)


def promote_together(name: str, number: int) -> dict[str, int]:
    """Promote a version, and every property that the same fit gave, so that tied properties never part.

    Returns
    -------
    dict
        Property name to version promoted.

    Raises
    ------
    LookupError
        If there is no such version.
    """
    from mlflow.exceptions import MlflowException

    client = connect()
    if name not in _REGISTERED:
        raise LookupError(f"property {name!r} is not known; choose one of {', '.join(_REGISTERED)}")
    try:
        run = client.get_model_version(name, str(number)).run_id
    except MlflowException as error:
        if error.error_code not in _NOT_THERE:
            raise
        raise LookupError(f"{name} has no version {number}; `ionscout models` lists what there is") from error
    moved = {}
    for other in _REGISTERED:
        for found in client.search_model_versions(f"name='{other}'"):
            if found.run_id == run:
                promote(other, int(found.version))
                moved[other] = int(found.version)
    return moved


def roll_back(name: str) -> dict[str, int]:
    """Let the version of `name` serve that served before, and with it the property that comes from the same model.

    Rolling back twice ends where it began.

    Returns
    -------
    dict
        Property name to version that serves now.

    Raises
    ------
    LookupError
        If the property is not known, or no other version has served before.
    """
    if name not in _REGISTERED:
        raise LookupError(f"property {name!r} is not known; choose one of {', '.join(_REGISTERED)}")
    client = connect()
    found = [m for m in client.search_registered_models(f"name='{name}'") if PREVIOUS in m.tags]
    if not found:
        raise LookupError(f"{name}: no other version has served before; `ionscout models` lists what there is")
    return promote_together(name, int(found[0].tags[PREVIOUS]))


def champion_run(name: str) -> str:
    """Identifier of the run that made the champion of a property.

    Raises
    ------
    NoChampionError
        If there is none.
    """
    client = connect()
    number = _champion_version(client, name)
    run = client.get_model_version(name, str(number)).run_id if number is not None else None
    if run is None:
        raise NoChampionError(f"no run is known that made a champion of {name}; run `ionscout train` first")
    return run


def _create_registered_model(client: "MlflowClient", fact: Property) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(fact.name, description=f"{fact.label}, column {fact.column}")
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _optional(column: Any, required: tuple[str, ...]) -> Any:
    """The column of a signature, optional unless it must be given."""
    from mlflow.types import ColSpec

    return ColSpec(type=column.type, name=column.name, required=column.name in required)


def _champion_version(client: "MlflowClient", name: str) -> int | None:
    from mlflow.exceptions import MlflowException

    try:
        return int(client.get_model_version_by_alias(name, CHAMPION).version)
    except MlflowException as error:
        if error.error_code in _NOT_THERE:
            return None
        raise


def _champion(client: "MlflowClient", name: str) -> Champion:
    """The champion of a property."""
    number = _champion_version(client, name)
    if number is None:
        raise NoChampionError(
            f"no model of {name} has the alias '{CHAMPION}' in {tracking_uri()}; run `ionscout train` first, "
            "or set IONSCOUT_HOME or MLFLOW_TRACKING_URI to where the models are"
        )
    tags = client.get_model_version(name, str(number)).tags
    uri = client.get_model_version_download_uri(name, str(number))
    return Champion(number, uri, tags.get(FILES_SHA256))


def load_hybrid(champion: Champion) -> HybridModel:
    """The hybrid model of a champion.

    Raises
    ------
    ModelFilesError
        If its files are not those that were registered.
    """
    return _load_hybrid(champion.uri, champion.sha256)


@lru_cache(maxsize=4)
def _load_hybrid(uri: str, sha256: str | None) -> HybridModel:
    return HybridModel.load(checked_files(uri, sha256))


@lru_cache(maxsize=16)
def _load(uri: str, sha256: str | None) -> PropertyModel:
    """Load the model at an artifact location; locations are never written twice, so this is safe to remember."""
    return load_model(checked_files(uri, sha256))
