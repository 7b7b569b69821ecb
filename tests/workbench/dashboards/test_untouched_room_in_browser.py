"""The review page of an event whose room was kept as it was, in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, expect

from recorder_core.archive import Password
from recorder_core.jobs.archive import (
    Credentials,
    EventDeidentifyRequest,
    deidentify_event,
    export_event,
    open_archive,
    rank_event,
)
from recorder_core.jobs.record import RecordRequest, RoomSources, record_room
from tests.conftest import DrawnJob
from tests.recorder_core.jobs.record.fakes import room
from tests.recorder_core.jobs.record.test_untouched_room import (
    BIT_PX,
    FACES,
    FIRST_BIT,
    HEIGHT,
    LAYOUT,
    WIDTH,
    _AllOver,
    _luma,
    _Numbered,
    _numbers,
)
from tests.workbench.dashboards.test_review_in_browser import SHOWS_FIRST_FRAME
from tests.workbench.dashboards.visiting import PATIENCE_MS, check_accessible, visiting
from tests.workbench.server.conftest import PASSWORD, Served, copied, serving

expect.set_options(timeout=PATIENCE_MS)
SECONDS = 2.0
#: whether the canvas shows, in the room of a frame, the number, a wrong one, or another frame
_SEEN = f"""([frame, number]) => {{
  const {{ player }} = document.querySelector(".wb-review")?.review ?? {{}};
  if (!player?.places?.length || player.root.dataset.frame !== String(frame)) return "other frame";
  const {{ canvas }} = player;
  const scale = canvas.width / canvas.clientWidth;
  let found = 0;
  for (let bit = 0; bit < 8; bit++) {{
    const [x, y] = [{WIDTH + FIRST_BIT + BIT_PX // 2} + bit * {BIT_PX}, {(FACES + HEIGHT) // 2}];
    const at = player.places[0].viewport.toScreen([x, y, x, y]).map((px) => Math.round(px * scale));
    const [level] = canvas.getContext("2d").getImageData(at[0], at[1], 1, 1).data;
    found += (level > 128) << bit;
  }}
  return found === number ? "number" : "wrong";
}}"""


def _recorded(path: Path) -> str:
    """Record a room that is de-identified meanwhile and kept as it was, too."""
    sources = RoomSources(
        {name: _Numbered(name, has_faces=name == "room") for name in ("laparoscope", "room")}
    )
    request = RecordRequest(room=room(layout=LAYOUT, deidentify="both"), duration_seconds=SECONDS)
    with (
        open_archive(path, Credentials("olga", Password(PASSWORD))) as archive,
        record_room(archive, request, sources, _AllOver()) as recorder,
    ):
        while recorder.wait(0.1):
            pass
        return recorder.finish().event_id


def _await(page: Page, numbered: tuple[int, int], seen: str) -> None:
    """Wait until the room of a frame shows its number, or a wrong one."""
    page.wait_for_function(f"(numbered) => ({_SEEN})(numbered) === '{seen}'", arg=numbered)


def _hidden_frame(original: Path) -> tuple[int, int]:
    """Return a frame whose room has lost its number, and the number."""
    luma = _luma(original, 2 * WIDTH)
    beside = _numbers(luma[:, :, :WIDTH])
    in_room = luma[:, (FACES + HEIGHT) // 2, WIDTH:]
    bits = [in_room[:, FIRST_BIT + BIT_PX // 2 + bit * BIT_PX] > 128 for bit in range(8)]
    found = sum(each.astype(int) << place for place, each in enumerate(bits))
    frame = int(np.flatnonzero((beside > 0) & (beside != found))[0])
    return frame, int(beside[frame])


def test_the_room_as_it_was_is_put_back_for_who_may_see_it(
    browser: Browser, empty_archive: Path, drawn: DrawnJob, tmp_path: Path, pictures: Path
) -> None:
    path = copied(empty_archive, tmp_path)
    event = _recorded(path)
    with open_archive(path, Credentials("rita", Password(PASSWORD))) as archive:
        asked = EventDeidentifyRequest(options=drawn.options, work=tmp_path)
        deidentify_event(archive, event, asked)
        rank_event(archive, event)
        export_event(archive, event, tmp_path, ["original"])
    numbered = _hidden_frame(tmp_path / f"{event}.original.mp4")
    with serving(path, kernels=False) as server, visiting(browser, server.address) as visit:
        page = visit("rita", f"/review/{event}")
        page.wait_for_function(SHOWS_FIRST_FRAME)
        page.evaluate(f"document.querySelector('.wb-review').review.player.show({numbered[0]})")
        choice = page.get_by_label("Show", exact=True)
        choice.select_option("original")
        _await(page, numbered, "wrong")
        choice.select_option("untouched")
        _await(page, numbered, "number")
        check_accessible(page, pictures / "review-untouched")
        _check_others(server, event)


def _check_others(server: Served, event: str) -> None:
    """Check that the room leaves the server for a reviewer alone."""
    for login, status in (("rita", 200), ("olga", 403), ("rosa", 403)):
        person = server.sign_in(login)
        answer = person.get(f"{server.address}/workbench/api/v1/events/{event}/files/room")
        assert answer.status_code == status, login
        assert person.get(f"{server.address}/review/{event}").status_code == status, login
