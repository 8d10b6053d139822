"""The page over HTTP: what it says, that it runs nothing it was sent, and that it loads nothing from elsewhere."""

import gzip
import io
from urllib.parse import urlencode, urlparse

import lxml.html
import numpy as np
import pandas as pd
import pytest
import requests

import ionscout as ion
from ionscout.models.properties import PROPERTIES
from ionscout.serve.page.answering import PageError
from ionscout.serve.page.large_work import large_work
from ionscout.serve.page.uploads import MOST_BYTES, MOST_ROWS

HOST = "Na3Zr2Si2PO12"
DOPED = "Na3.4Sc0.4Zr1.6Si2PO12"
ASKED = {"host": HOST, "site": "Zr", "dopant": ["Sc", "Hf", "Mg"], "x": "0.1, 0.3", "spec": "conductivity >= 1e-3"}
EVIL = "<script>alert(1)</script>"
PAGES = {
    "home": "/",
    "predictions": "/predict?" + urlencode({"formulas": f"{HOST}, Na3P(S4, NaCl"}),
    "nothing asked": "/predict",
    "dopants": "/dopants",
    "dopants of a host": f"/dopants?host={HOST}",
    "ranking": "/dopants/ranking?" + urlencode(ASKED, doseq=True),
    "candidate": f"/candidate?formula={HOST}",
    "upload": "/upload",
    "models": "/models",
    "model card": "/models/conductivity",
    "datasheet": "/datasheet",
    "no such card": "/models/colour",
    "reference": "/docs",
}


def get(url: str, path: str, **asked) -> lxml.html.HtmlElement:
    """A page, read; pages answer in HTML whatever happens."""
    answer = requests.get(url + path, params=asked, timeout=60)
    assert answer.headers["content-type"].startswith("text/html")
    return lxml.html.fromstring(answer.text)


def text(page: lxml.html.HtmlElement, query: str = "//main") -> str:
    """Text of the parts that a query finds, blanks made one."""
    return " ".join(" ".join(part.text_content() for part in page.xpath(query)).split())


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_every_page_is_whole_and_brings_its_own_rules(page_url, path):
    answer = requests.get(page_url + path, timeout=60)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    page = lxml.html.fromstring(answer.text)
    assert page.get("lang") == "en"
    assert len(page.xpath("//h1")) == 1
    assert page.xpath("//main")
    assert page.xpath("//title")[0].text.strip()


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_nothing_is_loaded_from_elsewhere_and_nothing_runs_that_is_written_into_a_page(page_url, path):
    page = get(page_url, path)
    loaded = page.xpath("//script/@src | //link/@href | //img/@src | //iframe/@src | //use/@href | //form/@action")
    assert loaded
    assert all(place.startswith("/") and not place.startswith("//") for place in loaded)
    for place in page.xpath("//script/@src | //link/@href"):
        assert requests.get(page_url + place, timeout=20).status_code == 200
    assert page.xpath("//script[not(@src) and not(@type='application/json')]") == []
    assert page.xpath("//@style") == []
    assert [a for a in page.xpath("//@*") if a.attrname.startswith("on")] == []


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_every_field_has_a_name_for_those_who_hear_the_page(page_url, path):
    page = get(page_url, path)
    for field in page.xpath("//input[not(@type='hidden')] | //select | //textarea"):
        label = field.get("aria-label") or text(page, f"//label[@for='{field.get('id')}']")
        assert label or field.xpath("ancestor::label")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/predict", "formulas"),
        ("/predict", "temperature"),
        ("/predict", "state"),
        ("/candidate", "formula"),
        ("/candidate", "temperature"),
        ("/dopants", "host"),
        ("/dopants", "x"),
        ("/dopants/ranking", "site"),
        ("/dopants/ranking", "dopant"),
        ("/dopants/ranking", "spec"),
        ("/dopants/ranking", "compensate"),
        ("/dopants/ranking", "at_once"),
    ],
)
def test_what_is_typed_stays_text(page_url, path, field):
    given = {"formula": HOST, "formulas": HOST, "host": HOST, field: EVIL + "\"'>"}
    answer = requests.get(page_url + path, params=given, timeout=60)
    assert answer.status_code in (200, 400, 422)
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert lxml.html.fromstring(answer.text).xpath("//script[contains(text(), 'alert')]") == []


