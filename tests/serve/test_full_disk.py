"""A disk that fills: the file is named, nothing half-written stays, and what was there before is kept."""

import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ionscout.serve.tables import TableWriter
from ionscout.serve.whole_file import write_whole

ROWS = 20_000
TABLE = pd.DataFrame({"formula": [f"Na{i}Cl{i}" for i in range(ROWS)], "x": np.random.default_rng(0).normal(size=ROWS)})


@pytest.fixture
def four_kilobytes() -> Iterator[None]:
    """This process may write no file beyond 4 kB, as if the disk were full then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, before)


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz", "out.parquet"])
def test_a_table_that_does_not_fit_is_named_and_the_old_one_stays(
    tmp_path: Path, four_kilobytes: None, name: str
) -> None:
    path = tmp_path / name
    path.write_text("mine")
    with pytest.raises(OSError, match=rf"{name}: cannot be written \("), TableWriter(path) as writer:
        writer.write(TABLE)
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert path.read_text() == "mine"


def test_a_page_that_does_not_fit_is_named_and_the_old_one_stays(tmp_path: Path, four_kilobytes: None) -> None:
    path = tmp_path / "report.html"
    path.write_text("mine")
    with pytest.raises(OSError, match=r"report\.html: cannot be written \("):
        write_whole(path, "Na₃PS₄" * 2000)
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text() == "mine"


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(OSError, match=r"a/report\.html: cannot be written"):
        write_whole(tmp_path / "a" / "report.html", "")
