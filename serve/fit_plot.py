"""The Arrhenius plot of temperature runs, with the fits drawn through."""

from typing import TYPE_CHECKING

import numpy as np

from ..models.physics import BOLTZMANN_EV, ZERO_CELSIUS_K, kelvin
from ..training.data.columns import number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

# Okabe and Ito's colours, told apart by colour-blind readers; markers repeat what they say.
_STYLES = tuple(
    zip(
        ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999"),
        "osD^vPX*",
        strict=True,
    )
)


def fit_plot(rows: "pd.DataFrame", fits: "pd.DataFrame", run: "pd.Series") -> "Figure":
    """log10 conductivity against 1000/T: points with error bars, Arrhenius lines solid, VTF curves dashed.

    Parameters
    ----------
    rows, fits, run
        Of a `Conversion`. The first eight samples are drawn; the title says how many there are.

    Raises
    ------
    ValueError
        If no sample was fitted.
    """
    from matplotlib.figure import Figure

    if fits.empty:
        raise ValueError("there is no fit to plot: no sample has conductivities at two temperatures")
    figure = Figure(figsize=(7.5, 5.5), layout="constrained")
    axes = figure.subplots()
    for (place, fit), (colour, marker) in zip(fits.iterrows(), _STYLES, strict=False):
        own = rows[run.to_numpy() == place]
        inverse = 1000.0 / kelvin(number(own, "temperature_C").to_numpy())
        sigma = own["conductivity_S_cm"].to_numpy(dtype=float)
        sd = number(own, "conductivity_sd_S_cm").fillna(0.0).to_numpy() / sigma / np.log(10.0)
        axes.errorbar(inverse, np.log10(sigma), yerr=sd, fmt=marker, color=colour, markersize=5, capsize=2)
        across = kelvin(np.linspace(fit["temperature_min_C"], fit["temperature_max_C"], 200))
        energy = fit["activation_energy_eV"]
        line = fit["log10_prefactor"] - energy / (BOLTZMANN_EV * across * np.log(10.0))
        said = f"{_name(fit)}: {energy:.3f}{_reach(fit, 'activation_energy_eV')} eV"
        axes.plot(1000.0 / across, line, color=colour, linewidth=1.2, label=said)
        if fit["better"] == "vtf":
            bent = fit["vtf_log10_prefactor"] - fit["vtf_B_K"] / (across - fit["vtf_T0_K"]) / np.log(10.0)
            said = f"VTF (better): B {fit['vtf_B_K']:.0f} K, T0 {fit['vtf_T0_K']:.0f} K"
            axes.plot(1000.0 / across, bent, color=colour, linewidth=1.2, linestyle="--", label=said)
    axes.set(xlabel="1000 / T (1/K)", ylabel="log10 conductivity (S/cm)")
    more = f", the first {len(_STYLES)} shown" if len(fits) > len(_STYLES) else ""
    axes.set_title(f"{len(fits)} samples{more}; Ea of ln σ = ln A − Ea/kT", fontsize=10)
    axes.legend(frameon=False, fontsize=8)
    axes.grid(alpha=0.3)
    celsius = axes.secondary_xaxis("top", functions=(_to_celsius, _from_celsius))
    celsius.set_xlabel("temperature (°C)")
    return figure


def _name(fit: "pd.Series") -> str:
    names = [str(fit[c]) for c in ("sample", "formula", "polymer", "salt") if c in fit and isinstance(fit[c], str)]
    return ", ".join(names) or "sample"


def _reach(fit: "pd.Series", name: str) -> str:
    half = (fit[f"{name}_upper"] - fit[f"{name}_lower"]) / 2
    return f" ± {half:.3f}" if np.isfinite(half) else ""


def _to_celsius(inverse: "ArrayLike") -> np.ndarray:
    return 1000.0 / np.maximum(np.asarray(inverse), 1e-9) - ZERO_CELSIUS_K


def _from_celsius(celsius: "ArrayLike") -> np.ndarray:
    return 1000.0 / (np.asarray(celsius) + ZERO_CELSIUS_K)
