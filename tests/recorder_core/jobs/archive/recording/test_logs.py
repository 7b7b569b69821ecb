"""Rows that are recorded: what is kept of them meanwhile, and the table that becomes of them."""

from __future__ import annotations

import io
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recorder_core.catalog import EventState
from recorder_core.errors import DataError, NotAllowed, NotInCatalog, WrongState
from recorder_core.jobs.archive import (
    EventRecording,
    RecordingRequest,
    add_copy,
    adopt_event,
    check_copies,
    discard_copy,
    finalise_event,
    open_copy,
    record_event,
    repair_copies,
    sign_off,
    verify_audit,
)
from recorder_core.jobs.archive.place.roles import ROLES, RecordingFormat
from recorder_core.jobs.archive.recording.detections import detections_from
from recorder_core.jobs.archive.recording.kinds import KINDS
from recorder_core.jobs.archive.recording.signals import SignalStream
from recorder_core.model import FrameDetections, empty_detections
from recorder_core.tables import SignalRow, TableContent, read_detections, read_metadata
from tests.recorder_core.jobs.archive.conftest import PASSWORD
from tests.recorder_core.jobs.archive.recording.earlier_catalog import earlier_catalog

TIME_BASE = Fraction(1, 20)
REQUEST = RecordingRequest(procedure_code="lap-chole")
SETTINGS = {"detector": "retinaface", "min_score": 0.3}


def _faces(frame: int) -> FrameDetections:
    """Return two faces in every other frame."""
    if frame % 2:
        return empty_detections(frame, frame)
    boxes = np.array([[10, 10, 40, 50], [60, 10, 90, 50]], np.float32)
    return FrameDetections(frame, frame, boxes, np.array([0.75, 0.5], np.float32))


def _tracks(frame: int) -> list[Any]:
    return [np.zeros(0, np.int32) if frame % 2 else np.array([0, 1], np.int32)]


def _fill(begun: EventRecording, content: bytes, frames: int = 4) -> None:
    begun.sink.write(content)
    detections = begun.open_detections(TIME_BASE, SETTINGS)
    for frame in range(frames):
        detections.append([_faces(frame)], _tracks(frame))
        detections.sink.sync()


def _cut_off(site: Any, content: bytes) -> str:
    with site.opened("olga") as archive, record_event(archive, REQUEST) as begun:
        _fill(begun, content)
    return begun.event_id


def _finished(site: Any, content: bytes) -> str:
    with site.opened("olga") as archive, record_event(archive, REQUEST) as begun:
        _fill(begun, content)
        begun.finish(3.0)
    return begun.event_id


def _content(archive: Any, event_id: str) -> bytes:
    with archive.event(event_id).open_file("detections") as file:
        return bytes(file.readall())


def _check_table(content: bytes) -> None:
    """Read a table with Arrow, and as this program does."""
    rows = pq.read_table(io.BytesIO(content)).to_pydict()
    assert rows["frame"] == [0, 0, 1, 2, 2, 3]
    assert rows["score"] == [0.75, 0.5, None, 0.75, 0.5, None]
    assert rows["track"] == [0, 1, -1, 0, 1, -1]
    assert rows["x1"] == [40.0, 90.0, None, 40.0, 90.0, None]
    source = TableContent("detections", content)
    assert len(read_detections(source).to_frames()) == 4
    metadata = read_metadata(source)
    assert (metadata.time_base, dict(metadata.settings)) == (TIME_BASE, SETTINGS)


def test_each_kind_that_is_recorded_is_one_class() -> None:
    assert set(KINDS) == set(get_args(RecordingFormat))
    assert {role.recorded_as for role in ROLES.values() if role.recorded_as} == set(KINDS)


@pytest.mark.parametrize("is_finished", [True, False])
def test_recorded_detections_become_the_table_of_the_event(
    site: Any, fragmented: bytes, is_finished: bool
) -> None:
    event_id = (_finished if is_finished else _cut_off)(site, fragmented)
    with site.opened("rita") as archive:
        if not is_finished:
            result = finalise_event(archive, event_id)
            [said] = [file for file in result.files if file.role == "detections"]
            assert said.sentence == "detections: 6 rows up to 0.1 s, cut off there"
        _check_table(_content(archive, event_id))
        assert archive.event(event_id).detections()["frame"].tolist() == [0, 0, 1, 2, 2, 3]
    for root in (site.path, site.mirror):
        names = {path.name for path in (root / "events" / event_id).glob("detections.*")}
        assert names == {"detections.2.key", "detections.2.sealed"}
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()
        assert verify_audit(archive).findings == ()


def test_they_are_sealed_to_those_who_may_read_detections_before_a_release(
    site: Any, fragmented: bytes
) -> None:
    event_id = _finished(site, fragmented)
    with site.opened("egon") as archive:
        assert archive.reader_ids(event_id, "detections") == ["egon", "rita"]
        _check_table(_content(archive, event_id))
    for user in ("olga", "rosa", "adam"):
        with site.opened(user) as archive, pytest.raises(NotAllowed):
            archive.event(event_id).detections()
    cut = _cut_off(site, fragmented)
    with site.opened("rosa") as archive, pytest.raises(NotAllowed):
        archive.event(cut).open_file("detections", incomplete=True)
    with site.opened("egon") as archive:
        with archive.event(cut).open_file("detections", incomplete=True) as file:
            log = pa.ipc.open_stream(file.readall())
        assert sum(batch.num_rows for batch in log) == 6


def test_a_torn_batch_is_dropped_alone(site: Any, fragmented: bytes) -> None:
    event_id = _cut_off(site, fragmented)
    for root in (site.path, site.mirror):
        tail = root / "events" / event_id / "detections.1.tail"
        tail.write_bytes(tail.read_bytes()[:-40])
    with site.opened("rita") as archive:
        result = finalise_event(archive, event_id)
        assert archive.event(event_id).detections()["frame"].tolist() == [0, 0, 1, 2, 2]
    assert [file.count for file in result.files] == [60, 5]


