"""Videos of the server's inbox become events, by a page and by a program."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect

from recorder_core.archive import Password
from recorder_core.catalog import Catalog, Profile
from recorder_core.jobs.archive import (
    JOB_KINDS,
    Credentials,
    add_user,
    list_inbox,
    open_archive,
)
from recorder_core.jobs.archive.process.process_code import process_code
from tests.workbench.browsing import choose_language, watched_page
from tests.workbench.dashboards.visiting import check_accessible
from tests.workbench.server.conftest import PASSWORD, Served, serving

expect.set_options(timeout=60_000)
SURNAME = "Quorra"
PATIENT = f"{SURNAME} Zephyr"
NAME = f"usb/{PATIENT} <b>ñ.mp4"
TABLE = f"usb/{SURNAME}.csv"
#: 9:30 by the clock of a browser in São Paulo
BEGAN_UTC = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)


@pytest.fixture
def inbox(tmp_path: Path, drawn_source: Path) -> Path:
    """A video and a table of a person's name; others cut off, damaged, long, or being copied."""
    folder = tmp_path / "inbox"
    (folder / "usb").mkdir(parents=True)
    whole = drawn_source.read_bytes()
    damaged = bytearray(whole)
    middle = len(whole) // 2
    damaged[middle : middle + 3000] = bytes(each ^ 0x55 for each in whole[middle : middle + 3000])
    for name, content, age in (
        (NAME, whole, 600),
        ("cut.mp4", whole[: len(whole) // 2], 1200),
        ("damaged.mp4", bytes(damaged), 1800),
        ("long.mp4", _noise(tmp_path / "long.mp4"), 2400),
        ("new.mp4", whole, 0),
        (TABLE, b"signal,unit,seconds,value\nbis,,0,50\nbis,,1,48\n", 600),
        ("other.csv", b"a table of something else\n", 600),
    ):
        (folder / name).write_bytes(content)
        written = time.time() - age
        os.utime(folder / name, (written, written))
    (folder / "link.mp4").symlink_to(drawn_source)
    return folder


def _noise(path: Path) -> bytes:
    """Return a video of many bytes for its length."""
    command = ["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "640x480"]
    command += ["-i", "/dev/urandom", "-frames:v", "150", "-c:v", "libx264"]
    subprocess.run([*command, "-preset", "ultrafast", "-qp", "0", str(path)], check=True)
    return path.read_bytes()


@contextmanager
def _written(path: Path) -> Iterator[None]:
    """Write to a file all the time, as one that is copied over a network."""
    ended = threading.Event()

    def write() -> None:
        while not ended.wait(0.5):
            os.utime(path)

    writing = threading.Thread(target=write)
    writing.start()
    try:
        yield
    finally:
        ended.set()
        writing.join()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with watched_page(browser) as page:
        page.set_default_timeout(60_000)
        yield page


def _listed(server: Served, person: requests.Session) -> dict[str, dict[str, Any]]:
    found = person.get(f"{server.address}/workbench/api/v1/inbox").json()
    assert not found["left_off"]
    return {each["name"]: each for each in found["files"]}


def _post(server: Served, person: requests.Session, content: dict[str, Any]) -> requests.Response:
    headers = {"X-XSRFToken": person.cookies["_xsrf"]}
    path = f"{server.address}/workbench/api/v1/inbox/import"
    return person.post(path, json=content, headers=headers)


def test_an_operator_imports_a_video_of_the_inbox(
    archive: Path, inbox: Path, page: Page, tmp_path: Path
) -> None:
    pictures = Path(os.environ.get("WORKBENCH_PICTURES", tmp_path))
    before = {each.name for each in inbox.rglob("*")}
    work = tmp_path / "work"
    work.mkdir(mode=0o700)
    folders = ("--inbox", str(inbox), "--work", str(work))
    with open_archive(archive, Credentials("adam", Password(PASSWORD))) as opened:
        add_user(opened, "otto", Profile.OPERATOR, Password(PASSWORD))
    with serving(archive, *folders, kernels=False) as server:
        devtools = page.context.new_cdp_session(page)
        devtools.send("Emulation.setTimezoneOverride", {"timezoneId": "America/Sao_Paulo"})
        page.goto(f"{server.address}/login?next=/library")
        page.get_by_label("Login").fill("olga")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        row = page.locator("#files tr", has_text=PATIENT)
        with _written(inbox / "new.mp4"):
            page.get_by_role("link", name="Import").click()
            expect(row).to_contain_text("ready")
            new = page.locator("#files tr", has_text="new.mp4")
            expect(new).to_contain_text("is being copied")
        expect(page.locator("#files tr")).to_have_count(5)
        expect(page.locator("#nobody")).to_be_hidden()
        expect(page.locator("#more")).to_be_hidden()
        _check_full(server, page, row)
        row.get_by_role("button", name="Import").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Patient").fill(PATIENT)
        dialog.get_by_label("Procedure code").fill("hernia-7")
        dialog.get_by_label("Physicians").fill("Ada Quorra\n\n Bo Quorra ")
        dialog.get_by_label("Notes").fill("a note on Quorra")
        dialog.get_by_label("When it began").fill("2026-05-04T09:30")
        expect(dialog.get_by_label("Signals").locator("option")).to_have_count(3)
        # the code that no site has
        dialog.get_by_label("Site").fill("default")
        dialog.get_by_role("button", name="Import").click()
        expect(dialog.locator("input:invalid")).to_have_attribute("name", "site_code")
        dialog.get_by_label("Site").fill("")
        check_accessible(page, pictures / "import-dialog")
        # neither numbers nor a layout: the browser keeps it, and the server refuses it
        dialog.get_by_label("Room view").fill("0,0,1280")
        dialog.get_by_role("button", name="Import").click()
        expect(dialog.locator("input:invalid")).to_have_attribute("name", "view")
        said = dialog.locator("input:invalid").evaluate("(each) => each.validationMessage")
        assert "surgery-box" in said
        dialog.get_by_label("Room view").fill("0,0,9999,90")
        dialog.get_by_role("button", name="Import").click()
        expect(row).to_contain_text("does not lie inside the frame")
        _fill_again(row, dialog)
        dialog.get_by_role("button", name="Import").click()
        expect(row).to_contain_text("imported")
        page.locator("#files tr", has_text="cut.mp4").get_by_role("button").click()
        dialog.get_by_label("Procedure code").fill("x")
        dialog.get_by_role("button", name="Import").click()
        expect(page.locator("#files tr", has_text="cut.mp4")).to_contain_text("nothing of it is in")
        _check_found(page, dialog, pictures)
        _check_cancelled(server, page, dialog)
        for width, name in ((1280, ""), (390, "-phone")):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            check_accessible(page, pictures / f"import{name}")
        row.get_by_role("link", name="Open the event").click()
        expect(page.get_by_role("heading", name="hernia-7")).to_be_visible()
        event = page.url.rpartition("/")[2]
        page.goto("about:blank")
        _check_programs(server, inbox)
        _check_told(server, event)
        _check_same(server)
        _check_untold(server, inbox, event)
        jobs = server.sign_in("rosa").get(f"{server.address}/workbench/api/v1/jobs").text
        assert SURNAME not in jobs
        assert str(inbox) not in jobs
    with open_archive(archive, Credentials("rita", Password(PASSWORD))) as opened:
        imported = opened.event(event)
        names = imported.names()
        assert names.patient_name == PATIENT
        assert names.physician_names == ("Ada Quorra", "Bo Quorra")
        assert names.notes == "a note on Quorra"
        assert imported.row.started_utc == BEGAN_UTC
        assert str(imported.room_view()) == "0,0,320,160"
        assert imported.row.site_code == "site7"
        assert imported.signals()["value"].tolist() == [50.0, 48.0]
        assert names.procedure_name == "a procedure in words"
        assert names.source_name == Path(NAME).name
    # the files are as they were, and no disk has the name in clear
    assert {each.name for each in inbox.rglob("*")} == before
    assert (inbox / "long.mp4").read_bytes() == (tmp_path / "long.mp4").read_bytes()
    stored = b"".join(each.read_bytes() for each in archive.rglob("*") if each.is_file())
    assert SURNAME.encode() not in stored
    with closing(sqlite3.connect(archive / "catalog.db")) as catalog:
        sql = (
            "SELECT settings, state, error_class FROM jobs WHERE created_by = 'olga' ORDER BY rowid"
        )
        (_, *refused), (good, *done), (_, *failed), *_ = catalog.execute(sql)
    codes = {"video_code", "signals_code", "procedure_code", "site_code"}
    assert set(json.loads(good)) == codes | {"started", "view", "video_stream"}
    assert refused == ["failed", "SettingsError"]
    assert done == ["done", None]
    assert failed == ["failed", "DecodeError"]


def _fill_again(row: Locator, dialog: Locator) -> None:
    """Open the dialog, which has forgotten all names, and fill it in once more."""
    row.get_by_role("button", name="Import").click()
    expect(dialog.get_by_label("Physicians")).to_have_value("")
    typed = {"Patient": PATIENT, "Procedure code": "hernia-7", "Room view": "0,0,320,160"}
    typed |= {"Physicians": "Ada Quorra\n\n Bo Quorra ", "Notes": "a note on Quorra"}
    typed |= {"Site": "site7", "Number of the video stream": "0"}
    typed |= {"Procedure in full": "a procedure in words"}
    dialog.get_by_label("Signals").select_option(label=TABLE)
    for label, text in (typed | {"When it began": "2026-05-04T09:30"}).items():
        dialog.get_by_label(label).fill(text)


def _check_found(page: Page, dialog: Locator, pictures: Path) -> None:
    """Check that the page says what imports found: damage, the same video, a guessed beginning."""
    damaged = page.locator("#files tr", has_text="damaged.mp4")
    for says in ("nothing of it is in", "Frames of it that are damaged: 1."):
        damaged.get_by_role("button").click()
        dialog.get_by_label("Procedure code").fill("hernia-8")
        if says.startswith("Frames"):
            dialog.get_by_label("Keep it although").check()
        dialog.get_by_role("button", name="Import").click()
        expect(damaged).to_contain_text(says)
    expect(damaged).to_contain_text("a guess: when the file was last written, less its length")
    choose_language(page, "pt")
    expect(damaged).to_contain_text("Quadros danificados: 1.")
    expect(page.locator("#files tr", has_text="cut.mp4")).to_contain_text("nada dele está no")
    page.screenshot(path=pictures / "import-pt.png")
    choose_language(page, "en")


def _stored_files(archive: Path) -> set[str]:
    """Return the names of the files of events in an archive."""
    return {each.name for each in (archive / "events").rglob("*")}


def _is_locked(archive: Path) -> bool:
    """Return whether somebody writes into the catalog of an archive now."""
    with closing(sqlite3.connect(archive / "catalog.db", 0, isolation_level=None)) as catalog:
        try:
            catalog.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        catalog.execute("ROLLBACK")
    return False


def _check_cancelled(server: Served, page: Page, dialog: Locator) -> None:
    """Check that an import that is cancelled while it seals leaves nothing in the archive."""
    before, events = _stored_files(server.archive), _events(server)
    long = page.locator("#files tr", has_text="long.mp4")
    long.get_by_role("button").click()
    dialog.get_by_label("Procedure code").fill("hernia-9")
    with Catalog(server.archive / "catalog.db") as catalog:
        dialog.get_by_role("button", name="Import").click()
        while not (running := catalog.jobs.find(state="running")):
            time.sleep(0.005)
        [job] = running
        process = int(str(job.worker).split(":")[2])
        try:
            # step by step, so that it is held while it seals, however quick this machine is
            os.kill(process, signal.SIGSTOP)
            while _stored_files(server.archive) == before or _is_locked(server.archive):
                os.kill(process, signal.SIGCONT)
                time.sleep(0.005)
                os.kill(process, signal.SIGSTOP)
            long.get_by_role("button", name="Cancel").click()
            expect(long).to_contain_text("stops at its next step")
        finally:
            os.kill(process, signal.SIGCONT)
        expect(long).to_contain_text("was cancelled by olga; nothing of it is in the archive")
        assert catalog.jobs.get(job.job_id).event_id is None
    expect(long.get_by_role("button", name="Import")).to_be_enabled()
    assert _stored_files(server.archive) == before
    assert _events(server) == events


def _events(server: Served) -> list[str]:
    found = server.sign_in("rita").get(f"{server.address}/workbench/api/v1/events").json()
    return [each["event_id"] for each in found["events"]]


def _check_full(server: Served, page: Page, row: Locator) -> None:
    """Check that so many imports wait or run as may, and that the page says so."""
    most = JOB_KINDS["import"].most_open
    name, others = "Import", process_code(os.getpid())
    with Catalog(server.archive / "catalog.db") as catalog:
        jobs = [catalog.jobs.add("import", by="rita", may_queue_beside="all") for _ in range(most)]
        for each in jobs:
            catalog.jobs.report(each.job_id, others, 0.0)
        expect(page.locator("#full")).to_contain_text(f"{most} imports wait or run")
        expect(row.get_by_role("button", name=name)).to_be_disabled()
        rita = server.sign_in("rita")
        asked = {"file": NAME, "version": _listed(server, rita)[NAME]["version"]}
        refused = _post(server, rita, asked)
        assert (refused.status_code, refused.json()["code"]) == (409, "QueueFull")
        assert f"{most} jobs of the kind import wait or run already" in refused.json()["error"]
        assert len(catalog.jobs.find()) == most
        for each in jobs:
            catalog.jobs.ask_to_stop(each.job_id, by="rita")
    expect(page.locator("#full")).to_be_hidden()
    expect(row.get_by_role("button", name=name)).to_be_enabled()


def _check_programs(server: Served, inbox: Path) -> None:
    """Check what is refused, to whom, and with which status."""
    rita, rosa = server.sign_in("rita"), server.sign_in("rosa")
    address = f"{server.address}/workbench/api/v1/inbox"
    assert rosa.get(address).status_code == 403
    assert rosa.get(f"{server.address}/import").status_code == 403
    asked = {"file": "cut.mp4", "version": _listed(server, rita)["cut.mp4"]["version"]}
    assert _post(server, rosa, asked).status_code == 403
    assert rita.post(f"{address}/import", json=asked).status_code == 403
    outside = ("../archive/catalog.db", f"{inbox}/cut.mp4", "link.mp4", "./cut.mp4", "usb", "\\")
    for name in outside:
        assert _post(server, rita, asked | {"file": name}).status_code == 404, name
    for name in ("cut.mp4", "../table.csv", f"{inbox}/other.csv"):
        table = {"file": name, "version": asked["version"]}
        assert _post(server, rita, asked | {"signals": table}).status_code == 404, name
    stale = {"signals": {"file": "other.csv", "version": asked["version"]}}
    assert _post(server, rita, asked | stale).status_code == 409
    assert _post(server, rita, asked | {"site_code": "default"}).status_code == 400
    unversioned = {"file": "cut.mp4"}
    for wrong in ({}, unversioned, asked | {"video": "/etc/passwd"}, asked | {"file": ["cut.mp4"]}):
        assert _post(server, rita, wrong).status_code == 400, wrong
    # no request starts the job itself, whose setting is a path
    headers = {"X-XSRFToken": rita.cookies["_xsrf"]}
    path = f"{server.address}/workbench/api/v1/jobs/import"
    assert rita.post(path, json={"video": "/etc/passwd"}, headers=headers).status_code in (404, 405)
    written = time.time()
    os.utime(inbox / "cut.mp4", (written, written))
    refused = _post(server, rita, asked)
    assert (refused.status_code, "changed since it was listed" in refused.text) == (409, True)
    asked["version"] = _listed(server, rita)["cut.mp4"]["version"]
    refused = _post(server, rita, asked)
    assert (refused.status_code, "is being copied" in refused.text) == (409, True)


def _check_told(server: Served, event: str) -> None:
    """Check who learns which event a file became: who imported it, and who may read names."""
    for login, is_told in (("olga", True), ("rita", True), ("otto", False), ("rosa", False)):
        person = server.sign_in(login)
        api = f"{server.address}/workbench/api/v1"
        jobs = person.get(f"{api}/jobs").json()["jobs"]
        done = next(each for each in jobs if each["state"] == "done")
        assert (done["event_id"] == event) is is_told, login
        found = json.loads(done["result"])
        assert found.get("frames", 0) == (60 if is_told else 0), login
        of_event = person.get(f"{api}/jobs?event={event}").json()["jobs"]
        assert bool(of_event) is is_told, login
        code = {} if login == "rosa" else {"procedure_code": "hernia-7", "view": "0,0,320,160"}
        if login != "rosa":
            code |= {"started": BEGAN_UTC.isoformat(), "site_code": "site7", "video_stream": 0}
        assert json.loads(done["settings"]) == code
        if login != "rosa":
            job = _listed(server, person)[NAME]["job"]
            assert (job["state"], job["event_id"]) == ("done", event if is_told else None)


def _check_untold(server: Served, inbox: Path, event: str) -> None:
    """Check that neither a refusal nor who stops another's import is told more than the list."""
    chosen = next(each for each in list_inbox(inbox).files if each.name == "damaged.mp4")
    with Catalog(server.archive / "catalog.db") as catalog:
        settings = json.dumps({"video_code": chosen.code})
        added = catalog.jobs.add("import", by="rita", settings=settings, may_queue_beside="all")
        worker = process_code(os.getpid())
        assert catalog.jobs.claim(added.job_id, worker, at_once=9)
        otto = server.sign_in("otto")
        asked = {"file": chosen.name, "version": _listed(server, otto)[chosen.name]["version"]}
        refused = _post(server, otto, asked)
        assert refused.status_code == 409
        assert refused.json()["error"].startswith(f"job {added.job_id} has the same video already")
        assert not any(part in refused.text for part in chosen.code.split("-") if len(part) > 4)
        catalog.jobs.name_event(added.job_id, worker, event)
        catalog.jobs.keep_result(added.job_id, worker, '{"frames": 60}')
        headers = {"X-XSRFToken": otto.cookies["_xsrf"]}
        path = f"{server.address}/workbench/api/v1/jobs/{added.job_id}/cancel"
        job = otto.post(path, json={}, headers=headers).json()["job"]
        assert (job["stopped_by"], job["event_id"], job["result"]) == ("otto", None, "{}")
        assert chosen.code not in json.dumps(job)
        catalog.jobs.end(added.job_id, "cancelled")


def _check_same(server: Served) -> None:
    """Check that a video that is there already is imported, and its import says where it is."""
    rita, name = server.sign_in("rita"), "damaged.mp4"
    first = _listed(server, rita)[name]
    asked = {"file": name, "version": first["version"], "procedure_code": "x", "salvage": True}
    assert _post(server, rita, asked).status_code == 200
    while (job := _listed(server, rita)[name]["job"])["state"] in ("queued", "running"):
        time.sleep(0.2)
    assert json.loads(job["result"])["same_video"] == [first["job"]["event_id"]]
    assert _listed(server, server.sign_in("olga"))[name]["job"]["result"] == "{}"


def test_a_server_without_an_inbox_says_how_to_get_one(
    server: Served, browser: Browser, tmp_path: Path
) -> None:
    pictures = Path(os.environ.get("WORKBENCH_PICTURES", tmp_path))
    with watched_page(browser, address=server.address) as page:
        page.goto("/login?next=/import")
        choose_language(page, "pt")
        page.locator("[name=login]").fill("rita")
        page.get_by_label("Senha").fill("wrong")
        page.get_by_role("button", name="Entrar").click()
        expect(page.get_by_role("alert")).to_contain_text("O usuário ou a senha está errado")
        page.screenshot(path=pictures / "login-pt.png")
        choose_language(page, "en")
        page.get_by_label("Login").fill("rita")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="This server has no inbox")).to_be_visible()
        # in the language of the person, here and on the pages for work
        for path, language, words in (
            ("/import", "pt", "Este servidor não tem caixa de entrada"),
            ("/jobs", "es", "El trabajo largo sigue"),
            ("/jobs", "en", "Long work goes on"),
        ):
            page.goto(path)
            page.get_by_role("combobox").select_option(language)
            expect(page.locator("main")).to_contain_text(words)
