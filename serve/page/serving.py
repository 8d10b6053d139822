"""Which models serve, for the foot of every page: asked of the registry once a minute at most."""

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ...training.home import tracking_uri
from ...training.registry import models

_KEPT_SECONDS = 60


@dataclass(frozen=True)
class Serving:
    """One property's model that serves: its version and the day it was made."""

    name: str
    version: int
    made: str


def serving_models() -> tuple[Serving, ...]:
    """Champions of all properties; empty where none has been trained."""
    return _asked(tracking_uri(), int(time.monotonic() / _KEPT_SECONDS))


@lru_cache(maxsize=4)
def _asked(uri: str, minute: int) -> tuple[Serving, ...]:
    rows: list[dict[Any, Any]] = models().query("champion").to_dict("records") if len(models()) else []
    return tuple(Serving(row["property"], int(row["version"]), f"{row['created']:%Y-%m-%d}") for row in rows)
