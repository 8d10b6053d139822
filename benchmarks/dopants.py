"""Substitution scores beside SMACT's and a count of what each offers: `python benchmarks/dopants.py`.

SMACT is no dependency of the package: `pip install smact` first.
"""

import sys
import time

import pandas as pd

import ionscout as ion

HOST = "Na3Zr2Si2PO12"
SPECIES = ("Na1+", "Zr4+", "Si4+", "P5+", "O2-")
# Dopants of the zirconium site with measured conductivities (tests/serve/test_dopants.py).
MEASURED = ("Sc", "Mg", "Zn", "Y", "In", "Yb", "Al", "La", "Ga", "Ge", "Hf", "Ta", "Nb", "Ce", "Sb")


def main() -> None:
    try:
        from smact.dopant_prediction.doper import Doper  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError as error:
        sys.exit(f"{error}; pip install smact")
    start = time.perf_counter()
    ours = ion.dopants(HOST, site="Zr", x=0.1).to_dataframe()
    took = time.perf_counter() - start
    start = time.perf_counter()
    found = Doper(SPECIES).get_dopants(num_dopants=1000, get_selectivity=False)
    theirs_took = time.perf_counter() - start
    rows = [
        row for kind in ("n-type cation substitutions", "p-type cation substitutions") for row in found[kind]["sorted"]
    ]
    theirs = pd.DataFrame(
        [(row[0], float(row[2])) for row in rows if str(row[1]).startswith("Zr")], columns=["ion", "smact"]
    ).drop_duplicates("ion")
    ours["ion"] = ours["dopant"] + ours["dopant_state"].astype(int).astype(str) + "+"
    both = ours.merge(theirs, on="ion")
    print(f"ionscout: {len(ours)} doped compositions of {ours['dopant'].nunique()} elements on Zr4+ in {took:.2f} s")
    print(f"SMACT:    {len(theirs)} dopant ions for Zr4+ in {theirs_took:.2f} s, without amounts or isovalent ones")
    elements = set(theirs["ion"].str.extract(r"([A-Z][a-z]?)")[0])
    print(f"measured dopants offered: ionscout {len(set(MEASURED) & set(ours['dopant']))}/{len(MEASURED)}", end=", ")
    print(f"SMACT {len(set(MEASURED) & elements)}/{len(MEASURED)}")
    rank_correlation = both["substitution_probability"].corr(both["smact"], method="spearman")
    print(f"rank correlation of the scores over {len(both)} common ions: {rank_correlation:.2f}")


if __name__ == "__main__":
    main()
