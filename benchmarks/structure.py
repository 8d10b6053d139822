"""Structure features over the measured crystals of OBELiX: seconds a group, full rows, agreement with peers, use.

Run: IONSCOUT_EXTERNAL_DATA=... python benchmarks/structure.py [--every N] [--peers N]

`--every 8` takes every eighth crystal; `--peers` compares that many ordered crystals with matminer, CrystalNN and
bvlain, and the ordered sodium hosts with bvlain one by one. Conductivity is that of the authors' training split,
censored rows at their limit.
"""

import argparse
import io
import os
import tempfile
import time
import warnings
import zipfile
from collections import defaultdict
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pandas as pd

from ionscout.featurize.store import StoredFeatures, feature_version
from ionscout.featurize.structure.batch import StructureBatch
from ionscout.featurize.structure.crystal import Crystal
from ionscout.featurize.structure.features import GROUPS, StructureFeatures, describe_structure_features
from ionscout.featurize.structure.hosts import HOSTS, host_structure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--peers", type=int, default=10)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    folder = Path(os.environ["IONSCOUT_EXTERNAL_DATA"]) / "obelix"
    names, texts = cifs(folder / "all_cifs.zip")
    names, texts = names[:: arguments.every], texts[:: arguments.every]
    batch, table = measure(names, texts)
    use(table, folder / "train.csv")
    kept()
    peers(batch, arguments.peers)
    sodium_hosts()


def cifs(archive):
    with zipfile.ZipFile(archive) as files:
        members = sorted(name for name in files.namelist() if name.endswith(".cif"))
        return [Path(member).stem for member in members], [files.read(member).decode() for member in members]


def measure(names, texts):
    seconds, slowest = defaultdict(float), defaultdict(float)
    start = time.perf_counter()
    batch = StructureBatch.coerce(texts)
    seconds["reading"] = time.perf_counter() - start
    rows = []
    for structure in batch.structures[batch.is_readable]:
        start = time.perf_counter()
        crystal = Crystal.of(structure, "Li" if "Li" in structure.composition.get_el_amt_dict() else "auto")
        seconds["standard cell"] += time.perf_counter() - start
        row = {}
        for name, group in GROUPS.items():
            start = time.perf_counter()
            row |= group.compute(crystal)
            spent = time.perf_counter() - start
            seconds[name] += spent
            slowest[name] = max(slowest[name], spent)
        rows.append(row)
    table = pd.DataFrame(rows, index=np.array(names)[batch.is_readable], columns=list(describe_structure_features()))
    full = np.isfinite(table.to_numpy()).all(axis=1)
    print(f"{len(texts)} CIFs: {batch.is_readable.sum()} read, {full.sum()} full rows of {table.shape[1]} columns")
    print(
        f"  {(~full).sum()} rows lack values (no lithium among their sites): {', '.join(table.index.to_numpy()[~full])}"
    )
    disordered = sum(not structure.is_ordered for structure in batch.structures[batch.is_readable].tolist())
    print(f"  {disordered} are disordered: matminer's DensityFeatures and CrystalNN refuse those")
    for name, spent in seconds.items():
        longest = f", slowest {1000 * slowest[name]:.0f} ms" if name in slowest else ""
        print(f"  {name:14} {1000 * spent / len(texts):8.2f} ms a crystal{longest}")
    print(f"  {'all':14} {1000 * sum(seconds.values()) / len(texts):8.2f} ms a crystal")
    return batch, table


def use(table, path):
    train = pd.read_csv(path).set_index("ID")
    text = train["Ionic conductivity (S cm-1)"].astype(str).str.replace("<", "")
    conductivity = pd.Series(np.log10(pd.to_numeric(text, errors="coerce")), index=train.index)
    joined = table.join(conductivity.rename("target"), how="inner")
    joined = joined[np.isfinite(joined["target"])]
    ranks = joined.drop(columns="target").corrwith(joined["target"], method="spearman").sort_values(key=abs)
    print(f"\nSpearman with log10 conductivity at room temperature, {len(joined)} crystals of the training split")
    for name, value in ranks[::-1].items():
        print(f"  {name:30} {value:+.2f}")


def kept():
    """The shipped hosts through a store on disk, computed and then found."""
    crystals = [host_structure(name) for name in HOSTS]
    plain = StructureFeatures()
    with tempfile.TemporaryDirectory() as folder:
        features = StoredFeatures(plain, Path(folder) / "features.sqlite")
        feature_version(plain)
        seconds, found = [], []
        for _ in range(2):
            start = time.perf_counter()
            found.append(features.transform(crystals))
            seconds.append(time.perf_counter() - start)
    first, again = (1000 * spent / len(crystals) for spent in seconds)
    print(f"\nkept on disk, {len(crystals)} hosts: computed in {first:.0f} ms a crystal, found in {again:.1f} ms")
    print(f"  equal to the last bit: {found[0].tobytes() == found[1].tobytes()}")


