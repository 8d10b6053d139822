import pickle
import re

import numpy as np
import pandas as pd
import pytest

import ionscout as ion
from ionscout.models.physics import BOLTZMANN_EV
from ionscout.serve.display import Predictions, typeset


@pytest.fixture
def table() -> Predictions:
    rows = {
        "formula": ["Na3PS4", "<script>", "Na3Zr2Si2PO12"],
        "temperature_C": [25.0, 25.0, 60.0],
        "log10_conductivity": [-4.0, np.nan, -3.0],
        "log10_conductivity_lower": [-5.0, np.nan, -4.0],
        "log10_conductivity_upper": [-3.0, np.nan, -2.0],
        "activation_energy_eV": [0.4, np.nan, 0.3],
        "reduction_limit_V": [1.25, np.nan, 1.15],
        "reduction_limit_V_lower": [1.25, np.nan, 0.8],
        "reduction_limit_V_upper": [1.25, np.nan, 1.5],
        "domain_score": [0.6, np.nan, 0.5],
        "in_domain": [True, False, True],
        "window_source": ["exact", None, "predicted"],
        "error": [None, "formula '<script>' is not a formula", None],
    }
    return Predictions(rows)


def html(table: pd.DataFrame) -> str:
    return str(table._repr_html_())  # pyright: ignore[reportCallIssue]


def test_values_stand_with_their_intervals_and_exact_ones_alone(table):
    said = html(table)
    assert "−4.00 <small>[−5.00, −3.00]</small>" in said
    assert "1.25 <small>exact</small>" in said
    assert "1.15 <small>[0.80, 1.50]</small>" in said


def test_a_row_in_error_keeps_its_place_and_what_users_typed_is_escaped(table):
    rows = html(table).split("<tr>")[2:]
    assert "Na<sub>3</sub>PS<sub>4</sub>" in rows[0]
    assert "is not a formula" in rows[1]
    assert "<script>" not in html(table)


def test_the_line_is_the_arrhenius_line_of_the_row(table):
    first = html(table).split("<svg")[1]
    told = [
        float(x.replace("−", "-")) for x in re.findall(r"log10 conductivity (\S+) at -20 C, (\S+) at 100 C", first)[0]
    ]
    expected = [-4.0 - 0.4 / (np.log(10) * BOLTZMANN_EV) * (1 / (t + 273.15) - 1 / 298.15) for t in (-20, 100)]
    np.testing.assert_allclose([float(x) for x in told], expected, atol=0.05)


def test_a_cut_table_renders_as_any_dataframe_does(table):
    assert "<svg" not in html(table[["formula", "error"]])
    assert "dataframe" in html(table[["formula", "error"]])


def test_without_an_energy_or_a_temperature_there_is_no_line(table):
    assert "<svg" not in html(table.drop(columns="activation_energy_eV"))
    assert "−4.00" in html(table[["formula", "log10_conductivity"]])


def test_many_rows_are_counted_not_shown(table):
    long = Predictions(pd.concat([table] * 40, ignore_index=True))
    assert html(long).count("<tr>") == 51
    assert "70 further rows of 120" in html(long)


def test_it_is_a_dataframe_in_all_else(table, tmp_path):
    table.to_parquet(tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "table.parquet"), pd.DataFrame(table))
    again = pickle.loads(pickle.dumps(table))
    assert type(again) is Predictions
    noted = pd.DataFrame(table)
    noted.attrs["spec"] = "no Co"
    assert Predictions(noted).attrs == {"spec": "no Co"}
    assert html(table[table["error"].isna()].head(1)).count("<svg") == 1


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("2Na2S-GeS2", "2Na<sub>2</sub>S-GeS<sub>2</sub>"),
        ("CuSO4.5H2O", "CuSO<sub>4</sub>.5H<sub>2</sub>O"),
        ("Na0.5[Zr2]P3", "Na<sub>0.5</sub>[Zr<sub>2</sub>]P<sub>3</sub>"),
        (None, "None"),
    ],
)
def test_amounts_are_set_low(formula, expected):
    assert typeset(formula) == expected


@pytest.mark.usefixtures("champion_home")
def test_what_is_predicted_renders():
    assert html(ion.predict(["Na3PS4", "Na3P(S4"])).count("<svg") == 1
