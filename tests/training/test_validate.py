"""Validation: what is refused, what is remarked on, and which row of the file it is."""

import gzip
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionscout.training.data.reading import TableError, read_table
from ionscout.training.data.repeats import composition_keys, noise_floor
from ionscout.training.data.sources import CURATED, load_curated, validate_curated
from ionscout.training.data.validate import validate, validate_measurements

MINIMAL = "formula,temperature_C,conductivity_S_cm\n"


@pytest.fixture
def sodium():
    """Twenty real rows of the shipped sodium table that nothing is to be said about."""
    report = validate_curated("sodium_electrolytes")
    quiet = report.valid[~report.valid.index.isin(report.problems["row"]) & report.valid["conductivity_S_cm"].notna()]
    return quiet.drop_duplicates("formula").head(20).reset_index(drop=True)


def problem(report, row):
    """The only problem of a row."""
    found = report.problems[report.problems["row"] == row]
    assert len(found) == 1, found.to_string()
    return found.iloc[0]


def write(tmp_path, content, name="lab.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(content.encode(encoding))
    return path


# --------------------------------------------------------------------------------------------------- rows and defaults


def test_real_rows_pass_unchanged(sodium):
    report = validate_measurements(sodium)
    assert report.problems.empty
    pd.testing.assert_frame_equal(report.valid.reset_index(drop=True), sodium)


def test_three_columns_are_enough_and_defaults_are_said():
    report = validate_measurements(
        pd.DataFrame({"formula": ["Na3SbS4"], "temperature_C": [25], "conductivity_S_cm": [1e-3]})
    )
    row = report.valid.iloc[0]
    assert report.problems.empty
    assert row[["mobile_ion", "state", "quality", "conductivity_kind"]].tolist() == [
        "Na",
        "crystalline",
        "B",
        "unspecified",
    ]
    assert "state = crystalline in 1 rows that do not say" in report.assumed


def test_extra_columns_are_carried_through(sodium):
    report = validate_measurements(sodium.assign(operator="A. Sodium"))
    assert report.valid["operator"].eq("A. Sodium").all()


def test_a_bad_row_goes_and_the_rest_stay(sodium):
    sodium.loc[4, "formula"] = "Na3P(S4"
    report = validate_measurements(sodium)
    assert problem(report, 6)["column"] == "formula"
    assert "Na3P(S4" in problem(report, 6)["reason"]
    assert report.valid.index.tolist() == [row for row in range(2, 22) if row != 6]


def test_categories_are_read_as_the_words_that_they_are(sodium):
    few = sodium.head(20)
    words = few.select_dtypes(object).columns
    plain, categories = (validate_measurements(table) for table in (few, few.astype(dict.fromkeys(words, "category"))))
    pd.testing.assert_frame_equal(categories.valid, plain.valid)
    pd.testing.assert_frame_equal(categories.problems, plain.problems)
    limits = pd.Categorical([None, "<"])
    lab = pd.DataFrame({"formula": "Na3PS4", "temperature_C": 25.0, "conductivity_S_cm": [2e-4, 1e-10]})
    kept = validate_measurements(lab.assign(conductivity_relation=limits)).valid
    assert kept["conductivity_relation"].tolist() == [None, "<"]


def test_input_is_left_as_it_was(sodium):
    before = sodium.copy(deep=True)
    validate_measurements(sodium)
    pd.testing.assert_frame_equal(sodium, before)


# ------------------------------------------------------------------------------------------------ what takes a row out


@pytest.mark.parametrize(
    ("changes", "column", "reason"),
    [
        ({"conductivity_S_cm": 25.0}, "conductivity_S_cm", "molten salts"),
        ({"conductivity_S_cm": 0.0}, "conductivity_S_cm", "no instrument reads"),
        ({"conductivity_S_cm": "1,2e-4"}, "conductivity_S_cm", "comma"),
        ({"conductivity_S_cm": ">1e-3"}, "conductivity_S_cm", "lower limit"),
        ({"conductivity_S_cm": "1.2x10-4"}, "conductivity_S_cm", "power of ten"),
        ({"conductivity_S_cm": "2e-4 ± 1e-5"}, "conductivity_S_cm", "uncertainty"),
        ({"temperature_C": "298 K"}, "temperature_C", "unit inside the cell"),
        ({"temperature_C": -300.0}, "temperature_C", "absolute zero"),
        ({"temperature_C": np.nan}, "temperature_C", "without its temperature"),
        ({"mobile_ion": "K"}, "mobile_ion", "holds no K"),
        ({"mobile_ion": "Xe"}, "mobile_ion", "not a word"),
        ({"formula": "LiTi2(PO4)3"}, "mobile_ion", "LiTi2(PO4)3 holds no Na"),
        ({"formula": "Na3Qx4"}, "formula", "Na3Qx4"),
        ({"formula": ""}, "formula", "missing"),
        ({"state": "crystaline"}, "state", "not a word for state"),
        ({"conductivity_kind": "grain boundary"}, "conductivity_kind", "not a word"),
        ({"quality": "D"}, "quality", "not a word"),
        ({"activation_energy_eV": 31.0}, "activation_energy_eV", "between 0.02 and 2.5 eV"),
        ({"transference_number": 99.0}, "transference_number", "fraction"),
        ({"relative_density_pct": 0.95}, "relative_density_pct", "pellet"),
        ({"window_low_V": 3.0, "window_high_V": 1.0}, "window_low_V", "above the oxidation limit"),
        ({"year": 20.0}, "year", "papers"),
    ],
)
def test_a_row_that_cannot_be_true_is_left_out(sodium, changes, column, reason):
    broken = sodium.head(3).astype(object)
    for name, value in changes.items():
        broken.loc[1, name] = value
    report = validate_measurements(broken)
    errors = report.errors[report.errors["column"] == column]
    assert errors["row"].tolist() == [3]
    assert reason in errors["reason"].iloc[0]
    assert errors["remedy"].iloc[0]
    assert report.valid.index.tolist() == [2, 4]


def test_a_row_without_any_value_is_left_out(sodium):
    empty = sodium.head(2).copy()
    empty.loc[1, ["conductivity_S_cm", "activation_energy_eV", "window_low_V", "window_high_V"]] = np.nan
    assert "no measured value" in problem(validate_measurements(empty), 3)["reason"]


def test_an_activation_energy_needs_no_temperature():
    report = validate_measurements(pd.DataFrame({"formula": ["Na3PS4"], "activation_energy_eV": [0.28]}))
    assert len(report.valid) == 1


@pytest.mark.parametrize("name", CURATED)
def test_a_table_may_be_all_errors_or_empty(name):
    table = load_curated(name)
    nothing = validate_measurements(table.head(0))
    assert (len(nothing.valid), len(nothing.problems)) == (0, 0)
    wrong = table.head(3).assign(**{next(c for c in ("formula", "polymer", "electrolyte_formula") if c in table): ""})
    report = validate_measurements(wrong)
    assert report.valid.empty
    assert report.errors["row"].unique().tolist() == table.index[:3].tolist()


# ------------------------------------------------------------------------------------------- what is only remarked on


@pytest.mark.parametrize(
    ("changes", "column", "reason"),
    [
        ({"conductivity_S_cm": 0.5}, "conductivity_S_cm", "above every solid known"),
        ({"temperature_C": 298.15}, "temperature_C", "in K"),
        ({"temperature_C": 60.0, "temperature_stated": "rt"}, "temperature_C", "room temperature"),
        ({"temperature_C": 700.0, "family": "sulfide", "conductivity_S_cm": 0.01}, "temperature_C", "melts"),
        ({"temperature_C": 600.0, "state": "glass", "conductivity_S_cm": 0.01}, "temperature_C", "softens"),
        ({"activation_energy_eV": 1.2, "conductivity_S_cm": 1e-3}, "activation_energy_eV", "disagree"),
        ({"doi": "https://doi.org/10.1021/acs.jpcc.0c02523"}, "doi", "form of doi"),
        ({"quality": "A", "doi": np.nan}, "quality", "asks for a DOI"),
        ({"method": "computed_MD"}, "quality", "quality does not"),
        ({"family": "NASICON"}, "family", "not a word for family"),
        ({"window_high_V": 7.5}, "window_high_V", "fluorine"),
    ],
)
def test_a_doubtful_row_stays_with_a_remark(changes, column, reason):
    row = {"formula": "Na3PS4", "temperature_C": 25.0, "conductivity_S_cm": 2e-4, "quality": "B", "family": "sulfide"}
    report = validate_measurements(pd.DataFrame([row | changes]))
    found = problem(report, 2)
    assert (found["severity"], found["column"]) == ("warning", column)
    assert reason in found["reason"]
    assert len(report.valid) == 1


def test_several_alkali_ions_without_a_stated_carrier_are_remarked_on():
    mixed = pd.DataFrame({"formula": ["Na0.5Li0.5AlCl4"], "temperature_C": [25], "conductivity_S_cm": [1e-6]})
    report = validate_measurements(mixed)
    assert report.valid["mobile_ion"].tolist() == ["Na"]
    assert "Na was taken" in problem(report, 2)["reason"]


def test_silver_iodide_may_exceed_the_ceiling_of_sodium():
    iodide = pd.DataFrame({"formula": ["AgI"], "temperature_C": [150], "conductivity_S_cm": [1.3]})
    assert validate_measurements(iodide).problems.empty


def test_a_whole_column_in_kelvin_is_noticed():
    kelvin = pd.DataFrame(
        {"formula": "Na3PS4", "temperature_C": [300, 310, 300], "conductivity_S_cm": [1e-4, 2e-4, 3e-4]}
    )
    assert "looks like K" in problem(validate_measurements(kelvin), 1)["reason"]


# ------------------------------------------------------------------------------------------------------------- repeats


def repeats(rows):
    frame = pd.DataFrame(rows, columns=["formula", "temperature_C", "conductivity_S_cm", "state"])
    return validate_measurements(frame)


def test_a_contradiction_names_both_rows_however_the_formula_is_written():
    report = repeats(
        [
            ("NaZr2(PO4)3", 25, 1e-7, "crystalline"),
            ("Na3PS4", 25, 1e-4, "crystalline"),
            ("Na2Zr4P6O24", 26.5, 5e-6, "crystalline"),
        ]
    )
    assert report.problems["row"].tolist() == [2, 4]
    assert "row 4" in report.problems["reason"][0]
    assert "row 2" in report.problems["reason"][1]
    assert "a factor of 50" in report.problems["reason"][0]
    assert len(report.valid) == 3


@pytest.mark.parametrize(
    "other",
    [
        ("NaZr2(PO4)3", 28, 5e-6, "crystalline"),  # three degrees away
        ("NaZr2(PO4)3", 25, 2.9e-6, "crystalline"),  # a factor of 29
        ("NaZr2(PO4)3", 25, 5e-6, "glass"),  # another state
        ("NaTi2(PO4)3", 25, 5e-6, "crystalline"),  # another composition
    ],
)
def test_what_differs_does_not_contradict(other):
    assert repeats([("NaZr2(PO4)3", 25, 1e-7, "crystalline"), other]).problems.empty


def test_one_outlier_among_many_is_one_row_to_look_at():
    rows = [("Na3Zr2Si2PO12", 25, value, "crystalline") for value in (5e-4, 6e-4, 7e-4, 1e-8, 8e-4)]
    report = repeats(rows)
    assert report.problems["row"].tolist() == [5]
    assert "4 rows are 30 times or more away" in report.problems["reason"][0]


def test_a_duplicate_names_the_first_row_and_whose_it_is():
    frame = load_curated("sodium_electrolytes").head(1)
    report = validate_measurements(pd.concat([frame, frame.assign(doi="10.1000/another")], ignore_index=True))
    assert "value as row 2, from another source" in problem(report, 3)["reason"]


@given(st.integers(1, 40), st.permutations(["Na3", "Zr2", "Si2", "P", "O12"]))
@settings(max_examples=25, deadline=None)
def test_composition_keys_ignore_scale_and_order(scale, parts):
    from ionscout.featurize.composition import CompositionBatch

    amounts = {"Na3": 3, "Zr2": 2, "Si2": 2, "P": 1, "O12": 12}
    scaled = "".join(f"{''.join(filter(str.isalpha, part))}{amounts[part] * scale}" for part in parts)
    first, second, third = composition_keys(
        CompositionBatch.from_formulas([scaled, "Na3Zr2Si2PO12", "Na3.01Zr2Si2PO12"])
    )
    assert first == second
    assert second != third


def test_noise_floor_is_the_spread_between_sources():
    frame = pd.DataFrame(
        {
            "formula": ["Na3PS4"] * 4 + ["Na3SbS4"] * 2,
            "temperature_C": 25.0,
            "conductivity_S_cm": [1e-4, 1e-4, 1e-3, 1e-3, 1e-3, 1e-2],
            "url": ["a", "a", "b", "c", "a", "b"],  # c quotes b
        }
    )
    floor = noise_floor(validate_measurements(frame).valid).iloc[0]
    assert floor[["compositions", "measurements"]].tolist() == [2, 4]
    np.testing.assert_allclose(floor["sd"], 1 / np.sqrt(2))
    np.testing.assert_allclose(floor["robust_sd"], 1.4826 / np.sqrt(2))


# ------------------------------------------------------------------------------------------------------------- reading


def test_row_numbers_are_those_of_the_file_even_past_blank_lines(tmp_path):
    report = validate(write(tmp_path, MINIMAL + "Na3PS4,25,1e-4\n\nNa3SbS4,25,-1\n"))
    assert report.valid.index.tolist() == [2]
    assert problem(report, 4)["column"] == "conductivity_S_cm"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_are_read_away(tmp_path, encoding):
    frame = read_table(write(tmp_path, MINIMAL + "Na3PS4,25,1e-4\n", encoding=encoding))
    assert frame.columns.tolist() == ["formula", "temperature_C", "conductivity_S_cm"]


def test_another_encoding_is_refused_with_the_row(tmp_path):
    path = write(tmp_path, "formula,temperature_C,conductivity_S_cm,note\nNa3PS4,25,1e-4,Müller\n", encoding="cp1252")
    with pytest.raises(TableError, match="row 2: byte 0xfc is not utf-8"):
        read_table(path)
    assert read_table(path, encoding="cp1252")["note"].tolist() == ["Müller"]


def test_nan_can_be_a_formula(tmp_path):
    report = validate(write(tmp_path, MINIMAL + "NaN,25,1e-9\n"))
    assert report.valid["formula"].tolist() == ["NaN"]


def test_semicolons_separate_and_decimal_commas_are_named(tmp_path):
    report = validate(write(tmp_path, MINIMAL.replace(",", ";") + "Na3PS4;25;1,5e-4\nNa3SbS4;25;1e-3\n"))
    assert problem(report, 2)["remedy"] == "write 1.5e-4"
    assert report.valid.index.tolist() == [3]


def test_a_row_with_too_many_cells_is_listed_and_the_rest_proceed(tmp_path):
    path = write(tmp_path, MINIMAL + "Na3PS4,25,1,5e-4\nNa3SbS4,25,1e-3\n")
    report = validate(path)
    assert "4 cells where the header has 3" in problem(report, 2)["reason"]
    assert report.valid.index.tolist() == [3]
    assert report.n_rows == 2
    with pytest.raises(TableError, match="row 2"):
        read_table(path)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("formula,temperature_C,conductivity_mS_cm", "divide by 1000"),
        ("formula,temperature_K,conductivity_S_cm", "subtract 273.15"),
        ("Formula,temperature_C,conductivity_S_cm", "name the column formula"),
        ("composition,temperature_C,conductivity_S_cm", "column formula .* is missing"),
        ("formula,temperature_C,log10_conductivity", "raise 10 to it"),
        ("formula,formula,conductivity_S_cm", "appears twice"),
    ],
)
def test_a_wrong_header_is_refused_with_the_remedy(tmp_path, header, message):
    with pytest.raises(TableError, match=message):
        validate(write(tmp_path, header + "\nNa3PS4,25,1e-4\n"))


