"""What a column of a measurement table may hold: unit, range with its physical reason, vocabulary, default.

The one list of columns. The schema, the reader, the summary and the datasheet read it; a range is stated nowhere else.
"""

from dataclasses import dataclass
from datetime import date

from ...models.physics import ABSOLUTE_ZERO_C
from ...models.properties import (
    ACTIVATION_ENERGY,
    CONDUCTIVITY,
    ENERGY_ABOVE_HULL,
    OXIDATION_LIMIT,
    REDUCTION_LIMIT,
    STATES,
)

ERROR, WARNING = "error", "warning"

FAMILIES = (
    "antiperovskite",
    "beta_alumina",
    "borohydride_closo",
    "glass",
    "halide",
    "hydride",
    "layered_oxide",
    "nasicon",
    "other",
    "other_oxide",
    "oxyhalide",
    "oxysulfide",
    "phosphate",
    "selenide",
    "silicate",
    "sulfide",
)
MOBILE_IONS = ("Na", "Li", "K", "Ag", "Rb", "Cs", "Cu", "Mg", "Ca", "Zn", "Al")
CONDUCTIVITY_KINDS = ("total", "bulk", "grain_boundary", "unspecified")
# conductivity_relation of what an instrument could not read: the conductivity lies below the value given.
BELOW = "<"
# How people write it before the limit.
BELOW_AS_WRITTEN = ("<", "<=", "=<", "≤", "⩽", "≦", "\N{FULLWIDTH LESS-THAN SIGN}")
METHODS = ("EIS", "DC", "NMR", "computed_MD", "computed_DFT", "other", "unspecified")
WINDOW_METHODS = ("CV", "LSV", "DFT_phase_diagram", "other", "unspecified")
QUALITIES = ("A", "B", "C", "computed")
# Weight of a row in training; a doubtful row counts less, it is not dropped.
QUALITY_WEIGHTS = {"A": 1.0, "B": 1.0, "C": 0.5, "computed": 0.25}
HYBRID_CLASSES = ("polymer", "gel", "composite", "gel_composite")
LOADING_UNITS = ("EO_to_Na", "M", "wt_pct", "mol_pct", "molar_ratio")
# Quantity of an interface row -> (unit, lowest, highest plausible value, reason).
INTERFACE_QUANTITIES = {
    "interfacial_resistance_ohm_cm2": ("ohm cm2", 0.0, 1e8, "a blocked interface reads below 1e8 ohm cm2"),
    "symmetric_cell_hours": ("h", 0.0, 1e5, "1e5 h is eleven years of cycling"),
    "ccd_mA_cm2": ("mA/cm2", 0.0, 100.0, "100 mA/cm2 is beyond any solid/sodium contact reported"),
    "reaction_energy_eV_atom": ("eV/atom", -5.0, 0.1, "a mixing reaction releases energy, at most a few eV/atom"),
    "decomposition_products": ("", 0.0, 0.0, ""),
}
MEASURED_COLUMNS = (
    "conductivity_S_cm",
    "activation_energy_eV",
    "window_low_V",
    "window_high_V",
    "transference_number",
    "ccd_mA_cm2",
)


@dataclass(frozen=True)
class Bound:
    """A closed range [lower, upper] of a number, why it holds, and what to do outside it.

    An `error` bound is physics or definition: the row goes. A `warning` bound is experience: the row stays.
    """

    lower: float
    upper: float
    reason: str
    remedy: str
    severity: str = ERROR


@dataclass(frozen=True)
class Field:
    """Facts about one column.

    Parameters
    ----------
    name : str
        Column name; carries the unit.
    meaning : str
        What it holds, for the datasheet and for messages.
    number : bool
        True for numbers (float64), False for text.
    bounds : tuple of Bound
        Ranges a number must or should keep.
    choices : tuple of str
        Allowed words; empty for free text.
    choices_severity : str
        `error` where a wrong word would change what the value means, else `warning`.
    pattern, pattern_remedy : str
        Regular expression that text should match (a warning otherwise), and what would be right.
    default : str
        Taken where the cell is blank and `default_needs` (if any) is not; "" for none.
    """

    name: str
    meaning: str
    number: bool = False
    bounds: tuple[Bound, ...] = ()
    choices: tuple[str, ...] = ()
    choices_severity: str = ERROR
    pattern: str = ""
    pattern_remedy: str = ""
    default: str = ""
    default_needs: str = ""


