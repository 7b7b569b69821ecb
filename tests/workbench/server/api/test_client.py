"""The same tests over an archive of this machine and one behind a server."""

from __future__ import annotations

import inspect
import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from recorder_core.catalog import EventState
from recorder_core.errors import (
    ArchiveError,
    ArchiveTruncated,
    CatalogError,
    NoKeyMatches,
    NotAllowed,
    NotInCatalog,
    PayloadDamaged,
    RecorderError,
    SettingsError,
    SignInDelayed,
    WrongState,
)
from recorder_core.jobs.archive import (
    ReadableArchive,
    ReadableEvent,
    RecordingRequest,
    delete_event,
    record_event,
    set_room_view,
)
from recorder_core.tables import SignalRow
from tests.integration.documents.blocks import ROOT, programs_of
from workbench.client import Connection, RemoteArchive, RemoteEvent
from workbench.client.remote_file import BLOCK_BYTES, RemoteFile
from workbench.wire import error_code, raise_error

Opening = Callable[[str], Any]


@pytest.fixture(params=["local", "client"])
def opened(request: pytest.FixtureRequest, api: Any) -> Iterator[Opening]:
    """Opens the archive for a person, here or over HTTP."""
    if request.param == "client":
        yield api.archive
        return
    with ExitStack() as stack:
        yield lambda login: stack.enter_context(api.local(login))


def test_events_are_listed_newest_first(opened: Opening, api: Any) -> None:
    rosa = opened("rosa")
    assert {event.event_id for event in rosa.events()} == {api.released, api.unreleased, api.plain}
    started = [event.row.started_utc for event in rosa.events()]
    assert started == sorted(started, reverse=True)
    found = rosa.events(state=EventState.SIGNED_OFF)
    assert [event.event_id for event in found] == [api.released]
    assert [event.event_id for event in rosa.events(procedure_code="hernia")] == [api.unreleased]


def test_rows_are_the_catalog_s(opened: Opening, api: Any) -> None:
    with api.local("rita") as archive:
        set_room_view(archive, api.released, "quad-top-left")
        expected = archive.event(api.released)
        rows, files = expected.row, expected.files()
        original, room = expected.file("original"), expected.room_view()
    event = opened("rita").event(api.released)
    assert event.row == rows
    assert event.files() == files
    assert event.file("original") == original
    assert event.is_released
    assert room is not None
    assert event.room_view() == room
    assert opened("rita").event(api.plain).room_view() is None
    assert event.incomplete() is None


def test_a_recording_is_read_while_it_runs(opened: Opening, api: Any, fragmented: bytes) -> None:
    request = RecordingRequest(procedure_code="running")
    with api.local("olga") as archive, record_event(archive, request) as begun:
        begun.sink.write(fragmented)
        signals = begun.open_signals()
        signals.append([SignalRow("bis", "", 0.0, 41.0), SignalRow("bis", "", 1.0, 42.0)])
        for sink in (begun.sink, signals.sink):
            sink.sync()
        event = opened("rita").event(begun.event_id)
        found = event.incomplete()
        assert found is not None
        assert found.sentence == "being recorded now, 3.0 seconds authentic, with signals"
        assert event.signals(incomplete=True)["value"].tolist() == [41.0, 42.0]
        with event.video(incomplete=True) as file:
            assert file.read() == fragmented
        with pytest.raises(ArchiveTruncated):
            event.signals()
    with api.local("adam") as archive:
        delete_event(archive, begun.event_id, "test_recording")


def test_how_a_copy_was_made_and_what_it_redacts(opened: Opening, api: Any) -> None:
    event = opened("rosa").event(api.released)
    report = event.copy_report()
    assert (report["source"]["width"], report["source"]["height"]) == (384, 192)
    table, rows = event.redaction_table(), event.redactions()
    assert table.frame_index.tolist() == rows["frame"].tolist()
    assert table.boxes_xyxy_px[0].tolist() == rows[["x0", "y0", "x1", "y1"]].iloc[0].tolist()
    with pytest.raises(NotAllowed):
        opened("rosa").event(api.unreleased).copy_report()


