import itertools
import math

import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Composition

from ionscout.featurize.composition import CompositionBatch
from ionscout.featurize.oxidation import assign_oxidation_states
from ionscout.featurize.radii import common_states
from ionscout.serve.screen import file_space as files
from ionscout.serve.screen.description import READERS, read_space
from ionscout.serve.screen.free import compositions


def by_hand(elements, up_to, needed=()):
    """All reduced compositions with one neutral choice of states, by trying every one."""
    found = []
    for counts in itertools.product(range(up_to + 1), repeat=len(elements)):
        if math.gcd(*counts) != 1 or any(counts[elements.index(e)] == 0 for e in needed):
            continue
        there = [(e, n) for e, n in zip(elements, counts, strict=True) if n]
        choices = itertools.product(*(common_states(e) for e, _ in there))
        if any(sum(q * n for q, (_, n) in zip(states, there, strict=True)) == 0 for states in choices):
            found.append(dict(there))
    return found


@pytest.mark.parametrize(
    ("elements", "up_to", "needed"),
    [(["Na", "P", "S"], 5, ()), (["Na", "Zr", "Cl"], 7, ("Na",)), (["Li", "Fe", "P", "O"], 4, ("Li", "O"))],
)
def test_every_neutral_composition_comes_once(elements, up_to, needed):
    space = compositions(elements, up_to=up_to, contains=needed)
    made = [dict(Composition(f).get_el_amt_dict()) for f in space.to_dataframe()["formula"]]
    wanted = by_hand(elements, up_to, needed)
    assert len(space) == len(wanted)
    assert made == wanted


def test_known_conductors_are_in_their_space():
    space = compositions("Na-P-S-Cl", up_to={"Na": 6, "P": 1, "S": 5, "Cl": 1}, contains="Na")
    reduced = {Composition(f).reduced_formula for f in space.to_dataframe()["formula"]}
    assert {"Na3PS4", "Na6PS5Cl", "NaCl", "Na2S"} <= reduced


def test_what_is_made_is_neutral_to_the_oxidation_solver_too():
    space = compositions("Na-Zr-Y-Cl", up_to=6, contains="Na")
    assert assign_oxidation_states(CompositionBatch.from_formulas(space.to_dataframe()["formula"])).neutral.all()


def test_any_block_of_a_large_space_is_found_without_the_rest():
    space = compositions("Na-K-Mg-Y-Zr-Ta-O-S-F-Cl-Br-I", up_to=12, contains="Na")
    assert space.size > 10**9
    middle = space.size // 2
    facts, batch = space.block(middle, middle + 500)
    assert len(facts) == len(batch) == 500
    states = {
        "Na": 1,
        "K": 1,
        "Mg": 2,
        "Y": 3,
        "Zr": 4,
        "Ta": 5,
        "O": -2,
        "S": -2,
        "F": -1,
        "Cl": -1,
        "Br": -1,
        "I": -1,
    }
    for formula in batch.formulas[:100]:
        amounts = Composition(formula).get_el_amt_dict()
        if "S" not in amounts and "Cl" not in amounts and "I" not in amounts and "Br" not in amounts:
            assert sum(states[e] * n for e, n in amounts.items()) == 0
    one, _ = space.block(middle + 7, middle + 8)
    assert one["atoms"].tolist() == facts["atoms"][7:8].tolist()


def test_a_space_of_quadrillions_says_so_before_it_runs():
    space = compositions("Na-K-Mg-Ca-Al-Y-Zr-Ta-O-F-Si-La-Sr-Ba", up_to=30)
    assert space.size > 10**14
    with pytest.raises(ValueError, match=r"candidates would take .* years.*fewer elements"):
        space.check_runnable()
    with pytest.raises(ValueError, match="do not fit in one table"):
        space.to_dataframe()
    assert len(space.sample(3)) == 3


