"""Profiling in a real Chromium, with a real kernel behind the page."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from recorder_core.jobs import sidecar
from tests.workbench.dashboards.conftest import Compared
from tests.workbench.dashboards.visiting import PATIENCE_MS, check_accessible, visiting

expect.set_options(timeout=PATIENCE_MS)

BENCHMARK = Path(__file__).parents[3] / "profiling" / "results" / "bench_job.json"


@pytest.fixture
def visit(browser: Browser, compared: Compared) -> Iterator[Callable[..., Page]]:
    with visiting(browser, compared.address) as visit:
        yield visit


def test_an_engineer_compares_runs_without_seeing_a_frame(
    visit: Callable[..., Page], compared: Compared, finished: Path, pictures: Path
) -> None:
    page = visit("egon", f"/profiling?events={compared.events[0]}")
    expect(page.get_by_role("heading", name="The ten stages")).to_be_visible()
    times = json.loads(sidecar(finished, "report").read_text())["times"]
    rows = page.get_by_role("region", name="The ten stages").locator("tbody tr")
    expect(rows).to_have_count(10)
    inference = rows.nth(3).locator("th, td").all_inner_texts()
    milliseconds = 1000 * times["stages"]["inference"]["seconds"] / 60
    assert inference[0] == "4 inference"
    assert float(inference[2]) == pytest.approx(milliseconds, rel=0.02, abs=0.001)
    # of the paper's Table 3: 0.3727 of 0.9852 s, and 0.1802 of 0.9766 s
    assert inference[-2:] == ["37.8 %", "18.5 %"]
    # three events have one copy, which is one run; it is not compared with itself
    expect(page.get_by_role("combobox", name="Run A").locator("option")).to_have_count(2)
    expect(page.get_by_role("combobox", name="Run B").locator("option")).to_have_text(
        ["no second run", "benchmark (profiling/benches/bench_job.py)"]
    )
    expect(page.locator(".wb-verdict p")).to_have_count(1)
    expect(page.get_by_role("heading", name="A benchmark, not one of these runs")).to_be_visible()
    page.get_by_role("combobox", name="Run B").select_option(
        label="benchmark (profiling/benches/bench_job.py)"
    )
    expect(page.locator(".wb-verdict")).to_contain_text("a frame than A")
    expect(page.locator(".wb-verdict")).to_contain_text("bounds it")
    machine = json.loads(BENCHMARK.read_text())["machine"]["processor"]
    expect(page.get_by_role("region", name="Machine and settings")).to_contain_text(machine)
    expect(page.locator(".wb-source")).to_contain_text("10.59681/2175-4411")
    check_accessible(page, pictures / "profiling")
    with page.expect_download() as download:
        page.get_by_role("button", name="Stages as CSV").click()
    table = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    assert [each["run"] for each in table[::10]] == [compared.events[0], "benchmark"]
    assert float(table[3]["seconds"]) == times["stages"]["inference"]["seconds"]
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.querySelector('.wb-report').scrollWidth") <= 390
    page.screenshot(path=pictures / "profiling-phone.png")