def test_one_event_is_found_by_the_beginning_of_its_id(opened: Opening, api: Any) -> None:
    rita = opened("rita")
    assert rita.event(api.plain[:12]).event_id == api.plain
    with pytest.raises(NotInCatalog):
        rita.event("0000000000000000")
    with pytest.raises(CatalogError):
        rita.event("no id at all")


def test_counts_and_readers(opened: Opening, api: Any) -> None:
    rita = opened("rita")
    assert rita.frame_count(api.released) == 60
    assert rita.frame_count(api.plain, "deidentified") is None
    assert "rosa" in rita.reader_ids(api.released, "deidentified")
    assert "rosa" not in rita.reader_ids(api.released, "original")
    roles = rita.roles(rita.events())
    assert "signals" in roles[api.released]
    assert "deidentified" not in roles[api.plain]


def test_history_review_and_jobs_are_the_catalog_s(opened: Opening, api: Any) -> None:
    rita = opened("rita")
    event = rita.event(api.released)
    assert [step.state for step in event.history()][-1] is EventState.SIGNED_OFF
    review = event.review()
    assert review is not None
    assert (review.reviewer, review.signed_off_by) == ("rita", "rita")
    assert rita.event(api.unreleased).review() is None
    assert rita.jobs() == rita.jobs(event=api.released, state="done") == []
    with pytest.raises(NotInCatalog):
        rita.job("none")
    with pytest.raises(NotAllowed):
        opened("olga").event(api.released).review()


def test_corrections_are_read_with_their_version(opened: Opening, api: Any) -> None:
    found = opened("rosa").event(api.released).corrections()
    assert (found.corrections, found.version) == ((), 0)
    with pytest.raises(WrongState, match="no de-identified copy"):
        opened("rita").event(api.plain).corrections()


def test_what_a_file_is_and_whether_one_may_have_it(opened: Opening, api: Any) -> None:
    rita, rosa = opened("rita"), opened("rosa")
    types = {"original": "video/mp4", "signals": "application/vnd.apache.parquet"}
    assert {role: rita.event(api.released).media_type(role) for role in types} == types
    with pytest.raises(NotAllowed):
        rosa.event(api.released).media_type("original")
    for event, role, who in (
        (api.released, "deidentified", {"rita", "rosa"}),
        (api.unreleased, "deidentified", {"rita"}),
        (api.released, "original", {"rita"}),
    ):
        may = {
            name
            for name, archive in (("rita", rita), ("rosa", rosa))
            if archive.event(event).may_still_read(role)
            and archive.event(event).is_sealed_to_me(role)
        }
        assert may == who, (event, role)


def test_names_are_a_reviewer_s(opened: Opening, api: Any) -> None:
    rita = opened("rita")
    assert rita.event(api.released).names().patient_name == "Quorra Zephyr"
    found = rita.search_names("quorra")
    assert [(event.event_id, names.patient_name) for event, names in found] == [
        (api.released, "Quorra Zephyr")
    ]
    rosa = opened("rosa")
    for call in (rosa.event(api.released).names, lambda: rosa.search_names("quorra")):
        with pytest.raises(NotAllowed):
            call()


def test_tables_have_the_same_values_and_types(opened: Opening, api: Any) -> None:
    with api.local("rita") as archive:
        here = archive.event(api.released)
        expected = {
            name: getattr(here, name)()
            for name in ("frames", "signals", "detections", "redactions", "markers")
        }
    event = opened("rita").event(api.released)
    for name, table in expected.items():
        assert len(table)
        pd.testing.assert_frame_equal(getattr(event, name)(), table)
    assert np.isnan(event.signals()["value"]).sum() == 1


