"""A disordered structure as arrays, in its standard primitive cell, with the part each ion plays."""

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..composition import CompositionBatch
from ..elements import INDEX, SYMBOLS, magpie_property
from ..oxidation import assign_oxidation_states
from ..radii import electronegativity, shannon_radius
from ..roles import MOBILE_WEIGHTS
from .periodic import merge_close
from .reading import StructureError

if TYPE_CHECKING:
    from pymatgen.core import Structure

# Positions that agree to this many angstrom are related by symmetry (pymatgen's default).
SYMMETRY_TOLERANCE = 0.01
# Occupancies are compared to this; refinements give three digits.
OCCUPANCY_DIGITS = 3
# Partly filled positions nearer than this (angstrom) are one position, split: no ion hops so short a way.
SPLIT_DISTANCE = 1.0
# Ionic and covalent radii differ by about this (angstrom): 0.74 for O, 0.79 for S and Cl, -0.64 for Na, -0.69 for P.
IONIC_STEP = 0.75
# Ions of charge two are taken to move only where no ion of charge one is about.
DIVALENT = ("Mg", "Ca", "Zn")
# Pauling electronegativity above which an element without a known state is taken for an anion (as C, S, I).
ANION_ELECTRONEGATIVITY = 2.5


@dataclass(frozen=True, eq=False)
class Crystal:
    """A crystal of n sites holding k species.

    Attributes
    ----------
    lattice : numpy.ndarray, shape (3, 3)
        Rows are the vectors of the Niggli-reduced primitive cell, angstrom.
    positions : numpy.ndarray, shape (n, 3)
        Fractional coordinates in [0, 1).
    occupancy : numpy.ndarray, shape (n, k)
        Share of each site that each species fills.
    elements : numpy.ndarray, shape (k,), int
        Index of each species in `elements.SYMBOLS`.
    charges, radii : numpy.ndarray, shape (k,)
        Oxidation state (averaged over the composition) and ionic radius in angstrom (`ionic_radius`).
    mobile : int
        Which species moves; -1 if none does.
    space_group : int
        Number in the International Tables.
    point_group_order : int
        Symmetry operations without translations.
    """

    lattice: np.ndarray
    positions: np.ndarray
    occupancy: np.ndarray
    elements: np.ndarray
    charges: np.ndarray
    radii: np.ndarray
    mobile: int
    space_group: int
    point_group_order: int

    @classmethod
    def of(cls, structure: "Structure", mobile_ion: str = "auto") -> "Crystal":
        """Take a structure apart.

        Parameters
        ----------
        structure : pymatgen.core.Structure
            Checked by `reading.check_structure`.
        mobile_ion : str
            An element symbol, or "auto": the monovalent ion with the largest amount times `roles.MOBILE_WEIGHTS`, or
            a divalent one where there is none.

        Raises
        ------
        StructureError
            If its symmetry cannot be found.

        Examples
        --------
        >>> from ionscout.featurize.structure.hosts import host_structure
        >>> crystal = Crystal.of(host_structure("Na3PS4"))
        >>> crystal.symbols, crystal.charges.tolist(), crystal.space_group
        (['Na', 'P', 'S'], [1.0, 5.0, -2.0], 114)
        """
        amounts: dict[str, float] = structure.composition.get_el_amt_dict()
        symbols = sorted({"H" if symbol in ("D", "T") else symbol for symbol in amounts}, key=INDEX.__getitem__)
        column = {symbol: place for place, symbol in enumerate(symbols)}
        occupancy = np.zeros((len(structure), len(symbols)))
        for row, site in enumerate(structure):
            for species, amount in site.species.items():
                symbol = str(getattr(species, "symbol", species))
                occupancy[row, column["H" if symbol in ("D", "T") else symbol]] += amount
        lattice, positions, occupancy, number, order = _standard_cell(
            structure.lattice.matrix, structure.frac_coords, occupancy
        )
        charges = _charges(structure, symbols)
        radii = np.array([ionic_radius(symbol, charge) for symbol, charge in zip(symbols, charges, strict=True)])
        return cls(
            lattice,
            positions,
            occupancy,
            np.array([INDEX[symbol] for symbol in symbols]),
            charges,
            radii,
            _mobile(symbols, occupancy.sum(axis=0), mobile_ion),
            number,
            order,
        )

    @property
    def symbols(self) -> list[str]:
        """Symbols of the species."""
        return [SYMBOLS[element] for element in self.elements]

    @property
    def mobile_symbol(self) -> str | None:
        """Symbol of the mobile ion, None if there is none."""
        return self.symbols[self.mobile] if self.mobile >= 0 else None

    @property
    def volume(self) -> float:
        """Of the primitive cell, cubic angstrom."""
        return float(abs(np.linalg.det(self.lattice)))

    @cached_property
    def is_mobile(self) -> np.ndarray:
        """Which species moves, shape (k,) bool."""
        return np.arange(len(self.elements)) == self.mobile

    @cached_property
    def is_anion(self) -> np.ndarray:
        """Which species are anions, shape (k,) bool."""
        return (self.charges < 0) & ~self.is_mobile

    @cached_property
    def mobile_sites(self) -> np.ndarray:
        """Sites that hold some of the mobile ion, positions in the list of sites."""
        return np.flatnonzero(self.occupancy[:, self.is_mobile].sum(axis=1) > 0)

    @cached_property
    def anion_sites(self) -> np.ndarray:
        """Sites that hold some anion."""
        return np.flatnonzero(self.occupancy[:, self.is_anion].sum(axis=1) > 0)

    def filled(self, species: np.ndarray) -> np.ndarray:
        """Occupancy of every site by the species of a mask: (k,) -> (n,)."""
        return self.occupancy[:, species].sum(axis=1)

    @cached_property
    def mobile_positions(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places of the mobile ion, split positions merged.

        Returns
        -------
        label : numpy.ndarray, shape (sites of the mobile ion,)
            Place of each of `mobile_sites`.
        centre : numpy.ndarray, shape (places, 3)
            Fractional coordinates, the mean of the split positions by occupancy.
        occupancy : numpy.ndarray, shape (places,)
            Of the mobile ion, at most 1.
        """
        sites = self.mobile_sites
        filled = self.filled(self.is_mobile)[sites]
        label = merge_close(self.lattice, self.positions[sites], SPLIT_DISTANCE)
        places = label.max(initial=-1) + 1
        centre = np.zeros((places, 3))
        for place in range(places):
            members = np.flatnonzero(label == place)
            anchor = self.positions[sites[members[0]]]
            away = self.positions[sites[members]] - anchor
            away -= np.rint(away)
            weights = filled[members] / filled[members].sum()
            centre[place] = anchor + weights @ away
        occupancy = np.bincount(label, weights=filled, minlength=places)
        return label, centre, np.minimum(occupancy, 1.0)


def ionic_radius(symbol: str, charge: float) -> float:
    """Shannon radius (six-coordinate), or one of the same scale where Shannon gives none.

    Parameters
    ----------
    symbol : str
    charge : float
        Elementary charges.

    Returns
    -------
    float
        Angstrom, not negative (a bare proton's is, in the table).

    Examples
    --------
    >>> ionic_radius("Na", 1), round(ionic_radius("P", -3), 2)
    (1.02, 1.82)
    """
    radius = shannon_radius(symbol, charge) if charge else float("nan")
    if np.isnan(radius):
        radius = magpie_property("CovalentRadius")[INDEX[symbol]] / 100 - IONIC_STEP * np.sign(charge)
    return max(float(radius), 0.0)


def _standard_cell(lattice: np.ndarray, positions: np.ndarray, occupancy: np.ndarray):
    """Primitive cell in spglib's standard setting, Niggli-reduced, with space group and order of the point group."""
    import spglib

    kinds, number = np.unique(np.round(occupancy, OCCUPANCY_DIGITS), axis=0, return_inverse=True)
    number = number.ravel()
    # Occupancies as given, not as rounded.
    exact = np.array([occupancy[np.flatnonzero(number == kind)[0]] for kind in range(len(kinds))])
    cell: Any = (lattice, positions, number + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = spglib.get_symmetry_dataset(cell, symprec=SYMMETRY_TOLERANCE)
            found: Any = spglib.standardize_cell(cell, to_primitive=True, symprec=SYMMETRY_TOLERANCE)
            reduced = spglib.niggli_reduce(found[0]) if found is not None else None
            # A supercell hides rotations that its lattice does not share: they are counted in the primitive cell.
            primitive = spglib.get_symmetry_dataset(found, symprec=SYMMETRY_TOLERANCE) if found is not None else None
        except Exception as error:  # spglib >= 2.7 raises its own error where older ones return None
            raise StructureError(f"symmetry cannot be found: {error}") from error
    if dataset is None or found is None or reduced is None or primitive is None:
        raise StructureError("symmetry cannot be found; do atoms overlap?")
    inside = (found[1] @ found[0]) @ np.linalg.inv(reduced)
    inside = inside - np.floor(inside)
    order = len({rotation.tobytes() for rotation in np.asarray(primitive.rotations)})
    return reduced, inside, exact[np.asarray(found[2]) - 1], int(dataset.number), order


def _charges(structure: "Structure", symbols: list[str]) -> np.ndarray:
    """Oxidation state of each element, averaged over the composition; by electronegativity where none is known."""
    batch = CompositionBatch.from_compositions([structure.composition.element_composition.fractional_composition])
    states = assign_oxidation_states(batch).states[0]
    values = np.array([states[INDEX[symbol]] for symbol in symbols])
    for place, symbol in enumerate(symbols):
        if np.isnan(values[place]):
            chi = electronegativity(symbol)
            values[place] = 0.0 if np.isnan(chi) else (-1.0 if chi >= ANION_ELECTRONEGATIVITY else 1.0)
    return values


def _mobile(symbols: list[str], amounts: np.ndarray, mobile_ion: str) -> int:
    if mobile_ion != "auto":
        return symbols.index(mobile_ion) if mobile_ion in symbols else -1
    weights = {symbol: MOBILE_WEIGHTS[symbol] for symbol in symbols if symbol in MOBILE_WEIGHTS}
    monovalent = {symbol: weight for symbol, weight in weights.items() if symbol not in DIVALENT}
    weights = monovalent or weights
    claims = [weights.get(symbol, 0.0) * amount for symbol, amount in zip(symbols, amounts, strict=True)]
    return int(np.argmax(claims)) if max(claims) > 0 else -1
