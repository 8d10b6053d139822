"""The public face: what is importable, how fast, and what the wheel holds."""

import subprocess
import sys

import pytest

import ionscout as ion


def modules_after(statement: str) -> set[str]:
    """Top-level modules loaded by a fresh interpreter after `statement`."""
    code = f"import sys; {statement}; print(*{{m.split('.')[0] for m in sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def test_import_loads_nothing_heavy():
    assert not modules_after("import ionscout") & {
        "numpy",
        "pandas",
        "scipy",
        "xgboost",
        "pymatgen",
        "mlflow",
        "sklearn",
    }


def test_help_loads_nothing_heavy():
    loaded = modules_after("import ionscout.serve.cli")
    assert not loaded & {"numpy", "pandas", "scipy", "xgboost", "pymatgen", "mlflow", "sklearn"}


def test_every_public_name_resolves():
    for name in ion.__all__:
        assert getattr(ion, name) is not None


def test_models_is_a_verb_and_a_room():
    for statement in ("import ionscout as ion", "import ionscout.models.physics, ionscout as ion"):
        code = f"{statement}; import ionscout.models.properties as p; print(callable(ion.models), len(p.PROPERTIES))"
        said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
        assert said.split() == ["True", "5"]


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="conductivty"):
        ion.conductivty  # type: ignore[attr-defined]  # noqa: B018
