"""Repeat units and anions as SMILES -> numbers that do not depend on where the unit was cut."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from rdkit.Chem import Mol

# Groups that hold an alkali ion, or stiffen the chain, as SMARTS.
_GROUPS = {
    "ether_oxygen": "[OX2;H0;!$(O[C,S,P]=O)]",
    "carbonyl_oxygen": "[OX1]=[#6]",
    "sulfonyl_oxygen": "[OX1]=[#16]",
    "hydroxyl": "[OX2H]",
    "amine_nitrogen": "[NX3;!$(N[C,S]=O)]",
    "amide_nitrogen": "[NX3;$(N[C,S]=O)]",
    "nitrile": "C#N",
    "fluorine": "F",
    "silicon": "[Si]",
    "phosphorus": "[P]",
    "aromatic_atom": "a",
}
POLYMER_COLUMNS = (*(f"{name}_mol_kg" for name in _GROUPS), "bound_anion_mol_kg", "side_chain_fraction")
ANION_COLUMNS = ("anion_volume_A3", "anion_charge_density_e_nm3", "anion_fluorine_fraction")

# Van der Waals volumes (A3) by atom, less 5.92 a bond, 14.7 an aromatic and 3.8 another ring: 10.1021/jo034808o.
_ATOM_VOLUME = {
    "H": 7.24, "C": 20.58, "N": 15.60, "O": 14.71, "F": 13.31, "Cl": 22.45, "Br": 26.52, "I": 32.52, "P": 24.43,
    "S": 24.43, "As": 26.52, "B": 40.48, "Si": 38.79, "Se": 28.73, "Te": 36.62,
}  # fmt: skip
_BOND, _AROMATIC_RING, _OTHER_RING = 5.92, 14.7, 3.8
# Centres of complex anions that the table lacks; hidden behind their ligands, they count as its largest atom does.
_HIDDEN_CENTRES, _HIDDEN_VOLUME = {"Al", "Sb", "Ga", "Ta", "Nb"}, 40.48
ALKALIS = ("Li", "Na", "K")


@lru_cache(maxsize=4096)
def polymer_descriptors(smiles: str) -> tuple[tuple[float, ...], float]:
    """Groups of a repeat unit in mol per kg of polymer, and its molar mass.

    Parameters
    ----------
    smiles : str
        Repeat unit with `[*]` at both ends.

    Returns
    -------
    values : tuple of float
        In the order of `POLYMER_COLUMNS`; the last is the share of heavy atoms off the backbone.
    mass : float
        Molar mass of the unit in g/mol.

    Raises
    ------
    ValueError
        If the SMILES cannot be read or does not have two ends.

    Examples
    --------
    >>> values, mass = polymer_descriptors("[*]CCO[*]")
    >>> round(values[0], 1), round(mass, 2)  # one ether oxygen in 44 g
    (22.7, 44.05)
    >>> polymer_descriptors("[*]OCC[*]")[0] == values
    True
    """
    from rdkit.Chem import GetShortestPath
    from rdkit.Chem.Descriptors import MolWt  # pyright: ignore[reportAttributeAccessIssue]

    molecule = _repeat_fragment(smiles)
    ends = [a.GetIdx() for a in molecule.GetAtoms() if a.GetAtomicNum() == 0]
    if len(ends) != 2:
        raise ValueError(f"repeat unit {smiles!r} has {len(ends)} ends [*], it must have two, such as [*]CCO[*]")
    backbone = len(GetShortestPath(molecule, *ends)) - 2
    # Two units in a ring: a group that the cut went through, such as an ester, is whole again.
    ring = _ring_of_two(molecule, ends)
    mass = MolWt(ring) / 2.0
    counts = [len(ring.GetSubstructMatches(_pattern(smarts), maxMatches=100_000)) for smarts in _GROUPS.values()]
    counts.append(sum(1 for atom in ring.GetAtoms() if atom.GetFormalCharge() < 0 and not _zwitterionic(atom)))
    heavy = molecule.GetNumHeavyAtoms()  # does not count the ends
    return (*(500.0 * n / mass for n in counts), (heavy - backbone) / heavy), mass


@lru_cache(maxsize=4096)
def salt_descriptors(smiles: str) -> tuple[tuple[float, ...], float, float]:
    """Size and charge of a salt's anion, its mobile cations, and its mass.

    Parameters
    ----------
    smiles : str
        Salt such as `[Na+].[O-][Cl+3]([O-])([O-])[O-]`.

    Returns
    -------
    values : tuple of float
        In the order of `ANION_COLUMNS`.
    cations : float
        Alkali ions a formula unit.
    mass : float
        Molar mass in g/mol with sodium in the place of any other alkali.

    Raises
    ------
    ValueError
        If the SMILES cannot be read, holds no alkali ion or no anion.

    Examples
    --------
    >>> values, cations, mass = salt_descriptors("[Na+].[O-][Cl+3]([O-])([O-])[O-]")
    >>> round(mass, 1)
    122.4
    """
    from rdkit.Chem import AddHs, GetMolFrags, GetPeriodicTable
    from rdkit.Chem.Descriptors import MolWt  # pyright: ignore[reportAttributeAccessIssue]

    parts = GetMolFrags(_molecule(smiles), asMols=True)
    cations = [p for p in parts if p.GetNumAtoms() == 1 and p.GetAtomWithIdx(0).GetSymbol() in ALKALIS]
    anions = [AddHs(p) for p in parts if sum(a.GetFormalCharge() for a in p.GetAtoms()) < 0]
    if not cations or not anions:
        raise ValueError(f"salt {smiles!r} must hold an alkali cation such as [Na+] and an anion, parted by a dot")
    sodium = GetPeriodicTable().GetAtomicWeight("Na")
    mass = sum(MolWt(a) for a in anions) + sodium * len(cations)
    volume = float(np.mean([_volume(a) for a in anions]))
    charge = -float(np.mean([sum(a.GetFormalCharge() for a in anion.GetAtoms()) for anion in anions]))
    heavy = sum(a.GetNumHeavyAtoms() for a in anions)
    fluorine = sum(1 for anion in anions for a in anion.GetAtoms() if a.GetSymbol() == "F")
    return (volume, 1000.0 * charge / volume, fluorine / heavy), float(len(cations)), mass


def _volume(molecule: "Mol") -> float:
    from rdkit.Chem.rdMolDescriptors import CalcNumAromaticRings, CalcNumRings

    unknown = {a.GetSymbol() for a in molecule.GetAtoms()} - set(_ATOM_VOLUME) - _HIDDEN_CENTRES
    atoms = sum(_ATOM_VOLUME.get(a.GetSymbol(), _HIDDEN_VOLUME) for a in molecule.GetAtoms())
    if unknown:
        raise ValueError(f"anion holds {', '.join(sorted(unknown))}, whose volume is not tabulated")
    aromatic = CalcNumAromaticRings(molecule)
    return (
        atoms
        - _BOND * molecule.GetNumBonds()
        - _AROMATIC_RING * aromatic
        - _OTHER_RING * (CalcNumRings(molecule) - aromatic)
    )


def _molecule(smiles: str) -> "Mol":
    from rdkit import RDLogger
    from rdkit.Chem import MolFromSmiles

    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]
    molecule = MolFromSmiles(smiles)
    if molecule is None or not molecule.GetNumAtoms():
        raise ValueError(f"SMILES {smiles!r} cannot be read")
    return molecule


def _repeat_fragment(smiles: str) -> "Mol":
    """The part of a repeat unit that holds the ends; counter-ions stand apart from it."""
    from rdkit.Chem import GetMolFrags

    parts: Any = GetMolFrags(_molecule(smiles), asMols=True)
    return max(parts, key=lambda p: sum(a.GetAtomicNum() == 0 for a in p.GetAtoms()))


def _ring_of_two(molecule: "Mol", ends: list[int]) -> "Mol":
    from rdkit.Chem import BondType, CombineMols, RWMol, SanitizeMol

    inner = [molecule.GetAtomWithIdx(e).GetNeighbors()[0].GetIdx() for e in ends]
    n = molecule.GetNumAtoms()
    two = RWMol(CombineMols(molecule, molecule))
    two.AddBond(inner[1], inner[0] + n, BondType.SINGLE)
    two.AddBond(inner[1] + n, inner[0], BondType.SINGLE)
    for end in sorted((*ends, *(e + n for e in ends)), reverse=True):
        two.RemoveAtom(end)
    SanitizeMol(two)
    return two.GetMol()


def _zwitterionic(atom: Any) -> bool:
    """Whether a negative atom sits on a positive one, as oxygen in nitro and N-oxide groups."""
    return any(other.GetFormalCharge() > 0 for other in atom.GetNeighbors())


@lru_cache(maxsize=64)
def _pattern(smarts: str) -> "Mol":
    from rdkit.Chem import MolFromSmarts

    return MolFromSmarts(smarts)
