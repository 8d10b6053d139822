"""Polymers by name: repeat units, and glass transition where the handbooks have it."""

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .repeat_unit import POLYMER_COLUMNS, polymer_descriptors

_MARK = "[*]"


@dataclass(frozen=True)
class Polymer:
    """One polymer: weight shares of its repeat units, glass transition in C, and whether it carries sodium itself.

    `units` is empty where only the kind of polymer is known.
    """

    units: tuple[tuple[float, str], ...] = ()
    glass_transition_C: float = float("nan")
    sodium: bool = False


_PEG = "[*]CCO[*]"
_PVDF, _HFP = "[*]CC([*])(F)F", "[*]C(F)(F)C([*])(F)C(F)(F)F"
_PMMA, _BA = "[*]CC([*])(C)C(=O)OC", "[*]CC([*])C(=O)OCCCC"
_STFSI = "[*]CC([*])c1ccc(cc1)S(=O)(=O)[N-]S(=O)(=O)C(F)(F)F"
_AMPS = "[*]CC([*])C(=O)NC(C)(C)CS(=O)(=O)[O-]"
_ALGINATE = "[*]OC1C(O)C(O)C([*])OC1C(=O)[O-]"
_PECTIN = "[*]OC1C(O)C(O)C([*])OC1C(=O)OC"
_CELLULOSE = "[*]OC1C(CO)OC([*])C(O)C1O"
_CMC = "[*]OC1C(COCC(=O)[O-])OC([*])C(O)C1O"
_NAFION = "[*]C(F)(F)C(F)(F)C(F)(F)C(F)(F)C(F)(F)C([*])(F)OC(F)(F)C(F)(C(F)(F)F)OC(F)(F)C(F)(F)S(=O)(=O)[O-]"
_ETPTA = "[*]CC(C(=O)OCCOCC(CC)(COCCOC(=O)C=C)COCCOC(=O)C([*]))"
# Glass transitions, rounded to 5 C: Physical Properties of Polymers Handbook, 10.1007/978-0-387-69002-5. Networks,
# ionomers and polysaccharides, whose transition moves with water and curing, have none here.
_POLYMERS = {
    "PEO": Polymer(((1, _PEG),), -60),
    "PEG": Polymer(((1, _PEG),), -60),
    "PEO network": Polymer(((1, _PEG),), -60),
    "PPO": Polymer(((1, "[*]CC(C)O[*]"),), -75),
    "PEG-PPG-PEG": Polymer(((0.5, _PEG), (0.5, "[*]CC(C)O[*]")), -65),
    "siloxane-PPO": Polymer(((0.8, "[*]CC(C)O[*]"), (0.2, "[*][Si](C)(C)O[*]"))),
    "PDMS": Polymer(((1, "[*][Si](C)(C)O[*]"),), -125),
    "PEGDA": Polymer(((1, "[*]CC([*])C(=O)OCCOCCOCCOCCOCCOCCOCCOCCOC(=O)CC"),)),
    "poly(TEGDVE)": Polymer(((1, "[*]CC([*])OCCOCCOCCOCC"),)),
    "polysulfonamide": Polymer(((1, "[*]c1ccc(cc1)S(=O)(=O)c1ccc(cc1)NC(=O)c1ccc(cc1)C(=O)N[*]"),)),
    "poly(DOL-co-TMPTGE)": Polymer(((0.8, "[*]CCOCO[*]"), (0.2, _PEG))),
    "PDOL": Polymer(((1, "[*]CCOCO[*]"),), -55),
    "PEOA-PFPE": Polymer(((0.5, "[*]CC([*])C(=O)OCCOCCOCCOCCOC"), (0.5, "[*]OC(F)(F)C(F)(F)OC(F)(F)[*]"))),
    "PTMC": Polymer(((1, "[*]CCCOC(=O)O[*]"),), -15),
    "PEC": Polymer(((1, "[*]CCOC(=O)O[*]"),), 10),
    "PPC": Polymer(((1, "[*]CC(C)OC(=O)O[*]"),), 25),
    "PCL": Polymer(((1, "[*]CCCCCC(=O)O[*]"),), -60),
    "P(CL-co-TMC)": Polymer(((0.8, "[*]CCCCCC(=O)O[*]"), (0.2, "[*]CCCOC(=O)O[*]")), -50),
    "PLA": Polymer(((1, "[*]OC(C)C(=O)[*]"),), 60),
    "PVDF": Polymer(((1, _PVDF),), -40),
    "PVDF-HFP": Polymer(((0.88, _PVDF), (0.12, _HFP)), -35),
    "PMMA": Polymer(((1, _PMMA),), 105),
    "PEA": Polymer(((1, "[*]CC([*])C(=O)OCC"),), -25),
    "PAN": Polymer(((1, "[*]CC([*])C#N"),), 95),
    "PVA": Polymer(((1, "[*]CC([*])O"),), 85),
    "PVP": Polymer(((1, "[*]CC([*])N1CCCC1=O"),), 175),
    "PVAc": Polymer(((1, "[*]CC([*])OC(C)=O"),), 30),
    "PVAc-based": Polymer(((1, "[*]CC([*])OC(C)=O"),), 30),
    "PVC": Polymer(((1, "[*]CC([*])Cl"),), 80),
    "PANI": Polymer(((1, "[*]Nc1ccc([*])cc1"),)),
    "ETPTA": Polymer(((1, _ETPTA),)),
    "TEGDMA": Polymer(((1, "[*]CC([*])(C)C(=O)OCCOCCOCCOC(=O)C(C)C"),)),
    "nanocellulose": Polymer(((1, _CELLULOSE),)),
    "cellulose": Polymer(((1, _CELLULOSE),)),
    "pectin": Polymer(((1, _PECTIN),)),
    "thiol-acrylate": Polymer(((1, "[*]SCCC(=O)OCCOCCOC(=O)CC[*]"),)),
    "NaCMC": Polymer(((1, _CMC),), sodium=True),
    "Na-alginate": Polymer(((1, _ALGINATE),), sodium=True),
    "NaAlg": Polymer(((1, _ALGINATE),), sodium=True),
    "Na-PAA": Polymer(((1, "[*]CC([*])C(=O)[O-]"),), sodium=True),
    "Nafion-Na": Polymer(((1, _NAFION),), sodium=True),
    "poly(NaSTFSI)": Polymer(((1, _STFSI),), sodium=True),
    "poly(NaSTFSI-r-BA)": Polymer(((0.5, _STFSI), (0.5, _BA)), sodium=True),
    "poly(AMPSNa)": Polymer(((1, _AMPS),), sodium=True),
    "multi-block Na ionomer": Polymer(sodium=True),
    "poly(ionic liquid)": Polymer(),
    "PolyIL": Polymer(),
    "UV-cured resin (unspecified)": Polymer(),
    "photopolymer network (unspecified)": Polymer(),
    "polymer blend (unspecified)": Polymer(),
    "unspecified": Polymer(),
}
_BY_SPELLING = {name.casefold(): name for name in _POLYMERS}
_PERCENT = re.compile(r"\s+[\d.]+\s*vol\s*%$")
_RATIO = re.compile(r"\s*\(?\s*(\d+(?:\.\d+)?(?:\s*:\s*\d+(?:\.\d+)?)+)\s*\)?$")
_TWO_PART = re.compile(r"^(.+\))-(thiol-acrylate)$")

