"""A player and its timeline, linked, in a real Voila page with a real kernel."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page

from tests.workbench.widgets.hosting import Site, write_numbered

ROOT = Path(__file__).resolve().parents[3]
CELL = """
import sys
sys.path.insert(0, {root!r})
import ipywidgets
import numpy as np
from IPython.display import display
from recorder_core.media import open_video
from workbench.widgets import Player, Signal, Timeline, link_to_player

with open_video({path!r}) as video:
    player = Player.of_video(video, {url!r})
seconds = np.arange(0.0, 2.0, 0.1)
timeline = Timeline.of_signals([Signal("BIS", "", seconds, 40 + seconds)], end_seconds=2.0)
link_to_player(timeline, player)
told = ipywidgets.Label("told: nothing")
player.observe(lambda change: setattr(told, "value", f"told: {{change.new}}"), "frame")
jump = ipywidgets.Button(description="Frame 31")
jump.on_click(lambda _: player.show_frame(31))
display(player, timeline, told, jump)
"""


@pytest.fixture
def voila(site: Site, tmp_path: Path) -> Iterator[str]:
    path = write_numbered(tmp_path / "video.mp4", [40 * number for number in range(50)])
    source = CELL.format(root=str(ROOT), path=str(path), url=f"{site.address}video.mp4")
    cells = [nbformat.v4.new_code_cell(source)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    nbformat.write(notebook, tmp_path / "page.ipynb")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "voila", "page.ipynb", "--no-browser", f"--port={port}"]
    with (tmp_path / "voila.log").open("w") as log:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
        try:
            _wait_for(f"http://127.0.0.1:{port}/voila/static/", process)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()
            process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            urllib.request.urlopen(address).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("Voila ended")


def test_player_and_timeline_work_in_voila(voila: str, page: Page) -> None:
    page.set_default_timeout(180_000)
    page.goto(voila, wait_until="domcontentloaded")
    hud = page.locator(".wb-hud")
    hud.get_by_text("frame 0").wait_for()
    page.locator(".wb-player").focus()
    page.keyboard.press("f")
    page.keyboard.press("v")
    hud.get_by_text("frame 11").wait_for()
    page.get_by_text("told: 11").wait_for()
    page.get_by_role("button", name="Frame 31").click()
    hud.get_by_text("frame 31").wait_for()
    lane = page.locator(".wb-timeline .u-over")
    box = lane.bounding_box()
    assert box is not None
    lane.click(position={"x": box["width"] / 2, "y": 20})
    hud.get_by_text("frame 25").or_(hud.get_by_text("frame 24")).wait_for()
    page.get_by_text("told: 25").or_(page.get_by_text("told: 24")).wait_for()
    assert page.locator(".wb-timeline b").inner_text() in ("40.9", "41")
