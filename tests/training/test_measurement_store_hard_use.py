"""The store when processes die, write together, or find the file locked, full or damaged; nothing here is imitated."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

import ionscout as ion
from ionscout.training.store.engine import StoreError
from ionscout.training.store.measurements import database

# Adds five rows a time without end, and says so only when `add_measurements` has returned.
WRITER = """
import sys
import pandas as pd
import ionscout as ion
uri, name, first, batches = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
for batch in range(first, first + batches):
    lab = pd.DataFrame({"formula": "Na3PS4", "temperature_C": 25.0 + batch / 1e4,
                        "conductivity_S_cm": [1e-4, 2e-4, 3e-4, 4e-4, 5e-4]})
    done = ion.add_measurements(lab, by=name, uri=uri)
    print(batch, len(done.added), len(done.already), flush=True)
"""
LAB = pd.DataFrame({"formula": ["Na3SbS4"], "temperature_C": [25.0], "conductivity_S_cm": [1e-3]})


def start(uri, name, first, batches):
    command = [sys.executable, "-c", WRITER, uri, name, str(first), str(batches)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def acknowledged(lines):
    """Batches that a writer has confirmed: whole lines only."""
    return [int(line.split()[0]) for line in lines if line.endswith("\n")]


def test_kill_9_in_mid_write_loses_no_acknowledged_row(store_uri):
    generator = random.Random(5)
    said = []
    for attempt in range(3):
        writer = start(store_uri, f"writer {attempt}", 1000 * attempt, 1000)
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(3)]
        time.sleep(generator.uniform(0.0, 0.4))  # somewhere between two commits
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
        assert writer.wait() == -signal.SIGKILL
        said += acknowledged(lines)
    assert len(said) >= 9
    kept = ion.measurements("electrolyte", uri=store_uri)
    batches = ((kept["temperature_C"] - 25.0) * 1e4).round().astype(int)
    assert set(said) <= set(batches)
    assert (batches.value_counts() == 5).all()  # no addition is there in part
    # What was not acknowledged can be handed in again.
    assert len(ion.add_measurements(LAB, by="A. Volta", uri=store_uri).added) == 1
    if store_uri.startswith("sqlite"):
        with database(store_uri).reading() as connection:
            assert connection.execute(sa.text("PRAGMA integrity_check")).scalar() == "ok"


def test_commits_wait_for_the_disk(store_uri):
    with database(store_uri).writing() as connection:
        if store_uri.startswith("sqlite"):
            assert connection.execute(sa.text("PRAGMA synchronous")).scalar() == 2  # FULL
            assert connection.execute(sa.text("PRAGMA journal_mode")).scalar() == "wal"
        else:
            assert connection.execute(sa.text("SHOW synchronous_commit")).scalar() == "on"
            assert connection.execute(sa.text("SHOW fsync")).scalar() == "on"


def test_two_writers_at_once_lose_and_double_nothing(store_uri):
    # Both also make the store, and half of their rows are the same.
    writers = [start(store_uri, f"writer {n}", 10 * n, 20) for n in (0, 1)]
    results = [writer.communicate(timeout=60) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0], results
    lines = [line.split() for out, _ in results for line in out.splitlines()]
    assert len(lines) == 40
    assert sum(int(added) for _, added, _ in lines) == 5 * 30
    assert sum(int(already) for _, _, already in lines) == 5 * 10
    kept = ion.measurements(uri=store_uri)
    assert len(kept) == 150
    assert kept["row_hash"].is_unique


def test_a_locked_store_is_said_after_a_bounded_wait(store_uri):
    ion.add_measurements(LAB, by="A. Volta", uri=store_uri)
    with database(store_uri).writing():
        started = time.monotonic()
        with pytest.raises(StoreError, match=r"locked for 1 s .*nothing was written: try again"):
            ion.add_measurements(LAB.assign(temperature_C=30.0), by="L. Galvani", uri=store_uri, wait_s=1.0)
        assert 0.9 < time.monotonic() - started < 5.0
        assert len(ion.measurements(uri=store_uri)) == 1  # readers do not wait
    assert len(ion.add_measurements(LAB.assign(temperature_C=30.0), by="L. Galvani", uri=store_uri).added) == 1


def test_a_full_disk_is_said_and_keeps_what_was_there(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = os.geteuid() == 0 and not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, check=False
    ).returncode  # fmt: skip
    if not mounted:
        pytest.skip("no small file system can be mounted here: the store was NOT tested on a full disk")
    try:
        uri = f"sqlite:///{disk / 'measurements.db'}"
        ion.add_measurements(LAB, by="A. Volta", uri=uri)
        many = pd.concat([LAB.assign(temperature_C=30.0 + n, note="x" * 200) for n in range(700)] * 3)
        many["conductivity_S_cm"] = 1e-3 + 1e-7 * pd.RangeIndex(len(many)).to_numpy()
        with pytest.raises(StoreError, match="disk is full"):
            ion.add_measurements(many, by="A. Volta", uri=uri)
        assert len(ion.measurements(uri=uri)) == 1
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert len(ion.add_measurements(many, by="A. Volta", uri=uri).added) == 2100
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path):
    path = tmp_path / "measurements.db"
    path.write_text("formula,temperature_C\n" * 200)
    with pytest.raises(StoreError, match="damaged or no SQLite database"):
        ion.measurements(uri=f"sqlite:///{path}")
    assert path.read_text() == "formula,temperature_C\n" * 200


def test_a_damaged_page_is_said(tmp_path):
    path = tmp_path / "measurements.db"
    uri = f"sqlite:///{path}"
    lab = pd.concat([LAB.assign(temperature_C=30.0 + n) for n in range(500)])
    ion.add_measurements(lab, by="A. Volta", uri=uri)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray(path.read_bytes())
    content[4096 * 3 :] = os.urandom(len(content) - 4096 * 3)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        ion.measurements(uri=uri)
    with pytest.raises(StoreError, match="damaged"):
        ion.add_measurements(lab.assign(conductivity_S_cm=2e-3), by="A. Volta", uri=uri)


def test_a_store_that_went_away_comes_back_without_hands(tmp_path):
    folder = tmp_path / "share"
    uri = f"sqlite:///{folder / 'measurements.db'}"
    ion.add_measurements(LAB, by="A. Volta", uri=uri)
    folder.rename(tmp_path / "elsewhere")
    folder.write_text("not a folder")
    with pytest.raises(StoreError, match="folder cannot be made"):
        ion.measurements(uri=uri)
    folder.unlink()
    (tmp_path / "elsewhere").rename(folder)
    assert len(ion.measurements(uri=uri)) == 1


def test_the_command_line_adds_lists_and_exports(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from ionscout.serve.cli import app

    monkeypatch.setenv("IONSCOUT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("IONSCOUT_MEASUREMENTS_URI", raising=False)
    lab, out = tmp_path / "lab.csv", tmp_path / "out.csv"
    lab.write_text("formula,temperature_C,conductivity_S_cm\nNa3PS4,25,2.1e-4\nNa3P(S4,25,1e-4\n")
    run = CliRunner().invoke
    added = run(app, ["data", "add", str(lab), "--by", "A. Volta"])
    assert added.exit_code == 0
    assert "1 added, 0 already there, 1 refused" in added.output
    assert "unclosed bracket" in added.output
    assert "0 added, 1 already there" in run(app, ["data", "add", str(lab), "--by", "L. Galvani"]).output
    assert "A. Volta" in run(app, ["data", "list"]).output
    assert run(app, ["data", "export", str(out)]).exit_code == 0
    assert pd.read_csv(out)["conductivity_S_cm"].tolist() == [2.1e-4]
    assert Path(tmp_path / "home" / "measurements.db").is_file()