def test_a_search_answers_as_the_library_does_and_errors_stay_in_place(page_url):
    page = get(page_url, "/predict", formulas=f"{HOST}, Na3P(S4\nNa3PS4", temperature="60")
    rows = page.xpath("//table[contains(@class, 'properties')]/tbody/tr")
    assert len(rows) == 3
    expected = ion.predict([HOST, "Na3PS4"], temperature_C=60)
    for row, (_, values) in zip((rows[0], rows[2]), expected.iterrows(), strict=True):
        shown = [cell.text_content().replace("−", "-") for cell in row.xpath("td")]
        for fact, cell in zip(PROPERTIES.values(), shown, strict=False):
            assert f"{values[fact.column]:.{fact.decimals}f}" in cell
    assert "unclosed bracket" in rows[1].text_content()
    assert text(page, "//tr[1]/th[@scope='row']//sub") == "3 2 2 12"


def test_the_front_page_says_which_models_answer_and_how_right_they_are(page_url):
    registered = ion.models()
    row = registered[registered["champion"] & registered["property"].eq("oxidation_limit")].iloc[0]
    shown = get(page_url, "/").xpath("//table[@class='right']//tr[contains(., 'oxidation limit')]/td")
    cells = [cell.text_content() for cell in shown]
    assert cells == [f"{row['MAE_by_system']:.3f}", "V", f"{row['version']}", f"{row['created']:%Y-%m-%d}"]


def test_exact_values_are_told_from_predicted_ones(page_url):
    page = get(page_url, "/predict", formulas=f"NaCl, {DOPED}")
    known, predicted = page.xpath("//table[contains(@class, 'properties')]/tbody/tr")
    expected = ion.predict(["NaCl", DOPED])
    assert expected["window_source"].tolist() == ["exact", "predicted"]
    assert "exact" in known.text_content()
    assert "exact" not in predicted.text_content()
    candidate = text(get(page_url, "/candidate", formula="NaCl"))
    assert "Window: exact, from known phase equilibria" in candidate


@pytest.mark.parametrize(
    ("path", "asked", "said"),
    [
        ("/predict", {"formulas": ""}, "no formula is given"),
        ("/predict", {"formulas": "NaCl", "temperature": "warm"}, "temperature 'warm' is not a number"),
        ("/predict", {"formulas": "NaCl", "temperature": "-300"}, "out of range"),
        ("/predict", {"formulas": "NaCl", "state": "molten"}, "state 'molten' is not known"),
        ("/predict", {"formulas": "NaCl\n" * 201}, "upload them as a CSV"),
        ("/candidate", {"formula": "Na3P(S4"}, "unclosed bracket"),
        ("/candidate", {}, "no formula is given"),
        ("/dopants", {"host": "ZrO2"}, "has no mobile ion"),
        ("/dopants/ranking", {"host": ""}, "no host is given"),
        ("/dopants/ranking", {**ASKED, "site": "Ti"}, "site 'Ti' is not in host"),
        ("/dopants/ranking", {**ASKED, "dopant": ["Na"]}, "no candidate is left: Na is the mobile ion"),
        ("/dopants/ranking", {**ASKED, "x": "a lot"}, "x 'a' is not a number"),
        ("/dopants/ranking", {**ASKED, "by": "beauty"}, "by 'beauty': choose one of probability, conductivity"),
        ("/dopants/ranking", {**ASKED, "spec": "speed >= 3"}, "'speed' is not a property"),
        ("/dopants/ranking", {**ASKED, "spec": "conductivity at 60 C >= 1e-3", "temperature": "25"}, "leave one"),
        ("/dopants/ranking", {**ASKED, "compensate": "anion_exchange"}, "name the old and the new one"),
        ("/dopants/ranking", {**ASKED, "x": ",".join(f"{x:g}" for x in np.linspace(0.01, 1, 2000))}, "are more than"),
        ("/upload/nothing-of-this-name-here", {}, "kept for a day"),
    ],
)
def test_what_cannot_be_done_is_told_with_its_remedy(page_url, path, asked, said):
    answer = requests.get(page_url + path, params=asked, timeout=60)
    assert 400 <= answer.status_code < 500
    assert said in text(lxml.html.fromstring(answer.text), "//*[@role='alert']")


