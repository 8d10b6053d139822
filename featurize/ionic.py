"""Features in the field's own terms: mobile ion, anions, framework cations, charge balance, sizes, cluster anions.

Every column is continuous in composition: an atomic fraction x of a new element moves it by O(x). That is why states
come from `smooth_valence`, means carry a small prior, spreads are squared deviations, extremes are soft and clusters
are matched by ratios of amounts. What the columns stand for, and who reasons with them:

- mobile-ion content and vacancies, aliovalent substitution: J. B. Goodenough et al., Mater. Res. Bull. 11, 203 (1976),
  https://doi.org/10.1016/0025-5408(76)90077-5; size and charge of the NASICON framework: M. Guin, F. Tietz,
  J. Power Sources 273, 1056 (2015), https://doi.org/10.1016/j.jpowsour.2014.09.137
- polarisable anions and soft lattices: M. A. Kraft et al., J. Am. Chem. Soc. 139, 10909 (2017),
  https://doi.org/10.1021/jacs.7b06327; what governs ion transport: J. C. Bachman et al., Chem. Rev. 116, 140 (2016),
  https://doi.org/10.1021/acs.chemrev.5b00563
- field strength, charge / (cation + anion radius)^2: A. Dietzel, Z. Elektrochem. 48, 9 (1942)
- bond ionicity 1 - exp(-(difference of electronegativities)^2 / 4): L. Pauling, The Nature of the Chemical Bond (1960)
- radii: R. D. Shannon, Acta Cryst. A32, 751 (1976), https://doi.org/10.1107/S0567739476001551
- anion polarisabilities: L. Pauling, Proc. R. Soc. A 114, 181 (1927), https://doi.org/10.1098/rspa.1927.0035
- closo-borate and carborate cluster ions: M. Brighi et al., Cell Rep. Phys. Sci. 1, 100217 (2020),
  https://doi.org/10.1016/j.xcrp.2020.100217
"""

from __future__ import annotations

from functools import cache

import numpy as np

from .composition import CompositionBatch
from .elements import INDEX, N_ELEMENTS, SYMBOLS
from .radii import electronegativity, element_record
from .roles import FRAMEWORK_PRIOR, PRIOR, IonRoles, check_mobile_ion
from .transformer import CompositionTransformer

# Rows worked on together: their entries stay in a core's cache.
CHUNK = 4096
ANIONS = ("H", "N", "O", "F", "S", "Cl", "Se", "Br", "I")
FRAMEWORK_ELEMENTS = ("B", "Al", "Si", "P", "Ge", "Zr", "Sb")
# Polarisabilities of free anions, cubic angstrom (Pauling 1927). N, P, As and Sb are carried on along their
# isoelectronic series (N : O = O : F); the tetrels, boron and anionic metals are set to the scale's end.
POLARISABILITIES = {
    "F": 1.04,
    "O": 3.88,
    "N": 14.5,
    "Cl": 3.66,
    "S": 10.2,
    "P": 28.4,
    "Br": 4.77,
    "Se": 10.5,
    "As": 23.1,
}
POLARISABILITIES |= {"I": 7.10, "Te": 14.0, "Sb": 27.6, "H": 10.1}
MOST_POLARISABLE = 30.0
# What a mean is drawn to where there is (almost) nothing to average: a sodium ion in an oxide of four-valent cations.
TYPICAL_MOBILE = {"charge": 1.0, "radius": 1.02, "electronegativity": 0.93}
TYPICAL_ANION = {"radius": 1.40, "electronegativity": 3.44, "polarisability": 3.88, "charge": 2.0, "mass": 16.0}
TYPICAL_CATION = {"charge": 4.0, "radius": 0.6, "electronegativity": 1.7, "field_strength": 1.0, "mass": 50.0}
# Softness of the soft extremes: values this far apart count as e-fold different.
SOFTNESS = {"charge": 2.0, "radius": 0.3, "electronegativity": 0.4, "field_strength": 0.5}
# Radii in angstrom (six-coordinate) where tetrahedral cations end and large, eight-coordinate ones begin.
TETRAHEDRAL_BELOW, LARGE_ABOVE, RADIUS_WIDTH = 0.50, 0.85, 0.04
CLUSTER_ELEMENTS = ("H", "B", "C", "N", "O", "S", "P", "Si", "Se")
# Cluster anions by the ratio of ligand to centre atoms.
CLUSTERS = {
    "carborane": ("C", "B", 10),
    "closo_borane": ("B", "H", 1),
    "borohydride": ("B", "H", 4),
    "amide": ("N", "H", 2),
    "hydroxide": ("O", "H", 1),
    "thiophosphate": ("P", "S", 4),
    "phosphate": ("P", "O", 4),
    "silicate": ("Si", "O", 4),
}