COLUMNS = ("has_polymer", *POLYMER_COLUMNS, "glass_transition_C", "polymer_sodium")


def known_polymers() -> tuple[str, ...]:
    """Names that `read_polymer` knows."""
    return tuple(_POLYMERS)


@lru_cache(maxsize=4096)
def read_polymer(text: str | None, smiles: str | None = None) -> tuple[tuple[float, ...], str]:
    """Descriptors (`COLUMNS`) of a polymer or a blend, and its name in one spelling.

    Parameters
    ----------
    text : str or None
        A known name; several with "/" or "|", with their weight ratio behind if it is known ("PEO/PVP 70:30"), else in
        equal parts; "none"; or the SMILES of a repeat unit.
    smiles : str, optional
        Repeat unit, used where the name is not known.

    Raises
    ------
    ValueError
        Naming the known polymers, or saying what is wrong with the SMILES.

    Examples
    --------
    >>> values, name = read_polymer("peo/PVP 3:1")
    >>> name, round(values[COLUMNS.index("ether_oxygen_mol_kg")], 1)
    ('PEO/PVP', 17.0)
    """
    typed = (text or "").strip()
    if typed.casefold() == "none":
        return (0.0, *(0.0 for _ in POLYMER_COLUMNS), float("nan"), 0.0), "none"
    if not typed and not smiles:
        raise ValueError("polymer is missing; give a name, a repeat unit as SMILES, 'unspecified', or 'none'")
    shares, names = _parts(typed) if typed and _MARK not in typed else ([1.0], [typed])
    found = [_polymer(name, smiles) for name in names]
    weights = np.array(shares) / sum(shares)
    rows = np.array([_described(p) for p, _ in found])
    # A blend whose one part is unknown is known by the others.
    known = np.isfinite(rows[:, 0])
    values = weights[known] @ rows[known] / weights[known].sum() if known.any() else np.full(rows.shape[1], np.nan)
    warm = np.array([p.glass_transition_C for p, _ in found])
    transition = _fox(weights, warm)
    sodium = float(any(p.sodium for p, _ in found))
    return (1.0, *map(float, values), transition, sodium), "/".join(sorted(name for _, name in found))


