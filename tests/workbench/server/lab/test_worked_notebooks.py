"""A worked notebook in a real JupyterLab: what is drawn in it is in its archive."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

from recorder_core.archive import Password
from recorder_core.jobs.archive import Credentials, add_copy, open_archive, sign_off
from tests.workbench.dashboards.visiting import PATIENCE_MS, visiting
from tests.workbench.server.conftest import PASSWORD, Served, copied, forget_claims, serving

NOTEBOOK = Path(__file__).parents[4] / "notebooks" / "find_misses.ipynb"
#: as docs/server.md has it
_WATCH = """from workbench.client import open_served_archive
from workbench.notebooks.editing import edit_event, watch_event

served = open_served_archive()
released = [each for each in served.events() if each.is_released][0].event_id
watch_event(served, released)"""
_REFUSED = """try:
    edit_event(served, released)
except Exception as error:
    print("refused:", error)"""
_WHERE = """import json
print(json.dumps({"path": str(made.path), "box": missed.box_xyxy_px}))"""
#: how much the face changed in the frame that is shown, in levels
_CHANGE = """shown = hide_again(archive, missed)
x0, y0, x1, y1 = map(round, missed.box_xyxy_px)
before, after = (each[y0:y1, x0:x1].astype(float) for each in shown.values())
print("changed by", abs(before - after).mean())"""
_EDITOR = "document.querySelector('.wb-editor')?.editor"


@pytest.fixture(scope="module")
def released(
    served_archive: Path, finished: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A server with a released copy, for people who run code."""
    archive = copied(served_archive, tmp_path_factory.mktemp("released"))
    with open_archive(archive, Credentials("rita", Password(PASSWORD))) as opened:
        event = opened.events()[0].event_id
        add_copy(opened, event, finished)
        opened.event(event).video("deidentified").close()
        sign_off(opened, event)
    place = Path(tempfile.mkdtemp(prefix="workbench-notebooks-", dir="/var/tmp"))
    place.chmod(0o711)
    try:
        with serving(archive, "--notebooks", str(place / "notebooks")) as served:
            yield served
    finally:
        forget_claims(place)
        shutil.rmtree(place)


def _content() -> dict[str, Any]:
    """Return a notebook of this test's cells and those of the worked one."""
    worked = nbformat.read(NOTEBOOK, as_version=4)
    code = [each.source for each in worked.cells if each.cell_type == "code"]
    (setup,) = [each for each in code if "make_missed_face(" in each]
    (editor,) = [each for each in code if each.endswith("\neditor")]
    sources = [_WATCH, _REFUSED, setup, _WHERE, editor, _CHANGE, "corrections_of(event)"]
    cells = [
        {"cell_type": "code", "source": each, "metadata": {}, "execution_count": None,
         "outputs": [], "id": f"c{number}"}
        for number, each in enumerate(sources)
    ]  # fmt: skip
    return {"cells": cells, "metadata": dict(worked.metadata), "nbformat": 4, "nbformat_minor": 5}


def _draw(page: Page, box: list[float]) -> None:
    """Press N, and draw a box of frame pixels with the mouse."""
    page.locator(".wb-editor canvas").first.scroll_into_view_if_needed()
    page.evaluate(f"{_EDITOR}.player.root.focus()")
    page.keyboard.press("n")
    script = f"""(box) => {{
      const {{ player }} = {_EDITOR};
      const {{ left, top }} = player.canvas.getBoundingClientRect();
      const [x0, y0, x1, y1] = player.places[0].viewport.toScreen(box);
      return [left + x0, top + y0, left + x1, top + y1];
    }}"""
    x0, y0, x1, y1 = page.evaluate(script, box)
    page.mouse.move(x0, y0)
    page.mouse.down()
    page.mouse.move((x0 + x1) / 2, (y0 + y1) / 2)
    page.mouse.move(x1, y1)
    page.mouse.up()


def test_what_is_drawn_in_jupyterlab_is_in_the_archive_and_hidden(
    released: Served, browser: Browser, tmp_path: Path
) -> None:
    pictures = Path(os.environ.get("WORKBENCH_PICTURES", tmp_path))
    pictures.mkdir(parents=True, exist_ok=True)
    with visiting(browser, released.address) as visit:
        page = visit("rosa", "/notebooks", height=1400)
        name = nbformat.read(NOTEBOOK, as_version=4).cells[0].source.splitlines()[0].strip("# ")
        expect(page.get_by_role("button", name=f"Copy {name}")).to_be_visible()
        token = {each["name"]: each["value"] for each in page.context.cookies()}["_xsrf"]
        body = {"type": "notebook", "format": "json", "content": _content()}
        header = {"X-XSRFToken": token}
        saved = page.request.put("/api/contents/own.ipynb", data=body, headers=header)
        assert saved.status == 201
        page.goto("/lab/tree/own.ipynb", wait_until="commit")
        idle = page.get_by_role("button", name="Python | Idle")
        expect(idle).to_be_visible(timeout=PATIENCE_MS)
        page.get_by_text("open_served_archive").first.click()
        for _ in range(5):
            page.keyboard.press("Shift+Enter")
        # a released copy plays by the server's address, for who may watch it and correct nothing
        page.wait_for_function(
            "[...document.querySelectorAll('.wb-player')].some((each) =>"
            " each.player?.clips.copy?.video.currentSrc?.includes('/files/deidentified')"
            " && each.player.frame === 0)"
        )
        expect(page.get_by_text("refused: who may run code on a server")).to_be_visible()
        page.wait_for_function(f"{_EDITOR}?.player.frame === 15", timeout=3 * PATIENCE_MS)
        told = json.loads(page.locator(".jp-OutputArea pre", has_text='"box"').inner_text())
        x0, y0, x1, y1 = told["box"]
        _draw(page, [x0 - 2, y0 - 2, x1 + 2, y1 + 2])
        expect(page.locator(".wb-editor .wb-saved")).to_have_attribute("data-state", "saved")
        page.screenshot(path=pictures / "lab-editor.png")
        uri = f"file:{Path(told['path']) / 'catalog.db'}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as catalog:
            sql = "SELECT action, author, keyframes FROM corrections ORDER BY rowid"
            (_, _, _), (action, author, keyframes) = catalog.execute(sql).fetchall()
        assert (action, author) == ("add", "rita")
        assert "15" in str(keyframes)
        page.get_by_text("hide_again(archive, missed)").first.click()
        for _ in range(2):
            page.keyboard.press("Shift+Enter")
        expect(page.locator(".jp-OutputArea td", has_text="in the copy")).to_have_count(
            2, timeout=3 * PATIENCE_MS
        )
        said = page.locator(".jp-OutputArea pre", has_text="changed by").inner_text()
        assert float(said.removeprefix("changed by ")) > 10
        page.screenshot(path=pictures / "lab-rendered.png")
