"""What docs/screening.md shows is so."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from ionscout.serve.screen import guard_rails
from ionscout.serve.screen.description import READERS, read_space
from ionscout.serve.screen.spec import Spec

TEXT = (Path(__file__).parents[1] / "docs" / "screening.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", blocks("toml"), ids=lambda text: tomllib.loads(text)["kind"])
def test_spaces_are_as_large_as_they_say(text: str, tmp_path: Path) -> None:
    (tmp_path / "space.toml").write_text(text)
    if tomllib.loads(text)["kind"] == "file":
        import pandas as pd

        pd.DataFrame({"formula": ["Na3PS4", "Na3SbS4"]}).to_parquet(tmp_path / "candidates.parquet")
        assert read_space(tmp_path / "space.toml").size == 2
        return
    told = re.match(r"# ([\d,]+) candidates", text)
    assert told is not None
    assert read_space(tmp_path / "space.toml").size == int(told[1].replace(",", ""))


def test_every_kind_of_space_is_shown() -> None:
    assert {tomllib.loads(text)["kind"] for text in blocks("toml")} == set(READERS)


def test_examples_are_Python() -> None:
    assert len(blocks("python")) >= 4
    for text in blocks("python"):
        ast.parse(text)


def test_parts_of_a_spec_can_be_read() -> None:
    rows = re.search(r"\| part \| meaning \|\n\|---\|---\|\n(.*?)\n\n", TEXT, flags=re.DOTALL)
    assert rows is not None
    parts = [p for row in rows[1].splitlines() for p in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert len(parts) >= 10
    for part in parts:
        Spec.parse(part)


def test_every_guard_rail_is_told() -> None:
    names = [value for name, value in vars(guard_rails).items() if name.isupper() and isinstance(value, str)]
    assert len(names) >= 7
    for name in names:
        assert f"| {name} |" in TEXT