def test_a_frame_that_comes_late_is_refused_and_the_recording_goes_on(
    site: Any, fragmented: bytes
) -> None:
    with site.opened("olga") as archive, record_event(archive, REQUEST) as begun:
        begun.sink.write(fragmented)
        with pytest.raises(DataError, match="JSON"):
            begun.open_detections(TIME_BASE, {"detector": object()})
        detections = begun.open_detections(TIME_BASE)
        detections.append([_faces(4), _faces(5)])
        for late in ([_faces(5)], [_faces(7), _faces(6)], [_faces(0)]):
            with pytest.raises(DataError):
                detections.append(late)
        detections.append([])
        detections.append([_faces(6)])
        begun.finish(3.0)
        with pytest.raises(WrongState, match="already finished"):
            begun.open_detections(TIME_BASE)
    with site.opened("rita") as archive:
        frames = archive.event(begun.event_id).detections()["frame"]
        assert frames.tolist() == [4, 4, 5, 6, 6]


def test_without_a_frame_there_is_no_table(site: Any, fragmented: bytes) -> None:
    with site.opened("olga") as archive, record_event(archive, REQUEST) as begun:
        begun.sink.write(fragmented)
        begun.open_detections(TIME_BASE)
        begun.finish(3.0)
    with site.opened("rita") as archive, pytest.raises(NotInCatalog):
        archive.event(begun.event_id).detections()


def test_an_event_of_which_the_catalog_knows_nothing_is_taken_in_with_them(
    site: Any, fragmented: bytes
) -> None:
    with earlier_catalog(site):
        event_id = _cut_off(site, fragmented)
    with site.opened("adam") as archive:
        assert adopt_event(archive, event_id).row.state is EventState.RECORDING
    with site.opened("rita") as archive:
        finalise_event(archive, event_id)
        _check_table(_content(archive, event_id))


def test_a_copy_neither_replaces_nor_takes_with_it_what_was_recorded(
    site: Any, fragmented: bytes, make_copy: Callable[[Path], Path], tmp_path: Path
) -> None:
    event_id = _finished(site, fragmented)
    source = tmp_path / "source.mp4"
    with site.opened("rita") as archive:
        with archive.event(event_id).video() as file:
            source.write_bytes(file.read())
        for name in ("first.mp4", "second.mp4"):
            add_copy(archive, event_id, make_copy(source, name))  # type: ignore[call-arg]
            assert len(archive.event(event_id).detections()) == 1
        discard_copy(archive, event_id)
        _check_table(_content(archive, event_id))
        assert archive.reader_ids(event_id, "detections") == ["egon", "rita"]
        add_copy(archive, event_id, make_copy(source))
        open_copy(archive, event_id, tmp_path / "watched")
        sign_off(archive, event_id)
    with site.opened("rosa") as archive:
        assert len(archive.event(event_id).detections()) == 1
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()
        assert repair_copies(archive).is_sound
        assert verify_audit(archive).findings == ()
    with site.opened("egon") as archive:
        assert len(archive._session.catalog.contents.files(event_id, "detections")) == 2


_RECORDER = """
import sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from recorder_core.archive import Password
from recorder_core.jobs.archive import Credentials, RecordingRequest, open_archive, record_event
from recorder_core.model import FrameDetections
box, score = np.array([[1, 1, 9, 9]], np.float32), np.array([0.5], np.float32)
with open_archive(Path(sys.argv[1]), Credentials("olga", Password(sys.argv[2]))) as archive:
    with record_event(archive, RecordingRequest(procedure_code="demo")) as recording:
        recording.sink.write(b"no video")
        detections = recording.open_detections(Fraction(1, 20))
        for number in range(100_000):
            detections.append([FrameDetections(number, number, box, score)])
            detections.sink.sync()
            print(recording.event_id, number + 1, flush=True)
"""


def test_a_killed_recorder_loses_no_detection_that_was_durable(site: Any) -> None:
    command = [sys.executable, "-c", _RECORDER, str(site.path), PASSWORD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        said = [worker.stdout.readline() for _ in range(25)]
        worker.kill()
        said += [line for line in worker.stdout if line.endswith("\n")]
    event_id, durable = said[-1].split()
    with site.opened("rita") as archive:
        finalise_event(archive, event_id)
        frames = archive.event(event_id).detections()["frame"].tolist()
    assert len(frames) >= int(durable)
    assert frames == list(range(len(frames)))


class _Sink:
    """A writer that forgets, and counts."""

    written_bytes = 0

    def write(self, data: bytes) -> None:
        self.written_bytes += len(data)


def _append_signals(sink: Any) -> Callable[[int], None]:
    stream = SignalStream(None, "signals", sink)  # type: ignore[arg-type]
    return lambda number: stream.append([SignalRow("bis", "", float(number), 40.0)])


def _append_detections(sink: Any) -> Callable[[int], None]:
    made = detections_from("event", TIME_BASE, {})(None, "detections", sink)  # type: ignore[arg-type]
    return lambda number: made.append([_faces(number)])


@pytest.mark.parametrize("begin", [_append_signals, _append_detections])
def test_nothing_of_the_rows_is_kept_in_memory(begin: Callable[[Any], Any]) -> None:
    sink = _Sink()
    append = begin(sink)
    append(0)
    tracemalloc.start()
    try:
        append(1)
        before, _ = tracemalloc.get_traced_memory()
        written = sink.written_bytes
        for number in range(2, 1002):
            append(number)
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert sink.written_bytes - written > 300_000
    assert held < 30_000