class IonicFeatures(CompositionTransformer):
    """Mobile-ion, anion, framework, charge, size and cluster features of compositions.

    Parameters
    ----------
    mobile_ion : str, default "auto"
        Symbol of the ion that moves. With "auto" it is Na where there is Na, else Li, K, Ag or another ion known to
        move, the role being shared smoothly where several compete (`roles.MOBILE_WEIGHTS`).
    dtype : {"float64", "float32"}
        What the matrix is stored in; all work is done in float64.

    See Also
    --------
    ContinuousMagpieFeatures : element statistics without roles.
    describe_ionic_features : what each column means, with its unit.

    Notes
    -----
    Means over a role are drawn towards a typical ion by a few per cent of an atom per atom (`roles.PRIOR`), which keeps
    them defined and smooth where the role is empty. Squared deviations, not standard deviations, measure spread: the
    latter rise with the square root of a dopant's amount.

    Examples
    --------
    >>> features = IonicFeatures()
    >>> table = features.fit_transform(["Na3Zr2Si2PO12", "Na3PS4"])
    >>> names = features.get_feature_names_out().tolist()
    >>> table[:, names.index("mobile_ion_fraction")].round(3).tolist()
    [0.15, 0.375]
    >>> table[:, names.index("anion_polarisability_mean")].round(2).tolist()
    [3.88, 9.96]
    """

    def __init__(self, mobile_ion: str = "auto", dtype: str = "float64"):
        self.mobile_ion = mobile_ion
        self.dtype = dtype

    def feature_names(self) -> list[str]:
        """Names of the columns, the same for every mobile ion."""
        check_mobile_ion(self.mobile_ion)
        return list(describe_ionic_features())

    def continuous_features(self) -> np.ndarray:
        """All True: no column jumps."""
        return np.ones(len(self.feature_names()), dtype=bool)

    def compute(self, batch: CompositionBatch) -> np.ndarray:
        """Compute the columns for a batch, shape (n, p); NaN in unreadable rows."""
        if np.dtype(self.dtype).kind != "f":
            raise ValueError(f"dtype must be 'float64' or 'float32', got {self.dtype!r}")
        names = self.feature_names()
        out = np.full((len(batch), len(names)), np.nan, dtype=self.dtype)
        for start in range(0, len(batch), CHUNK):
            fractions = batch.fractions[start : start + CHUNK]
            readable = np.flatnonzero(np.diff(fractions.indptr))
            if readable.size < fractions.shape[0]:
                fractions = fractions[readable]
            if readable.size:
                columns = ionic_columns(IonRoles.of(fractions, self.mobile_ion))
                out[start + readable] = np.column_stack([columns[name] for name in names])
        return out


def ionic_columns(roles: IonRoles) -> dict[str, np.ndarray]:
    """Compute every ionic feature.

    Parameters
    ----------
    roles : IonRoles
        n compositions, none empty.

    Returns
    -------
    dict of str to numpy.ndarray of shape (n,)
        Keys as in `describe_ionic_features`.
    """
    out: dict[str, np.ndarray] = {}
    _mobile(roles, out)
    _anions(roles, out)
    _framework(roles, out)
    _charge_balance(roles, out)
    _bonds_and_sizes(roles, out)
    _clusters(roles, out)
    return out


