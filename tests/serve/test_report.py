import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import ionscout as ion
from ionscout.models.properties import PROPERTIES
from ionscout.serve.report.cells import columns_of
from ionscout.serve.report.curves import series_of
from ionscout.serve.report.notes import domain_notes, refusals
from ionscout.serve.report.periodic_map import best_of_elements, place_of
from ionscout.serve.report.report import report
from ionscout.serve.screen.ranking import rank
from ionscout.serve.screen.spec import Spec
from ionscout.training.data.sources import load_curated

SPEC = "conductivity >= 1e-3, oxidation limit >= 3, no Co"


def predicted(table: pd.DataFrame) -> pd.DataFrame:
    """A table as `ion.predict` would answer it, with values that a generator drew: no model is asked here."""
    generator = np.random.default_rng(0)
    out = table.assign(temperature_C=25.0, state="crystalline")
    for fact, centre, half in zip(
        PROPERTIES.values(), (-3.0, 0.3, 1.0, 3.2, 0.03), (1.0, 0.1, 0.4, 0.5, 0.05), strict=True
    ):
        value = centre + half * generator.normal(size=len(out)) / 2
        out[fact.column], out[f"{fact.column}_lower"], out[f"{fact.column}_upper"] = value, value - half, value + half
    for suffix in ("", "_lower", "_upper"):
        out[f"conductivity_S_cm{suffix}"] = 10.0 ** out[f"log10_conductivity{suffix}"]
    return out.assign(domain_score=0.5, in_domain=True, error=None)


@pytest.fixture(scope="module")
def space() -> object:
    return ion.dopants("Na3Zr2Si2PO12", site="Zr", x=[0.1, 0.2, 0.3])


@pytest.fixture(scope="module")
def ranked(space) -> pd.DataFrame:
    return rank(predicted(space.to_dataframe()), SPEC)


