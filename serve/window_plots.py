"""Plots of phase equilibria: decomposition energy against voltage, and reaction energy against mixing ratio."""

import re
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by colour-blind readers.
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# Steps narrower than this share of the axis are not labelled.
_LABELLED = 0.04


def energy_voltage_plot(profile: pd.DataFrame) -> "Figure":
    """Decomposition energy of a composition at every voltage, its window shaded and the products of every step named.

    Parameters
    ----------
    profile : DataFrame
        As `ionscout.serve.window.voltage_profile` gives it.
    """
    from matplotlib.figure import Figure

    formula, alkali = profile.attrs["formula"], profile.attrs["alkali"]
    voltages = np.append(profile["voltage_from_V"], profile["voltage_to_V"].iloc[-1])
    energies = np.append(
        profile["decomposition_energy_from_eV_atom"], profile["decomposition_energy_to_eV_atom"].iloc[-1]
    )
    above = float(energies.max())
    stable = profile["uptake"].abs().lt(1e-9).to_numpy()
    figure = Figure(figsize=(9.5, 5.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(voltages, energies, color=OKABE_ITO[0], marker="o", markersize=3)
    for step in np.flatnonzero(stable):
        low, high = float(voltages[step]), float(voltages[step + 1])
        label = f"window {low:.2f} to {high:.2f} V" + ("" if energies[step] > -1e-6 else " (above the hull)")
        axes.axvspan(low, high, color=OKABE_ITO[2], alpha=0.18, label=label)
    bottom = min(1.18 * float(energies.min()), -0.05)
    width = float(voltages[-1] - voltages[0])
    labels = []
    for step, (products, uptake) in enumerate(zip(profile["products"], profile["uptake"], strict=True)):
        low, high = float(voltages[step]), float(voltages[step + 1])
        axes.axvline(low, color="#999999", linewidth=0.5, alpha=0.6)
        exchanged = "" if abs(uptake) < 1e-9 else f"   ({uptake:+.3g} {alkali})".replace("-", "−")
        labels.append(f"{step + 1}  {low:.2f} to {high:.2f} V:  {typeset(products)}{exchanged}")
        if high - low > _LABELLED * width:
            axes.text(0.5 * (low + high), 0.97 * bottom, str(step + 1), ha="center", fontsize=8, color="#444444")
    axes.set(
        xlim=(voltages[0], voltages[-1]),
        ylim=(bottom, -0.06 * bottom),
        xlabel=f"Voltage (V vs {alkali}⁺/{alkali})",
        ylabel="Decomposition energy (eV/atom)",
        title=f"{typeset(formula)} against {alkali}"
        + (f", {-above:.3f} eV/atom above the hull" if above < -1e-6 else ""),
    )
    if stable.any():
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 0.06), fontsize=8, frameon=False)
    axes.grid(alpha=0.25)
    figure.text(1.0, 0.5, "\n".join(labels), fontsize=7.5, va="center", ha="left")
    _make_room(figure, labels)
    return figure


def reaction_energy_plot(reactions: pd.DataFrame) -> "Figure":
    """Reaction energy of pairs along the mixing ratio, the lowest point of each named.

    Parameters
    ----------
    reactions : DataFrame
        As `ionscout.interface(..., every_ratio=True)` gives it; rows with an error are left out.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 5.2), layout="constrained")
    axes = figure.subplots()
    colours = cycle(OKABE_ITO)
    labels: list[str] = []
    usable = reactions[reactions["error"].isna()]
    for (electrolyte, electrode), pair in usable.groupby(["electrolyte", "electrode"], sort=False):
        colour = next(colours)
        x, y = pair["electrolyte_fraction"].to_numpy(), pair["reaction_energy_eV_atom"].to_numpy()
        name = f"{typeset(str(electrolyte))} / {typeset(str(electrode))}"
        axes.plot(x, y, color=colour, marker="o", markersize=4, label=name)
        worst: Any = pair.loc[pair["reaction_energy_eV_atom"].idxmin()]
        if worst["reaction_energy_eV_atom"] < 0:
            axes.scatter(
                [worst["electrolyte_fraction"]], [worst["reaction_energy_eV_atom"]], s=60, color=colour, zorder=3
            )
            labels.append(f"{worst['reaction_energy_eV_atom']:.3f} eV/atom: {typeset(worst['reaction'])}")
    axes.axhline(0, color="#999999", linewidth=0.8)
    axes.set(
        xlim=(0, 1),
        xlabel="Share of the electrolyte in all atoms of the pair",
        ylabel="Reaction energy (eV/atom)",
        title="\n".join(labels) if len(labels) <= 3 else "",
    )
    axes.title.set_fontsize(9)
    if len(usable):
        axes.legend(fontsize=8, frameon=False)
    axes.grid(alpha=0.25)
    return figure


def typeset(text: str) -> str:
    """Formulas and reactions in matplotlib's math text: amounts behind a symbol or bracket are subscripts.

    Examples
    --------
    >>> typeset("NaCl → 0.5 Cl2 + Na0.5ZrCl4")
    'NaCl → 0.5 Cl$_{2}$ + Na$_{0.5}$ZrCl$_{4}$'
    """
    return re.sub(r"(?<=[A-Za-z)\]])(\d+\.?\d*)", r"$_{\1}$", text)


def _make_room(figure: "Figure", labels: list[str]) -> None:
    width, height = figure.get_size_inches()
    longest = max(len(label.replace("$", "").replace("_{", "").replace("}", "")) for label in labels)
    room = 0.062 * longest
    figure.set_size_inches(width + room, max(height, 0.17 * len(labels)))
    figure.get_layout_engine().set(rect=(0, 0, width / (width + room), 1))  # type: ignore[union-attr]
    figure.texts[-1].set_x(width / (width + room) + 0.005)