def _mobile(roles: IonRoles, out: dict[str, np.ndarray]) -> None:
    mobile, valence = roles.mobile, roles.valence
    amount, anion, framework = (roles.total(part) for part in (mobile, roles.anion, roles.framework))
    out["mobile_ion_fraction"] = amount
    out["anion_fraction"] = anion
    out["framework_cation_fraction"] = framework
    out["mobile_ion_per_anion"] = (amount + PRIOR) / (anion + PRIOR)
    out["mobile_ion_per_framework_cation"] = (amount + FRAMEWORK_PRIOR) / (framework + FRAMEWORK_PRIOR)
    carried = roles.total(mobile * valence.cation_charge)
    out["mobile_ion_charge_share"] = carried / (carried + roles.total(roles.framework * valence.cation_charge) + PRIOR)
    properties = {"charge": valence.cation_charge, "radius": valence.cation_radius}
    properties["electronegativity"] = _of_elements(roles, "electronegativity")
    for name, values in properties.items():
        out[f"mobile_ion_{name}"] = roles.mean(mobile, values, TYPICAL_MOBILE[name])


def _anions(roles: IonRoles, out: dict[str, np.ndarray]) -> None:
    anion, total = roles.anion, out["anion_fraction"] + PRIOR
    properties = ("electronegativity", "polarisability", "mass")
    sums = roles.total_of_elements(anion, _element_table(ANIONS, properties))
    left = out["anion_fraction"] / total
    different = left**2
    for symbol, amount in zip(ANIONS, sums, strict=False):
        share = amount / total
        out[f"anion_share_{symbol}"] = share
        left = left - share
        different = different - share**2
    out["anion_share_other"] = left
    out["anion_mixing"] = different - left**2
    for name, amount in zip(properties, sums[len(ANIONS) :], strict=True):
        out[f"anion_{name}_mean"] = (amount + PRIOR * TYPICAL_ANION[name]) / total
    for name, values in (("radius", roles.valence.anion_radius), ("charge", roles.valence.anion_charge)):
        mean = roles.mean(anion, values, TYPICAL_ANION[name])
        out[f"anion_{name}_mean"] = mean
        out[f"anion_{name}_variance"] = roles.total(anion * (values - mean[roles.row_of]) ** 2) / total


def _framework(roles: IonRoles, out: dict[str, np.ndarray]) -> None:
    framework, valence = roles.framework, roles.valence
    total, anion = out["framework_cation_fraction"] + FRAMEWORK_PRIOR, out["anion_fraction"] + PRIOR
    out["framework_cation_per_anion"] = out["framework_cation_fraction"] / anion
    distance = valence.cation_radius + out["anion_radius_mean"][roles.row_of]
    properties = {"charge": valence.cation_charge, "radius": valence.cation_radius}
    properties["electronegativity"] = _of_elements(roles, "electronegativity")
    properties["field_strength"] = valence.cation_charge / distance**2
    for name, values in properties.items():
        mean = roles.mean(framework, values, TYPICAL_CATION[name], FRAMEWORK_PRIOR)
        away = values - mean[roles.row_of]
        growth = np.exp(np.clip(away / SOFTNESS[name], -3.0, 3.0))
        high = roles.mean(framework, growth, 1.0, FRAMEWORK_PRIOR)
        low = roles.mean(framework, 1 / growth, 1.0, FRAMEWORK_PRIOR)
        out[f"framework_cation_{name}_mean"] = mean
        out[f"framework_cation_{name}_spread"] = roles.total(framework * away**2) / anion
        out[f"framework_cation_{name}_soft_maximum"] = mean + SOFTNESS[name] * np.log(high)
        out[f"framework_cation_{name}_soft_minimum"] = mean - SOFTNESS[name] * np.log(low)
    small = 1 / (1 + np.exp((valence.cation_radius - TETRAHEDRAL_BELOW) / RADIUS_WIDTH))
    large = 1 / (1 + np.exp((LARGE_ABOVE - valence.cation_radius) / RADIUS_WIDTH))
    out["tetrahedral_cation_per_anion"] = roles.total(framework * small) / anion
    out["large_cation_per_anion"] = roles.total(framework * large) / anion
    kinds = ("rare_earth", "transition_metal", "mass")
    sums = roles.total_of_elements(framework, _element_table(FRAMEWORK_ELEMENTS, kinds))
    for symbol, amount in zip(FRAMEWORK_ELEMENTS, sums, strict=False):
        out[f"{symbol}_per_anion"] = amount / anion
    rare, metal, mass = sums[len(FRAMEWORK_ELEMENTS) :]
    out["rare_earth_share"] = rare / total
    out["transition_metal_share"] = metal / total
    out["framework_cation_mass_mean"] = (mass + FRAMEWORK_PRIOR * TYPICAL_CATION["mass"]) / total


