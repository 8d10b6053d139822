"""What physics lets a measurement be: ceilings, prefactors, and where a solid is none any more."""

import numpy as np
import pandas as pd

from ...models.physics import BOLTZMANN_EV, arrhenius_decades, kelvin
from .columns import compositions, contains, is_censored, is_computed, number, text

# Best Na+ and Li+ solids reach 0.03 to 0.04 S/cm at 25 C (10.1038/s41467-019-13178-2, 10.1126/science.add7138); a
# ceiling three times higher that rises with 0.1 eV, the lowest energy of good conductors, is above all of them.
CEILING_25C_S_CM = 0.1
CEILING_ENERGY_EV = 0.1
UNBOUNDED_IONS = ("Ag", "Cu")  # alpha-AgI and RbAg4I5 are far above: 0.2 S/cm at 25 C, 1.3 S/cm at 147 C
# sigma*T = A*exp(-Ea/kT): carriers (1e22 cm-3) hopping 0.3 nm at 1e13 Hz give A = 1e4.5 K S/cm; migration entropy and
# Meyer-Neldel compensation spread it over these decades.
PREFACTOR_DECADES = (-2.0, 10.0)
ROOM_C = (15.0, 35.0)
# Where glasses soften: alkali silicates and borates at 400 to 550 C, alkali thio- and halide glasses at 150 to 350 C.
OXIDE_GLASS_LIMIT_C = 550.0
OTHER_GLASS_LIMIT_C = 350.0
# Where the crystalline members of a family have melted or decomposed (Na3OBr 255 C, NaNH2 210 C and LiBH4 275 C,
# Na2B12H12 580 C, Na3PS4 about 620 C, NaI 661 C; NaAlCl4 already at 157 C).
CRYSTAL_LIMIT_C = {
    "antiperovskite": 300.0,
    "hydride": 300.0,
    "borohydride_closo": 580.0,
    "sulfide": 620.0,
    "selenide": 600.0,
    "oxysulfide": 620.0,
    "halide": 660.0,
    "oxyhalide": 400.0,
}
POLYMER_LIMIT_C = 200.0  # PEO, PVDF-HFP and their salts degrade above; plasticisers boil off before


def not_kelvin(frame: pd.DataFrame) -> pd.Series:
    """298, 293.15 or 373.15 is what a Kelvin column holds; Celsius figures made from Kelvin end in .85."""
    temperature = number(frame, "temperature_C")
    ends_15 = (temperature >= 273.15) & np.isclose(temperature % 1.0, 0.15, atol=1e-6)
    return ~(ends_15 | temperature.isin([293.0, 295.0, 296.0, 298.0, 303.0]))


def room_is_room(frame: pd.DataFrame) -> pd.Series:
    """A temperature given as room temperature (n,) lies near it."""
    return text(frame, "temperature_stated").ne("rt") | number(frame, "temperature_C").between(*ROOM_C)


def _above_absolute_zero(frame: pd.DataFrame) -> pd.Series:
    temperature = number(frame, "temperature_C")
    return temperature.where(temperature > -200.0)


def below_ceiling(frame: pd.DataFrame) -> pd.Series:
    """No conductivity (n,) above what the best solids reach at that temperature."""
    temperature = _above_absolute_zero(frame).to_numpy()
    with np.errstate(invalid="ignore"):
        ceiling = CEILING_25C_S_CM * 10.0 ** (CEILING_ENERGY_EV * arrhenius_decades(temperature, 25.0))
    excess = number(frame, "conductivity_S_cm") > ceiling
    return ~excess | text(frame, "mobile_ion").isin(UNBOUNDED_IONS) | is_computed(frame)


def prefactor_plausible(frame: pd.DataFrame) -> pd.Series:
    """Conductivity and energy (n,) give a prefactor that hopping ions can have."""
    temperature_K = kelvin(_above_absolute_zero(frame).to_numpy())
    conductivity = number(frame, "conductivity_S_cm").mask(is_censored(frame))
    energy = number(frame, "activation_energy_eV")
    decades = np.log10(conductivity.where(conductivity > 0) * temperature_K)
    decades = decades + energy / (np.log(10.0) * BOLTZMANN_EV * temperature_K)
    return decades.isna() | decades.between(*PREFACTOR_DECADES)


def solid(frame: pd.DataFrame) -> pd.Series:
    """Below the temperature where a glass softens, a crystal of the family melts, or a polymer degrades."""
    temperature = number(frame, "temperature_C")
    if "polymer" in frame:
        return ~(temperature > POLYMER_LIMIT_C)
    limit = text(frame, "family").map(CRYSTAL_LIMIT_C)
    glassy = text(frame, "state").isin(["glass", "amorphous"])
    if glassy.any():
        oxide = contains(compositions(frame["formula"]), pd.Series(["O"] * len(frame)))
        softens = np.where(oxide, OXIDE_GLASS_LIMIT_C, OTHER_GLASS_LIMIT_C)
        limit = limit.where(~glassy, pd.Series(softens, index=frame.index))
    return ~(temperature > limit)
