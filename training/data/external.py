"""Other people's tables, read in place from the folder that IONSCOUT_EXTERNAL_DATA names; none is shipped.

Every loader takes the format of the source's own route, renames columns to ours, and keeps the rest.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd

from ...models.properties import CONDUCTIVITY
from .reading import TableError

EXTERNAL_DATA = "IONSCOUT_EXTERNAL_DATA"
# OBELiX is a room temperature collection.
OBELIX_TEMPERATURE_C = 25.0


def external_file(name: str, route: str) -> Path:
    """Path of a file in the folder of other people's data.

    Raises
    ------
    FileNotFoundError
        Naming the variable, the file looked for, and how to get it.
    """
    folder = os.environ.get(EXTERNAL_DATA)
    if not folder:
        raise FileNotFoundError(
            f"{EXTERNAL_DATA} is not set; it names the folder that holds {name}. To get it: {route}"
        )
    path = Path(folder) / name
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there. To get it: {route}")
    return path


def load_obelix() -> pd.DataFrame:
    """OBELiX: room temperature conductivity of 599 lithium solid electrolytes with the authors' fixed split.

    Reads `obelix/train.csv` and `obelix/test.csv` as the obelix-data package lays them out. An entry such as `<1E-10`
    is a bound: its limit goes into the conductivity and `censored` is True.

    Returns
    -------
    DataFrame
        formula, mobile_ion, family, state, temperature_C, temperature_stated, conductivity_S_cm, log10_conductivity,
        censored, conductivity_total_S_cm, conductivity_bulk_S_cm, space_group, space_group_number, a, b, c (angstrom),
        alpha, beta, gamma (degree), cell_formula (of the unit cell), obelix_id, has_cif, doi, split (train | test).

    References
    ----------
    Therrien et al. 2025, 10.1039/d5dd00441a (CC BY 4.0).
    """
    route = "install the obelix-data package and save its train and test tables as CSV under obelix/"
    value = "Ionic conductivity (S cm-1)"
    parts = [
        pd.read_csv(external_file(f"obelix/{split}.csv", route), dtype={value: str}).assign(split=split)
        for split in ("train", "test")
    ]
    raw = pd.concat(parts, ignore_index=True)
    _require(raw, ("ID", "Reduced Composition", value, "DOI", "Family"), "obelix", route)
    typed = raw[value].str.strip()
    conductivity = pd.to_numeric(typed.str.lstrip("<")).astype(float)
    return pd.DataFrame(
        {
            "formula": raw["Reduced Composition"],
            "mobile_ion": "Li",
            "family": raw["Family"],
            "state": "crystalline",
            "temperature_C": OBELIX_TEMPERATURE_C,
            "temperature_stated": "rt",
            "conductivity_S_cm": conductivity,
            CONDUCTIVITY.column: np.log10(conductivity),
            "censored": typed.str.startswith("<"),
            "conductivity_total_S_cm": raw["IC (Total)"],
            "conductivity_bulk_S_cm": raw["IC (Bulk)"],
            "space_group": raw["Space group"].str.strip(),
            "space_group_number": raw["Space group #"],
            **{name: raw[name] for name in ("a", "b", "c", "alpha", "beta", "gamma")},
            "cell_formula": raw["True Composition"],
            "obelix_id": raw["ID"],
            "has_cif": raw["Cif ID"].eq("done"),
            "doi": raw["DOI"],
            "split": raw["split"],
        }
    )


def load_liverpool() -> pd.DataFrame:
    """Liverpool: 820 lithium conductivities at several temperatures.

    Returns
    -------
    DataFrame
        formula, mobile_ion, family, chemical_family, state, temperature_C, conductivity_S_cm, log10_conductivity, doi.

    References
    ----------
    Hargreaves et al. 2023, 10.1038/s41524-022-00951-z.
    """
    name = "liverpool_lithium_conductivity.csv"
    route = "download the table from the data page of 10.1038/s41524-022-00951-z and save it under this name"
    raw = pd.read_csv(external_file(name, route), encoding="utf-8-sig")
    _require(raw, ("composition", "source", "temperature", "target", "family"), name, route)
    return pd.DataFrame(
        {
            "formula": raw["composition"].str.strip(' "'),  # mixtures stand in quotes
            "mobile_ion": "Li",
            "family": raw["family"],
            "chemical_family": raw["ChemicalFamily"],
            "state": np.where(raw["family"].eq("Glass"), "glass", "crystalline"),
            "temperature_C": raw["temperature"].astype(float),
            "conductivity_S_cm": raw["target"].astype(float),
            CONDUCTIVITY.column: np.log10(raw["target"].astype(float)),
            "doi": raw["source"],
        }
    )


def load_materials_project_energies() -> pd.DataFrame:
    """Materials Project formation and decomposition energies, one row a formula (its lowest entry).

    Returns
    -------
    DataFrame
        formula, formation_energy_eV_atom, decomposition_energy_eV_atom, split (train | val | test).

    References
    ----------
    Materials Project (CC BY 4.0) as compiled by Bartel et al. 2020, 10.1038/s41524-020-00362-y.
    """
    name = "materials_project_formation_energies.csv.gz"
    route = (
        "query the Materials Project with mp-api and a key, and save formula, formation_energy_eV_atom, "
        "decomposition_energy_eV_atom and split as CSV"
    )
    # `NaN` is sodium nitride's formula here, not a missing value.
    raw = pd.read_csv(external_file(name, route), keep_default_na=False, na_values={"formation_energy_eV_atom": [""]})
    _require(raw, ("formula", "formation_energy_eV_atom", "decomposition_energy_eV_atom"), name, route)
    return raw


def load_migration_barriers() -> pd.DataFrame:
    """Literature DFT (NEB) migration barriers of Li, Na, K, Mg, Ca, Zn and Al hosts.

    Returns
    -------
    DataFrame
        formula (the host), mobile_ion (the ion inserted, from labels such as `V2O5(Li)`; None where the label does not
        say), structure_label (polymorph, vacancy model and path, such as `b`, `(MV)`), label (as the authors write it),
        family, functional, crystal_system, space_group, path, system, migration_barrier_eV.

    References
    ----------
    Devi et al. 2025, migration-barrier-dataset of sai-mat-group.
    """
    name = "migration_barriers.csv"
    route = "take the authors' table (migration-barrier-dataset, Devi et al. 2025) and save it under this name"
    raw = pd.read_csv(external_file(name, route))
    _require(raw, ("composition", "migration_barrier_eV", "class"), name, route)
    label = raw["composition"].str.strip()
    # polymorph - host (inserted ion) (vacancy model, path, space group): `d-V2O5(Li)`, `LiMnO2(MV)(in-plane)`
    parts = label.str.extract(
        r"^(?:([a-z]\d?|[OP]\d?)-)?(.*?)(?:\s*[(_](Li|LI|Na|K|Mg|Ca|Zn|Al|Sr)\)?)?"
        r"((?:\((?:mono|hex|[MD]V|[md]v|in-plane|out-of_plane|P[a-z0-9]+)\))*)$"
    )
    return pd.DataFrame(
        {
            "formula": parts[1],
            "mobile_ion": parts[2].str.capitalize(),
            "structure_label": (parts[0].fillna("") + parts[3].fillna("")).replace("", None),
            "label": label,
            "family": raw["class"],
            "functional": raw["xc"],
            "crystal_system": raw["crystal_system"],
            "space_group": raw["space_group"],
            "path": raw["path"],
            "system": raw["system"],
            "migration_barrier_eV": raw["migration_barrier_eV"].astype(float),
        }
    )


def load_lithium_polymers() -> pd.DataFrame:
    """Lithium polymer electrolytes: 10,114 conductivities by repeat unit, salt and temperature.

    Returns
    -------
    DataFrame
        polymer_smiles (ends marked [*], where the authors write [Cu] and [Au]), salt_smiles, salt_molality_mol_kg,
        molar_mass_g_mol, temperature_C, log10_conductivity, conductivity_S_cm.

    References
    ----------
    Bradford et al. 2023, 10.1021/acscentsci.2c01123 (MIT licence).
    """
    name = "lithium_polymer_conductivity.csv"
    route = "take the authors' table (Chem-prop-pred of learningmatter-mit) and save it under this name"
    raw = pd.read_csv(external_file(name, route))
    _require(raw, ("smiles", "conductivity", "salt smiles", "molality", "temperature"), name, route)
    ends = raw["smiles"].str.replace("[Cu]", "[*]", regex=False).str.replace("[Au]", "[*]", regex=False)
    return pd.DataFrame(
        {
            "polymer_smiles": ends,
            "salt_smiles": raw["salt smiles"],
            "salt_molality_mol_kg": raw["molality"].astype(float),
            "molar_mass_g_mol": raw["mw"].astype(float),
            "temperature_C": raw["temperature"].astype(float),
            CONDUCTIVITY.column: raw["conductivity"].astype(float),
            "conductivity_S_cm": 10.0 ** raw["conductivity"].astype(float),
        }
    )


def _require(raw: pd.DataFrame, columns: tuple[str, ...], name: str, route: str) -> None:
    missing = [column for column in columns if column not in raw]
    if missing:
        raise TableError(
            f"{name}: column {missing[0]!r} is missing; expected the layout of the source. To get it: {route}"
        )
