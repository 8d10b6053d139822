import pytest

from ionscout.serve.screen.spec import DEFAULT_SPEC, Spec


def test_reads_bounds_names_and_exclusions():
    spec = Spec.parse("conductivity >= 1e-3, energy above hull <= 0.03, no Co, without Ni Fe")
    assert [(c.column, c.at_least, c.value) for c in spec.conditions] == [
        ("conductivity_S_cm", True, 1e-3),
        ("energy_above_hull_eV_atom", False, 0.03),
    ]
    assert spec.excluded == ("Co", "Ni", "Fe")


def test_printing_reads_back():
    spec = Spec.parse(DEFAULT_SPEC + ", no Co")
    assert Spec.parse(str(spec)) == spec


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hardness >= 3", "'hardness' is not a property"),
        ("conductivty >= 1e-3", r"did you mean 'conductivity'\?"),
        ("oxidation_limit_V >= high", "'high' is not a number"),
        ("no Xx", "'Xx' is not an element"),
        ("oxidation_limit_V = 3", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named(text, message):
    with pytest.raises(ValueError, match=message):
        Spec.parse(text)


def test_reads_the_issue_as_written():
    spec = Spec.parse(
        "conductivity at 25 C >= 1e-3, reduction limit <= 0.3, oxidation limit >= 3.8, energy above hull <= 0.03, no Co"
    )
    assert [c.column for c in spec.conditions] == [
        "conductivity_S_cm",
        "reduction_limit_V",
        "oxidation_limit_V",
        "energy_above_hull_eV_atom",
    ]
    assert spec.conditions[0].temperature_C == 25.0
    assert spec.excluded == ("Co",)
    assert Spec.parse(str(spec)) == spec


def test_reads_units_facts_and_hazards():
    spec = Spec.parse("conductivity ≥ 1e-4 S/cm, cost_USD_kg <= 50, crustal abundance >= 1 ppm, no hazardous")
    assert [str(c) for c in spec.conditions] == [
        "conductivity_S_cm >= 0.0001",
        "cost_USD_kg <= 50",
        "crustal_abundance_ppm >= 1",
    ]
    assert {"Cd", "Pb", "U"} <= set(spec.absent)
    assert Spec.parse(str(spec)) == spec


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("oxidation limit >= 3.8 mV", "oxidation_limit_V is in V, not mV"),
        ("oxidation limit at 25 C >= 3.8", "only a conductivity"),
        ("conductivity at warm C >= 1e-3", "'warm' is not a number"),
        ("conductivity at -300 C >= 1e-3", "below absolute zero"),
        ("conductivity >= -3", "a conductivity is positive"),
        ("oxidation limit >= inf", "not a finite number"),
    ],
)
def test_faulty_terms_are_named(text, message):
    with pytest.raises(ValueError, match=message):
        Spec.parse("no Co, " + text)
