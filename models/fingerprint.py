"""Feature fingerprint: probe compositions and their vectors, so that a model never meets changed features unnoticed."""

import numpy as np

from ..featurize.composition import CompositionBatch
from .inputs import input_columns, model_inputs

# One probe for each chemistry whose columns come from different tables: oxides, mixed anions, hydrides, clusters,
# doped and decimal formulas.
PROBES = (
    "Na3Zr2Si2PO12",
    "Na3.4Sc0.4Zr1.6Si2PO12",
    "Na2.88Sb0.88W0.12S4",
    "Na3PS4",
    "Na2ZrCl6",
    "NaTaCl6",
    "Na2B12H12",
    "NaAl11O17",
    "Na3OBr",
    "Li6PS5Cl",
    "K2Fe4O7",
    "Na0.1Ca0.05La0.02F1.2I0.3Br0.2",
)
RELATIVE_TOLERANCE = 1e-4  # float32 features differ by about 1e-7; a changed element table by far more


class FingerprintError(RuntimeError):
    """The features computed today are not those the model was fitted on."""


def make_fingerprint() -> dict:
    """Probe formulas, column names and vectors, as JSON."""
    vectors = model_inputs(CompositionBatch.from_formulas(PROBES))
    return {
        "probes": list(PROBES),
        "columns": list(input_columns()),
        "vectors": [[None if np.isnan(v) else float(v) for v in row] for row in vectors],
    }


def check_fingerprint(fingerprint: dict) -> None:
    """Compare `fingerprint` with the features computed now.

    Raises
    ------
    FingerprintError
        Naming the columns that are gone or whose values moved.
    """
    columns = input_columns()
    remedy = "install the versions in the model's requirements.txt, or train again with `ionscout train`"
    gone = [c for c in fingerprint["columns"] if c not in columns]
    new = [c for c in columns if c not in fingerprint["columns"]]
    if gone or new:
        raise FingerprintError(f"features changed since training: missing {gone}, unknown to the model {new}; {remedy}")
    if list(columns) != fingerprint["columns"]:
        raise FingerprintError(f"features are in another order than at training; {remedy}")
    now = model_inputs(CompositionBatch.from_formulas(fingerprint["probes"])).astype(np.float64)
    then = np.array([[np.nan if v is None else v for v in row] for row in fingerprint["vectors"]])
    moved = ~np.isclose(now, then, rtol=RELATIVE_TOLERANCE, atol=1e-6, equal_nan=True).all(axis=0)
    if moved.any():
        names = [columns[i] for i in np.flatnonzero(moved)]
        raise FingerprintError(f"features changed since training: {', '.join(names)}; {remedy}")
