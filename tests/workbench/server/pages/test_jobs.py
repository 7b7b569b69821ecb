"""Jobs that people start at the server: they outlive it, and a page follows them."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from recorder_core.catalog import Catalog
from recorder_core.jobs.archive.process.process_code import process_code
from tests.workbench.browsing import choose_language, watched_page
from tests.workbench.server.conftest import PASSWORD, Served, serving

API = "/workbench/api/v1"
_OPEN = ("queued", "running")


def _post(server: Served, session: requests.Session, path: str) -> requests.Response:
    headers = {"X-XSRFToken": session.cookies["_xsrf"]}
    return session.post(f"{server.address}{API}{path}", json={}, headers=headers)


def _job(server: Served, session: requests.Session, job_id: str) -> Any:
    answer = session.get(f"{server.address}{API}/jobs/{job_id}")
    answer.raise_for_status()
    return answer.json()["job"]


def _event(server: Served, session: requests.Session, code: str) -> str:
    rows = session.get(f"{server.address}{API}/events").json()["events"]
    return str(next(row["event_id"] for row in rows if row["procedure_code"] == code))


@contextmanager
def blocked(archive: Path) -> Iterator[None]:
    """Let another job run, so that all that are started wait."""
    with Catalog(archive / "catalog.db") as catalog:
        job = catalog.jobs.add("verify", by="adam")
        assert catalog.jobs.claim(job.job_id, process_code(os.getpid()), at_once=1)
        yield
        catalog.jobs.end(job.job_id, "done")


def test_a_job_goes_on_when_the_server_is_killed(archive: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    options = ("--work", str(work))
    with serving(archive, *options, kernels=False) as first:
        rita = first.sign_in("rita")
        event = _event(first, rita, "lap-chole")
        started = _post(first, rita, f"/events/{event}/jobs/deidentify")
        assert started.status_code == 200, started.text
        job_id = started.json()["job"]["job_id"]
        first.process.kill()
        first.process.wait(60)
    with serving(archive, *options, kernels=False) as second:
        rita = second.sign_in("rita")
        job = _job(second, rita, job_id)
        assert job["state"] in (*_OPEN, "done")
        assert job["kind"] == "deidentify"
        while (job := _job(second, rita, job_id))["state"] in _OPEN:
            time.sleep(0.2)
        assert (job["state"], job["sentence"], job["progress"]) == ("done", "is done", 1.0)
        listed = rita.get(f"{second.address}{API}/jobs")
        tag = {"If-None-Match": listed.headers["ETag"]}
        assert rita.get(f"{second.address}{API}/jobs", headers=tag).status_code == 304
        copy = tmp_path / "copy.mp4"
        copy.write_bytes(
            rita.get(f"{second.address}{API}/events/{event}/files/deidentified").content
        )
        page = rita.get(f"{second.address}/jobs").text
    assert job_id in page
    words = ["-v", "error", "-select_streams", "v", "-count_frames"]
    words += ["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", str(copy)]
    frames = subprocess.run(["ffprobe", *words], capture_output=True, text=True, check=True)
    assert frames.stdout.strip().strip(",") == "60"
    assert list(work.iterdir()) == []


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with watched_page(browser) as page:
        yield page


def test_the_page_follows_jobs_cancels_them_and_starts_them_again(
    archive: Path, page: Page, tmp_path: Path
) -> None:
    pictures = Path(os.environ.get("WORKBENCH_PICTURES", tmp_path))
    with serving(archive, kernels=False) as server:
        page.goto(f"{server.address}/jobs")
        page.get_by_label("Login").fill("rita")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="No jobs yet")).to_be_visible()
        rita = server.sign_in("rita")
        event = _event(server, rita, "hernia")
        with blocked(archive):
            _post(server, rita, f"/events/{event}/jobs/report")
            row = page.get_by_role("row").filter(has_text="report")
            expect(row).to_contain_text("waits for its turn", timeout=30_000)
            # what another profile does is not hers to cancel
            verify = page.get_by_role("row").filter(has_text="verify")
            expect(verify).to_contain_text("whole archive")
            expect(verify.get_by_role("button")).to_have_count(0)
            for theme in ("dark", "light"):
                page.evaluate("(name) => { document.documentElement.dataset.theme = name; }", theme)
                page.screenshot(path=pictures / f"jobs-{theme}.png")
            row.get_by_role("button", name="Cancel").click()
            expect(row).to_contain_text("was cancelled by rita", timeout=30_000)
            choose_language(page, "pt")
            expect(page.locator("#jobs")).to_contain_text("foi cancelada por rita", timeout=30_000)
            page.screenshot(path=pictures / "jobs-pt.png")
            choose_language(page, "en")
            row.get_by_role("button", name="Start again").click()
            rows = page.get_by_role("row").filter(has_text="report")
            expect(rows).to_have_count(2, timeout=30_000)
            expect(rows.first).to_contain_text("waits for its turn")
        expect(rows.first).to_contain_text("is done", timeout=60_000)
        expect(rows.first).to_contain_text(re.compile("100 %"))
        page.screenshot(path=pictures / "jobs-done.png")
        page.set_viewport_size({"width": 390, "height": 844})
        for seen in (page.locator("tr .state").first, page.locator("tr .percent").first):
            place = seen.bounding_box()
            assert place is not None
            assert place["x"] + place["width"] <= 390
        head = page.locator("header.bar").bounding_box()
        assert head is not None
        assert head["height"] <= 100
        page.screenshot(path=pictures / "jobs-phone.png")
        page.goto("about:blank")


def test_what_the_page_asks_by_itself_does_not_keep_a_session_open(archive: Path) -> None:
    with serving(archive, "--idle-minutes", "1", kernels=False) as server:
        egon = server.sign_in("egon")
        poll = {"X-Workbench-Poll": "1"}
        for path in ("/jobs", f"{API}/jobs"):
            answer = egon.get(f"{server.address}{path}", headers=poll)
            assert answer.status_code == 200
        assert "Verify the archive" in answer.text or answer.headers["ETag"]
