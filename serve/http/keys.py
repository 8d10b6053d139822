"""API keys: shown once, kept as hashes, each with the scopes it may use."""

import hashlib
import hmac
import json
import os
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from ...training.home import home

# What a key may do: ask; add measurements; change which model serves.
SCOPES = ("read", "measurements", "promote")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_TOKEN = re.compile(r"ionscout_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


class KeyFileError(OSError):
    """The file of keys cannot be read; nobody is let in by guessing."""


@dataclass(frozen=True)
class ApiKey:
    """What is known of a key; of the key itself only its hash."""

    name: str
    identifier: str
    scopes: tuple[str, ...]
    created: str
    sha256: str


class ApiKeys:
    """Keys in one file that only its owner reads; read again whenever it has changed.

    Parameters
    ----------
    path : Path, optional
        By default `service_keys.json` in `IONSCOUT_HOME`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     keys = ApiKeys(Path(folder) / "keys.json")
    ...     token = keys.add("robot", ["read"])
    ...     keys.find(token).name, keys.find(token + "x"), keys.revoke("robot"), keys.find(token)
    ('robot', None, True, None)
    """

    def __init__(self, path: Path | None = None):
        self.path = path or home() / "service_keys.json"
        self._read_at: tuple[int, int] | None = None
        self._keys: dict[str, ApiKey] = {}

    def all(self) -> list[ApiKey]:
        """All keys, oldest first.

        Raises
        ------
        KeyFileError
            If the file is damaged.
        """
        self._refresh()
        return list(self._keys.values())

    def add(self, name: str, scopes: list[str]) -> str:
        """Make a key and return it; it cannot be shown again.

        Raises
        ------
        ValueError
            If the name is taken or none, or a scope is not known.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"key name {name!r}: use up to 64 letters, digits and . _ @ -")
        unknown = [scope for scope in scopes if scope not in SCOPES]
        if unknown or not scopes:
            raise ValueError(f"scopes {', '.join(scopes) or 'none'}: choose from {', '.join(SCOPES)}")
        with self._changing():
            if any(key.name == name for key in self.all()):
                raise ValueError(f"there is a key {name!r} already; revoke it first, or choose another name")
            identifier, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
            created = datetime.now(UTC).isoformat(timespec="seconds")
            chosen = tuple(scope for scope in SCOPES if scope in scopes)
            self._write([*self.all(), ApiKey(name, identifier, chosen, created, _hash(secret))])
        return f"ionscout_{identifier}_{secret}"

    def revoke(self, name: str) -> bool:
        """Forget a key; running services refuse it with their next request. False if there was none."""
        with self._changing():
            kept = [key for key in self.all() if key.name != name]
            found = len(kept) < len(self.all())
            if found:
                self._write(kept)
        return found

    def find(self, token: str) -> ApiKey | None:
        """The key that a token is, or None."""
        self._refresh()
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            return None
        key = self._keys.get(parts[1])
        # Compared in constant time, with a stand-in where there is no such key.
        given, expected = _hash(parts[2]), "" if key is None else key.sha256
        return key if hmac.compare_digest(given, expected.ljust(len(given))) else None

    def _refresh(self) -> None:
        try:
            about = self.path.stat()
        except FileNotFoundError:
            self._keys, self._read_at = {}, None
            return
        if self._read_at == (about.st_mtime_ns, about.st_ino):
            return
        try:
            found = [ApiKey(**{**key, "scopes": tuple(key["scopes"])}) for key in json.loads(self.path.read_text())]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise KeyFileError(
                f"{self.path}: the keys cannot be read ({error}); restore the file, or delete it"
            ) from error
        self._keys, self._read_at = {key.identifier: key for key in found}, (about.st_mtime_ns, about.st_ino)

    def _changing(self) -> FileLock:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(f"{self.path}.lock")

    def _write(self, keys: list[ApiKey]) -> None:
        partial = self.path.with_name(f".{self.path.name}.partial")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump([asdict(key) for key in keys], file, indent=1)
        partial.replace(self.path)
        self._read_at = None


def _hash(secret: str) -> str:
    # 256 random bits cannot be guessed, so a plain hash is as safe as a slow one.
    return hashlib.sha256(secret.encode()).hexdigest()
