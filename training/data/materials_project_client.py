"""The Materials Project's server, asked through its own client (mp-api), its failures in plain words.

Run against mp-api 0.46 and the server's own software, emmet-api 0.87. The client asks the route ``materials/thermo``
page by page; only a search without any condition would load the whole collection from object storage.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, Self

# Seconds that the server may take to answer: what mp-api allows a search itself.
_TIMEOUT_S = 20
_KEYS = "MP_API_KEY holds the key that your account shows at https://materialsproject.org/api"


class MaterialsProject:
    """A connection to the Materials Project, to be closed (or used in a ``with`` statement).

    Parameters
    ----------
    api_key : str or None
        None takes ``MP_API_KEY``, or else ``PMG_MAPI_KEY`` of pymatgen's settings.

    Attributes
    ----------
    endpoint : str
        Address of the server: ``MP_API_ENDPOINT`` where that is set.
    client : str
        mp-api and its version.

    Raises
    ------
    ModuleNotFoundError
        If mp-api is not installed.
    ValueError
        If there is no key.
    PermissionError
        If the key is refused.
    ConnectionError
        If the server cannot be reached or does not answer as one of the Materials Project.
    """

    def __init__(self, api_key: str | None = None) -> None:
        try:
            import mp_api.client as mp_api  # pyright: ignore[reportMissingImports]
        except ModuleNotFoundError as error:
            if error.name not in ("mp_api", "mp_api.client"):
                raise
            raise ModuleNotFoundError(
                "the Materials Project is asked through mp-api: pip install 'ionscout[materials-project]'",
                name="mp_api",
            ) from None
        from mp_api.client.core.utils import validate_endpoint  # pyright: ignore[reportMissingImports]

        key = api_key or _configured_key()
        if not key:
            raise ValueError(f"MP_API_KEY is not set: {_KEYS}")
        self.endpoint: str = validate_endpoint(os.environ.get("MP_API_ENDPOINT"))
        self.client = f"mp-api {version('mp-api')}"
        # mp-api's constructor waits for the server without end, so that the server is called here first.
        self.database_version()
        with self._plain_words():
            self._rester = mp_api.MPRester(key, self.endpoint, use_document_model=False, mute_progress_bars=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._rester.__exit__(None, None, None)

    def database_version(self) -> str:
        """The version of the database that the server answers from now; mp-api remembers the first it was told."""
        import requests

        with self._plain_words():
            answer = requests.get(f"{self.endpoint}heartbeat", timeout=_TIMEOUT_S)
        said: Any = None
        if answer.ok and "json" in answer.headers.get("content-type", ""):
            said = answer.json().get("db_version")
        if not said:
            raise ConnectionError(
                f"{self.endpoint}heartbeat answers {answer.status_code} {answer.reason} and no version of a database; "
                "see https://status.materialsproject.org, and MP_API_ENDPOINT if you have set it"
            )
        return str(said)

    def entries(self, systems: Sequence[str], thermo_type: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        """Entries of the thermo collection, all of them.

        Parameters
        ----------
        systems : sequence of str
            Chemical systems, e.g. "Na-P-S"; at least one.
        thermo_type : str
        fields : sequence of str
            What to ask of each entry, ``material_id`` among it; parts of a field are written "builder_meta.license".

        Raises
        ------
        PermissionError, ConnectionError
            As above, or if an entry came twice: then the pages overlap, and others are missing.
        """
        with self._plain_words():
            found = self._rester.materials.thermo.search(
                chemsys=list(systems), thermo_types=[thermo_type], all_fields=False, fields=list(fields)
            )
        times = Counter(str(entry["material_id"]) for entry in found)
        if twice := [name for name, count in times.items() if count > 1]:
            raise ConnectionError(f"{self.endpoint} sent {twice[0]} twice, so others may be missing: ask again")
        return found

    @contextmanager
    def _plain_words(self) -> Iterator[None]:
        """Errors of the client and of the connection as built-in ones that say what to do."""
        from mp_api.client.core.exceptions import MPRestError  # pyright: ignore[reportMissingImports]
        from requests.exceptions import RequestException

        try:
            yield
        except RequestException as error:
            raise ConnectionError(self._unreached(error)) from error
        except MPRestError as error:
            # mp-api raises its own error while it handles that of the connection.
            if isinstance(error.__context__, RequestException):
                raise ConnectionError(self._unreached(error.__context__)) from error
            said = str(error)
            status = re.search(r"status code (\d{3})", said)
            if status is None and "API key" in said:  # refused by the client, unseen by the server
                raise PermissionError(said) from error
            if status is None:
                raise ConnectionError(f"{self.endpoint}: {said}") from error
            why = f"{status.group(1)}: {_message(said)}"
            if status.group(1) in ("401", "403"):
                raise PermissionError(f"{self.endpoint} refuses the key ({why}); {_KEYS}") from error
            raise ConnectionError(f"{self.endpoint} answers {why}") from error

    def _unreached(self, error: Exception) -> str:
        # The innermost reason is the one that means something: "[Errno 111] Connection refused".
        reason = str(getattr(error.args[0] if error.args else error, "reason", None) or error).rsplit(": ", 1)[-1]
        return f"{self.endpoint} cannot be reached ({reason})"


def _configured_key() -> str | None:
    from pymatgen.core import SETTINGS

    return os.environ.get("MP_API_KEY") or SETTINGS.get("PMG_MAPI_KEY")


def _message(said: str) -> str:
    """What the server said, out of what mp-api makes of it."""
    quoted = re.search(r'"message":\s*"([^"]+)"', said)
    text = quoted.group(1) if quoted else said.rsplit("with message:", 1)[-1].removeprefix("\nResponse")
    return " ".join(text.split())[:200]
