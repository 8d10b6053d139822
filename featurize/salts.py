"""Sodium salts by name or SMILES."""

from functools import lru_cache

from .repeat_unit import ANION_COLUMNS, salt_descriptors

_ANIONS = {
    "NaClO4": "[O-][Cl+3]([O-])([O-])[O-]",
    "NaTFSI": "O=S(=O)([N-]S(=O)(=O)C(F)(F)F)C(F)(F)F",
    "NaFSI": "O=S(=O)(F)[N-]S(=O)(=O)F",
    "NaFTFSI": "O=S(=O)(F)[N-]S(=O)(=O)C(F)(F)F",
    "NaBETI": "O=S(=O)([N-]S(=O)(=O)C(F)(F)C(F)(F)F)C(F)(F)C(F)(F)F",
    "NaFNFSI": "O=S(=O)(F)[N-]S(=O)(=O)C(F)(F)C(F)(F)C(F)(F)C(F)(F)F",
    "NaCF3SO3": "O=S(=O)([O-])C(F)(F)F",
    "NaPF6": "F[P-](F)(F)(F)(F)F",
    "NaBF4": "F[B-](F)(F)F",
    "NaBOB": "O=C1O[B-]2(OC1=O)OC(=O)C(=O)O2",
    "NaDFOB": "O=C1O[B-](F)(F)OC1=O",
    "NaTDI": "N#Cc1nc(C(F)(F)F)[n-]c1C#N",
    "NaTCP": "N#Cc1[n-]c(C#N)c(C#N)c1C#N",
    "NaTCM": "N#C[C-](C#N)C#N",
    "NaSCN": "[S-]C#N",
    "NaBPh4": "c1ccc(cc1)[B-](c1ccccc1)(c1ccccc1)c1ccccc1",
    "NaNO3": "[O-][N+](=O)[O-]",
    "NaHCO3": "OC(=O)[O-]",
    "NaPO3": "[O-]P(=O)=O",
    "NaF": "[F-]",
    "NaCl": "[Cl-]",
    "NaBr": "[Br-]",
    "NaI": "[I-]",
    "Na2S": "[Na+].[S-2]",
}
_OTHER_NAMES = {
    "naotf": "NaCF3SO3",
    "natf": "NaCF3SO3",
    "natriflate": "NaCF3SO3",
    "nantf2": "NaTFSI",
}
_BY_SPELLING = {name.casefold(): name for name in _ANIONS} | _OTHER_NAMES

COLUMNS = ("has_salt", *ANION_COLUMNS)


def known_salts() -> tuple[str, ...]:
    """Names that `read_salt` knows."""
    return tuple(_ANIONS)


@lru_cache(maxsize=4096)
def read_salt(text: str | None) -> tuple[tuple[float, ...], float, float, str]:
    """Descriptors (`COLUMNS`) of a salt, sodium ions a formula unit, molar mass in g/mol, and one spelling of the name.

    Parameters
    ----------
    text : str or None
        Known name, SMILES with a sodium ion, "none", or nothing where the salt is not known.

    Raises
    ------
    ValueError
        Naming the known salts, or saying what is wrong with the SMILES.

    Examples
    --------
    >>> values, sodium, mass, name = read_salt("NaOTf")
    >>> name, sodium, round(mass, 1)
    ('NaCF3SO3', 1.0, 172.1)
    """
    missing = float("nan")
    typed = (text or "").strip()
    if not typed:
        return (1.0, missing, missing, missing), missing, missing, "unspecified"
    if typed.casefold() == "none":
        return (0.0, missing, missing, missing), 0.0, missing, "none"
    name = _BY_SPELLING.get(typed.casefold())
    if name is None and "[" not in typed:
        raise ValueError(
            f"salt {typed!r} is not known; give it as SMILES such as [Na+].[O-][Cl+3]([O-])([O-])[O-], 'none', or one "
            f"of {', '.join(_ANIONS)}"
        )
    if name is None and "[Na+]" not in typed:
        raise ValueError(f"salt {typed!r} holds no sodium ion [Na+]; the model speaks of sodium electrolytes")
    values, sodium, mass = salt_descriptors(f"[Na+].{_ANIONS[name]}" if name else typed)
    return (1.0, *values), sodium, mass, name or typed
