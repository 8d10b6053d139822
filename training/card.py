"""The model card: what a model is for, what it was taught, how well it does, in which split."""

import pandas as pd

from ..models.arrhenius import REFERENCE_C
from .fit import Fitted
from .out_of_fold import GROUPINGS

_NOTES = {
    "arrhenius": (
        "Ionic conductivity at any temperature and activation energy of solid electrolytes, sodium first.",
        [
            f"Answers are those of a material reported near {REFERENCE_C:g} °C. A material that has only ever been "
            "measured hot is over-predicted at room temperature, by up to some two decades.",
            "The slope with temperature is the predicted activation energy; melting and transitions are not known.",
            "Conductivity of dense, pure samples as laboratories report them: grain boundaries and porosity move real "
            "samples by half a decade, which is also how far laboratories differ on one composition.",
        ],
    ),
    "window": (
        "Thermodynamic stability window against the metal of the mobile ion (Na for sodium compounds).",
        ["Limits of DFT phase equilibria, not of cyclic voltammetry, which is slower to see decomposition."],
    ),
    "hull": (
        "Energy above the convex hull of the lowest-energy structure of a composition at 0 K.",
        ["Entropy is left out: disordered phases a few hundredths of an eV/atom above the hull are routinely made."],
    ),
}


def model_card(fitted: Fitted, summary: pd.DataFrame) -> str:
    """Markdown card of one fit; `summary` as `train.summarise` gives it."""
    purpose, limits = _NOTES[fitted.model.kind]
    lines = [
        f"# {', '.join(p.name.replace('_', ' ') for p in fitted.model.properties)}",
        "",
        purpose,
        "",
        f"Fitted on {fitted.rows:,} rows with {len(fitted.model.columns)} input columns (`features.json`).",
        "",
        "## Errors in cross-validation",
        "",
        "No group stands on both sides of a split. In brackets the 90 % bootstrap interval over groups.",
        "",
        "| property | unit | grouped by | rows | MAE | median's MAE | Spearman | coverage of 90 % interval | width |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    units = {p.name: p.unit for p in fitted.model.properties}
    lines += [
        f"| {r['property']} | {units[r['property']]} | {GROUPINGS[r['grouping']]} | {r['rows']:,} "
        f"| {r['MAE']:.3f} ({r['MAE_lower']:.3f} to {r['MAE_upper']:.3f}) | {r['median_MAE']:.3f} "
        f"| {r['Spearman']:.2f} | {100 * r['coverage']:.0f} % | {r['width']:.2f} |"
        for r in summary.to_dict("records")
    ]
    lines += ["", "## Limits", "", *(f"- {limit}" for limit in limits), ""]
    return "\n".join(lines)
