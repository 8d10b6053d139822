"""A real PostgreSQL from the system's packages, on loopback, for the tests of the measurement store."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Address of a PostgreSQL cluster made for this session, without the database's name."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'ionscout[postgresql]'")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if not found:
        pytest.skip("no /usr/lib/postgresql/*/bin/pg_ctl: the store was NOT tested on PostgreSQL (package postgresql)")
    programs = found[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="ionscout-postgresql-"))
    # PostgreSQL refuses to run as root; Debian's package brings a user for it.
    as_user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    if as_user:
        shutil.chown(folder, "postgres", "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(programs / program), "-D", str(folder / "data"), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            timeout=120,
            **as_user,
        )

    run("initdb", "--auth=trust", "--username=ionscout", "--encoding=UTF8", "--no-locale")
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
    run("pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o", options)
    try:
        yield f"postgresql://ionscout@127.0.0.1:{port}"
    finally:
        run("pg_ctl", "stop", "-m", "immediate")
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_uri(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of an empty store, once in SQLite and once in PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'measurements.db'}"
        return
    server = request.getfixturevalue("postgresql_server")
    import psycopg

    name = f"store_{abs(hash(request.node.nodeid))}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    yield f"{server}/{name}"