def peers(batch, count):
    from matminer.featurizers.structure import DensityFeatures
    from pymatgen.analysis.local_env import CrystalNN

    ordered = [
        structure
        for structure in batch.structures
        if structure is not None and structure.is_ordered and len(structure) < 80 and "Li" in structure.symbol_set
    ][:count]
    seconds = defaultdict(float)
    differences = defaultdict(list)
    for structure in ordered:
        found = timed(seconds, "ours, all groups", lambda s=structure: everything(s))
        density, _, packing = timed(seconds, "DensityFeatures", lambda s=structure: DensityFeatures().featurize(s))
        differences["density, relative"].append(found["density_g_cm3"] / density - 1)
        differences["packing fraction, relative"].append(found["atomic_packing_fraction"] / packing - 1)
        decorated = structure.copy()
        decorated.add_oxidation_state_by_guess()
        numbers = timed(seconds, "CrystalNN", lambda s=decorated: [lithium_neighbours(CrystalNN(), s)])
        differences["coordination number"].append(found["coordination_number"] - numbers[0])
        asked = timed(seconds, "bvlain", lambda s=decorated: bvlain(s, "Li1+"))
        for key, theirs in (asked or {}).items():
            differences[f"{key} (bvlain)"].append(found[key] - theirs)
    print(f"\nagainst peers on {len(ordered)} ordered crystals")
    for key, values in differences.items():
        finite = np.abs(np.array(values)[np.isfinite(values)])
        print(f"  {key:34} median difference {np.median(finite):.2g}, largest {finite.max():.2g} ({finite.size})")
    for key, spent in seconds.items():
        print(f"  {key:34} {1000 * spent / len(ordered):8.1f} ms a crystal")


def everything(structure):
    crystal = Crystal.of(structure, "Li")
    return {name: value for group in GROUPS.values() for name, value in group.compute(crystal).items()}


def lithium_neighbours(finder, structure):
    sites = [number for number, site in enumerate(structure) if site.specie.symbol == "Li"]
    counts = [
        sum(neighbour["site"].specie.oxi_state < 0 for neighbour in finder.get_nn_info(structure, number))
        for number in sites
    ]
    return np.mean(counts)


def sodium_hosts():
    """The ordered hosts, ours / bvlain's: barriers in eV, radii in angstrom, time in ms."""
    print("\nsodium hosts beside bvlain, ours / bvlain's")
    print(f"  {'host':16} {'barrier 1D':>13} {'barrier 3D':>13} {'radius 1D':>13} {'radius 3D':>13} {'ms':>12}")
    for name in HOSTS:
        structure = host_structure(name)
        if not structure.is_ordered:
            continue
        seconds = defaultdict(float)
        crystal = Crystal.of(structure)
        found = timed(seconds, "ours", lambda c=crystal: GROUPS["bond_valence"].compute(c) | GROUPS["void"].compute(c))
        structure.add_oxidation_state_by_guess()
        asked = timed(seconds, "bvlain", lambda s=structure: bvlain(s, "Na1+"))
        if asked is None:
            print(f"  {name:16} bvlain has no radius or no potential for these ions")
            continue
        cells = [f"{found[key]:6.2f}/{theirs:6.2f}" for key, theirs in asked.items()]
        print(f"  {name:16} {' '.join(cells)} {1000 * seconds['ours']:5.0f}/{1000 * seconds['bvlain']:6.0f}")


def bvlain(structure, ion):
    """Barriers and radii under our columns' names; None where its tables lack an ion or a pair of ions."""
    from bvlain import Lain

    calculator = Lain(verbose=False)
    try:
        with redirect_stdout(io.StringIO()):
            calculator.read_structure(structure.get_primitive_structure(), oxi_check=False)
            calculator.bvse_distribution(mobile_ion=ion, r_cut=10, resolution=0.25, k=100)
            barriers = calculator.percolation_barriers(encut=6.0)
            calculator.void_distribution(mobile_ion=ion, resolution=0.25)
            radii = calculator.percolation_radii()
    except (KeyError, ValueError):
        return None
    return {
        "bond_valence_barrier_1d": barriers["E_1D"],
        "bond_valence_barrier_3d": barriers["E_3D"],
        "percolation_radius_1d": radii["r_1D"],
        "percolation_radius_3d": radii["r_3D"],
    }


def timed(seconds, key, work):
    start = time.perf_counter()
    result = work()
    seconds[key] += time.perf_counter() - start
    return result


if __name__ == "__main__":
    main()