def _charge_balance(roles: IonRoles, out: dict[str, np.ndarray]) -> None:
    out["charge_balance_potential"] = roles.valence.potential
    out["charge_residual"] = roles.valence.residual
    out["charge_of_usual_states"] = roles.valence.tendency


def _bonds_and_sizes(roles: IonRoles, out: dict[str, np.ndarray]) -> None:
    mobile, anion = out["mobile_ion_electronegativity"], out["anion_electronegativity_mean"]
    framework = out["framework_cation_electronegativity_mean"]
    out["mobile_anion_ionicity"] = 1 - np.exp(-((mobile - anion) ** 2) / 4)
    out["framework_anion_ionicity"] = 1 - np.exp(-((framework - anion) ** 2) / 4)
    cubes = roles.anion * roles.valence.anion_radius**3
    cubes += (roles.mobile + roles.framework) * roles.valence.cation_radius**3
    out["ionic_volume_per_atom"] = 4 / 3 * np.pi * roles.total(cubes)
    out["mobile_ions_per_ionic_volume"] = out["mobile_ion_fraction"] / out["ionic_volume_per_atom"]
    out["framework_to_anion_radius"] = out["framework_cation_radius_mean"] / out["anion_radius_mean"]
    out["mobile_to_anion_radius"] = out["mobile_ion_radius"] / out["anion_radius_mean"]


def _clusters(roles: IonRoles, out: dict[str, np.ndarray]) -> None:
    sums = (roles.fractions @ _element_table(CLUSTER_ELEMENTS, ())).T
    amount: dict[str, np.ndarray] = dict(zip(CLUSTER_ELEMENTS, sums, strict=True))
    amount["S"] = amount["S"] + amount["Se"]  # selenophosphates count with the thiophosphates
    # Zero without boron, though H / B has no limit there.
    out["hydrogen_per_boron"] = amount["H"] * amount["B"] / (amount["B"] ** 2 + FRAMEWORK_PRIOR**2)
    for name, (centre, ligand, ratio) in CLUSTERS.items():
        need, have = ratio * amount[centre], amount[ligand]
        match = 2 * need * have / (need**2 + have**2 + PRIOR**2)
        out[f"{name}_match"] = match * (amount[centre] + have)


def _of_elements(roles: IonRoles, name: str) -> np.ndarray:
    """An element property for every entry, shape (m,)."""
    return _element_properties()[name].take(roles.fractions.indices)


@cache
def _element_table(symbols: tuple[str, ...], properties: tuple[str, ...]) -> np.ndarray:
    """Indicators of `symbols`, then `properties`, of every element: (N_ELEMENTS, k)."""
    indicators = np.zeros((N_ELEMENTS, len(symbols)))
    indicators[[INDEX[symbol] for symbol in symbols], np.arange(len(symbols))] = 1.0
    return np.column_stack([indicators, *(_element_properties()[name] for name in properties)])


@cache
def _element_properties() -> dict[str, np.ndarray]:
    electronegativities = np.array([electronegativity(symbol) for symbol in SYMBOLS])
    unknown = np.isnan(electronegativities)
    electronegativities[unknown] = electronegativities[~unknown].mean()
    rare = {"Sc", "Y", *SYMBOLS[56:71]}  # with La-Lu
    metals = {*SYMBOLS[21:30], *SYMBOLS[39:48], *SYMBOLS[71:80]}  # Ti-Zn, Zr-Cd, Hf-Hg
    return {
        "electronegativity": electronegativities,
        "polarisability": np.array([POLARISABILITIES.get(symbol, MOST_POLARISABLE) for symbol in SYMBOLS]),
        "mass": np.array([float(element_record(symbol)["Atomic mass"]) for symbol in SYMBOLS]),
        "rare_earth": np.array([float(symbol in rare) for symbol in SYMBOLS]),
        "transition_metal": np.array([float(symbol in metals) for symbol in SYMBOLS]),
    }