def test_a_spec_at_a_temperature_is_predicted_there(page_url):
    page = get(page_url, "/dopants/ranking", **{**ASKED, "spec": "conductivity at 80 C >= 1e-3"})
    assert "at 80 °C" in text(page, "//p[@class='lead']")


def test_a_ranking_is_that_of_the_library(page_url):
    page = get(page_url, "/dopants/ranking", **ASKED)
    candidates = ion.dopants(HOST, site="Zr", dopants=ASKED["dopant"], x=[0.1, 0.3])
    expected = ion.rank(ion.predict(candidates.to_dataframe()), ASKED["spec"])
    shown = page.xpath("//table[contains(@class, 'ranking')]/tbody/tr/th/a")
    assert [link.text_content() for link in shown] == [HOST, *expected["formula"]]
    ordered = get(page_url, "/dopants/ranking", by="oxidation_limit", **ASKED)
    shown = ordered.xpath("//table[contains(@class, 'ranking')]/tbody/tr/th/a")
    by_limit = expected.sort_values("oxidation_limit_V", ascending=False, kind="stable")
    assert [link.text_content() for link in shown] == [HOST, *by_limit["formula"]]
    answer = requests.get(page_url + "/dopants/ranking.csv", params=ASKED, timeout=60)
    file = pd.read_csv(io.BytesIO(answer.content))
    np.testing.assert_allclose(file["probability"], expected["probability"], rtol=1e-9)
    whole = pd.read_parquet(
        io.BytesIO(requests.get(page_url + "/dopants/ranking.parquet", params=ASKED, timeout=60).content)
    )
    assert whole["why"].tolist() == expected["why"].tolist()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"spec": "no Sc"}, "2 excluded by the spec"),
        ({"spec": "conductivity >= 1e-3, no Sc", "dopant": ["Sc"]}, "2 excluded by the spec"),
        ({"compensate": "co_dopant", "dopant": ["Sc", "Nb"], "x": "0.2"}, "1 candidate from"),
        ({"site": ["Zr", "Si"], "dopant": ["Sc", "Al"], "at_once": "2", "x": "0.1"}, "Zr, Si sites"),
        ({"compensate": "anion_exchange", "old_anion": "O", "new_anion": "F", "dopant": ["Sc"]}, "refused"),
        ({"site": "O", "dopant": ["F"], "compensate": "mobile_vacancies"}, "O site"),
        ({"temperature": "80", "state": "glass"}, "at 80 °C"),
    ],
)
def test_every_way_of_doping_can_be_asked(page_url, asked, said):
    answer = requests.get(page_url + "/dopants/ranking", params={**ASKED, **asked}, timeout=60)
    assert answer.status_code == 200
    assert said in text(lxml.html.fromstring(answer.text))


