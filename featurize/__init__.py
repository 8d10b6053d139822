"""Formulas, structures and mixtures to numbers. Knows no model and no property.

Examples
--------
>>> from ionscout.featurize import CompositionBatch, MagpieFeatures
>>> MagpieFeatures().fit_transform(CompositionBatch.coerce(["Na3Zr2Si2PO12"])).shape
(1, 132)
"""

from importlib import import_module
from typing import TYPE_CHECKING

# Public name -> module that holds it; resolved on first use, so that importing the package stays fast.
_HOMES = {
    "CompositionBatch": ".composition",
    "format_formulas": ".writing",
    "FormulaError": ".notation",
    "parse_formula": ".grammar",
    "parse_formulas": ".formula",
    "MagpieFeatures": ".magpie",
    "ContinuousMagpieFeatures": ".magpie",
    "StoichiometryFeatures": ".stoichiometry",
    "ValenceOrbitalFeatures": ".valence_orbital",
    "IonPropertyFeatures": ".ion_property",
    "OxidationStates": ".oxidation",
    "OxideGlassFeatures": ".oxide_glass",
    "FrameworkFeatures": ".framework",
    "StoredFeatures": ".store",
    "StructureBatch": ".structure.batch",
    "StructureFeatures": ".structure.features",
    "dope": ".structure.doping",
    "host_structure": ".structure.hosts",
    "assign_oxidation_states": ".oxidation",
    "IonicFeatures": ".ionic",
}

__all__ = [
    "CompositionBatch",
    "ContinuousMagpieFeatures",
    "FormulaError",
    "FrameworkFeatures",
    "IonPropertyFeatures",
    "IonicFeatures",
    "MagpieFeatures",
    "OxidationStates",
    "OxideGlassFeatures",
    "StoichiometryFeatures",
    "StoredFeatures",
    "StructureBatch",
    "StructureFeatures",
    "ValenceOrbitalFeatures",
    "assign_oxidation_states",
    "dope",
    "format_formulas",
    "host_structure",
    "parse_formula",
    "parse_formulas",
]

if TYPE_CHECKING:
    from .composition import CompositionBatch as CompositionBatch
    from .formula import parse_formulas as parse_formulas
    from .framework import FrameworkFeatures as FrameworkFeatures
    from .grammar import parse_formula as parse_formula
    from .ion_property import IonPropertyFeatures as IonPropertyFeatures
    from .ionic import IonicFeatures as IonicFeatures
    from .magpie import ContinuousMagpieFeatures as ContinuousMagpieFeatures
    from .magpie import MagpieFeatures as MagpieFeatures
    from .notation import FormulaError as FormulaError
    from .oxidation import OxidationStates as OxidationStates
    from .oxidation import assign_oxidation_states as assign_oxidation_states
    from .oxide_glass import OxideGlassFeatures as OxideGlassFeatures
    from .stoichiometry import StoichiometryFeatures as StoichiometryFeatures
    from .store import StoredFeatures as StoredFeatures
    from .structure.batch import StructureBatch as StructureBatch
    from .structure.doping import dope as dope
    from .structure.features import StructureFeatures as StructureFeatures
    from .structure.hosts import host_structure as host_structure
    from .valence_orbital import ValenceOrbitalFeatures as ValenceOrbitalFeatures
    from .writing import format_formulas as format_formulas


def __getattr__(name: str):
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name], __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