class Page(HTMLParser):
    """What a page holds: tags with their attributes, and its text."""

    def __init__(self, path: Path):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def no_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home where nothing was ever trained."""
    monkeypatch.setenv("IONSCOUT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path / "home"


@pytest.fixture(scope="module")
def page(ranked, space, tmp_path_factory) -> Page:
    """The page of a doped host, made where no model is registered."""
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IONSCOUT_HOME", str(folder / "home"))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        path = report(ranked, folder / "report.html", refused=space.refused, command="ionscout rank --report <x>")
    assert not (folder / "home").exists()
    return Page(path)


def test_page_needs_nothing_from_outside(page):
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "iframe", "object", "base"}
    for _, attributes in page.tags:
        for name in ("src", "href", "xlink:href", "data"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/png;base64,"))
    assert not re.search(r"@import|url\((?!#)", page.source)


def test_identifiers_of_figures_do_not_meet(page):
    counts = Counter(attributes["id"] for _, attributes in page.tags if "id" in attributes)
    assert len(counts) > 50
    assert counts.most_common(1)[0][1] == 1
    used = re.findall(r'url\(#([^)]+)\)|xlink:href="#([^"]+)"', page.source)
    assert {name for pair in used for name in pair if name} <= set(counts)


def test_every_part_is_there_for_a_doped_host(page):
    for heading in ("Ranking", "Which dopants", "Conductivity against oxidation limit", "How much of it", "Domain"):
        assert heading in page.text
    assert "is radioactive" in page.text
    assert "ionscout rank --report <x>" in page.text
    assert "oxidation_limit_V >= 3" in page.text
    assert sum(tag == "svg" and "role" in a for tag, a in page.tags) == 3
    assert "No model is registered here" in page.text


def test_table_of_a_user_without_dopants_or_windows_is_reported_as_far_as_it_goes(tmp_path, no_models):
    formulas = pd.DataFrame({"formula": ["Na3PS4", "Na2ZrCl6", "NaCl"], "batch": ["a", "b", "c"]})
    table = predicted(formulas).drop(columns=["in_domain", "oxidation_limit_V", "dopant"], errors="ignore")
    page = Page(report(rank(table, "conductivity >= 1e-3"), tmp_path / "report.html"))
    assert "3 candidates, ranked" in page.text
    for absent in ("Which dopants", "Conductivity against", "How much of it", "Domain", "Refused"):
        assert absent not in page.text


def test_what_comes_in_stays_text(ranked, tmp_path, no_models):
    evil = "<script>alert(1)</script>"
    table = ranked.assign(formula=evil, why=evil, dopant=evil, host=evil)
    table.attrs = {"spec": SPEC, "refused": {evil: 3}}
    page = Page(report(table, tmp_path / "report.html", command=evil))
    assert "script" not in {tag for tag, _ in page.tags}
    assert evil in page.text


def test_five_hundred_rows_stay_below_five_megabytes(ranked, tmp_path, no_models):
    many = pd.concat([ranked] * 4, ignore_index=True).head(500)
    many["rank"] = np.arange(1, 501)
    many.attrs = ranked.attrs
    path = report(many, tmp_path / "report.html", rows=500)
    assert Page(path).source.count('class="formula"') == 500
    assert path.stat().st_size < 5e6


def test_same_ranking_makes_the_same_bytes(ranked, space, page, tmp_path, no_models):
    path = report(ranked, tmp_path / "a.html", refused=space.refused, command="ionscout rank --report <x>")
    assert path.read_text(encoding="utf-8") == page.source


def test_map_shows_the_best_candidate_of_each_element(ranked):
    best = best_of_elements(ranked)
    for dopant, rows in ranked.groupby("dopant"):
        assert best[dopant] == rows["probability"].max()
    assert best["Co"] == 0.0
    mixed = pd.DataFrame({"dopant": ["Sc+Yb", "Sc"], "probability": [0.5, 0.2]})
    assert best_of_elements(mixed).to_dict() == {"Sc": 0.5, "Yb": 0.5}


def test_elements_stand_where_the_periodic_table_has_them():
    places = [place_of(s) for s in ("Na", "Mg", "Al", "Zr", "W", "Ce", "I")]
    assert places == [(3, 1), (3, 2), (3, 13), (5, 4), (6, 6), (8.4, 4), (5, 17)]


def test_curves_carry_the_measured_points_of_the_same_host(ranked):
    found = {series.dopant: series for series in series_of(ranked, 25.0)}
    zinc = found["Zn"].measured
    mine = sorted(zinc.loc[zinc["dopant"] == "Zn", "log10_conductivity"])
    table = load_curated("sodium_electrolytes")
    doped = table[table["formula"].isin(["Na3.4Zr1.8Zn0.2Si2PO12", "Na3Zr1.8Zn0.2Si2PO11.8", "Na3Zr1.9Zn0.1Si2PO11.9"])]
    doped = doped[doped["temperature_C"].between(15, 35) & doped["conductivity_kind"].ne("grain_boundary")]
    np.testing.assert_allclose(mine, sorted(np.log10(doped["conductivity_S_cm"])))
    assert found["Zn"].predicted["x"].tolist() == [0.1, 0.2, 0.3]


def test_bars_share_the_scale_of_their_column_and_show_the_bound(ranked):
    columns = {column.fact.name: column for column in columns_of(ranked, Spec.parse(SPEC))}
    assert columns["conductivity"].bounds == (-3.0,)
    assert columns["oxidation_limit"].bounds == (3.0,)
    assert columns["conductivity"].low <= ranked["log10_conductivity_lower"].min()
    places = [
        float(p)
        for p in re.findall(r'cx="([\d.]+)"', "".join(map(columns["conductivity"].cell, ranked.to_dict("records"))))
    ]
    assert np.corrcoef(places, ranked["log10_conductivity"])[0, 1] > 0.9999


def test_refused_alike_stand_together_with_all_their_elements(space):
    found = refusals(space.refused)
    assert sum(count for _, count, _ in found) == len(space.refused)
    by_reason = {reason: names for reason, _, names in found}
    assert set(by_reason["charge 1+ is more than 2 away from Zr4+"]) == {"Li", "K", "Rb", "Cs", "Ag"}
    assert refusals({"out of domain": 2, "no mobile ion": 9})[0] == ("no mobile ion", 9, [])


def test_domain_notes_say_why(champion_home, tmp_path):
    table = ion.predict(["Na3Zr2Si2PO12", "MgO", "Na3OCl", "NaUF5", "NaAu2"])
    notes = domain_notes(rank(table, "conductivity >= 1e-3"))
    reasons = {formula: reason for reason, _, examples in notes for formula in examples}
    assert "none of the mobile ions" in reasons["MgO"]
    assert "too few of its family (antiperovskite) were measured" in reasons["Na3OCl"]
    assert "too few of its family (other) were measured" in reasons["NaAu2"]
    assert "more doubt than" in reasons["NaUF5"]
    assert "Na3Zr2Si2PO12" not in reasons


def test_unusable_requests_name_the_remedy(ranked, tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.html"):
        report(ranked, tmp_path / "report.pdf")
    with pytest.raises(KeyError, match=r"'rank'; rank it first"):
        report(ranked.drop(columns="rank"), tmp_path / "report.html")
    with pytest.raises(ValueError, match="nothing to report"):
        report(ranked.head(0), tmp_path / "report.html")


def test_command_line_writes_the_page_with_the_command(ranked, space, tmp_path, no_models, monkeypatch):
    from ionscout.serve.cli import app

    predicted(space.to_dataframe()).to_csv(tmp_path / "in.csv", index=False)
    space.refused.to_csv(tmp_path / "refused.csv", index=False)
    arguments = ["rank", "--input", str(tmp_path / "in.csv"), "--spec", SPEC, "--report", str(tmp_path / "r.html")]
    monkeypatch.setattr("sys.argv", ["ionscout", *arguments])
    answer = CliRunner().invoke(app, [*arguments, "--refused", str(tmp_path / "refused.csv")])
    assert answer.exit_code == 0, answer.output
    page = Page(tmp_path / "r.html")
    assert f"--spec '{SPEC}'" in page.text
    assert "is radioactive" in page.text


def test_refusals_without_a_report_are_refused(tmp_path):
    from ionscout.serve.cli import app

    answer = CliRunner().invoke(app, ["rank", "--input", "in.csv", "--refused", "refused.csv"])
    assert isinstance(answer.exception, ValueError)
    assert "--report FILE.html" in str(answer.exception)


def test_a_screen_reports_its_shortlist_its_refusals_and_its_models(champion_home, tmp_path, monkeypatch):
    from ionscout.serve.cli import app

    space = tmp_path / "space.toml"
    space.write_text('kind = "dopants"\nhost = "Na3SbS4"\nsite = "Sb"\ndopants = ["W", "Mo", "Sn"]\nx = [0.05, 0.1]')
    arguments = ["screen", str(space), "--spec", "conductivity >= 1e-3", "--report", str(tmp_path / "r.html")]
    monkeypatch.setattr("sys.argv", ["ionscout", *arguments])
    answer = CliRunner().invoke(app, arguments)
    assert answer.exit_code == 0, answer.output
    page = Page(tmp_path / "r.html")
    assert "screened" in page.text
    assert page.text.count("energy above hull") >= 1
    hashes = set(ion.models()["data_hash"].dropna())
    assert hashes & set(re.findall(r"[0-9a-f]{16}", page.text))
