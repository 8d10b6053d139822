"""What a property is: the one table of names, units, bounds and directions that the rest of ionscout reads."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Property:
    """Facts about one predicted property.

    Parameters
    ----------
    name : str
        Name in the registry and on the command line.
    column : str
        Column of tables; carries the unit.
    unit : str
        Unit of `column`.
    label : str
        Axis label for plots and pages.
    lower, upper : float
        Physical bounds of the value in `column`.
    better : int
        +1 if a solid electrolyte wants it high, -1 if low.
    decimals : int
        Digits that are worth printing.
    """

    name: str
    column: str
    unit: str
    label: str
    lower: float
    upper: float
    better: int
    decimals: int = 2

    @property
    def columns(self) -> tuple[str, str, str]:
        """Columns of the value and of the two ends of its interval."""
        return self.column, f"{self.column}_lower", f"{self.column}_upper"


# Bounds: from good insulators (1e-18 S/cm) to above any molten salt (10 S/cm); limits against the alkali metal lie
# between the metal itself (0 V) and what elemental fluorine could oxidise (about 6 V).
CONDUCTIVITY = Property(
    "conductivity", "log10_conductivity", "log10(S/cm)", "log₁₀ conductivity (S cm⁻¹)", -18.0, 1.0, +1
)
ACTIVATION_ENERGY = Property("activation_energy", "activation_energy_eV", "eV", "Activation energy (eV)", 0.02, 2.5, -1)
REDUCTION_LIMIT = Property("reduction_limit", "reduction_limit_V", "V", "Reduction limit (V vs Na⁺/Na)", 0.0, 6.0, -1)
OXIDATION_LIMIT = Property("oxidation_limit", "oxidation_limit_V", "V", "Oxidation limit (V vs Na⁺/Na)", 0.0, 6.5, +1)
ENERGY_ABOVE_HULL = Property(
    "energy_above_hull",
    "energy_above_hull_eV_atom",
    "eV/atom",
    "Energy above hull (eV/atom)",
    0.0,
    5.0,
    -1,
    3,
)

PROPERTIES: dict[str, Property] = {
    p.name: p for p in (CONDUCTIVITY, ACTIVATION_ENERGY, REDUCTION_LIMIT, OXIDATION_LIMIT, ENERGY_ABOVE_HULL)
}
BY_COLUMN: dict[str, Property] = {p.column: p for p in PROPERTIES.values()}

# States a solid electrolyte is measured in; `crystalline` is assumed unless said otherwise.
STATES = ("crystalline", "glass_ceramic", "glass", "amorphous", "unknown")
