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
        ("oxidation_limit_V >= high", "'high' is not a number"),
        ("no Xx", "'Xx' is not an element"),
        ("oxidation_limit_V = 3", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named(text, message):
    with pytest.raises(ValueError, match=message):
        Spec.parse(text)