def test_pages_read_without_pandas_what_the_tables_say(api: Any) -> None:
    with api.local("rita") as archive:
        here = archive.event(api.released)
        signals, markers = here.signals(), here.markers()
        with here.open_file("deidentification") as file:
            report = json.loads(file.readall())
    event = api.archive("rosa").event(api.released)
    for each in event.each_signal():
        rows = signals[signals["signal"] == each.name]
        assert each.unit == rows["unit"].iloc[0]
        assert each.seconds.tolist() == rows["seconds"].tolist()
        assert np.array_equal(each.values, rows["value"], equal_nan=True)
    assert [row.marker_id for row in event.marker_rows()] == markers["marker_id"].tolist()
    assert event.copy_report() == report


def test_the_index_is_exact(opened: Opening, api: Any) -> None:
    index = opened("rosa").event(api.released).pts_index("deidentified")
    assert len(index) == 60
    assert index.pts.dtype == np.int64
    seconds = (index.pts - index.pts[0]) * float(index.time_base)
    np.testing.assert_allclose(seconds, np.arange(60) / 20, atol=1e-9)


def test_the_player_s_arrays_are_those_of_the_tables(api: Any) -> None:
    connection, path = api.connection("rosa"), f"/events/{api.released}"
    content = connection.get(f"{path}/frames/deidentified?format=float64").body
    np.testing.assert_allclose(np.frombuffer(content, "<f8"), np.arange(60) / 20, atol=1e-9)
    table = pq.read_table(io.BytesIO(connection.get(f"{path}/redactions?format=parquet").body))
    names = ("frame", "track", "x0", "y0", "x1", "y1", "score")
    expected = np.column_stack([table.column(each).to_numpy() for each in names])
    rows = np.frombuffer(connection.get(f"{path}/boxes").body, "<f4").reshape(-1, 8)
    assert len(rows) == len(expected) > 0
    np.testing.assert_array_equal(rows[:, :7], expected.astype(np.float32))
    later = np.frombuffer(connection.get(f"{path}/boxes?first_frame=2").body, "<f4").reshape(-1, 8)
    np.testing.assert_array_equal(later[:, 0], rows[:, 0] - 2)


def test_a_researcher_decodes_every_frame_of_a_released_copy(
    opened: Opening, api: Any, finished: Path
) -> None:
    from recorder_core.media import open_video

    event = opened("rosa").event(api.released)
    with event.open_video("deidentified") as video, open_video(finished) as expected:
        assert len(video) == 60
        for frame, same in zip(video.decode(), expected.decode(), strict=True):
            np.testing.assert_array_equal(frame.to_rgb(), same.to_rgb())
        np.testing.assert_array_equal(video.frame(41).to_rgb(), expected.frame(41).to_rgb())


def test_a_researcher_opens_no_original_and_no_copy_in_review(opened: Opening, api: Any) -> None:
    rosa = opened("rosa")
    for event, role in ((api.released, "original"), (api.unreleased, "deidentified")):
        with pytest.raises(NotAllowed):
            rosa.event(event).open_video(role)
        with pytest.raises(NotAllowed):
            rosa.event(event).video(role)
    with pytest.raises(NotInCatalog):
        rosa.event(api.plain).open_video("deidentified")


