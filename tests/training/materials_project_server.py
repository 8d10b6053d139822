"""The Materials Project's own server software (emmet-api), over a database that speaks MongoDB's protocol.

A program of its own: ``python materials_project_server.py FOLDER PORT`` serves the entries of FOLDER/entries.jsonl,
writes its address to FOLDER/address and the chemical systems of every request for entries to FOLDER/requests.jsonl.

In front of the real server stands a gateway that checks the key and tells the server who asks. It stands in for Kong,
which the Materials Project uses: an unknown key gets the answer of Kong's plugin key-auth. The gateway also does to a
running server what tests need: FOLDER/control.json, read at every request, sets the version of the database, holds
requests for entries after so many, or fails them.
"""

import asyncio
import json
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from emmet.api.core.api import MAPI  # pyright: ignore[reportMissingImports]
from emmet.api.resource.utils import CollectionWithKey  # pyright: ignore[reportMissingImports]
from emmet.api.routes.materials.thermo.resources import thermo_resource  # pyright: ignore[reportMissingImports]
from emmet.core.base import EmmetMeta  # pyright: ignore[reportMissingImports]
from emmet.core.thermo import ThermoDoc  # pyright: ignore[reportMissingImports]
from pymatgen.core import Composition
from pymongo import AsyncMongoClient, MongoClient
from secantus import SecantusDBServer  # pyright: ignore[reportMissingImports]

KEY = "0123456789abcdefghijklmnopqrstuv"
# The account of this key has accepted the terms of entries for non-commercial use.
KEY_NON_COMMERCIAL = KEY[::-1]
# The table of formation energies has no total ones; a constant shows that the columns are not mixed up.
TOTAL_ENERGY, CORRECTION = -4.0, -0.5


def document(number: int, entry: dict[str, Any]) -> dict[str, Any]:
    """An entry as the Materials Project stores it, laid out by its own model."""
    energy = entry["formation_energy_eV_atom"] + TOTAL_ENERGY
    found = ThermoDoc.from_composition(
        composition=Composition(entry["formula"]),
        material_id=f"mp-{number}",
        thermo_type=entry["thermo_type"],
        energy_per_atom=energy,
        uncorrected_energy_per_atom=energy - CORRECTION,
        formation_energy_per_atom=entry["formation_energy_eV_atom"],
        energy_above_hull=entry["energy_above_hull_eV_atom"],
        is_stable=entry["energy_above_hull_eV_atom"] == 0.0,
        energy_type="GGA",
        entry_types=["GGA"],
        entries={},
        deprecated=False,
        builder_meta=EmmetMeta.model_validate({"license": entry["license"]}),
        last_updated="2026-04-13T00:00:00",
    )
    stored = found.model_dump(mode="json")
    return {**stored, "thermo_id": f"{stored['material_id']}_{stored['thermo_type']}"}


class Gateway:
    """Checks keys, keeps the log of requests and does what the control file says; all else is the server's."""

    def __init__(self, app: Any, folder: Path, heartbeat: dict[str, Any]) -> None:
        self.app, self.folder, self.heartbeat = app, folder, heartbeat
        self.log = folder / "requests.jsonl"

    def control(self) -> dict[str, Any]:
        return json.loads((self.folder / "control.json").read_text())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        self.heartbeat["db_version"] = self.control()["database_version"]
        if not scope["path"].startswith("/materials/thermo"):  # the heartbeat needs no key
            return await self.app(scope, receive, send)
        key = dict(scope["headers"]).get(b"x-api-key", b"").decode()
        if key not in (KEY, KEY_NON_COMMERCIAL):
            return await self.refuse(send, 401, "Invalid authentication credentials")
        asked = parse_qs(scope["query_string"].decode())
        request = {"chemsys": asked["chemsys"][0].split(","), "skip": int(asked.get("_skip", ["0"])[0])}
        with self.log.open("a") as log:
            log.write(json.dumps(request) + "\n")
        number = len(self.log.read_text().splitlines())
        while number > self.control().get("hold_after", number):
            await asyncio.sleep(0.02)
        if self.control().get("fails"):
            return await self.refuse(send, 503, "Service unavailable")
        if key == KEY_NON_COMMERCIAL:
            scope["headers"].append((b"x-consumer-groups", b"TERMS:ACCEPT-NC"))
        return await self.app(scope, receive, send)

    async def refuse(self, send: Any, status: int, message: str) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps({"message": message}).encode()})


def main(folder: Path, port: int) -> None:
    entries = [json.loads(line) for line in (folder / "entries.jsonl").read_text().splitlines()]
    with tempfile.TemporaryDirectory() as storage, SecantusDBServer(storage_path=storage) as database:
        with MongoClient(database.uri) as client:
            client["mp"]["thermo"].create_index("chemsys")
            client["mp"]["thermo"].insert_many([document(number, entry) for number, entry in enumerate(entries, 1)])
        collection = CollectionWithKey(AsyncMongoClient(database.uri)["mp"]["thermo"], "thermo_id")
        api = MAPI({"materials": [thermo_resource(collection)]})
        assert api.heartbeat_meta is not None
        gateway = Gateway(api.app, folder, api.heartbeat_meta)
        server = uvicorn.Server(uvicorn.Config(gateway, log_level="warning"))
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen()
            (folder / "address").write_text(f"http://127.0.0.1:{listener.getsockname()[1]}/")
            server.run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
