from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from tornado.web import HTTPError

from recorder_core.errors import NotAllowed, RecorderError, SettingsError
from workbench.server.api.files import find_range


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, None),
        ("bytes=0-0", range(0, 1)),
        ("bytes=10-", range(10, 100)),
        ("bytes=-7", range(93, 100)),
        ("bytes=-700", range(100)),
        ("bytes=90-4000", range(90, 100)),
        ("bytes=20-10", None),
        ("bytes=-", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-1", None),
        ("bytes=a-b", None),
        ("bytes=" + "9" * 40 + "-", None),
    ],
)
def test_a_range_header_is_read_as_rfc_9110_has_it(header: str | None, found: range | None) -> None:
    assert find_range(header, 100) == found


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=5000-6000", "bytes=-0"])
def test_bytes_that_are_not_there_are_416(header: str) -> None:
    with pytest.raises(HTTPError) as caught:
        find_range(header, 100)
    assert caught.value.status_code == 416


def test_ranges_of_an_original_are_its_bytes(api: Any, drawn_source: Path) -> None:
    rita, path = api.browser("rita"), f"/events/{api.released}/files/original"
    with api.local("rita") as archive, archive.event(api.released).video() as file:
        whole = file.read()
    head, nothing = rita.ask(path, "HEAD")
    assert (head.status, nothing, head.headers["Content-Type"]) == (200, b"", "video/mp4")
    assert int(head.headers["Content-Length"]) == len(whole)
    assert head.headers["Accept-Ranges"] == "bytes"
    assert head.headers["Cache-Control"] == "no-store"
    all_of_it, body = rita.ask(path)
    assert (all_of_it.status, hashlib.sha256(body).digest()) == (
        200,
        hashlib.sha256(whole).digest(),
    )
    for start, stop in ((0, 1), (1000, 70_000), (len(whole) - 5, len(whole))):
        part, body = rita.ask(path, Range=f"bytes={start}-{stop - 1}")
        assert (part.status, body) == (206, whole[start:stop])
        assert part.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(whole)}"
    last, body = rita.ask(path, Range="bytes=-9")
    assert (last.status, body) == (206, whole[-9:])
    past, body = rita.ask(path, Range=f"bytes={len(whole)}-")
    assert (past.status, past.headers["Content-Range"]) == (416, f"bytes */{len(whole)}")


def test_conditions_name_exactly_one_file(api: Any) -> None:
    rita, path = api.browser("rita"), f"/events/{api.released}/files/deidentified"
    etag = rita.ask(path, "HEAD")[0].headers["Etag"]
    assert rita.ask(path, If_None_Match=etag)[0].status == 304
    assert rita.ask(path, If_Match=etag, Range="bytes=0-3")[0].status == 206
    assert rita.ask(path, If_Match='"another"', Range="bytes=0-3")[0].status == 412
    assert rita.ask(path, If_Range='"another"', Range="bytes=0-3")[0].status == 200
    assert rita.ask(path, If_Range=etag, Range="bytes=0-3")[0].status == 206


