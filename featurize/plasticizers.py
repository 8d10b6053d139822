"""Solvents, ionic liquids, plastic crystals and oligomers in a hybrid: their kinds and how much of them there is."""

import re
from functools import lru_cache

# Kind of each, and molar mass in g/mol where a mole fraction may be asked for.
_SOLVENTS = {
    "EC": 88.06, "PC": 102.09, "DMC": 90.08, "DEC": 118.13, "EMC": 104.10, "FEC": 106.05, "GBL": 86.09, "DME": 90.12,
    "DIGLYME": 134.17, "TEGDME": 222.28, "G4": 222.28, "DOL": 74.08, "DMSO": 78.13, "DMF": 73.09, "NMP": 99.13,
    "SL": 120.17, "TEP": 182.15, "TMP": 140.08, "carbonate": 102.09, "solvent": 100.0,
    "molecular transporter": 100.0,
}  # fmt: skip
_PLASTIC_CRYSTALS = {"SN": 80.09, "succinonitrile": 80.09}
_OLIGOMERS = {"PEG": 400.0, "PEGDME": 500.0}
_IONIC_LIQUIDS = (
    "PY13FSI", "PY14FSI", "P14TFSI", "PY13TFSI", "PY14TFSI", "BMPYR-TFSI", "BMPYRTFSI", "EMIM-FSI", "EMIM-TFSI",
    "EMIM-TRIFLATE", "EMIM-BF4", "BMIM-TFSI", "BMIM-BF4", "IONIC LIQUID",
)  # fmt: skip
KINDS = ("solvent", "ionic_liquid", "plastic_crystal", "oligomer")
COLUMNS = ("plasticized", *KINDS, "plasticizer_fraction")

_PERCENT = re.compile(r"([\d.]+)\s*(?:wt|vol)?\s*%")
_TO_POLYMER = re.compile(r"([\d.]+)\s*:\s*([\d.]+)\s*(?:v/v\s*)?to\s+(?:polymer|monomer)")
_LAST_OF_TWO = re.compile(r"[\w-]+\s*:\s*[\w-]+\s+([\d.]+)\s*:\s*([\d.]+)")
_TWO_NAMED = re.compile(r"([\d.]+)\s*:\s*([\d.]+)\s+[\w-]+\s*:\s*IL")


def known_plasticizers() -> tuple[str, ...]:
    """Names that `read_plasticizer` knows."""
    return (*_SOLVENTS, *_PLASTIC_CRYSTALS, *_OLIGOMERS, *_IONIC_LIQUIDS)


@lru_cache(maxsize=4096)
def read_plasticizer(text: str | None) -> tuple[tuple[float, ...], float, str]:
    """What is in a plasticizer cell.

    Parameters
    ----------
    text : str or None
        Names with "/" or "+", and how much: "PC/DEC 30 wt%" (of the matrix: all but the filler), "EMIM-triflate (4:1 to
        polymer)", "SN (PEO:SN 1.5:1)". Volume percents are taken as weight percents: polymers and carbonates are about
        as dense (1.1 to 1.3 g/cm3). Without an amount the fraction is not known.

    Returns
    -------
    values : tuple of float
        In the order of `COLUMNS`.
    molar_mass : float
        Mean over the names in g/mol; NaN for ionic liquids.
    name : str
        Sorted names, without amounts.

    Raises
    ------
    ValueError
        Naming the known plasticizers, or the amount that makes no sense.

    Examples
    --------
    >>> read_plasticizer("PC/DEC 30 wt%")
    ((1.0, 1.0, 0.0, 0.0, 0.0, 0.3), 110.11, 'DEC/PC')
    """
    typed = (text or "").strip()
    if not typed or typed.casefold() == "none":
        return (0.0, 0.0, 0.0, 0.0, 0.0, 0.0), float("nan"), "none"
    fraction = _fraction(typed)
    found = _names(typed)
    kinds = [float(any(kind == k for _, k, _ in found)) for kind in KINDS]
    masses = [mass for _, _, mass in found]
    name = "/".join(sorted({n for n, _, _ in found}))
    return (1.0, *kinds, fraction), round(sum(masses) / len(masses), 2), name


def _names(typed: str) -> list[tuple[str, str, float]]:
    """Name, kind and molar mass of each plasticizer in a cell."""
    bare = re.sub(r"\([^)]*\)", " ", typed)  # amounts and remarks
    bare = re.sub(r",[^/+]*|\beutectic\b|(?<!ionic )\bliquid\b", " ", bare)
    bare = re.sub(r"[\d.]+\s*(?:wt|vol)?\s*%|\b[\d.]+(?::[\d.]+)+\b", " ", bare)
    names = [n.strip() for n in re.split(r"[/+]", bare) if n.strip()]
    if not names:
        raise ValueError(f"plasticizer {typed!r} names no substance; one of {', '.join(known_plasticizers())}")
    return [_kind(name) for name in names]


def _kind(name: str) -> tuple[str, str, float]:
    for kind, table in (("solvent", _SOLVENTS), ("plastic_crystal", _PLASTIC_CRYSTALS), ("oligomer", _OLIGOMERS)):
        for known, mass in table.items():
            if name.casefold() == known.casefold():
                return known, kind, mass
    if name.upper() in _IONIC_LIQUIDS:
        return name.upper(), "ionic_liquid", float("nan")
    raise ValueError(
        f"plasticizer {name!r} is not known; one of {', '.join(known_plasticizers())}, or by its kind: 'solvent', "
        "'ionic liquid'"
    )


def _fraction(typed: str) -> float:
    """Weight fraction of the matrix; NaN where it is not said."""
    if "trace" in typed.casefold():
        return 0.01
    for pattern, share in ((_TO_POLYMER, 0), (_LAST_OF_TWO, 1), (_TWO_NAMED, 1)):
        if found := pattern.search(typed):
            parts = float(found.group(1)), float(found.group(2))
            if sum(parts) <= 0:
                raise ValueError(f"plasticizer {typed!r}: the parts of the ratio are zero")
            return parts[share] / sum(parts)
    # "EC/PC + 5 wt% FEC" says how much of the additive is in the liquid, not how much liquid is in the whole.
    amounts = [float(v) for v in _PERCENT.findall(re.sub(r"\+[^,)]*", "", typed))]
    if not amounts:
        return float("nan")
    if not 0.0 <= amounts[-1] <= 100.0:
        raise ValueError(f"plasticizer {typed!r}: {amounts[-1]:g} % does not lie between 0 and 100")
    return amounts[-1] / 100.0
