from __future__ import annotations

import os
import sqlite3
import struct
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import av
import numpy as np
import pytest
from av.stream import Disposition

from profiling.benches.long_videos import LongVideo, write_long
from recorder_core.catalog import EventState
from recorder_core.errors import ArchiveError, Cancelled, DecodeError, NotAllowed, SettingsError
from recorder_core.jobs.archive import ImportRequest, check_copies, import_video
from recorder_core.jobs.archive.events.starting import find_start, parse_started
from recorder_core.media import FrameIndex, MediaInfo, index_frames, probe
from tests.recorder_core.media.audio.test_conversion import write_tone


def test_an_imported_video_has_the_source_s_frames_and_times(
    site: Any, event_id: str, named_video: Path
) -> None:
    info = probe(named_video)
    expected = index_frames(info)
    with site.opened("rita") as archive:
        event = archive.event(event_id)
        frames = event.frames()
        with event.video() as file, av.open(file) as container:
            decoded = [frame.pts for frame in container.decode(video=0)]
            assert len(container.streams.audio) == 1
    seconds = (expected.pts - expected.pts[0]) * float(info.video.time_base)
    assert np.allclose(frames["seconds"], seconds)
    assert decoded == frames["pts"].tolist()


def test_an_mp4_file_is_listed_while_it_is_sealed(
    site: Any, minutes_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read once; the list is that of a reading of its own."""
    info = probe(minutes_video)
    expected = index_frames(info)

    def read_again(*_: object) -> None:
        raise AssertionError("the packets were read a second time")

    monkeypatch.setattr("recorder_core.media.index.frame_index.list_packets", read_again)
    event_id = site.bring_in(minutes_video)
    monkeypatch.undo()
    with site.opened("rita") as archive:
        frames = archive.event(event_id).frames()
        seconds = (expected.pts - expected.pts[0]) * float(info.video.time_base)
        assert np.allclose(frames["seconds"], seconds)
        found = archive.event(event_id).row
        with archive.event(event_id).video() as file:
            assert index_frames(probe(file)).pts.tolist() == expected.pts.tolist()
    length = (expected.pts[-1] - expected.pts[0] + expected.durations[-1]) * info.video.time_base
    assert found.duration_seconds == pytest.approx(float(length))


def test_a_file_whose_list_points_beside_its_frames_is_refused(
    site: Any, minutes_video: Path, tmp_path: Path
) -> None:
    """FFmpeg finds the second fragment of what it wrote itself at a wrong place."""
    wrong = tmp_path / "wrong.mp4"
    flags = {"movflags": "+frag_keyframe+global_sidx"}
    with (
        av.open(str(minutes_video)) as source,
        av.open(str(wrong), "w", container_options=flags) as target,
    ):
        video = source.streams.video[0]
        stream = target.add_stream_from_template(video)
        for packet in source.demux(video):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    with av.open(str(wrong)) as container, pytest.raises(av.error.InvalidDataError):
        for _ in container.decode(video=0):
            pass
    with pytest.raises(DecodeError, match=r"wrong.mp4 is damaged at about second .*--salvage"):
        site.bring_in(wrong)
    assert not any((site.path / "events").iterdir())


def _cut_off(whole: Path, cut: Path) -> Path:
    """Write a copy whose index lies in front, and cut it at 0.6 of its size."""
    with (
        av.open(str(whole)) as source,
        av.open(str(cut), "w", container_options={"movflags": "+faststart"}) as target,
    ):
        streams = [target.add_stream_from_template(each) for each in source.streams]
        for packet in source.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                target.mux(packet)
    os.truncate(cut, int(cut.stat().st_size * 0.6))
    return cut


def test_a_cut_off_mp4_file_is_refused_as_its_index_refuses_it(
    site: Any, minutes_video: Path, tmp_path: Path
) -> None:
    """The list in front promises packets that are not there; nothing is left of the attempt."""
    cut = _cut_off(minutes_video, tmp_path / "cut.mp4")
    with pytest.raises(DecodeError, match=r"cut off.*--salvage") as imported:
        site.bring_in(cut)
    with pytest.raises(DecodeError) as indexed:
        index_frames(probe(cut))
    assert str(imported.value) == str(indexed.value)
    assert not any((site.path / "events").iterdir())
    assert not any((site.mirror / "events").iterdir())


def test_a_cut_off_file_is_kept_byte_for_byte_where_salvage_is_asked_for(
    site: Any, minutes_video: Path, tmp_path: Path
) -> None:
    cut = _cut_off(minutes_video, tmp_path / "cut.mp4")
    with av.open(str(cut)) as container:
        shown = sum(1 for packet in container.demux(video=0) if packet.size)
    request = ImportRequest(source=cut, procedure_code="demo", salvage=True)
    with site.opened("rita") as archive:
        result = import_video(archive, request)
        assert (result.is_remuxed, result.is_cut_off) == (False, True)
        assert result.frame_count == pytest.approx(shown, abs=1)
        with result.event.video() as file:
            assert file.read() == cut.read_bytes()
        with result.event.open_video(salvage=True) as video:
            assert video.frame(result.frame_count - 2).to_rgb().shape[2] == 3
        with pytest.raises(DecodeError, match="--salvage"), result.event.open_video() as video:
            _ = video.index


def test_a_size_that_was_told_wrongly_costs_a_second_turn_and_nothing_else(
    site: Any, minutes_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(info: MediaInfo, **options: bool) -> FrameIndex:
        return replace(index_frames(info, **options), packet_bytes=1)

    monkeypatch.setattr("recorder_core.media.video.index_frames", wrong)
    monkeypatch.setattr("recorder_core.jobs.archive.events.importing.indexed_bytes", lambda _: 2)
    event_id = site.bring_in(minutes_video)
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()
    with (
        site.opened("rita") as archive,
        archive.event(event_id).video() as file,
        av.open(file) as container,
    ):
        assert sum(1 for packet in container.demux(video=0) if packet.size) == 7200


def _two_streams(path: Path, first: Path, second: Path) -> Path:
    """Write a file whose first stream is shown by players, and whose second one is not."""
    with av.open(str(first)) as one, av.open(str(second)) as two, av.open(str(path), "w") as target:
        added = [target.add_stream_from_template(each.streams.video[0]) for each in (one, two)]
        added[0].disposition, added[1].disposition = Disposition.default, Disposition.dub
        for source, stream in zip((one, two), added, strict=True):
            for packet in source.demux(video=0):
                if packet.size:
                    packet.stream = stream
                    target.mux(packet)
    return path


def test_a_chosen_stream_of_video_is_taken_in(
    site: Any, tmp_path: Path, drawn_source: Path, foreign: dict[str, Path]
) -> None:
    both = _two_streams(tmp_path / "both.mkv", drawn_source, foreign["hevc mp4"])
    expected = {None: drawn_source, 0: drawn_source, 1: foreign["hevc mp4"]}
    with site.opened("rita") as archive:
        for number, source in expected.items():
            request = ImportRequest(source=both, procedure_code="demo", video_stream=number)
            result = import_video(archive, request)
            assert result.is_remuxed
            with result.event.video() as file:
                taken, wanted = probe(file), probe(source)
                assert taken.video.codec == wanted.video.codec
                assert len(index_frames(taken)) == len(index_frames(wanted))
        with pytest.raises(SettingsError, match=r"stream 7 of both\.mkv is not a video stream"):
            import_video(archive, replace(request, video_stream=7))


def test_a_chosen_stream_that_mp4_does_not_take_is_refused(
    site: Any, tmp_path: Path, drawn_source: Path
) -> None:
    raw = tmp_path / "raw.mkv"
    with av.open(str(raw), "w") as container:
        stream = container.add_stream("libvpx", rate=20)
        stream.width = stream.height = 64
        frame = av.VideoFrame(64, 64, "yuv420p")
        container.mux([*stream.encode(frame), *stream.encode(None)])
    both = _two_streams(tmp_path / "both.mkv", drawn_source, raw)
    request = ImportRequest(source=both, procedure_code="demo", video_stream=1)
    with site.opened("rita") as archive:
        with pytest.raises(
            SettingsError, match="players show stream 0; copy stream 1 into a separate file"
        ):
            import_video(archive, request)
        assert archive.events() == []


@pytest.mark.parametrize("name", ["h264 mkv", "h264 ts", "hevc mp4", "mpeg2 mkv"])
def test_videos_of_other_devices_keep_every_frame(
    site: Any, foreign: dict[str, Path], name: str
) -> None:
    made = site.bring_in(foreign[name])
    with site.opened("rita") as archive:
        event = archive.event(made)
        index = event.pts_index()
        with event.video() as file, av.open(file) as container:
            decoded = [frame.pts for frame in container.decode(video=0)]
            assert "mp4" in container.format.name
            assert container.streams.video[0].time_base == index.time_base
    assert decoded == index.pts.tolist()


def test_what_mp4_cannot_hold_is_kept_byte_for_byte(site: Any, tmp_path: Path) -> None:
    source = tmp_path / "odd.webm"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("libvpx", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(8):
            frame = av.VideoFrame.from_ndarray(np.full((72, 64), 20 * index, np.uint8), "yuv420p")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with site.opened("rita") as archive:
        result = import_video(archive, ImportRequest(source=source, procedure_code="demo"))
        assert not result.is_remuxed
        with result.event.video() as file:
            assert file.read() == source.read_bytes()


def test_audio_that_players_of_mp4_take_for_noise_is_kept_byte_for_byte(
    site: Any, tmp_path: Path
) -> None:
    source = write_tone(tmp_path / "s.mov", "pcm_s24le", 8_000)
    with site.opened("rita") as archive:
        result = import_video(archive, ImportRequest(source=source, procedure_code="demo"))
        assert not result.is_remuxed
        with result.event.video() as file:
            assert file.read() == source.read_bytes()


@pytest.mark.parametrize(
    ("edits", "numbers"),
    [
        # the first and the third second of the four, which one edit cannot say
        ([(600, 0), (600, 1200)], [*range(10), *range(20, 30)]),
        # from a frame on that is no keyframe
        ([(1980, 420)], [*range(7, 40)]),
    ],
)
def test_what_an_edit_list_hides_stays_hidden(
    site: Any, tmp_path: Path, edits: list[tuple[int, int]], numbers: list[int]
) -> None:
    """A stretch was cut out of a video, and nothing but its edit list says so."""
    source = tmp_path / "edited.mp4"
    options = {"video_track_timescale": "600", "movie_timescale": "600"}
    with av.open(str(source), "w", container_options=options) as container:
        stream = container.add_stream("libx264", rate=10, options={"bf": "0", "g": "5"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(40):
            frame = av.VideoFrame.from_ndarray(np.full((72, 64), 6 * index, np.uint8), "yuv420p")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    _write_edits(source, edits)
    with site.opened("rita") as archive:
        result = import_video(archive, ImportRequest(source=source, procedure_code="demo"))
        assert (result.is_remuxed, result.frame_count) == (len(edits) == 1, len(numbers))
        with result.event.video() as file:
            assert (file.read() == source.read_bytes()) != result.is_remuxed
        with result.event.video() as file, av.open(file) as container:
            shown = [int(frame.to_ndarray()[0, 0]) for frame in container.decode(video=0)]
    assert np.allclose(shown, 6 * np.array(numbers), atol=2)


def _write_edits(path: Path, edits: list[tuple[int, int]]) -> None:
    """Write an edit list (duration, first time, both in its unit) in place of the one of a file."""
    data = path.read_bytes()
    begin = data.index(b"elst") - 4
    size = int.from_bytes(data[begin : begin + 4])
    entries = b"".join(struct.pack(">IiI", *edit, 1 << 16) for edit in edits)
    new = struct.pack(">I4sII", 16 + len(entries), b"elst", 0, len(edits)) + entries
    data = data[:begin] + new + data[begin + size :]
    for kind in (b"moov", b"trak", b"edts"):
        place = data.index(kind) - 4
        grown = int.from_bytes(data[place : place + 4]) + len(new) - size
        data = data[:place] + grown.to_bytes(4) + data[place + 4 :]
    path.write_bytes(data)


def test_an_import_keeps_bits_and_color_and_says_nothing_else(site: Any, tmp_path: Path) -> None:
    path = tmp_path / "fine.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv422p10le"
        frame = av.VideoFrame(96, 64, "yuv422p10le")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for frame.pts in range(3):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with site.opened("rita") as archive:
        result = import_video(archive, ImportRequest(source=path, procedure_code="demo"))
        assert result.is_remuxed
        assert result.left_out == ()
        with result.event.video() as file, av.open(file) as container:
            assert container.streams.video[0].codec_context.pix_fmt == "yuv422p10le"


def test_the_catalog_knows_the_event_only_when_its_file_is_there(site: Any, event_id: str) -> None:
    with site.opened("rita") as archive:
        event = archive.event(event_id)
        assert event.row.state is EventState.RECORDED
        assert event.row.is_complete
        assert event.row.duration_seconds == pytest.approx(3.0)
        assert [row.role for row in event.files()] == ["original", "signals"]
        assert archive.reader_ids(event_id, "original") == ["rita"]
        assert archive.reader_ids(event_id, "signals") == ["rita", "rosa"]


def test_signals_come_back_as_a_table(site: Any, event_id: str) -> None:
    with site.opened("rosa") as archive:
        table = archive.event(event_id).signals()
        rows = archive._session.catalog.contents.signals(event_id)
    assert table.columns.tolist() == ["signal", "unit", "seconds", "value"]
    assert set(table["signal"]) == {"bis", "heart-rate"}
    assert [(row.name, row.gap_count, row.sample_count) for row in rows] == [
        ("bis", 1, 11),
        ("heart-rate", 0, 3),
    ]


def test_a_file_that_is_no_video_leaves_nothing(site: Any, tmp_path: Path) -> None:
    source = tmp_path / "notes.mp4"
    source.write_bytes(b"no video" * 100)
    with pytest.raises(DecodeError):
        site.bring_in(source)
    assert not any((site.path / "events").iterdir())
    assert not any((site.mirror / "events").iterdir())


@pytest.mark.parametrize(
    ("step", "stop"),
    [("find_same_video", Cancelled("Nothing was changed.")), ("store_file", KeyboardInterrupt())],
)
def test_an_import_that_is_stopped_once_it_is_sealed_leaves_nothing(
    site: Any,
    named_video: Path,
    signals_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    stop: BaseException,
) -> None:
    sealed = []

    def interrupt(*_: object, **__: object) -> None:
        sealed.extend(path.suffix for path in (site.path / "events").rglob("*.*"))
        raise stop

    monkeypatch.setattr(f"recorder_core.jobs.archive.events.importing.{step}", interrupt)
    request = ImportRequest(source=named_video, procedure_code="x", signals=signals_file)
    with site.opened("rita") as archive, pytest.raises(type(stop)):
        import_video(archive, request)
    assert sealed.count(".sealed") == 2
    assert not any((site.path / "events").iterdir())
    with closing(sqlite3.connect(site.path / "catalog.db")) as catalog:
        assert catalog.execute("SELECT count(*) FROM events").fetchone() == (0,)


@pytest.mark.parametrize("name", ["grows.mkv", "grows.avi"])
def test_a_video_that_still_grows_is_refused(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """While a program has it open, and where it changes while it is read."""
    source = tmp_path / name
    with av.open(str(source), "w") as video:
        stream = video.add_stream("ffv1" if name.endswith("avi") else "libx264", rate=25)
        stream.width, stream.height = 160, 120
        for place in range(25):
            grey = np.full((120, 160), 60 + place, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="gray").reformat(format="yuv420p")
            video.mux(stream.encode(frame))
        video.mux(stream.encode(None))
    with source.open("ab"), pytest.raises(DecodeError, match="is still being written"):
        site.bring_in(source)

    def index_and_grow(info: MediaInfo, **options: bool) -> FrameIndex:
        index = index_frames(info, **options)
        with source.open("ab") as file:
            file.write(bytes(1000))
        return index

    monkeypatch.setattr("recorder_core.media.video.index_frames", index_and_grow)
    with pytest.raises(DecodeError, match="was changed while it was read"):
        site.bring_in(source)
    assert not any((site.path / "events").iterdir())
    assert not any((site.mirror / "events").iterdir())
    with site.opened("rita") as archive:
        assert archive.events() == []


def test_a_researcher_may_not_import(site: Any, named_video: Path) -> None:
    with site.opened("rosa") as archive, pytest.raises(NotAllowed):
        import_video(archive, ImportRequest(source=named_video, procedure_code="demo"))
    with site.opened("adam") as archive:
        refused = [row for row in archive._session.catalog.audit.rows() if row.outcome == "refused"]
    assert [(row.who, row.action) for row in refused] == [("rosa", "import_event")]


def test_a_full_disk_leaves_no_half_event(
    site: Any, named_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("recorder_core.archive.writing.copies.write_all", full)
        with pytest.raises(ArchiveError, match="No space left on device"):
            site.bring_in(named_video)
    assert not any((site.path / "events").iterdir())
    with site.opened("rita") as archive:
        assert archive.events() == []


def test_when_a_video_began_is_known_from_a_person_its_tag_or_its_file(
    site: Any, tmp_path: Path
) -> None:
    tagged, bare = tmp_path / "tagged.mkv", tmp_path / "bare.mkv"
    write_long(bare, LongVideo(4))
    os.utime(bare, (1_700_000_004, 1_700_000_004))
    with av.open(str(bare)) as found, av.open(str(tagged), "w") as container:
        container.metadata["creation_time"] = "2024-05-04T09:30:00Z"
        (source,) = found.streams.video
        stream = container.add_stream_from_template(source)
        for packet in found.demux(source):
            if packet.size:
                packet.stream = stream
                container.mux_one(packet)
    given = datetime(2021, 1, 1, tzinfo=UTC)
    with site.opened("olga") as archive:
        results = [
            import_video(
                archive, ImportRequest(source=path, procedure_code="demo", started_utc=started)
            )
            for path, started in ((tagged, given), (tagged, None), (bare, None))
        ]
    assert [result.started.source for result in results] == ["given", "tag", "file time"]
    starts = [result.event.row.started_utc for result in results]
    guessed = datetime.fromtimestamp(1_700_000_000, UTC)
    assert starts == [given, datetime(2024, 5, 4, 9, 30, tzinfo=UTC), guessed]


def test_a_time_that_a_person_wrote_is_read_or_refused() -> None:
    expected = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
    assert parse_started("2026-05-04T09:30+00:00") == expected
    with pytest.raises(ValueError, match="is not a time"):
        parse_started("last Tuesday")


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The computer's clock is that of Berlin: summer time from 29 March to 25 October 2026."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-03-29T01:59", (29, 0, 59)),
        ("2026-03-29T03:00", (29, 1, 0)),
        ("2026-10-25T01:59", (24, 23, 59)),
        ("2026-10-25T02:30+02:00", (25, 0, 30)),
        ("2026-10-25T02:30+01:00", (25, 1, 30)),
        ("2026-10-25T03:00", (25, 2, 0)),
    ],
)
@pytest.mark.usefixtures("berlin")
def test_a_local_time_around_a_change_of_the_clocks(text: str, hour: tuple[int, int, int]) -> None:
    found = parse_started(text)
    assert (found.day, found.hour, found.minute) == hour


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-03-29T02:30", "was left out here"),
        ("2026-10-25T02:30", r"came twice here; .* as in 2026-10-25T02:30\+02:00"),
    ],
)
@pytest.mark.usefixtures("berlin")
def test_an_hour_that_comes_twice_or_never_needs_its_zone(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_started(text)


@pytest.mark.parametrize("year", [1, 1899, 3000, 9999])
def test_a_start_in_an_impossible_year_seals_nothing(
    site: Any, drawn_source: Path, year: int
) -> None:
    with pytest.raises(SettingsError, match=f"cannot have begun in the year {year}; give"):
        site.bring_in(drawn_source, started_utc=datetime(year, 6, 1, tzinfo=UTC))
    for root in (site.path, site.mirror):
        assert not list(root.glob("events/*/*.sealed"))


@pytest.mark.parametrize("seconds", [1e12, -1e11])
def test_a_file_that_was_written_when_no_clock_was_leaves_nothing(
    site: Any, drawn_source: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """Some disks keep such a time, and some do not: it is said in the place of theirs."""
    starting = "recorder_core.jobs.archive.events.starting"
    written = Mock(stat=lambda: Mock(st_mtime=seconds))
    monkeypatch.setattr(f"{starting}.read_creation_time", lambda _: None)
    monkeypatch.setattr(
        "recorder_core.jobs.archive.events.importing.find_start",
        lambda given, video, _, length: find_start(given, video, written, length),
    )
    with pytest.raises(SettingsError, match="at a time that is none: say when"):
        site.bring_in(drawn_source)
    assert not list(site.path.glob("events/*/*"))


@pytest.mark.parametrize("text", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00"])
def test_a_time_beyond_the_calendar_is_no_time(text: str) -> None:
    with pytest.raises(SettingsError, match="is not a time; write it as"):
        parse_started(text)
