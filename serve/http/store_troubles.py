"""A registry that does not answer is told as such, with what to do, and asked again with the next request."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from ...training.home import tracking_uri
from ...training.registry import NoChampionError
from .problems import Problem

T = TypeVar("T")


def check_store() -> None:
    """Refuse to make a store where one is missing: the one that is missing may come back.

    Raises
    ------
    NoChampionError
        If the store is a file that is not there.
    """
    uri = tracking_uri()
    if uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).is_file():
        raise NoChampionError(
            f"there is no model store at {uri}; run `ionscout train` first, or set IONSCOUT_HOME or "
            "MLFLOW_TRACKING_URI to where the models are"
        )


def while_registry_answers(do: Callable[[], T]) -> T:
    """Result of `do()`.

    Raises
    ------
    Problem
        503 if the model registry cannot be reached.
    """
    from mlflow.exceptions import MlflowException

    try:
        check_store()
        return do()
    except NoChampionError as error:
        raise Problem(503, str(error), headers={"Retry-After": "30"}) from error
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise Problem(
            503,
            f"the model registry does not answer ({type(error).__name__}); predictions go on with the models that are "
            "loaded, and this is asked again with the next request",
            headers={"Retry-After": "10"},
        ) from error
