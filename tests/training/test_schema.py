"""The schema: one list of fields and rules behind every kind of table."""

import numpy as np
import pandas as pd
import pandera.errors
import pytest

from ionscout.models.properties import ACTIVATION_ENERGY, CONDUCTIVITY, STATES
from ionscout.training.data.fields import ERROR, FIELDS, WARNING
from ionscout.training.data.kinds import TABLES, table_of
from ionscout.training.data.rules import rules
from ionscout.training.data.schema import measurement_schema
from ionscout.training.data.sources import CURATED, load_curated


def test_every_shipped_table_passes_the_schema_of_its_kind():
    for name in CURATED:
        table = load_curated(name)
        kind = table_of(list(table.columns))
        pd.testing.assert_frame_equal(measurement_schema(kind).validate(table), table)


def test_a_formula_a_temperature_and_a_conductivity_are_a_measurement():
    row = pd.DataFrame({"formula": ["Na3PS4"], "temperature_C": [25], "conductivity_S_cm": [2e-4]})
    assert len(measurement_schema("electrolyte").validate(row)) == 1


def test_a_wrong_row_raises_through_plain_pandera():
    row = load_curated("sodium_electrolytes").head(1).assign(conductivity_S_cm=250.0)
    with pytest.raises(pandera.errors.SchemaErrors):
        measurement_schema("electrolyte").validate(row, lazy=True)


def test_ranges_agree_with_the_bounds_that_predictions_keep():
    conductivity = FIELDS["conductivity_S_cm"].bounds[0]
    np.testing.assert_allclose(
        np.log10([conductivity.lower, conductivity.upper]), [CONDUCTIVITY.lower, CONDUCTIVITY.upper]
    )
    energy = FIELDS["activation_energy_eV"].bounds[0]
    assert (energy.lower, energy.upper) == (ACTIVATION_ENERGY.lower, ACTIVATION_ENERGY.upper)
    assert FIELDS["state"].choices == STATES


def test_every_rule_says_why_and_what_would_be_right():
    for table in TABLES:
        for rule in rules(table).values():
            assert rule.severity in (ERROR, WARNING)
            assert rule.reason
            assert rule.remedy
            assert rule.column in TABLES[table].columns


def test_tables_share_the_field_they_name_alike():
    shared = [set(rules(table)) for table in ("electrolyte", "glass", "hybrid")]
    assert {"conductivity_S_cm:error range", "temperature_C:given", "temperature_C:solid"} <= set.intersection(*shared)


def test_an_unknown_table_or_severity_is_refused_with_the_choice():
    with pytest.raises(ValueError, match="electrolyte, glass, hybrid, interface, window"):
        measurement_schema("powder")
    with pytest.raises(ValueError, match="severity"):
        measurement_schema("glass", "fatal")
