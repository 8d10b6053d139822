"""Runs over temperature: which rows are one sample, the fits of each, and what follows for its rows."""

import numpy as np
import pandas as pd

from ...models.conductivity_fit import Parameter, arrhenius_fit, curved, vtf_fit
from .columns import number, text

# What tells one sample from another; a run over temperature is the rows that agree in all of these.
SAMPLE = (
    *("sample", "formula", "state", "structure_label", "conductivity_kind", "polymer", "salt", "salt_loading"),
    *("filler", "filler_wt_pct", "plasticizer"),
)


def fit_runs(rows: pd.DataFrame, temperature_C: pd.Series, interval: float = 0.9) -> tuple[pd.DataFrame, pd.Series]:
    """Arrhenius and VTF fits of every sample with two temperatures or more.

    Parameters
    ----------
    rows : DataFrame
        conductivity_S_cm and any of `SAMPLE`.
    temperature_C : Series
        Of the same index; NaN for rows to leave out.
    interval : float
        Confidence of the bounds.

    Returns
    -------
    fits : DataFrame
        One row a sample: what names it, points, temperature_min_C, temperature_max_C; activation_energy_eV and
        log10_prefactor (of A in S/cm; convention ln sigma = ln A - Ea/kT, that of the tables); the same with _sigmaT
        (of A in S K/cm; convention ln (sigma T) = ln A - Ea/kT); arrhenius_sd (decades); vtf_B_K, vtf_T0_K,
        vtf_log10_prefactor and vtf_sd (ln sigma = ln A - B/(T - T0), from three temperatures); AICc_arrhenius and
        AICc_vtf; `better`: arrhenius, vtf, or "" where points are too few to tell. _lower and _upper with parameters.
    run : Series of int
        Position in `fits` of each row, -1 for rows of no fit.

    Examples
    --------
    >>> rows = pd.DataFrame({"formula": "Na3PS4", "conductivity_S_cm": [2e-4, 6e-4, 1.5e-3]})
    >>> fits, run = fit_runs(rows, pd.Series([25.0, 60.0, 100.0]))
    >>> fits["activation_energy_eV"].round(3).tolist(), run.tolist()
    ([0.258], [0, 0, 0])
    """
    names = [name for name in SAMPLE if name in rows]
    key = pd.Series("", index=rows.index)
    for name in names:
        key += text(rows, name) + "\x1f"
    sigma = number(rows, "conductivity_S_cm")
    point = sigma.notna() & temperature_C.notna()
    temperatures = temperature_C[point].round(6).groupby(key[point]).nunique()
    point &= key.isin(temperatures.index[temperatures >= 2])
    run = pd.Series(-1, index=rows.index)
    if not point.any():
        return pd.DataFrame(), run
    sample, keys = pd.factorize(key[point])
    run[point] = sample
    values = temperature_C[point].to_numpy(np.float64), sigma[point].to_numpy(np.float64)
    grouped = temperature_C[point].groupby(sample)
    fits = rows.loc[~run.duplicated() & point, names].reset_index(drop=True)
    fits = fits.assign(points=grouped.size(), temperature_min_C=grouped.min(), temperature_max_C=grouped.max())
    for convention, times_T in (("", False), ("_sigmaT", True)):
        line = arrhenius_fit(*values, sample, times_T, interval)
        energy = "activation_energy_sigmaT_eV" if times_T else "activation_energy_eV"
        fits = fits.assign(**_named(energy, line.activation_energy_eV))
        fits = fits.assign(**_named(f"log10_prefactor{convention}", line.log10_prefactor))
        if not times_T:
            fits = fits.assign(arrhenius_sd=line.sd, AICc_arrhenius=line.AICc)
    return _with_curves(fits, *values, sample, temperatures.reindex(keys).to_numpy() >= 3, interval), run


def note_energies(rows: pd.DataFrame, fits: pd.DataFrame, run: pd.Series) -> None:
    """Put the activation energy of each sample, and in `note` how it was found, into its rows that give none."""
    blank = text(rows, "activation_energy_eV").str.strip().eq("") & (run >= 0)
    if not blank.any():
        return
    said = np.array(
        [
            f"Arrhenius fit of {fit['points']} points, {fit['temperature_min_C']:g} to {fit['temperature_max_C']:g} C"
            + ("; VTF fits better" if fit["better"] == "vtf" else "")
            for fit in fits.to_dict("records")
        ],
        dtype=object,
    )
    which = run[blank].to_numpy()
    energy = rows["activation_energy_eV"].copy() if "activation_energy_eV" in rows else pd.Series(np.nan, rows.index)
    energy[blank] = fits["activation_energy_eV"].to_numpy()[which]
    rows["activation_energy_eV"] = energy
    notes = [str(note) for note in text(rows, "note")]
    for place, fit in zip(np.flatnonzero(blank), which, strict=True):
        notes[place] = f"{notes[place]}; {said[fit]}".removeprefix("; ")
    rows["note"] = [note or None for note in notes]


def _with_curves(
    fits: pd.DataFrame,
    temperature_C: np.ndarray,
    sigma: np.ndarray,
    sample: np.ndarray,
    enough: np.ndarray,
    interval: float,
) -> pd.DataFrame:
    """The fits with VTF curves of samples `enough` (m,) and the verdict."""
    better = np.full(len(fits), "", dtype=object)
    if not enough.any():
        return fits.assign(better=better)
    inside, renumbered = enough[sample], np.cumsum(enough) - 1
    curve = vtf_fit(temperature_C[inside], sigma[inside], renumbered[sample[inside]], interval)
    columns = {
        **_named("vtf_B_K", curve.B_K),
        **_named("vtf_T0_K", curve.T0_K),
        **_named("vtf_log10_prefactor", curve.log10_prefactor),
        "vtf_sd": curve.sd,
        "AICc_vtf": curve.AICc,
    }
    straight = fits["AICc_arrhenius"].to_numpy()[enough]
    verdict = np.where(curved(straight, curve), "vtf", "arrhenius").astype(object)
    better[enough] = np.where(np.isfinite(straight - curve.AICc), verdict, "")
    return fits.join(pd.DataFrame(columns, index=fits.index[enough])).assign(better=better)


def _named(name: str, parameter: Parameter) -> dict[str, np.ndarray]:
    return {name: parameter.value, f"{name}_lower": parameter.lower, f"{name}_upper": parameter.upper}
