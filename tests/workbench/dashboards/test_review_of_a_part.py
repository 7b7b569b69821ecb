"""Copies that begin later than at 0: boxes, corrections and pictures are of the same frames."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import av
import pytest
from playwright.sync_api import Browser, Page, expect

from recorder_core.detect import DetectorSettings
from recorder_core.jobs import DeidentifyOptions
from recorder_core.jobs.archive import (
    EventDeidentifyRequest,
    ImportRequest,
    deidentify_event,
    import_video,
    save_event_corrections,
)
from recorder_core.media import EncoderSettings
from recorder_core.model import Correction, Keyframe
from tests.workbench.dashboards.conftest import Reviewed
from tests.workbench.dashboards.visiting import PATIENCE_MS, visiting

expect.set_options(timeout=PATIENCE_MS)
#: of the 60 frames of the video, 20 a second
FIRST = 20
#: of the clock of a transport stream, at its first frame
STARTS_SECONDS = 5
PLACE = (10.0, 10.0, 60.0, 60.0)
OPTIONS = DeidentifyOptions(
    detector=DetectorSettings(long_side_px=384),
    encoder=EncoderSettings(preset="ultrafast", gop_seconds=0.5),
)


@pytest.fixture
def visit(browser: Browser, reviewed: Reviewed) -> Iterator[Callable[..., Page]]:
    with visiting(browser, reviewed.address) as visit:
        yield visit


@pytest.fixture(scope="module")
def part(reviewed: Reviewed, drawn_source: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An event whose copy shows the second second of it, with a correction of its frame 30."""
    with reviewed.local("olga") as archive:
        asked = ImportRequest(source=drawn_source, procedure_code="lap-chole")
        event = import_video(archive, asked).event.event_id
    options = replace(OPTIONS, start_seconds=1.0, stop_seconds=2.0)
    work = tmp_path_factory.mktemp("part")
    drawn = Correction("drawn", "add", (Keyframe(30, PLACE), Keyframe(34, PLACE)))
    with reviewed.local("rolf") as archive:
        deidentify_event(archive, event, EventDeidentifyRequest(work=work, options=options))
        save_event_corrections(archive, event, [drawn], [], seen=0)
    return event


def test_what_is_drawn_on_a_copy_of_a_part_is_kept_by_frames_of_the_whole(
    visit: Callable[..., Page], reviewed: Reviewed, part: str, tmp_path: Path
) -> None:
    page = visit("rita", f"/review/{part}")
    expect(page.locator(".wb-card").first).to_be_visible()
    page.wait_for_function("document.querySelector('.wb-review').review.player.places?.length > 0")
    frames = "document.querySelector('.wb-review').review.editor.corrections.map((each) => "
    [shown] = page.evaluate(f"{frames}each.keyframes.map((key) => key.frame_index))")
    assert shown == [30 - FIRST, 34 - FIRST]
    page.evaluate("document.querySelector('.wb-review').review.player.show(5)")
    page.locator('.wb-player[data-frame="5"]').wait_for()
    page.keyboard.press("n")
    corners = page.evaluate("""() => {
      const { player } = document.querySelector('.wb-review').review;
      const { left, top } = player.canvas.getBoundingClientRect();
      const [x0, y0, x1, y1] = player.places[0].viewport.toScreen([200, 100, 240, 140]);
      return [left + x0, top + y0, left + x1, top + y1];
    }""")
    page.mouse.move(*corners[:2])
    page.mouse.down()
    page.mouse.move(*corners[2:])
    page.mouse.up()
    expect(page.locator(".wb-line .wb-saved")).to_have_attribute("data-state", "saved")
    uri = f"file:{reviewed.archive / 'catalog.db'}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as catalog:
        sql = "SELECT author, keyframes FROM corrections WHERE event_id = ? ORDER BY rowid"
        first, *later = catalog.execute(sql, (part,)).fetchall()
    assert first[0] == "rolf"
    assert [author for author, _ in later] == ["rita"]
    assert f"[[{FIRST + 5}," in later[0][1].replace(" ", "")
    # a copy of another part takes its place: the page has the times of the one before
    request = EventDeidentifyRequest(work=tmp_path, options=replace(OPTIONS, start_seconds=2.0))
    with reviewed.local("rolf") as archive:
        deidentify_event(archive, part, request)
    expect(page.get_by_text("load this page again").first).to_be_visible()


@pytest.fixture(scope="module")
def late(reviewed: Reviewed, drawn_source: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An event of a transport stream whose clock is not at 0 when it begins."""
    folder = tmp_path_factory.mktemp("late")
    source = folder / "late.ts"
    with av.open(str(drawn_source)) as whole, av.open(str(source), "w") as stream:
        video = stream.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(video=0):
            if packet.size:
                packet.pts += round(STARTS_SECONDS / packet.time_base)
                packet.dts += round(STARTS_SECONDS / packet.time_base)
                packet.stream = video
                stream.mux(packet)
    with reviewed.local("olga") as archive:
        asked = ImportRequest(source=source, procedure_code="lap-chole")
        event = import_video(archive, asked).event.event_id
    with reviewed.local("rolf") as archive:
        deidentify_event(archive, event, EventDeidentifyRequest(work=folder, options=OPTIONS))
    return event


@pytest.mark.parametrize("frame", [5, 40])
def test_a_frame_has_its_number_whatever_the_clock_of_its_file_says(
    visit: Callable[..., Page], late: str, frame: int
) -> None:
    page = visit("rita", f"/review/{late}")
    expect(page.locator(".wb-card").first).to_be_visible()
    page.wait_for_function("document.querySelector('.wb-review').review.player.places?.length > 0")
    page.evaluate(f"document.querySelector('.wb-review').review.player.show({frame})")
    page.locator(f'.wb-player[data-frame="{frame}"]').wait_for()
    for which in ("original", "copy"):
        clip = f"document.querySelector('.wb-review').review.player.clips.{which}"
        page.wait_for_function(f"!{clip}.video.seeking && {clip}.frame === {frame}")
        seconds = page.evaluate(f"""() => {{
          const shown = new VideoFrame({clip}.video);
          const {{ timestamp }} = shown;
          shown.close();
          return timestamp / 1e6;
        }}""")
        assert seconds == pytest.approx(STARTS_SECONDS + frame / 20, abs=0.001)


def test_an_event_without_a_copy_says_so_in_the_language_of_the_person(
    visit: Callable[..., Page], reviewed: Reviewed
) -> None:
    event = reviewed.events[3]
    page = visit("rita", f"/review/{event}")
    expect(page.get_by_role("heading", name="Nothing to review here")).to_be_visible()
    expect(page.get_by_role("alert")).not_to_contain_text("workbench")
    page.evaluate("localStorage.setItem('language', 'pt')")
    page.reload()
    expect(page.get_by_role("heading", name="Nada a revisar aqui")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text(f"{event} está no estado “gravado”")
    expect(page.get_by_role("alert")).to_be_in_viewport()
    expect(page).to_have_title("Revisão · Surgery Workbench")
    expect(page.locator("#waiting")).to_have_count(0)
    page.get_by_role("link", name="Desidentificar").click()
    expect(page).to_have_url(f"/event/{event}#work")
