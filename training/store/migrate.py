"""Bring a database to the newest revision of the store, once, however many processes open it together."""

from pathlib import Path

import sqlalchemy as sa

from .tables import REVISION

MIGRATIONS = Path(__file__).with_name("migrations")
_KNOWN = {"0001", "0002"}


class NewerStoreError(RuntimeError):
    """The database has a revision that this ionscout does not know."""


def is_current(connection: sa.Connection) -> bool:
    """Whether the database has the revision that `tables` describes.

    Raises
    ------
    NewerStoreError
        If it has one that is not known here.
    """
    if not sa.inspect(connection).has_table("alembic_version"):
        return False
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    if found is not None and found not in _KNOWN:
        raise NewerStoreError(
            f"the store has revision {found}, which this ionscout does not know (it knows up to {REVISION}): "
            "a newer ionscout wrote it; install that one"
        )
    return found == REVISION


def upgrade(connection: sa.Connection) -> None:
    """Run the migrations that are missing; the caller holds the write lock and commits.

    Parameters
    ----------
    connection : Connection
        Inside a transaction that keeps other writers out.
    """
    if is_current(connection):  # another process was first
        return
    # Only here: most openings find the database current, and Alembic takes a while to import.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
