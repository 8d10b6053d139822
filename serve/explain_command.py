"""`ionscout explain`: why a prediction is what it is, and what was measured nearest to it."""

from typing import Annotated

import typer


def explain_command(
    formula: Annotated[str, typer.Argument(help="Formula, e.g. Na3.4Sc0.4Zr1.6Si2PO12.")],
    state: Annotated[
        str, typer.Option(help="crystalline, glass, glass_ceramic, amorphous or unknown.")
    ] = "crystalline",
    count: Annotated[int, typer.Option(min=1, help="Measured compositions to show.")] = 5,
    stored: Annotated[bool, typer.Option("--stored", help="Look among the measurements in the store, too.")] = False,
) -> None:
    """Say what makes the prediction for a formula, and what was measured nearest to it."""
    from ..models.properties import ACTIVATION_ENERGY, CONDUCTIVITY
    from .explain import explain, neighbours
    from .text import print_frame, with_limits

    why = explain(formula, state=state)
    if why["error"].notna().any():
        raise ValueError(why["error"].iloc[0])
    sums = why[[CONDUCTIVITY.column, ACTIVATION_ENERGY.column]].sum()
    columns = ["because", CONDUCTIVITY.column, ACTIVATION_ENERGY.column]
    said = f"{10 ** sums.iloc[0]:.2g} S/cm (log10 {sums.iloc[0]:.2f}), {sums.iloc[1]:.2f} eV"
    print_frame(
        why[columns].round({CONDUCTIVITY.column: 2, ACTIVATION_ENERGY.column: 3}),
        f"{formula} at 25 C: {said}, because of",
    )
    near = neighbours(formula, count, stored).drop(columns="input")
    near = near.round({"distance": 2, CONDUCTIVITY.column: 2, ACTIVATION_ENERGY.column: 3})
    print_frame(with_limits(near, log10_conductivity="conductivity_relation"), "Measured nearest to it")
