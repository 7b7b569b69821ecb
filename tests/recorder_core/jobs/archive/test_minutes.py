"""The jobs of the archive on recordings of minutes, as operations have them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from profiling.benches.long_videos import LongVideo
from recorder_core.archive import SealedPaths
from recorder_core.jobs.archive import (
    RecordingRequest,
    ScreenshotRequest,
    add_copy,
    check_copies,
    copy_sealed,
    delete_event,
    export_event,
    finalise_event,
    make_report,
    record_event,
    repair_copies,
    sign_off,
    take_screenshots,
    verify_audit,
)
from recorder_core.media.container.mp4_boxes import top_level_boxes
from recorder_core.report import ReportSettings

REQUEST = RecordingRequest(procedure_code="lap-chole")


def _packets(file: Any, kind: str) -> tuple[list[Fraction], str]:
    """Return when the packets of a stream are shown, in seconds, and the hash of all."""
    times, digest = [], hashlib.sha256()
    with av.open(file) as container:
        (stream,) = getattr(container.streams, kind)
        for packet in container.demux(stream):
            if packet.size:
                times.append(packet.pts * packet.time_base)
                digest.update(packet)
    return times, digest.hexdigest()


@pytest.fixture
def imported(site: Any, minutes_video: Path) -> str:
    return site.bring_in(minutes_video)


def _cut_off(site: Any, content: bytes) -> str:
    with site.opened("olga") as archive, record_event(archive, REQUEST) as begun:
        begun.sink.write(content)
    return begun.event_id


def _damage(site: Any, event_id: str, name: str, place: int, roots: str) -> None:
    for root in (getattr(site, word) for word in roots.split()):
        stream = SealedPaths.of(root / "events" / event_id / name).stream
        content = bytearray(stream.read_bytes())
        content[place] ^= 0x40
        stream.write_bytes(content)


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_an_import_keeps_every_packet_and_its_time(
    site: Any, imported: str, minutes_video: Path, minutes: LongVideo, kind: str
) -> None:
    with site.opened("rita") as archive:
        event = archive.event(imported)
        assert event.row.duration_seconds == minutes.seconds
        assert len(event.frames()) == minutes.frame_count
        with event.video() as file:
            found = _packets(file, kind)
    wanted = _packets(str(minutes_video), kind)
    count = {"video": minutes.frame_count, "audio": minutes.audio_packet_count}[kind]
    assert len(wanted[0]) == count
    assert found == wanted


def test_what_was_imported_is_taken_out_sealed_and_in_clear(
    site: Any, imported: str, minutes_video: Path, tmp_path: Path
) -> None:
    with site.opened("rita") as archive:
        event = archive.event(imported)
        exported = export_event(archive, event.event_id, tmp_path / "usb", ["original"])
        copy_sealed(archive, event.event_id, tmp_path / "sealed")
        name = SealedPaths.of(Path(archive._session.stored(event.file("original")).name)).stream
    video = str(tmp_path / "usb" / exported.files[0].name)
    assert _packets(video, "video") == _packets(str(minutes_video), "video")
    assert (tmp_path / "sealed" / name).read_bytes() == (site.path / name).read_bytes()


def test_a_copy_is_added_shown_reported_and_deleted(
    site: Any, imported: str, minutes_video: Path, make_copy: Callable[[Path], Path]
) -> None:
    with site.opened("rita") as archive:
        event = archive.event(imported)
        shots = take_screenshots(
            archive, event.event_id, ScreenshotRequest(at_seconds=(0.5, 200.02))
        )
        assert [shot.frame_index for shot in shots] == [15, 6000]
        with event.open_video() as video:
            grey = [float(video.frame(shot.frame_index).to_rgb().mean()) for shot in shots]
        # a frame's grey is its place in two seconds
        assert grey[0] - grey[1] == pytest.approx(15 * 255 / 219, abs=2)
        add_copy(archive, imported, make_copy(minutes_video))
        archive.event(imported).video("deidentified").close()
        sign_off(archive, imported)
        assert make_report(archive, imported, ReportSettings()).startswith(b"%PDF")
    with site.opened("rosa") as archive, archive.event(imported).video("deidentified") as file:
        assert file.read() == minutes_video.read_bytes()
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).is_sound
        delete_event(archive, imported, "test_recording")
        assert verify_audit(archive).is_sound
    for root in (site.path, site.mirror):
        assert not list(root.rglob("*.key"))


def test_a_damaged_copy_is_repaired(site: Any, imported: str) -> None:
    _damage(site, imported, "original.1", 1_000_000, "path")
    with site.opened("adam") as archive:
        assert not check_copies(archive, read_all=True).is_sound
        assert repair_copies(archive).is_sound
        assert check_copies(archive, read_all=True).findings == ()


@pytest.mark.parametrize("turned", [False, True])
def test_different_damage_on_both_roots_is_put_together(
    site: Any, imported: str, minutes_video: Path, tmp_path: Path, turned: bool
) -> None:
    one, other = ("mirror", "path") if turned else ("path", "mirror")
    _damage(site, imported, "original.1", 3, f"{one} {other}")
    for place in (70, 700_000):
        _damage(site, imported, "original.1", place, one)
    for place in (300_000, 1_500_000, -1):
        _damage(site, imported, "original.1", place, other)
    key = SealedPaths.of(getattr(site, one) / "events" / imported / "original.1").key
    key.write_bytes(key.read_bytes()[:100])
    with site.opened("rita") as archive:
        event = archive.event(imported)
        with event.video() as file:
            assert _packets(file, "video") == _packets(str(minutes_video), "video")
        [file] = export_event(archive, event.event_id, tmp_path / "usb", ["original"]).files
        [shot] = take_screenshots(archive, event.event_id, ScreenshotRequest(at_seconds=(100.0,)))
        assert shot.frame_index == 3000
    exported = str(tmp_path / "usb" / file.name)
    assert _packets(exported, "audio") == _packets(str(minutes_video), "audio")


@pytest.mark.parametrize("share", [1.0, 0.75, 0.3])
def test_a_cut_off_recording_is_finalised(
    site: Any, minutes_recorded: bytes, minutes: LongVideo, share: float
) -> None:
    content = minutes_recorded[: int(len(minutes_recorded) * share)]
    event_id = _cut_off(site, content)
    whole = sum(
        box.kind == b"mdat" and box.is_whole for box in top_level_boxes(io.BytesIO(content))
    )
    with site.opened("rita") as archive:
        found = archive.event(event_id).incomplete()
        result = finalise_event(archive, event_id)
        assert found is not None
        assert result.is_playable
        assert result.seconds == pytest.approx(found.seconds)
        assert whole * 30 <= result.frame_count < (whole + 1) * 30 + 1
        with result.event.video() as file:
            times, _ = _packets(file, "video")
            file.seek(0)
            audio, _ = _packets(file, "audio")
        assert len(times) == result.frame_count
        seconds = result.event.frames()["seconds"]
        # of the fragment on which the cut fell, frames that others refer to come first
        assert np.allclose(np.diff(seconds[: whole * 30]), 1 / 30)
        assert audio[-1] >= max(times) - 1
    assert share < 1 or result.frame_count == minutes.frame_count
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()
