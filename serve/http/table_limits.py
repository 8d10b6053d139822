"""How large a table in a body may be, and the problem of one that cannot be read."""

from .problems import Fault, Problem
from .settings import ServiceSettings


def check_rows(rows: int, settings: ServiceSettings) -> None:
    """Refuse more rows than one request may have."""
    if rows > settings.max_rows:
        raise Problem(
            413,
            f"more than {settings.max_rows:,} rows in one request; send fewer at a time, or have the service screen "
            "them as a job (POST /v1/screen)",
            [Fault(field="rows", value=rows, message="too many", remedy=f"at most {settings.max_rows}")],
        )


def unreadable(message: str, row: int | None = None, field: str | None = None) -> Problem:
    """The problem of a body that is not what its content type says."""
    return Problem(400, message, [Fault(row=row, field=field, message=message)])


def check_size(rows: int, columns: int, settings: ServiceSettings) -> None:
    """Refuse more rows or columns than one request may have."""
    check_rows(rows, settings)
    check_columns(columns, settings)


def check_columns(columns: int, settings: ServiceSettings) -> None:
    """Refuse more columns than one request may have."""
    if columns > settings.max_columns:
        raise Problem(413, f"{columns} columns in one table; send at most {settings.max_columns}")