def test_a_downloaded_ranking_holds_nothing_that_a_spreadsheet_runs(page_url):
    asked = {**ASKED, "host": HOST}
    answer = requests.get(page_url + "/dopants/ranking.csv", params=asked, timeout=60)
    assert "attachment" in answer.headers["content-disposition"]
    cells = pd.read_csv(io.BytesIO(answer.content), dtype=str).melt()["value"].dropna().tolist()
    run = [cell for cell in cells if cell[0] in "=+-@" and not _is_number(cell)]
    assert run == []
    assert any(cell.startswith("'+0.1 Na for Sc3+") for cell in cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_the_map_shows_the_best_of_each_dopant_and_why_others_have_none(page_url):
    page = get(page_url, "/dopants/ranking", **ASKED)
    candidates = ion.dopants(HOST, site="Zr", dopants=ASKED["dopant"], x=[0.1, 0.3])
    best = ion.rank(ion.predict(candidates.to_dataframe()), ASKED["spec"]).groupby("dopant")["probability"].max()
    tiles = {a.text: a.get("title") for a in page.xpath("//table[contains(@class, 'map')]//a")}
    assert set(tiles) == {"Sc", "Hf", "Mg"}
    for symbol, probability in best.items():
        share = f"{100 * probability:.1f} %" if probability < 0.0995 else f"{100 * probability:.0f} %"
        assert share in tiles[symbol] or probability < 0.001
    greyed = {span.text: span.get("title") for span in page.xpath("//table[contains(@class, 'map')]//span")}
    assert greyed["O"] == "Oxygen: not asked"


def test_the_map_may_be_coloured_by_a_property(page_url):
    page = get(page_url, "/dopants/ranking", shade="oxidation_limit", **ASKED)
    table = ion.predict(ion.dopants(HOST, site="Zr", dopants=ASKED["dopant"], x=[0.1, 0.3]).to_dataframe())
    best = table.groupby("dopant")["oxidation_limit_V"].max()
    tiles = {a.text: a.get("title") for a in page.xpath("//table[contains(@class, 'map')]//a")}
    assert all(f": {best[symbol]:.2f}, " in title for symbol, title in tiles.items())
    shades = {a.text: int(a.get("class").split("shade-")[1]) for a in page.xpath("//table[contains(@class, 'map')]//a")}
    assert shades[best.idxmax()] == 9
    assert shades[best.idxmin()] == 0


def test_the_drawn_front_is_that_of_conductivity_and_oxidation_limit(page_url):
    page = get(page_url, "/dopants/ranking", **{**ASKED, "dopant": []})
    table = ion.predict(ion.dopants(HOST, site="Zr", x=[0.1, 0.3]).to_dataframe())
    values = table[["log10_conductivity", "oxidation_limit_V"]].to_numpy()
    beaten = [((values >= row).all(axis=1) & (values > row).any(axis=1)).any() for row in values]
    expected = set(table["formula"][~np.array(beaten)])
    drawn = page.xpath("//a[contains(@class, 'on-front')]/@aria-label")
    assert {label.split(": ")[0].split(". ", 1)[1] for label in drawn} == expected


def test_what_does_not_fit_a_site_is_greyed_with_its_reason(page_url):
    page = get(page_url, "/dopants", host=HOST)
    refused = ion.dopants(HOST, site="Zr", dopants="all").refused
    hard = refused[refused["x"].isna() & ~refused["reason"].str.contains("name it in dopants")]
    greyed = page.xpath("//label[contains(@class, 'no')]")
    assert {label.xpath("input/@value")[0] for label in greyed} == set(hard["dopant"])
    silicon = next(label for label in greyed if label.xpath("input/@value")[0] == "Si")
    assert silicon.get("title") == "Silicon: Si is in the host already, in coordination 4 and not 6"
    sulfide = page.xpath("//label[contains(@class, 'element')][not(contains(@class, ' no'))]/input[@value='Pd']/..")
    assert "noble metal" in sulfide[0].get("title")


def test_a_candidate_shows_its_neighbours_with_their_sources(page_url):
    page = get(page_url, "/candidate", formula="Na3PS4")
    found = ion.neighbours("Na3PS4", count=6)
    dois = {f"https://doi.org/{source}" for source in found["source"] if str(source).startswith("10.")}
    assert dois
    assert dois <= set(page.xpath("//a[starts-with(@href, 'https://doi.org/')]/@href"))


def test_why_adds_up_to_the_prediction(page_url):
    page = get(page_url, "/candidate", formula=HOST)
    rows = page.xpath("//table[@class='why']/tbody/tr")
    values = [float(row.xpath("td")[0].text_content().replace("−", "-")) for row in rows]
    assert sum(values[:-1]) == pytest.approx(values[-1], abs=0.005 * len(values))
    assert values[-1] == pytest.approx(ion.predict(HOST)["log10_conductivity"][0], abs=0.0051)


def test_conductivity_over_temperature_is_drawn_and_given_as_a_file(page_url):
    page = get(page_url, "/candidate", formula=HOST, temperature="100")
    points = page.xpath("//polyline[@class='line']/@points")[0].split()
    answer = requests.get(page_url + "/candidate.csv", params={"formula": HOST}, timeout=60)
    file = pd.read_csv(io.BytesIO(answer.content))
    assert len(points) == len(file)
    assert file["log10_conductivity"].is_monotonic_increasing
    assert page.xpath("//circle[@class='measured']")


def upload(url: str, name: str, content: bytes) -> requests.Response:
    return requests.post(url + "/upload", files={"file": (name, content)}, timeout=60)


def test_an_upload_is_answered_row_by_row(page_url):
    table = f"formula,temperature_C,state,note\n{HOST},60,,=1+1\nNa3P(S4,25,,{EVIL}\nNaCl,hot,,\nNa3PS4,,glass,x\n"
    answer = upload(page_url, "'><b>batch 7.csv", table.encode())
    assert answer.status_code == 200
    assert answer.history[0].status_code == 303
    assert "<script>alert" not in answer.text
    page = lxml.html.fromstring(answer.text)
    assert "4 rows, 2 predicted, 2 could not be read" in text(page)
    rows = page.xpath("//section[@aria-labelledby='bad']//tbody/tr")
    bad = [" ".join(cell.text_content() for cell in row) for row in rows]
    assert bad[0].startswith("3 Na3P(S4 formula 'Na3P(S4' has an unclosed bracket")
    assert bad[1].startswith("4 NaCl")
    assert "hot" in bad[1]
    place = page.xpath("//a[contains(@href, '.csv')]/@href")[0]
    file = pd.read_csv(io.BytesIO(requests.get(page_url + place, timeout=60).content))
    expected = ion.predict([HOST, "Na3PS4"], temperature_C=[60, 25], state=["crystalline", "glass"])
    np.testing.assert_allclose(file["log10_conductivity"][[0, 3]], expected["log10_conductivity"], rtol=1e-6)
    assert file["note"].tolist()[:2] == ["'=1+1", EVIL]


def test_a_parquet_upload_comes_back_whole(page_url):
    buffer = io.BytesIO()
    pd.DataFrame({"formula": ["NaCl", "Na3PS4"], "batch": [7, 8]}).to_parquet(buffer)
    answer = upload(page_url, "lab.parquet", buffer.getvalue())
    place = lxml.html.fromstring(answer.text).xpath("//a[contains(@href, '.parquet')]/@href")[0]
    back = pd.read_parquet(io.BytesIO(requests.get(page_url + place, timeout=60).content))
    assert back["formula"].tolist() == ["NaCl", "Na3PS4"]
    assert back["batch"].tolist() == [7, 8]


@pytest.mark.parametrize(
    ("name", "content", "status", "said"),
    [
        ("lab.csv", b"compound,T\nNaCl,25\n", 422, "rename 'compound' to 'formula'"),
        ("lab.csv", b"", 422, "lab.csv is empty"),
        ("lab.csv", b"formula\n", 422, "no row below its header"),
        ("lab.xlsx", b"PK\x03\x04", 415, "give a table as .csv"),
        ("lab.parquet", b"formula\nNaCl\n", 400, "Parquet"),
        ("lab.csv", "formula\nNa₂S\n".encode("utf-16"), 400, "not UTF-8"),
        ("lab.csv.gz", b"formula\nNaCl\n", 422, "no whole gzip file"),
        ("lab.csv.gz", gzip.compress(b"formula\n" + b" " * 65_000_000), 413, "inflates beyond"),
        ("lab.csv", b"formula\n" + b"NaCl\n" * (MOST_ROWS + 1), 413, f"takes {MOST_ROWS:,} rows at most"),
        ("lab.csv", b"formula\n" + b"NaCl\n" * (MOST_BYTES // 5 + 4000), 413, "bytes"),
    ],
)
def test_an_upload_that_is_no_table_or_too_large_is_refused(page_url, name, content, status, said):
    answer = upload(page_url, name, content)
    assert answer.status_code == status
    message = text(lxml.html.fromstring(answer.text), "//*[@role='alert']")
    assert said in message
    assert "/tmp" not in message


def test_no_file_of_the_service_is_read_by_an_uploads_word(page_url, tmp_path):
    secret = tmp_path / "secret.cif"
    secret.write_text("data_secret\n")
    answer = upload(page_url, "lab.csv", f"formula,structure\n,{secret}\nNaCl,\n".encode())
    page = lxml.html.fromstring(answer.text)
    assert "2 rows, 1 predicted, 1 could not be read" in text(page)
    assert "is a path; a service opens no files" in text(page, "//td[@class='error']")
    assert "data_secret" not in answer.text


def test_no_other_site_sends_files_through_a_reader(page_url):
    answer = requests.post(
        page_url + "/upload",
        files={"file": ("a.csv", b"formula\nNaCl\n")},
        headers={"Origin": "https://elsewhere.example"},
        timeout=20,
    )
    assert answer.status_code == 403


def test_large_tables_take_turns_and_small_questions_do_not_wait(page_url):
    with large_work(), large_work():
        with pytest.raises(PageError, match="busy"), large_work(longest_wait_s=0.01):
            pass
        assert requests.get(page_url + "/predict", params={"formulas": "NaBr"}, timeout=20).status_code == 200


def test_model_cards_and_the_datasheet_are_rendered(page_url):
    card = get(page_url, "/models/oxidation_limit")
    assert text(card, "//h1") == "reduction limit, oxidation limit"
    assert card.xpath("//article//table//td[@class='number' or not(@class)]")
    assert "Known faults" in text(get(page_url, "/datasheet"), "//h2")
    listed = get(page_url, "/models")
    assert {urlparse(a).path.rsplit("/")[-1] for a in listed.xpath("//tbody//a/@href")} >= set(PROPERTIES)


def test_without_models_the_page_says_what_to_do(tmp_path, page_url, monkeypatch):
    monkeypatch.setenv("IONSCOUT_HOME", str(tmp_path))
    answer = requests.get(page_url + "/predict", params={"formulas": HOST}, timeout=60)
    assert answer.status_code == 503
    assert "run `ionscout train`" in text(lxml.html.fromstring(answer.text), "//*[@role='alert']")
    assert str(tmp_path) not in answer.text


def test_where_keys_are_needed_a_browser_is_asked_for_one(trained_home, tmp_path, monkeypatch):
    from fastapi.testclient import TestClient

    from ionscout.serve.http.app import create_app
    from ionscout.serve.http.keys import ApiKeys
    from ionscout.serve.http.settings import ServiceSettings

    # Keys of its own, beside the models that all tests share.
    monkeypatch.setenv("IONSCOUT_HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{trained_home / 'mlflow.db'}")
    key = ApiKeys().add("reader", ["read"])
    with TestClient(create_app(ServiceSettings(require_keys=True)), "http://127.0.0.1") as reader:
        for path in PAGES.values():
            refused = reader.get(path)
            assert refused.status_code == 401
            assert "Basic" in refused.headers["www-authenticate"]
            assert "default-src 'none'" in refused.headers["content-security-policy"]
        assert reader.get("/", auth=("me", key)).status_code == 200
        assert reader.get("/", auth=("me", key[:-1])).status_code == 401


def test_behind_a_prefix_every_address_carries_it():
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from ionscout.serve.page.routes import router

    app = FastAPI()
    app.include_router(router)
    page = lxml.html.fromstring(TestClient(app, root_path="/lab").get("/lab/datasheet").text)
    places = page.xpath("//a/@href | //link/@href | //script/@src")
    assert all(place.startswith(("/lab/", "#", "https://")) for place in places)
    assert page.xpath("//a[@aria-current='page']/@href") == ["/lab/datasheet"]


def test_pages_are_no_part_of_the_api_description(page_url):
    paths = requests.get(page_url + "/openapi.json", timeout=60).json()["paths"]
    assert "/v1/predict" in paths
    assert not {"/", "/predict", "/dopants", "/upload"} & set(paths)
