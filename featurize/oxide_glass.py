"""A glass as its makers see it: a batch of oxides, network formers and modifiers, bridging oxygens, mixed alkalis."""

from functools import cache

import numpy as np

from .composition import CompositionBatch
from .elements import INDEX, N_ELEMENTS
from .radii import electronegativity, shannon_radius
from .transformer import CompositionTransformer

# Charge of each cation in the oxide that a glass batch is reckoned in.
CHARGES: dict[str, int] = {
    symbol: charge
    for charge, symbols in {
        1: ("Li", "Na", "K", "Rb", "Cs", "Ag", "Tl", "Cu"),
        2: ("Be", "Mg", "Ca", "Sr", "Ba", "Zn", "Cd", "Pb", "Mn", "Co", "Ni"),
        3: (
            *("B", "Al", "Ga", "In", "Sc", "Y", "La", "Fe", "Cr", "As", "Sb", "Bi"),
            *("Pr", "Nd", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu"),
        ),
        4: ("Si", "Ge", "Sn", "Ti", "Zr", "Hf", "Ce", "Th", "U", "Te", "Se"),
        5: ("P", "V", "Nb", "Ta"),
        6: ("S", "Mo", "W"),
    }.items()
    for symbol in symbols
}
ALKALIS = ("Li", "Na", "K", "Rb", "Cs", "Ag")
# Zachariasen's network formers (10.1021/ja01349a006), with the conditional ones; those between former and modifier; all
# others are modifiers.
FORMERS = ("Si", "B", "P", "Ge", "Te", "V", "As", "Sb", "Mo", "W", "S", "Se")
INTERMEDIATES = ("Al", "Ga", "In", "Be", "Bi", "Fe", "Cr", "Ti", "Zr", "Hf", "Sn", "Nb", "Ta")
# Oxides with columns of their own; the others are too rare in measured glasses.
_OXIDES = (
    *("Li", "Na", "K", "Rb", "Cs", "Mg", "Ca", "Sr", "Ba", "Zn", "Cd", "Pb", "Mn", "Al", "Ga", "Y", "La", "Bi"),
    *("Fe", "Si", "Ge", "Sn", "Ti", "Zr", "Te", "B", "P", "V", "Nb", "Mo", "W"),
)
_NETWORKS = ("Si", "B", "P", "Ge", "Te")
_TETRAHEDRAL = ("Si", "Ge", "P", "Al", "Ga")
HALOGENS = ("F", "Cl", "Br", "I")
_ELECTRONIC = ("V", "Fe", "Cu", "Mn", "Co", "Ni", "Mo", "W", "Cr")
_ANION_RADII = {"O": 1.38, "F": 1.31, "Cl": 1.81, "Br": 1.96, "I": 2.20, "S": 1.84, "Se": 1.98}  # Shannon
# Amounts (of all atoms) below which a ratio over them says nothing.
_FEW = 1e-3
_TRACE = 1e-4
# Anions a former above which there is no network to speak of, as in a fluoride glass.
_MOST = 10.0


# In the order they are asked; the first that fits is taken.
KINDS = (
    *("chalcogenide", "halide", "oxyhalide", "borosilicate", "aluminosilicate", "silicate", "aluminoborate", "borate"),
    *("phosphate", "germanate", "tellurite", "other oxide"),
)
_HALF, _TENTH = 0.5, 0.1


class OxideGlassFeatures(CompositionTransformer):
    """What the field relates the conductivity of an ionic glass to.

    Mole fractions of the oxides; shares of network formers, intermediates and modifiers; oxygens a former and
    non-bridging oxygens (charge that bridges do not take up); alkali a bridging triangle of Al, Ga and B, whose
    tetrahedra hold alkali fast; four-coordinated boron by the rule N4 = min(R, 1/2 + K/16) of Dell, Bray and Xiao
    (J. Non-Cryst. Solids 58, 1 (1983)); optical basicity from electronegativities, Lambda = sum of equivalents over
    1.36 (X - 0.26) (Duffy and Ingram, J. Non-Cryst. Solids 21, 373 (1976)); the mixed-alkali term 1 - sum of R^2, for
    two alkalis 2 R (1 - R), alone and with the difference of the radii (Day, J. Non-Cryst. Solids 21, 343 (1976));
    field strength of the modifiers, as in the strain and binding energies of Anderson and Stuart (J. Am. Ceram. Soc.
    37, 573 (1954)); and the density of alkali ions on a scale of ionic volumes.

    All columns are continuous in the composition.

    Parameters
    ----------
    dtype : str
        Of the columns.

    Examples
    --------
    >>> features = OxideGlassFeatures()
    >>> table = features.fit_transform(["Na2Si3O7", "NaKSi3O7"])
    >>> columns = [features.feature_names().index(name) for name in ("oxide_Na", "glass_NBO", "glass_mixed_alkali")]
    >>> table[:, columns].round(2).tolist()
    [[0.25, 0.66, 0.0], [0.12, 0.66, 0.5]]
    """

    def __init__(self, dtype: str = "float64"):
        self.dtype = dtype

    def feature_names(self) -> list[str]:
        """Names of the columns."""
        return list(_names())

    def continuous_features(self) -> np.ndarray:
        """All True: no column jumps."""
        return np.ones(len(self.feature_names()), dtype=bool)

    def compute(self, batch: CompositionBatch) -> np.ndarray:
        """Compute the columns for a batch, shape (n, p); NaN in unreadable rows."""
        out = np.column_stack(list(_columns(batch).values())).astype(self.dtype)
        out[~batch.is_readable] = np.nan
        return out


def glass_kinds(batch: CompositionBatch) -> np.ndarray:
    """Place (n,) int of each composition's kind of glass in `KINDS`; -1 for rows in error.

    Chalcogenide, halide: half of the anions and more; oxyhalide: a tenth and more. Of the oxides the network former
    with half of all formers names the kind; with a tenth of B beside Si (or of Al beside Si or B) the two together.

    Examples
    --------
    >>> batch = CompositionBatch.from_formulas(["Na2Si3O7", "Na2B2Si2O8", "Na3PS4", "Na2AlF5"])
    >>> [KINDS[code] for code in glass_kinds(batch)]
    ['silicate', 'borosilicate', 'chalcogenide', 'halide']
    """
    columns = _columns(batch)
    halogen = sum(columns[f"glass_anion_{s}"] for s in HALOGENS)
    chalcogen = columns["glass_anion_chalcogen"]
    share = {s: columns[f"glass_share_{s}"] for s in _NETWORKS}
    silicate, borate = share["Si"] >= _HALF, share["B"] >= _HALF
    with np.errstate(invalid="ignore"):
        aluminous = columns["oxide_Al"] >= _TENTH * columns["glass_former_oxide"]
    rules = (
        chalcogen >= _HALF,
        halogen >= _HALF,
        halogen >= _TENTH,
        (share["Si"] + share["B"] >= _HALF) & (np.minimum(share["Si"], share["B"]) >= _TENTH),
        silicate & aluminous,
        silicate,
        borate & aluminous,
        borate,
        share["P"] >= _HALF,
        share["Ge"] >= _HALF,
        share["Te"] >= _HALF,
        np.ones(len(batch), dtype=bool),
    )
    return np.where(batch.is_readable, np.argmax(np.vstack(rules), axis=0), -1)


@cache
def _names() -> tuple[str, ...]:
    return tuple(_columns(CompositionBatch.from_formulas(["Na2Si3O7"])))


def _columns(batch: CompositionBatch) -> dict[str, np.ndarray]:
    """Every column by name, each (n,)."""
    fractions = batch.fractions.toarray()

    def total(*symbols: str) -> np.ndarray:
        return fractions[:, [INDEX[s] for s in symbols]].sum(axis=1)

    oxygen, halogen = total("O"), total(*HALOGENS)
    # Sulfur that oxygen surrounds is the centre of a sulfate, else an anion; between three and four oxygens both.
    sulfate = np.clip(oxygen - 3.0 * total("S"), 0.0, total("S"))
    cations = fractions.copy()
    cations[:, INDEX["S"]] = sulfate
    cations[:, INDEX["Se"]] = np.where(oxygen > 0, np.minimum(total("Se"), oxygen / 3.0), 0.0)
    chalcogen = total("S", "Se") - cations[:, INDEX["S"]] - cations[:, INDEX["Se"]]
    anions = oxygen + halogen + chalcogen + total("N") + _TRACE

    def of(*symbols: str) -> np.ndarray:
        return cations[:, [INDEX[s] for s in symbols]].sum(axis=1)

    per_oxide, charge, radius, hardness = _tables()
    moles = cations * per_oxide
    batch_moles = moles.sum(axis=1) + _TRACE

    def share(symbols: tuple[str, ...]) -> np.ndarray:
        return moles[:, [INDEX[s] for s in symbols]].sum(axis=1) / batch_moles

    modifiers = tuple(s for s in CHARGES if s not in (*FORMERS, *INTERMEDIATES, *ALKALIS))
    columns = {f"oxide_{s}": share((s,)) for s in _OXIDES}
    kinds = {"alkali": ALKALIS, "former": FORMERS, "intermediate": INTERMEDIATES, "modifier": modifiers}
    columns |= {f"glass_{kind}_oxide": share(symbols) for kind, symbols in kinds.items()}

    alkali = of(*ALKALIS) + _TRACE
    parts = cations[:, [INDEX[s] for s in ALKALIS]] / alkali[:, None]
    sizes = radius[[INDEX[s] for s in ALKALIS]]
    size = parts @ sizes
    mixing = 1.0 - (parts**2).sum(axis=1)
    columns["glass_largest_alkali_share"] = parts.max(axis=1)
    columns["glass_mixed_alkali"] = mixing
    columns["glass_alkali_radius"] = size
    columns["glass_mixed_alkali_size"] = mixing * np.sqrt(np.maximum(parts @ sizes**2 - size**2, 0.0))

    loose = [INDEX[s] for s in (*ALKALIS, *modifiers)]
    networks, tri = of(*FORMERS) + _FEW, of("Al", "Ga")
    vertices = networks + tri
    modifying = cations[:, loose] @ charge[loose]
    columns["glass_basicity"] = (cations @ (charge * hardness)) / (cations @ charge + _TRACE)
    unbridged = 2.0 * (oxygen + chalcogen) + halogen - 4.0 * of(*_TETRAHEDRAL) - 3.0 * of("B")
    ratios = {"anions_per_former": anions, "oxygens_per_former": oxygen, "NBO": unbridged}
    ratios["free_charge"] = modifying - tri
    columns |= {f"glass_{name}": np.clip(value / vertices, -_MOST, _MOST) for name, value in ratios.items()}
    columns["glass_Al_per_alkali"] = tri / (alkali + tri)
    columns["glass_B_per_alkali"] = of("B") / (alkali + of("B"))
    boron = of("B") + _TRACE
    four = np.minimum(np.maximum(modifying - tri, 0.0) / boron, 0.5 + 2.0 * of("Si") / boron / 16.0)
    columns["glass_four_coordinated_B"] = np.minimum(four, 1.0) * of("B")
    kinds_share = np.column_stack([of(s) / networks for s in _NETWORKS])
    columns |= {f"glass_share_{s}": kinds_share[:, i] for i, s in enumerate(_NETWORKS)}
    columns["glass_mixed_former"] = 1.0 - (kinds_share**2).sum(axis=1)
    columns |= {f"glass_anion_{s}": total(s) / anions for s in HALOGENS}
    columns["glass_anion_chalcogen"] = chalcogen / anions
    columns["glass_anion_N"] = total("N") / anions
    columns["glass_hydrogen"] = total("H")
    columns["glass_alkali_per_anion"] = alkali / anions
    modifier = of(*modifiers)
    places = [INDEX[s] for s in modifiers]
    columns["glass_modifier_per_alkali"] = modifier / (alkali + modifier)
    columns["glass_modifier_radius"] = cations[:, places] @ radius[places] / (modifier + _FEW)
    columns["glass_modifier_field"] = cations[:, places] @ (charge / (radius + _ANION_RADII["O"]) ** 2)[places]
    anion_volume = sum(total(s) * r**3 for s, r in _ANION_RADII.items())
    columns["glass_log_alkali_density"] = np.log10(alkali / (anion_volume + cations @ radius**3 + _TRACE))
    columns["glass_transition_metals"] = of(*_ELECTRONIC)
    return columns


@cache
def _tables() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """By element (118,): oxide units a cation, charge, radius in angstrom, optical basicity; zero for no cation."""
    per_oxide, charge, radius, basicity = np.zeros((4, N_ELEMENTS))
    for symbol, state in CHARGES.items():
        place = INDEX[symbol]
        per_oxide[place] = 0.5 if state % 2 else 1.0
        charge[place] = state
        radius[place] = shannon_radius(symbol, state, 4 if symbol in FORMERS or symbol in ("Al", "Ga", "Be") else 6)
        basicity[place] = 1.0 / (1.36 * (electronegativity(symbol) - 0.26))
    return per_oxide, charge, radius, basicity