_CONDUCTIVITY_BOUNDS = (
    Bound(
        10.0**CONDUCTIVITY.lower,
        10.0**CONDUCTIVITY.upper,
        "below 1e-18 S/cm no instrument reads, above 10 S/cm even molten salts do not reach",
        "give S/cm: divide mS/cm by 1000, S/m by 100; write 10**x for a logarithm",
    ),
)
_TEMPERATURE_BOUNDS = (
    Bound(ABSOLUTE_ZERO_C, 2050.0, "outside absolute zero and the melting of alumina (2054 C)", "give Celsius"),
    Bound(
        -150.0,
        1000.0,
        "outside the span in which solid electrolytes are measured",
        "check the unit: Celsius is expected",
        WARNING,
    ),
)
_ENERGY_BOUNDS = (
    Bound(
        ACTIVATION_ENERGY.lower,
        ACTIVATION_ENERGY.upper,
        "ion hopping in solids takes between 0.02 and 2.5 eV",
        "give eV per ion: divide kJ/mol by 96.485, meV by 1000",
    ),
    Bound(
        0.05,
        1.6,
        "superionic conductors keep above 0.05 eV; above 1.6 eV a solid is an insulator, or the value is Ea/2kT",
        "check the unit and the convention sigma ~ exp(-Ea/kT)",
        WARNING,
    ),
)


def _window_bounds(limit_V: float, what: str) -> tuple[Bound, ...]:
    return (
        Bound(0.0, 10.0, f"{what} lies between the metal itself (0 V) and 10 V", "give V against the metal"),
        Bound(
            0.0,
            limit_V,
            f"above {limit_V:g} V: elemental fluorine oxidises at about 6 V, so the limit is kinetic or an artefact",
            "check the reference electrode, or keep it as a kinetic limit",
            WARNING,
        ),
    )


_LOW_BOUNDS = _window_bounds(REDUCTION_LIMIT.upper, "the reduction limit")
_HIGH_BOUNDS = _window_bounds(OXIDATION_LIMIT.upper, "the oxidation limit")
_DOI = r"10\.\d{4,9}/\S+"