@cache
def describe_ionic_features() -> dict[str, str]:
    """What each column of `IonicFeatures` means, in column order.

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> describe_ionic_features()["framework_cation_radius_mean"]
    'mean Shannon radius of the framework cations, angstrom'
    """
    text = {
        "mobile_ion_fraction": "atomic fraction of the mobile ion",
        "mobile_ion_per_anion": "mobile ions per anion",
        "mobile_ion_per_framework_cation": "mobile ions per framework cation: interstitials above the parent's",
        "mobile_ion_charge_share": "share of the positive charge that the mobile ion carries",
        "mobile_ion_charge": "charge of the mobile ion, elementary charges",
        "mobile_ion_radius": "Shannon radius of the mobile ion, angstrom",
        "mobile_ion_electronegativity": "Pauling electronegativity of the mobile ion",
        "anion_fraction": "atomic fraction of anions",
    }
    text |= {f"anion_share_{symbol}": f"share of {symbol} among the anions" for symbol in ANIONS}
    text["anion_share_other"] = "share of all other elements among the anions"
    text["anion_mixing"] = "probability that two anions drawn at random differ"
    quantities = {
        "radius": ("Shannon radius", ", angstrom"),
        "charge": ("charge", ", elementary charges"),
        "electronegativity": ("Pauling electronegativity", ""),
        "polarisability": ("polarisability", ", cubic angstrom"),
        "mass": ("atomic mass", ", u"),
        "field_strength": ("field strength charge / (cation + anion radius)^2", ", elementary charges per angstrom^2"),
    }
    for name in ("radius", "charge", "electronegativity", "polarisability", "mass"):
        quantity, unit = quantities[name]
        text[f"anion_{name}_mean"] = f"mean {quantity} of the anions{unit}"
        if name in ("radius", "charge"):
            text[f"anion_{name}_variance"] = f"variance of the {quantity} of the anions (unit squared)"
    text["framework_cation_fraction"] = "atomic fraction of framework cations"
    text["framework_cation_per_anion"] = "framework cations per anion: condensation of the polyanions"
    for name in ("charge", "radius", "electronegativity", "field_strength"):
        quantity, unit = quantities[name]
        of = f"{quantity} of the framework cations{unit}"
        text[f"framework_cation_{name}_mean"] = f"mean {of}"
        text[f"framework_cation_{name}_spread"] = (
            f"squared deviations of the {quantity} of the framework cations per anion"
        )
        text[f"framework_cation_{name}_soft_maximum"] = f"soft maximum of the {of}"
        text[f"framework_cation_{name}_soft_minimum"] = f"soft minimum of the {of}"
    text["framework_cation_mass_mean"] = "mean atomic mass of the framework cations, u"
    text["tetrahedral_cation_per_anion"] = f"cations below {TETRAHEDRAL_BELOW} angstrom (network formers) per anion"
    text["large_cation_per_anion"] = f"framework cations above {LARGE_ABOVE} angstrom per anion"
    text["rare_earth_share"] = "share of Sc, Y and the lanthanides among the framework cations"
    text["transition_metal_share"] = "share of transition metals among the framework cations"
    text |= {f"{symbol}_per_anion": f"{symbol} cations per anion" for symbol in FRAMEWORK_ELEMENTS}
    text |= {
        "charge_balance_potential": "how unusual the states are: 0 usual, positive higher, negative lower",
        "charge_residual": "charge per atom that known states leave unbalanced, elementary charges",
        "charge_of_usual_states": "charge per atom if every element took its most frequent state, elementary charges",
        "mobile_anion_ionicity": "Pauling ionicity of the mobile ion-anion bond",
        "framework_anion_ionicity": "Pauling ionicity of the framework-anion bond",
        "ionic_volume_per_atom": "mean volume of the ions' spheres, cubic angstrom per atom",
        "mobile_ions_per_ionic_volume": "mobile ions per volume of all ions' spheres, per cubic angstrom",
        "framework_to_anion_radius": "ratio of the mean radii of framework cations and anions",
        "mobile_to_anion_radius": "ratio of the radii of the mobile ion and the mean anion",
        "hydrogen_per_boron": "H atoms per B atom: 4 in borohydrides, about 1 in closo-borates, 0 without boron",
    }
    for name, (centre, ligand, ratio) in CLUSTERS.items():
        text[f"{name}_match"] = (
            f"how well {centre} and {ligand} match {ratio} {ligand} per {centre}, times their fraction"
        )
    return text
