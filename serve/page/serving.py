"""Which models serve, for the foot of every page: asked of the registry once a minute at most."""

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ...training.home import tracking_uri
from ...training.registry import models

_KEPT_SECONDS = 60
# Cross-validated, no chemical system on both sides of a split; see `registry.models`.
_ERROR = "MAE_by_system"


@dataclass(frozen=True)
class Serving:
    """One property's model that serves: its version, the day it was made, and its error across chemical systems."""

    name: str
    version: int
    made: str
    error: float


def serving_models() -> tuple[Serving, ...]:
    """Champions of all properties; empty where none has been trained."""
    return _asked(tracking_uri(), int(time.monotonic() / _KEPT_SECONDS))


@lru_cache(maxsize=4)
def _asked(uri: str, minute: int) -> tuple[Serving, ...]:
    rows: list[dict[Any, Any]] = models().query("champion").to_dict("records") if len(models()) else []
    return tuple(
        Serving(row["property"], int(row["version"]), f"{row['created']:%Y-%m-%d}", float(row.get(_ERROR, "nan")))
        for row in rows
    )
