"""Every notebook runs from top to bottom, and what is committed has been run."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from ionscout.training.data.energies import configured_energies

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.usefixtures("own_home")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path, tmp_path):
    if path.stem == "windows_and_interfaces":
        try:
            configured_energies()
        except FileNotFoundError as absent:
            pytest.skip(f"the notebook on windows was NOT run: {absent}")
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=500, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    assert any("text/html" in output.get("data", {}) for output in outputs(notebook))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_committed_has_been_run_and_tells_nothing_of_the_machine(path):
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    assert not any(output.output_type == "error" for output in outputs(notebook))
    assert "site-packages" not in path.read_text(encoding="utf-8")


def outputs(notebook) -> list:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]
