"""Kinds of table: which fields of `fields.FIELDS` each has, which it must have, and how to tell them apart."""

from dataclasses import dataclass

from .fields import FIELDS


@dataclass(frozen=True)
class Table:
    """One kind of table: which fields it has, which must be there, which defaults differ, what says `the same thing`.

    Parameters
    ----------
    name : str
        electrolyte, glass, hybrid, interface or window.
    columns : tuple of str
        Names in `FIELDS`, in the order of the table.
    required : tuple of str
        Columns without which the table says nothing; a blank cell in one of them is an error.
    defaults : tuple of (str, str)
        Defaults of this table, in place of the field's own.
    words : tuple of (str, tuple of str)
        Vocabularies of this table, in place of the field's own.
    """

    name: str
    columns: tuple[str, ...]
    required: tuple[str, ...]
    defaults: tuple[tuple[str, str], ...] = ()
    words: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def choices(self, column: str) -> tuple[str, ...]:
        """Words allowed in `column`, empty for free text."""
        return dict(self.words).get(column, FIELDS[column].choices)

    def default(self, column: str) -> str:
        """Word taken for a blank cell of `column`, "" for none."""
        return dict(self.defaults).get(column, FIELDS[column].default)


_NAMES = tuple(FIELDS)
_ELECTROLYTE = _NAMES[: _NAMES.index("sciglass_id")]
_SOURCE = ("doi", "url", "year", "note")
TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table("electrolyte", _ELECTROLYTE, ("formula",)),
        Table(
            "glass",
            (
                *("formula", "mobile_ion", "temperature_C", "conductivity_S_cm", "activation_energy_eV"),
                *("sciglass_id", "author", "year", "family", "state", "quality"),
            ),
            ("formula", "temperature_C", "conductivity_S_cm", "sciglass_id"),
            (("family", "glass"), ("state", "glass")),
        ),
        Table(
            "hybrid",
            (
                *("polymer", "polymer_smiles", "salt", "salt_loading", "salt_loading_unit", "filler"),
                *("filler_wt_pct", "plasticizer", "class", "temperature_C", "temperature_stated"),
                *("conductivity_S_cm", "activation_energy_eV", "transference_number", "window_high_V"),
                *("window_method", "ccd_mA_cm2", *_SOURCE),
            ),
            ("polymer", "class"),
        ),
        Table(
            "interface",
            (
                *("electrolyte_formula", "counterpart", "quantity", "value", "unit", "temperature_C"),
                *("modification", "method", *_SOURCE),
            ),
            ("electrolyte_formula", "counterpart", "quantity", "value"),
            (("method", ""),),
            (("method", ("experiment", "DFT")),),
        ),
        Table(
            "window",
            (
                *("formula", "mobile_ion", "energy_above_hull_eV_atom", "reduction_limit_V"),
                *("oxidation_limit_V", "competing_phases"),
            ),
            ("formula", "energy_above_hull_eV_atom"),
        ),
    )
}


def table_of(columns: list[str]) -> str:
    """Kind of table that has these columns; `electrolyte` unless a column says otherwise.

    Examples
    --------
    >>> table_of(["formula", "temperature_C", "conductivity_S_cm"])
    'electrolyte'
    >>> table_of(["polymer", "salt", "conductivity_S_cm"])
    'hybrid'
    """
    marks = {
        "sciglass_id": "glass",
        "electrolyte_formula": "interface",
        "energy_above_hull_eV_atom": "window",
        "polymer": "hybrid",
    }
    return next((kind for mark, kind in marks.items() if mark in columns), "electrolyte")