_ALL = (
    Field("formula", "composition as written; amounts may be decimals"),
    Field("mobile_ion", "the ion that conducts", choices=MOBILE_IONS),
    Field("family", "structural or chemical family", choices=FAMILIES, choices_severity=WARNING),
    Field("state", "how the solid is ordered", choices=STATES, default="crystalline"),
    Field("structure_label", "space group, polymorph or phase as the source names it"),
    Field("temperature_C", "temperature of the measurement, Celsius", number=True, bounds=_TEMPERATURE_BOUNDS),
    Field(
        "temperature_stated",
        "exact: a number in the source; rt: `room temperature`, entered as 25",
        choices=("exact", "rt"),
        choices_severity=WARNING,
        default="exact",
        default_needs="temperature_C",
    ),
    Field("conductivity_S_cm", "ionic conductivity, S/cm", number=True, bounds=_CONDUCTIVITY_BOUNDS),
    Field(
        "conductivity_relation",
        f"{BELOW}: the conductivity lies below conductivity_S_cm, which may be typed as <1e-10; blank: it is the value",
        choices=(BELOW,),
    ),
    Field(
        "conductivity_kind",
        "which part of the impedance; grain_boundary is no material conductivity",
        choices=CONDUCTIVITY_KINDS,
        default="unspecified",
        default_needs="conductivity_S_cm",
    ),
    Field(
        "method",
        "how it was measured or computed",
        choices=METHODS,
        choices_severity=WARNING,
        default="unspecified",
    ),
    Field("activation_energy_eV", "Arrhenius energy, eV, sigma ~ exp(-Ea/kT)", number=True, bounds=_ENERGY_BOUNDS),
    Field("window_low_V", "reduction limit, V against the metal", number=True, bounds=_LOW_BOUNDS),
    Field("window_high_V", "oxidation limit, V against the metal", number=True, bounds=_HIGH_BOUNDS),
    Field("window_method", "how the window was found", choices=WINDOW_METHODS, choices_severity=WARNING),
    Field(
        "transference_number",
        "fraction of the current that the mobile ion carries",
        number=True,
        bounds=(Bound(0.0, 1.0, "a transference number is a fraction", "divide a percentage by 100"),),
    ),
    Field(
        "ccd_mA_cm2",
        "critical current density, mA/cm2",
        number=True,
        bounds=(
            Bound(
                0.0,
                100.0,
                INTERFACE_QUANTITIES["ccd_mA_cm2"][3],
                "give mA/cm2: multiply A/cm2 by 1000, divide A/m2 by 10",
            ),
        ),
    ),
    Field(
        "relative_density_pct",
        "density over crystal density, percent",
        number=True,
        bounds=(
            Bound(
                1.5, 105.0, "a pellet is between a loose powder and its crystal density", "give percent, not a fraction"
            ),
            Bound(40.0, 100.5, "pressed powders start at 40 to 50 % of crystal density", "check the figure", WARNING),
        ),
    ),
    Field("processing", "synthesis and densification"),
    Field(
        "doi",
        "DOI of the source",
        pattern=_DOI,
        pattern_remedy="write the bare DOI, such as 10.1021/acs.jpcc.0c02523, and put other addresses into url",
    ),
    Field("url", "address of the source where it has no DOI, or of the page that was read"),
    Field(
        "year",
        "year of publication",
        number=True,
        bounds=(
            Bound(
                1850.0,
                date.today().year + 1.0,
                "Faraday and Kohlrausch start the subject; next year's papers are not out",
                "give a four-digit year",
            ),
        ),
    ),
    Field("note", "what a reader must know about the row"),
    Field(
        "quality",
        "A: measured, DOI, exact temperature; B: measured, traceable; C: doubtful, see note; computed: simulated",
        choices=QUALITIES,
        default="B",
    ),
    # glass table
    Field("sciglass_id", "paper/glass in SciGlass", pattern=r"\d+/\d+", pattern_remedy="paper number/glass number"),
    Field("author", "first author in SciGlass"),
    # hybrid table
    Field("polymer", "polymer or polymer blend"),
    Field(
        "polymer_smiles",
        "repeat unit with [*] at both ends",
        pattern=r"[^*]*\[\*\][^*]*\[\*\][^*]*",
        pattern_remedy="mark the two ends of the repeat unit with [*], such as [*]CCO[*]",
    ),
    Field("salt", "salt, or none"),
    Field(
        "salt_loading",
        "amount of salt in salt_loading_unit",
        number=True,
        bounds=(Bound(0.0, 1000.0, "a loading is not negative", "check the figure and its unit"),),
    ),
    Field("salt_loading_unit", "unit of salt_loading", choices=LOADING_UNITS, choices_severity=WARNING),
    Field("filler", "solid filler, formula or name"),
    Field(
        "filler_wt_pct",
        "filler in percent of the whole by weight",
        number=True,
        bounds=(Bound(0.0, 100.0, "a weight percentage lies between 0 and 100", "give percent of the whole"),),
    ),
    Field("plasticizer", "solvent, ionic liquid or plasticiser"),
    Field("class", "kind of hybrid", choices=HYBRID_CLASSES),
    # interface table
    Field("electrolyte_formula", "electrolyte, formula or name"),
    Field("counterpart", "what it is in contact with"),
    Field("quantity", "what was measured", choices=tuple(INTERFACE_QUANTITIES)),
    Field("value", "the number, or the products of a decomposition"),
    Field("unit", "unit of value"),
    Field("modification", "coating, interlayer or treatment"),
    # windows table
    Field(
        "energy_above_hull_eV_atom",
        "decomposition energy to the hull, eV/atom",
        number=True,
        bounds=(
            Bound(
                ENERGY_ABOVE_HULL.lower,
                ENERGY_ABOVE_HULL.upper,
                "an energy above the hull is not negative, and 5 eV/atom is a gas of atoms",
                "give eV/atom: divide meV by 1000",
            ),
            Bound(0.0, 1.0, "above 1 eV/atom nobody has made a solid", "a hypothetical or mistaken entry", WARNING),
        ),
    ),
    Field("reduction_limit_V", "thermodynamic reduction limit, V against the alkali", number=True, bounds=_LOW_BOUNDS),
    Field("oxidation_limit_V", "thermodynamic oxidation limit, V against the alkali", number=True, bounds=_HIGH_BOUNDS),
    Field(
        "competing_phases",
        "phases in the system that the limits were found against",
        number=True,
        bounds=(Bound(0.0, 1e6, "a count is not negative", "leave it out"),),
    ),
)
FIELDS: dict[str, Field] = {field.name: field for field in _ALL}