def test_an_empty_space_says_so_before_it_runs():
    space = compositions("Na-K-Mg", up_to=4)
    assert len(space) == 0
    with pytest.raises(ValueError, match="no candidate is left"):
        space.check_runnable()
    assert space.to_dataframe().columns.tolist() == ["candidate_id", "formula", "atoms"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"elements": "Na-Xx", "up_to": 3}, "Xx.? is not an element"),
        ({"elements": "Na-Cl", "up_to": 0}, "up_to of Na is 0"),
        ({"elements": "Na-Cl", "up_to": {"Na": 2}}, "up_to of Cl is 0"),
        ({"elements": "Na-Cl", "up_to": 3, "contains": "K"}, "'K' is not among the elements"),
        ({"elements": "Na-Ar", "up_to": 3}, "states of Ar"),
    ],
)
def test_impossible_requests_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        compositions(**arguments)


@pytest.fixture
def table():
    formulas = [f"Na{n}PS{m}" for n in range(1, 11) for m in range(1, 11)]
    formulas[17] = "Na3P(S4"
    note = ["a, b" if i % 3 else 'two\n"lines"' for i in range(100)]
    return pd.DataFrame({"note": note, "formula": formulas, "price": np.arange(100) / 4})


@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
def test_any_stretch_of_a_file_is_read_by_itself(table, name, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "STRIDE", 16)
    path = tmp_path / name
    if name.endswith("csv"):
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path, row_group_size=16, index=False)
    space = files.file_space(path)
    assert len(space) == 100
    whole = space.to_dataframe()
    assert whole["formula"].tolist() == table["formula"].tolist()
    assert whole["note"].tolist() == table["note"].tolist()
    for start, stop in [(0, 1), (14, 50), (95, 200), (100, 100)]:
        facts, batch = space.block(start, stop)
        pd.testing.assert_frame_equal(space.named(facts, batch), whole[start:stop].reset_index(drop=True))
    scattered = np.array([3, 15, 16, 60, 99])
    picked = space.named(*space.pick(scattered))
    pd.testing.assert_frame_equal(picked, whole.iloc[scattered].reset_index(drop=True))
    assert "unclosed bracket" in space.block(17, 18)[1].errors[0]


def test_the_same_rows_are_the_same_space_wherever_they_lie(table, tmp_path):
    for name in ("a.csv", "b.csv"):
        table.to_csv(tmp_path / name, index=False)
    first, second = (files.file_space(tmp_path / name) for name in ("a.csv", "b.csv"))
    assert first.digest == second.digest
    table.head(50).to_csv(tmp_path / "b.csv", index=False)
    assert files.file_space(tmp_path / "b.csv").digest != first.digest


def test_unusable_files_are_named(table, tmp_path):
    table[["note"]].to_csv(tmp_path / "bare.csv", index=False)
    (tmp_path / "empty.csv").write_text("")
    table.to_csv(tmp_path / "packed.csv.gz", index=False)
    for name, message in [
        ("bare.csv", "needs a column 'formula'"),
        ("empty.csv", "first line must name"),
        ("packed.csv.gz", "unpack it"),
        ("absent.csv", "no such file"),
    ]:
        with pytest.raises(ValueError, match=message):
            files.file_space(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ('kind = "compositions"\nelements = "Na-Cl"\nup_to = 3', 1),
        ('kind = "dopants"\nhost = "Na3PS4"\nsite = "S"\ndopants = ["Cl", "Br"]\nx = [0.1, 0.2]', 4),
        ('kind = "file"\npath = "rows.csv"', 2),
    ],
)
def test_a_description_makes_a_space(text, size, tmp_path):
    (tmp_path / "rows.csv").write_text("formula\nNaCl\nNa3PS4\n")
    (tmp_path / "space.toml").write_text(text)
    assert len(read_space(tmp_path / "space.toml")) == size


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('kind = "alloys"', "choose one of " + ", ".join(READERS)),
        ('kind = "dopants"\nhosts = "Na3PS4"', "'hosts' is not known .* known: host, site, dopants"),
        ('kind = "dopants"\nhost = "Na3PS4"', "needs 'site'"),
        ('kind = "compositions"\nelements = 3\nup_to = 2', "wrong kind"),
        ('kind = "compositions"\nelements = "Na-Cl"\nup_to = "two"', "up_to of Na is 'two'"),
        ("kind =", "is not TOML"),
    ],
)
def test_a_faulty_description_says_what_would_be_right(text, message, tmp_path):
    (tmp_path / "space.toml").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_space(tmp_path / "space.toml")
