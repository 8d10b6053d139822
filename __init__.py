"""ionscout: predict and rank solid sodium electrolytes before anyone makes them.

Conductivity alone misleads: every prediction is a row of properties (ionic conductivity, activation energy,
stability window, phase stability), each with an interval and a verdict on whether the model knows the chemistry.

Examples
--------
>>> import ionscout as ion
>>> ion.dopants("Na3Zr2Si2PO12", site="Zr", dopants=["Sc", "Mg"], x=(0.1, 0.2))
<4 candidates from Na3Zr2Si2PO12; 0 refused>
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Public name -> module that holds it; resolved on first use, so that `import ionscout` stays fast.
_HOMES = {
    "add_measurements": ".training.store.measurements",
    "batch": ".serve.screen.next_batch",
    "coatings": ".serve.interface",
    "compositions": ".serve.screen.free",
    "connect": ".serve.client",
    "convert": ".training.data.convert",
    "dopants": ".serve.screen.dopants",
    "evaluate": ".training.evaluate",
    "explain": ".serve.explain",
    "hybrids": ".serve.screen.hybrids",
    "interface": ".serve.interface",
    "interface_measurements": ".serve.interface_measurements",
    "measurements": ".training.store.measurements",
    "mixtures": ".serve.screen.mixtures",
    "neighbours": ".serve.explain",
    "predict": ".serve.predict",
    "predict_hybrids": ".serve.hybrids",
    "rank": ".serve.screen.ranking",
    "read_space": ".serve.screen.description",
    "report": ".serve.report.report",
    "retrain": ".training.retrain",
    "screen": ".serve.screen.engine",
    "train": ".training.train",
    "validate": ".training.data.validate",
    "voltage_profile": ".serve.window",
    "window": ".serve.window",
}

__all__ = [
    "__version__",
    "add_measurements",
    "batch",
    "coatings",
    "compositions",
    "connect",
    "convert",
    "dopants",
    "evaluate",
    "explain",
    "hybrids",
    "interface",
    "interface_measurements",
    "measurements",
    "mixtures",
    "models",
    "neighbours",
    "predict",
    "predict_hybrids",
    "rank",
    "read_space",
    "report",
    "retrain",
    "screen",
    "train",
    "validate",
    "voltage_profile",
    "window",
]

if TYPE_CHECKING:
    from .serve.client import connect
    from .serve.explain import explain, neighbours
    from .serve.hybrids import predict_hybrids
    from .serve.interface import coatings, interface
    from .serve.interface_measurements import interface_measurements
    from .serve.predict import predict
    from .serve.report.report import report
    from .serve.screen.description import read_space
    from .serve.screen.dopants import dopants
    from .serve.screen.engine import screen
    from .serve.screen.free import compositions
    from .serve.screen.hybrids import hybrids
    from .serve.screen.mixtures import mixtures
    from .serve.screen.next_batch import batch
    from .serve.screen.ranking import rank
    from .serve.window import voltage_profile, window
    from .training.data.convert import convert
    from .training.data.validate import validate
    from .training.evaluate import evaluate
    from .training.registry import models
    from .training.retrain import retrain
    from .training.store.measurements import add_measurements, measurements
    from .training.train import train


class _Room(ModuleType):
    """The room `ionscout.models` and the verb `ion.models()` share a name: called, the module lists the registry."""

    def __call__(self) -> Any:
        return import_module(".training.registry", __name__).models()


class _Face(ModuleType):
    """The package; makes the room callable whenever it is first imported, by whatever road."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "models" and type(value) is ModuleType:
            value.__class__ = _Room
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face


def __getattr__(name: str) -> Any:
    if name == "models":
        return import_module(".models", __name__)
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name], __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