def _parts(typed: str) -> tuple[list[float], list[str]]:
    """Weight shares and names of a blend."""
    typed = _PERCENT.sub("", typed)
    ratio = _RATIO.search(typed)
    names = [n.strip() for n in re.split(r"[/|]", typed[: ratio.start()] if ratio else typed)]
    names = [part for name in names for part in (_TWO_PART.sub(r"\1/\2", name)).split("/")]
    names = [re.sub(r"\s+bilayer$", "", name) for name in names]
    if not ratio:
        return [1.0] * len(names), names
    shares = [float(v) for v in ratio.group(1).split(":")]
    if len(shares) != len(names) or min(shares) < 0 or sum(shares) <= 0:
        raise ValueError(f"polymer {typed!r} names {len(names)} polymers but gives a ratio of {len(shares)}")
    return shares, names


def _polymer(name: str, smiles: str | None) -> tuple[Polymer, str]:
    known = _BY_SPELLING.get(name.casefold())
    if known is not None:
        return _POLYMERS[known], known
    unit = smiles if smiles else name if _MARK in name else None
    if unit is None:
        raise ValueError(
            f"polymer {name!r} is not known; give its repeat unit as SMILES such as [*]CCO[*] (column polymer_smiles), "
            f"or one of {', '.join(_POLYMERS)}"
        )
    values, _ = polymer_descriptors(unit)
    charged = values[POLYMER_COLUMNS.index("bound_anion_mol_kg")] > 0
    return Polymer(((1.0, unit),), sodium=charged), name or unit


def _described(polymer: Polymer) -> np.ndarray:
    """Descriptors (p,) of the repeat units by weight; NaN where none is known."""
    if not polymer.units:
        return np.full(len(POLYMER_COLUMNS), np.nan)
    total = sum(share for share, _ in polymer.units)
    return sum(  # type: ignore[return-value]
        share / total * np.array(polymer_descriptors(unit)[0]) for share, unit in polymer.units
    )


def _fox(weights: np.ndarray, transition_C: np.ndarray) -> float:
    """Glass transition of a blend in C by Fox's rule, 1/Tg = sum w/Tg (Bull. Am. Phys. Soc. 1956, 1, 123)."""
    known = np.isfinite(transition_C)
    if not known.any():
        return float("nan")
    share = weights[known] / weights[known].sum()
    return float(1.0 / np.sum(share / (transition_C[known] + 273.15)) - 273.15)
