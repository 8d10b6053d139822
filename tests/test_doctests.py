"""Every example in a docstring runs."""

import doctest
import pkgutil
from importlib import import_module

import pytest

import ionscout

# Run by MLflow, not imported.
SCRIPTS = {"ionscout.training.pyfunc_script", "ionscout.training.hybrid_pyfunc_script"}
NAMES = sorted(
    m.name
    for m in pkgutil.walk_packages(ionscout.__path__, "ionscout.")
    if m.name.split(".")[1] in {"featurize", "models", "training", "serve"} and m.name not in SCRIPTS
)


@pytest.mark.parametrize("name", ["ionscout", *NAMES])
def test_examples(name):
    result = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert result.failed == 0
