"""The page in headless Chromium, with real keys and clicks."""

import json
import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

HOST = "Na3Zr2Si2PO12"
WIDTHS = (390, 1280)
PLACES = {
    "home": "/",
    "predictions": f"/predict?formulas={HOST},Na3P(S4,NaCl",
    "dopants": f"/dopants?host={HOST}",
    "ranking": f"/dopants/ranking?host={HOST}&dopant=Sc&dopant=Mg&x=0.1,0.3",
    "candidate": f"/candidate?formula={HOST}",
    "upload": "/upload",
    "models": "/models",
    "datasheet": "/datasheet",
    "reference": "/docs",
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator["WebDriver"]:
    """Headless Chromium; the tests are skipped, and say so, where it is not installed."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("Chromium and chromedriver are not on this machine (Debian: chromium, chromium-driver)")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium refuses to sandbox for root, as in containers.
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    running = webdriver.Chrome(options=options, service=Service(driver))
    running.set_page_load_timeout(60)
    yield running
    running.quit()


def resized(browser: "WebDriver", width: int) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def find(browser: "WebDriver", query: str) -> Any:
    return browser.find_element("css selector", query)


def arrived(browser: "WebDriver", part: str) -> None:
    """Wait until the address holds a part."""
    from selenium.webdriver.support.expected_conditions import url_contains
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(browser, 20).until(url_contains(part))


def focused(browser: "WebDriver") -> str:
    """Value of the element that has the keys."""
    return browser.switch_to.active_element.get_attribute("value") or ""


@pytest.mark.parametrize("width", WIDTHS)
def test_a_search_leads_to_a_candidate_and_its_sources(browser, page_url, width):
    from selenium.webdriver.common.keys import Keys

    resized(browser, width)
    browser.get(page_url + "/")
    find(browser, "#formulas").send_keys(f"{HOST}, Na3PS4", Keys.ENTER)
    arrived(browser, "/predict?")
    rows = browser.find_elements("css selector", "table.properties tbody tr")
    assert len(rows) == 2
    find(browser, "table.properties tbody th a").click()
    arrived(browser, "/candidate?")
    assert find(browser, "h1").text.replace("\n", "") == HOST
    assert browser.find_elements("css selector", "a[href^='https://doi.org/10.']")
    temperature = find(browser, "#temperature")
    temperature.clear()
    temperature.send_keys("80", Keys.ENTER)
    arrived(browser, "temperature=80")
    assert "80 °C" in find(browser, "figcaption").text


def test_shift_and_enter_begin_a_new_line(browser, page_url):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser.get(page_url + "/")
    find(browser, "#formulas").send_keys("NaCl")
    ActionChains(browser).key_down(Keys.SHIFT).send_keys(Keys.ENTER).key_up(Keys.SHIFT).send_keys("NaBr").perform()
    assert find(browser, "#formulas").get_attribute("value") == "NaCl\nNaBr"
    find(browser, "form.search button").click()
    arrived(browser, "/predict?")
    assert len(browser.find_elements("css selector", "table.properties tbody tr")) == 2


def test_an_example_is_one_click_away(browser, page_url):
    browser.get(page_url + "/")
    find(browser, ".cards a").click()
    arrived(browser, "/predict?")
    assert len(browser.find_elements("css selector", "table.properties tbody tr")) >= 2


def test_dopants_are_chosen_by_keyboard(browser, page_url):
    from selenium.webdriver.common.keys import Keys

    resized(browser, 1280)
    browser.get(f"{page_url}/dopants?host={HOST}")
    grid = find(browser, "table.elements[role=grid]")
    assert len(grid.find_elements("css selector", "input[tabindex='0']")) == 1
    browser.execute_script("document.querySelector('input[name=dopant][value=Ca]').focus()")
    for key, there in ((Keys.ARROW_RIGHT, "Sc"), (Keys.ARROW_DOWN, "Y"), (Keys.ARROW_RIGHT, "Zr")):
        browser.switch_to.active_element.send_keys(key)
        assert focused(browser) == there
    # What does not fit is reached, says why, and cannot be chosen.
    browser.switch_to.active_element.send_keys(Keys.SPACE)
    assert "Zr is the element of the site" in find(browser, "#told").text
    assert not browser.switch_to.active_element.is_selected()
    browser.switch_to.active_element.send_keys(Keys.ARROW_DOWN, Keys.NULL)
    assert focused(browser) == "Hf"
    browser.switch_to.active_element.send_keys(Keys.SPACE)
    assert browser.switch_to.active_element.is_selected()
    assert find(browser, "#count").text == "1 chosen"
    assert find(browser, "#told").text == "Hafnium (Hf): chosen"
    browser.switch_to.active_element.send_keys(Keys.HOME)
    assert focused(browser) == "Cs"
    # Gaps are stepped over: barium, then hafnium.
    browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert focused(browser) == "Hf"


def test_a_site_changes_what_fits(browser, page_url):
    browser.get(f"{page_url}/dopants?host={HOST}")
    label = "label.element:has(input[value=Sc])"
    assert "no" not in find(browser, label).get_attribute("class").split()
    find(browser, "input[name=site][value=P]").click()
    assert "no" not in find(browser, label).get_attribute("class").split()  # Zr still takes it.
    find(browser, "input[name=site][value=Zr]").click()
    assert "no" in find(browser, label).get_attribute("class").split()
    assert "P5+" in find(browser, label).get_attribute("title")


@pytest.mark.parametrize("width", WIDTHS)
def test_chosen_dopants_are_ranked_and_lead_to_their_pages(browser, page_url, width):
    resized(browser, width)
    browser.get(f"{page_url}/dopants")
    find(browser, "#host").send_keys(HOST)
    find(browser, "form.search button").click()
    arrived(browser, "host=")
    for symbol in ("Sc", "Mg"):
        find(browser, f"input[name=dopant][value={symbol}]").click()
    find(browser, "#x").clear()
    find(browser, "#x").send_keys("0.1, 0.3")
    find(browser, "form.dope p > button[type=submit]").click()
    arrived(browser, "/dopants/ranking")
    assert find(browser, "h1").text.replace("\n", "") == f"4 candidates from {HOST}"
    assert len(browser.find_elements("css selector", "table.ranking tbody tr:not(.undoped)")) == 4
    assert {tile.text.split("\n")[0] for tile in browser.find_elements("css selector", ".map a")} == {"Sc", "Mg"}
    find(browser, "a.point.on-front .mark").click()
    arrived(browser, "/candidate?")
    browser.back()
    find(browser, ".map a").click()
    arrived(browser, "/candidate?")


def test_a_table_is_uploaded(browser, page_url, tmp_path):
    file = tmp_path / "lab.csv"
    file.write_text(f"formula,note\n{HOST},a\nNa3P(S4,b\n")
    browser.get(f"{page_url}/upload")
    find(browser, "#file").send_keys(str(file))
    find(browser, "form.search button").click()
    arrived(browser, "/upload/")
    assert "2 rows, 1 predicted, 1 could not be read" in find(browser, ".lead").text
    assert find(browser, ".downloads a").get_attribute("href").endswith(".csv")


@pytest.mark.parametrize("path", PLACES.values(), ids=PLACES.keys())
def test_a_page_fits_both_widths_keeps_its_policy_and_asks_nobody_else(browser, page_url, path):
    browser.get_log("performance")
    browser.get_log("browser")
    for width in WIDTHS:
        resized(browser, width)
        browser.get(page_url + path)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    told = [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    assert told == []
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    assert asked
    assert [url for url in asked if not url.startswith(page_url)] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_line_of_the_reference_is_found_and_copied_by_keyboard(browser, page_url, width):
    from selenium.webdriver.common.keys import Keys

    resized(browser, width)
    browser.get(f"{page_url}/docs")
    find(browser, "nav.index a[href='#get-v1-models']").send_keys(Keys.ENTER)
    arrived(browser, "#get-v1-models")
    shown = "return document.querySelector('#get-v1-models').getBoundingClientRect().top"
    assert 0 <= browser.execute_script(shown) < 60
    browser.switch_to.active_element.send_keys(Keys.TAB)  # The next stop after the anchor: the operation's own link.
    browser.switch_to.active_element.send_keys(Keys.TAB)
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.text in ("Copied", "Selected")
    assert browser.execute_script("return getSelection().toString()") == f"curl {page_url}/v1/models"


def test_without_scripts_the_form_still_asks(browser, page_url):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(f"{page_url}/dopants?host=Na3PS4")
        assert not find(browser, "input[name=dopant][value=O]").is_enabled()
        find(browser, "input[name=dopant][value=As]").click()
        find(browser, "form.dope p > button[type=submit]").click()
        arrived(browser, "/dopants/ranking")
        assert len(browser.find_elements("css selector", "table.ranking tbody tr:not(.undoped)")) >= 1
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