def test_bytes_are_the_file_s_wherever_they_are_read(opened: Opening, api: Any) -> None:
    with api.local("rita") as archive, archive.event(api.released).video() as file:
        whole = file.read()
    with opened("rita").event(api.released).video() as file:
        assert file.read() == whole
        for start, size in ((0, 1), (len(whole) - 3, 10), (BLOCK_BYTES // 3, 70_000)):
            file.seek(start)
            assert file.read(size) == whole[start : start + size]
        assert file.seek(-4, 2) == len(whole) - 4
        assert file.read() == whole[-4:]
        file.seek(len(whole) + 9)
        assert file.read() == b""
        assert not file.writable()


@pytest.mark.parametrize(
    ("kind", "promise"), [(RemoteArchive, ReadableArchive), (RemoteEvent, ReadableEvent)]
)
def test_the_client_offers_what_may_be_read_in_the_same_words(kind: Any, promise: Any) -> None:
    names = [name for name in vars(promise) if not name.startswith("_") and name != "row"]
    assert len(names) >= 6
    for name in names:
        promised, offered = getattr(promise, name), getattr(kind, name)
        assert isinstance(promised, property) is isinstance(offered, property), name
        if not isinstance(promised, property):
            asked = inspect.signature(promised).parameters.values()
            given = inspect.signature(offered).parameters.values()
            assert [(each.name, each.kind, each.default) for each in asked] == [
                (each.name, each.kind, each.default) for each in given
            ], name


def test_a_file_that_was_replaced_meanwhile_is_not_read_on(writable: Any, finished: Path) -> None:
    from recorder_core.jobs.archive import add_copy, discard_copy

    file = writable.archive("rita").event(writable.unreleased).video("deidentified")
    with writable.local("rita") as archive:
        discard_copy(archive, writable.unreleased)
        add_copy(archive, writable.unreleased, finished)
    with pytest.raises(RecorderError, match="replaced"):
        file.read()
    file.close()


def test_errors_come_back_as_their_classes() -> None:
    for error in (NoKeyMatches("a"), NotInCatalog("b"), PayloadDamaged("c", 4), SettingsError("d")):
        with pytest.raises(type(error), match=str(error)):
            raise_error(500, {"error": str(error), "code": error_code(error)})
    with pytest.raises(SignInDelayed) as caught:
        raise_error(429, {"error": "wait", "code": "SignInDelayed", "retry_after_seconds": 2.5})
    assert caught.value.retry_after_seconds == 2.5
    for code in ("SystemExit", "__doc__", 7, None, "AlreadyFinished"):
        with pytest.raises(NotInCatalog):
            raise_error(404, {"code": code})
    with pytest.raises(ArchiveError):
        raise_error(502, {})


@pytest.mark.parametrize("address", ["", "ftp://here", "here:80", "http://other.example"])
def test_a_token_goes_to_no_address_in_clear(address: str) -> None:
    with pytest.raises(SettingsError, match="https"):
        Connection(address, token="t")


def test_a_server_that_is_not_there_is_named_in_a_sentence() -> None:
    with pytest.raises(ArchiveError, match="cannot be reached"):
        Connection("http://127.0.0.1:1", token="t").get("/me")


def test_the_program_of_the_page_runs(api: Any) -> None:
    (program,) = programs_of(ROOT / "docs" / "http-interface.md")
    for written, real in (
        ("https://workbench.hospital.example", api.address),
        ("ae5008fb", api.released[:8]),
    ):
        assert written in program
        program = program.replace(written, real)
    values: dict[str, Any] = {"token": api.tokens["rosa"]}
    exec(compile(program, "http-interface.md", "exec"), values)
    assert values["event"].event_id == api.released
    assert set(values["signals"]["signal"]) == {"bis", "heart-rate"}
    assert values["frame"].pts > 0


class _Proxy(BaseHTTPRequestHandler):
    """Answers as a proxy that writes the names of headers in lower case."""

    def do_HEAD(self) -> None:
        self._answer("application/octet-stream", b"")

    def do_GET(self) -> None:
        self._answer("text/html", b"<title>Sign in to the network</title>")

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        for name, value in (("content-type", kind), ("etag", '"7"'), ("content-length", "4")):
            self.send_header(name, str(len(body)) if body and name == "content-length" else value)
        self.end_headers()
        self.wfile.write(body)


def test_a_proxy_may_change_headers_but_not_answers() -> None:
    with HTTPServer(("127.0.0.1", 0), _Proxy) as proxy:
        Thread(target=proxy.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{proxy.server_port}"
        with closing(Connection(address, token="any")) as connection:
            assert RemoteFile(connection, "/file").size_bytes == 4
            with pytest.raises(ArchiveError, match="the server's answer is not JSON"):
                connection.get("/events").json()
        proxy.shutdown()