def test_an_optional_column_under_another_name_is_remarked_on():
    frame = pd.DataFrame({"formula": ["Na3PS4"], "temperature_C": [25], "conductivity_S_cm": [1e-4], "Ea": [0.3]})
    assert "looks like activation_energy_eV" in problem(validate_measurements(frame), 1)["reason"]


@pytest.mark.parametrize(("content", "message"), [("", "empty"), (MINIMAL, "no measurement below the header")])
def test_an_empty_file_is_refused(tmp_path, content, message):
    with pytest.raises(TableError, match=message):
        validate(write(tmp_path, content))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(TableError, match="no such file"):
        read_table(tmp_path / "nowhere.csv")


def test_csv_compressed_csv_and_parquet_give_the_same(tmp_path, sodium):
    plain, packed, parquet = tmp_path / "a.csv", tmp_path / "a.csv.gz", tmp_path / "a.parquet"
    sodium.to_csv(plain, index=False)
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    sodium.to_parquet(parquet)
    expected = validate_measurements(sodium).valid
    for path in (plain, packed, parquet):
        pd.testing.assert_frame_equal(validate(path).valid, expected)


# ------------------------------------------------------------------------------------------------------ shipped tables


def test_shipped_measurements_have_no_errors():
    for name in set(CURATED) - {"stability_windows"}:
        assert validate_curated(name).errors.empty, name


def test_the_two_impossible_computed_windows_are_left_out():
    report = validate_curated("stability_windows")
    assert report.errors["row"].tolist() == [15356, 18307]
    assert len(report.valid) == 19607


def test_interface_units_and_ranges_are_checked():
    table = load_curated("sodium_interfaces")
    broken = table.head(2).assign(value=["-5", "a lot"])
    assert validate_measurements(broken).errors["column"].tolist() == ["value", "value"]
    assert "ohm cm2" in validate_measurements(table.head(1).assign(unit="ohm")).problems["remedy"][0]


def test_a_hybrid_above_the_life_of_its_polymer_is_remarked_on():
    table = load_curated("hybrid_electrolytes").head(1).assign(temperature_C=260.0)
    assert "polymer degrades" in validate_measurements(table).problems["reason"][0]


def test_the_glass_table_is_validated_within_three_seconds():
    table = load_curated("glass_electrolytes")
    start = time.perf_counter()
    report = validate_measurements(table)
    assert time.perf_counter() - start < 3.0
    assert len(report.valid) == 22610