@pytest.mark.parametrize(
    "path",
    [
        "/events/..%2f..%2fetc/files/original",
        "/events/{event}/files/..%2f..%2farchive.json",
        "/events/{event}/files/identity",
        "/events/{event}/files/original%00",
        "/events/{event}/files/original?incomplete=perhaps",
        "/events/{event}/files/original?path=/etc/passwd",
        "/events/%C3%91/files/original",
        "/events/{event}/pictures/original/-1",
        "/events/{event}/pictures/original/1e9",
        "/events/{event}/pictures/original/99999999",
        "/events/{event}/pictures/signals/0",
        "/events/{event}/pictures/original/0?width_px=1",
        "/events/{event}/frames/original?format=pickle",
        "/events?state=open",
        "/no-such-address",
        "/../../../etc/passwd",
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(api: Any, path: str) -> None:
    rita = api.browser("rita")
    response, body = rita.ask(path.format(event=api.released))
    assert response.status in (400, 404, 422), body
    assert b"Traceback" not in body
    assert b"error" in body


def test_another_method_is_refused(api: Any) -> None:
    rita = api.browser("rita")
    for path in ("/events", f"/events/{api.released}/files/original"):
        assert rita.ask(path, "POST")[0].status == 405
        assert rita.ask(path, "DELETE")[0].status == 405


def test_a_frame_is_the_frame(api: Any) -> None:
    import io

    import numpy as np
    from PIL import Image

    rita = api.browser("rita")
    with api.local("rita") as archive, archive.event(api.released).open_video() as video:
        for frame in (0, 7, len(video) - 1):
            response, body = rita.ask(
                f"/events/{api.released}/pictures/original/{frame}?format=png"
            )
            assert response.headers["Content-Type"] == "image/png"
            np.testing.assert_array_equal(
                np.asarray(Image.open(io.BytesIO(body))), video.frame(frame).to_rgb()
            )
    response, body = rita.ask(f"/events/{api.released}/pictures/original/7?width_px=96")
    small = Image.open(io.BytesIO(body))
    assert (response.headers["Content-Type"], small.size) == ("image/jpeg", (96, 48))


def test_a_browser_keeps_a_frame_of_a_copy_and_none_of_an_original(api: Any) -> None:
    rita, place = api.browser("rita"), f"/events/{api.released}/pictures"
    first, body = rita.ask(f"{place}/deidentified/3?width_px=96")
    assert first.headers["Cache-Control"] == "private, no-cache"
    again, nothing = rita.ask(
        f"{place}/deidentified/3?width_px=96", If_None_Match=first.headers["Etag"]
    )
    assert (again.status, nothing) == (304, b"")
    other, another = rita.ask(
        f"{place}/deidentified/4?width_px=96", If_None_Match=first.headers["Etag"]
    )
    assert (other.status, another != body) == (200, True)
    original, _ = rita.ask(f"{place}/original/3?width_px=96")
    assert original.headers["Cache-Control"] == "no-store"
    # what is kept is asked for each time: who may not have it gets nothing
    refused, _ = api.browser("egon").ask(
        f"{place}/deidentified/3?width_px=96", If_None_Match=first.headers["Etag"]
    )
    assert refused.status == 403


def test_watching_is_logged_once_and_not_for_every_range(api: Any) -> None:
    rita, path = api.browser("rita"), f"/events/{api.plain}/files/original"
    for place in range(20):
        assert rita.ask(path, Range=f"bytes={place}-{place}")[0].status == 206
    with api.local("adam") as archive:
        rows = archive._session.catalog.audit.rows()
    begun = [
        row
        for row in rows
        if (row.who, row.action, row.outcome) == ("rita", "view_original", "begun")
        if row.event_id == api.plain and row.detail.startswith("role:original file:")
    ]
    assert len(begun) == 1


#: every address at which a person gets bytes of a copy
_OF_THE_COPY = (
    "files/deidentified",
    "files/deidentified?incomplete=true",
    "export/deidentified",
    "pictures/deidentified/0",
    "thumbnail",
)


@pytest.mark.parametrize("step", ["release", "keys"])
def test_a_copy_that_is_taken_back_stops_at_once(writable: Any, step: str) -> None:
    from recorder_core.jobs.archive import reopen_review, revoke

    rosa, event = writable.browser("rosa"), writable.released
    for path in _OF_THE_COPY:
        assert rosa.ask(f"/events/{event}/{path}", Range="bytes=0-9")[0].status in (200, 206)
    with writable.local("rita") as archive:
        if step == "release":
            reopen_review(archive, event)
        else:
            assert "deidentified" in revoke(archive, event, "rosa")
    for path in _OF_THE_COPY:
        answer, body = rosa.ask(f"/events/{event}/{path}", Range="bytes=0-9")
        assert answer.status in ((403, 409) if "export" in path else (403,)), (path, body)
        assert answer.headers["Content-Type"].startswith("application/json")


def test_a_token_ends_with_its_session(writable: Any) -> None:
    rosa = writable.connection("rosa")
    assert rosa.get("/events").status == 200
    held = next(each for each in writable.sessions.all() if each.login == "rosa")
    writable.sessions.sign_out(held.token)
    for path in ("/events", f"/events/{writable.released}/files/deidentified"):
        with pytest.raises(NotAllowed):
            rosa.get(path)


def test_bad_bodies_are_refused(api: Any) -> None:
    rita = api.connection("rita")
    for body in (
        b"{",
        b"[]",
        b'{"text": 5}',
        b'{"text": ""}',
        b'{"text": "x", "more": 1}',
        b"\xff",
    ):
        with pytest.raises(SettingsError):
            rita.ask(
                "POST", "/name-search", body=body, headers={"Content-Type": "application/json"}
            )
    with pytest.raises(RecorderError, match="JSON"):
        rita.ask("POST", "/name-search", body=b"text=x", headers={"Content-Type": "text/plain"})
