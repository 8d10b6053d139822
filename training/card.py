"""The model card: what a model is for, what it was taught, how well it does, in which split."""

import pandas as pd

from ..models.arrhenius import REFERENCE_C
from .fit import Fitted
from .out_of_fold import GROUPINGS
from .studies import limits_kept

_NOTES = {
    "arrhenius": (
        "Ionic conductivity at any temperature and activation energy of solid electrolytes, sodium first.",
        [
            f"Answers are those of a material reported near {REFERENCE_C:g} °C. A material that has only ever been "
            "measured hot is over-predicted at room temperature, by up to some two decades.",
            "The slope with temperature is the predicted activation energy; melting and transitions are not known.",
            "Glasses and amorphous solids of kinds that the glass table knows are answered by a model of their own "
            "(its card is in the run named glasses); the figures above are those of the electrolytes.",
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
    lines += _limits(fitted)
    lines += _structures(fitted)
    lines += ["", "## Limits", "", *(f"- {limit}" for limit in limits), ""]
    return "\n".join(lines)


def _limits(fitted: Fitted) -> list[str]:
    """What was said of held-out rows that have only an upper limit, such as `<1e-10`."""
    lines = []
    for oof in fitted.out_of_fold:
        kept = limits_kept(oof)
        if kept["limits"]:
            lines.append(
                f"- {oof.fact.name}, grouped by {GROUPINGS[oof.grouping]}: {kept['limits']} rows are upper limits, "
                f"taught and not scored. Held out, the prediction lies below the limit in "
                f"{100 * kept['predicted_below']:.0f} % of them, its 90 % interval reaches below in "
                f"{100 * kept['interval_below']:.0f} %."
            )
    if not lines:
        return []
    how = "Predictions here are by composition alone: what a crystal structure corrects is not in them."
    return ["", "## Rows below a limit", "", how, "", *lines]


def _structures(fitted: Fitted) -> list[str]:
    """What crystal structures brought, where rows had one."""
    if not fitted.structures:
        return []
    lines = ["", "## Crystal structures", ""]
    for found in fitted.structures:
        used = f"used in a share of {found.share:.2f}" if found.share > 0 else "not borne out by the folds, not used"
        lines.append(
            f"- {found.property}, grouped by {GROUPINGS[found.grouping]}: {found.rows} rows with a structure, MAE "
            f"{found.MAE_without:.3f} without it and {found.MAE_with:.3f} with it; {used}."
        )
    return lines
