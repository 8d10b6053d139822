"""/docs: that it tells all of the API, that its lines work when they are copied, and that it needs no other host."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import lxml.html
import pytest
import requests

from ionscout.serve.http.keys import SCOPES, ApiKeys
from ionscout.serve.http.settings import ServiceSettings
from ionscout.serve.page.answering import STATIC
from ionscout.serve.page.operations import operations
from ionscout.training.registry import connect

from .http.running import has_ended, listening, wait_for

ADDRESS = re.compile(r"(?:https?:)?//[\w.\[]+[^\s'\"<]*")


def reference(url: str) -> lxml.html.HtmlElement:
    """The page, read."""
    answer = requests.get(f"{url}/docs", timeout=60)
    assert answer.status_code == 200
    return lxml.html.fromstring(answer.text)


def words(part: lxml.html.HtmlElement) -> str:
    return " ".join(part.text_content().split())


def copied_lines(page: lxml.html.HtmlElement) -> dict[str, list[tuple[str, str]]]:
    """Lines of each operation, with what the page says of their answer."""
    found = {}
    for article in page.xpath("//article"):
        lines = article.xpath(".//pre[@class='line']")
        found[article.get("id")] = [(line.text_content(), words(line.xpath("following::p[1]")[0])) for line in lines]
    return found


def test_every_operation_is_told_whole(page_url):
    document = requests.get(f"{page_url}/openapi.json", timeout=60).json()
    page = reference(page_url)
    told = {}
    for article in page.xpath("//article"):
        told[words(article.xpath("h3/a")[0])] = article
    expected = {f"{method.upper()} {path}" for path, found in document["paths"].items() for method in found}
    assert set(told) == expected
    for path, resource in document["paths"].items():
        for method, operation in resource.items():
            article = told[f"{method.upper()} {path}"]
            assert operation["summary"] in words(article.xpath("h3")[0])
            codes = article.xpath("table[@class='answers']/tbody/tr/th/text()")
            assert set(codes) == set(operation["responses"])
            names = article.xpath("h4[.='Parameters']/following-sibling::table[1]//tbody/tr/th/code/text()")
            assert names == [parameter["name"] for parameter in operation.get("parameters", [])]
            for media in operation.get("requestBody", {}).get("content", {}):
                assert media in words(article)


def test_every_parameter_field_and_answer_has_a_meaning(page_url):
    page = reference(page_url)
    meanings = page.xpath("//td[@class='meaning'] | //table[@class='answers']/tbody/tr/td")
    assert len(meanings) > 300
    assert [words(row.getparent()) for row in meanings if not words(row)] == []
    assert "Successful Response" not in words(page)


def test_the_index_leads_to_every_operation(page_url):
    page = reference(page_url)
    places = page.xpath("//nav[@class='index']//a/@href")
    known = page.xpath("//@id")
    assert len(known) == len(set(known))
    assert {place.removeprefix("#") for place in places} <= set(known)
    assert {f"#{anchor}" for anchor in page.xpath("//article/@id")} <= set(places)
    assert page.xpath("//nav[@aria-label='Main']/a[@aria-current='page']/@href") == ["/docs"]
    assert page.xpath("//main//a[.='openapi.json']/@href") == ["/openapi.json"]


def test_the_page_names_no_other_host(page_url):
    text = requests.get(f"{page_url}/docs", timeout=60).text
    found = ADDRESS.findall(text)
    assert found
    assert [address for address in found if not address.startswith(f"{page_url}/")] == []


@pytest.mark.parametrize("file", sorted(STATIC.iterdir()), ids=lambda file: file.name)
def test_no_style_script_or_picture_asks_another_host(file):
    text = file.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert ADDRESS.findall(text) == []
    assert re.findall(r"@import|url\(|\bimport\b", text) == []


@pytest.mark.parametrize("path", ["/redoc", "/docs/oauth2-redirect"])
def test_the_pages_that_load_scripts_from_elsewhere_are_gone(page_url, path):
    assert requests.get(page_url + path, timeout=60).status_code == 404


def test_without_scripts_nothing_is_missing(page_url):
    page = reference(page_url)
    assert page.xpath("//main//button") == []
    assert all(lines for lines in copied_lines(page).values())


def asked_with_curl(line: str, folder: Path) -> tuple[int, Any]:
    """Status and body of what a line asks when it is pasted into a shell."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not on this machine")
    body = folder / "answer"
    done = subprocess.run(
        ["sh", "-c", f"{line} -sS -o '{body}' -w '%{{http_code}}'"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    try:
        return int(done.stdout), json.loads(body.read_text())
    except (FileNotFoundError, ValueError):
        return int(done.stdout), None


def test_every_line_answers_as_the_page_says(own_home, tmp_path):
    client = connect()
    for name in ("conductivity", "activation_energy"):
        old = client.get_model_version(name, "1")
        client.create_model_version(name, str(old.source), run_id=old.run_id)
    jobs: dict[str, list[str]] = {"screen": [], "retrain": []}
    with listening(ServiceSettings()) as url:
        # A version before is what a rollback goes back to.
        promoted = requests.post(f"{url}/v1/models/conductivity/promote", json={"version": 2}, timeout=60)
        assert promoted.status_code == 200, promoted.text
        lines = copied_lines(reference(url))
        left = {anchor for anchor in lines if "identifier" in anchor}

        def ask(anchor: str, identifier: str = "IDENTIFIER") -> None:
            for line, said in lines[anchor]:
                filled, _, as_it_stands = said.partition(" with the job's id in the place of IDENTIFIER; ")
                codes = as_it_stands if identifier == "IDENTIFIER" and as_it_stands else filled
                status, body = asked_with_curl(line.replace("IDENTIFIER", identifier), tmp_path)
                assert str(status) in re.findall(r"\d{3}", codes), (line, said, status, body)
                if status == 202:
                    jobs[body["kind"]].append(body["id"])

        for anchor in lines:
            ask(anchor)
        # The large spaces and the training would take minutes; the last screen, of two formulas, ends.
        *large, small = jobs["screen"]
        for kind, identifier in [*(("retrain", job) for job in jobs["retrain"]), *(("screen", job) for job in large)]:
            for anchor in (f"get-v1-{kind}-identifier", f"post-v1-{kind}-identifier-cancel"):
                ask(anchor, identifier)
                left.discard(anchor)
        job = wait_for(lambda: requests.get(f"{url}/v1/screen/{small}", timeout=60).json(), has_ended)
        assert job["state"] == "done"
        for anchor in ("get-v1-screen-identifier-results", "delete-v1-screen-identifier"):
            ask(anchor, small)
            left.discard(anchor)
    assert left == set()


@pytest.fixture
def guarded(trained_home, tmp_path, monkeypatch):
    """A service that wants keys of everyone, with a key for each scope."""
    monkeypatch.setenv("IONSCOUT_HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{trained_home / 'mlflow.db'}")
    keys = {scope: ApiKeys().add(f"only-{scope}", [scope]) for scope in SCOPES}
    with listening(ServiceSettings(require_keys=True)) as url:
        yield url, keys


def test_the_scope_that_is_told_is_the_one_that_is_needed(guarded):
    url, keys = guarded
    told = operations(requests.get(f"{url}/openapi.json", timeout=60).json())
    scopes = set()
    for operation in (operation for group in told.values() for operation in group):
        address = url + operation.path.format(identifier="none", name="none")
        for scope, key in keys.items():
            # A body that is no table is refused behind the door, so that nothing is begun.
            answer = requests.request(
                operation.method, address, data=b"{", headers={"X-API-Key": key, "Content-Type": "text/csv"}, timeout=60
            )
            refused = answer.status_code == 403
            assert refused == (operation.scope not in ("", scope)), (operation.anchor, scope, answer.text)
        scopes.add(operation.scope)
    assert scopes == {"", *SCOPES}


def test_who_came_with_a_key_copies_lines_that_send_one(guarded, tmp_path, monkeypatch):
    url, keys = guarded
    assert requests.get(f"{url}/docs", timeout=60).status_code == 401
    answer = requests.get(f"{url}/docs", auth=("me", keys["read"]), timeout=60)
    assert keys["read"] not in answer.text
    ((line, _),) = copied_lines(lxml.html.fromstring(answer.text))["get-v1-models"]
    monkeypatch.setenv("IONSCOUT_API_KEY", "ionscout_wrong")
    assert asked_with_curl(line, tmp_path)[0] == 401
    monkeypatch.setenv("IONSCOUT_API_KEY", keys["read"])
    assert asked_with_curl(line, tmp_path)[0] == 200


@pytest.mark.parametrize(("host", "status"), [("localhost:1$(id);'<b>", 200), ("lab;id", 403), ("`id`", 403)])
def test_no_command_comes_into_a_line_by_the_name_of_the_host(page_url, host, status):
    answer = requests.get(f"{page_url}/docs", headers={"Host": host}, timeout=60)
    assert answer.status_code == status
    for lines in copied_lines(lxml.html.fromstring(answer.text)).values():
        assert [line for line, _ in lines if "$(" in line or shlex.split(line)[:1] != ["curl"]] == []
