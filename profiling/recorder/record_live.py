"""Record a room whose faces are hidden meanwhile, both ways, and look at every true face.

    python profiling/recorder/record_live.py [--seconds 300] [--folder FOLDER] [--out FILE.json]

Three 1080p30 files of a simulated surgery are played in real time: for some seconds with the room
as it is, to see that the measure sees faces, then with nothing of that, then with the view as it is
beside the composite. Exit status 1 if a composite frame was dropped, the view of the room had to be
hidden, or a true face was not hidden for longer than 0.1 s.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from time import process_time
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from record_long import NAMES, make_sources
from recording_site import RecordingSite, finish, make_site, script_parser

from recorder_core.composite import CompositeLayout, place_picture
from recorder_core.composite.layout import ROOM
from recorder_core.evaluation.video import RECOGNISABLE_SHARE
from recorder_core.jobs.archive import export_event
from recorder_core.jobs.record import RecordRequest, record_room, room_from_values
from recorder_core.media import FrameScaler, open_video
from recorder_core.model import ShownGeometry, View
from recorder_core.tables import read_truth

WAYS: Final = ("only", "both")
MAX_BARE_SECONDS: Final = 0.1
#: a smaller face is nobody's
MIN_HEIGHT_PX: Final = 16
#: likeness in detail above which a face is as it was
BARE: Final = 0.6
#: every so manyth pixel says which frame of the film is shown
_STEP: Final = 8
#: how long the room is recorded as it is, and which part of its faces must be seen to be bare
_CONTROL_SECONDS: Final = 10.0
_MIN_SEEN: Final = 0.9


def main() -> int:
    """Record both ways, print what became of it, and return the exit status."""
    parser = script_parser(__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="of each; default: 300")
    parser.add_argument("--lines", type=int, default=1080, help="of the sources; default: 1080")
    parser.add_argument(
        "--loop", type=float, default=20.0, help="seconds of the files; default: 20"
    )
    parser.add_argument("--folder", type=Path, help="where the files are kept for another run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary) / "sources"
        make_sources(folder, options.lines, options.loop)
        site = make_site(Path(temporary))
        control = _record(site, folder, "none", min(options.seconds, _CONTROL_SECONDS))
        found = {way: _record(site, folder, way, options.seconds) for way in WAYS}
    wrong = [f"{way}: {fault}" for way, each in found.items() for fault in _faults(each)]
    if control["bare_faces"] < _MIN_SEEN * control["faces"]:
        wrong.append("faces that nobody hid are not seen to be bare")
    goals = {"dropped_frames": {"at_most": 0}, "most_bare_seconds": {"at_most": MAX_BARE_SECONDS}}
    content = {"goals": goals, "seconds": options.seconds, "none": control, **found}
    return finish(content, wrong, options.out)


def _record(site: RecordingSite, sources: Path, way: str, seconds: float) -> dict[str, Any]:
    room = room_from_values(
        {
            "procedure": "rehearsal",
            "deidentify": way,
            "sources": {
                name: {"kind": "file", "address": str(sources / f"{name}.mp4")} for name in NAMES
            },
            "sound": {"kind": "tone"},
            "space": {"keep_free_gib": 0.5, "min_minutes": 0},
        }
    )
    request = RecordRequest(room=room, duration_seconds=seconds)
    with site.opened("olga") as archive, record_room(archive, request) as recorder:
        began = process_time()
        while recorder.wait(10):
            print(f"{way}: {recorder.seconds:.0f} s", file=sys.stderr)
        spent = process_time() - began
        summary = recorder.finish()
    with site.opened("rita") as archive, tempfile.TemporaryDirectory() as folder:
        export_event(archive, summary.event_id, Path(folder), ["original"])
        video = Path(folder) / f"{summary.event_id}.original.mp4"
        bare = _look(video, sources, room.layout)
    live = summary.live
    return {
        "frames": summary.frame_count,
        "processor_ms_per_frame": round(spent / summary.frame_count * 1000, 1),
        "dropped_frames": summary.dropped_frames,
        "hidden_frames": 0 if live is None else live.hidden_frames,
        "dropped_room_frames": 0 if live is None else live.dropped_frames,
        "faults": list(summary.faults),
        **bare,
    }


def _look(video: Path, sources: Path, layout: CompositeLayout) -> dict[str, Any]:
    """Return how many true faces there are, how many are bare, and for how long at most."""
    film, boxes, target = _film(sources, layout)
    small = film[:, ::_STEP, ::_STEP].astype(np.float32)
    area = np.s_[target.y : target.y + target.height, target.x : target.x + target.width]
    faces = bare_faces = 0
    longest, since = 0.0, dict[int, float]()
    with open_video(video) as opened:
        for frame in opened.decode():
            shown = frame.planes.y[area]
            index = int(np.abs(small - shown[::_STEP, ::_STEP]).mean(axis=(1, 2)).argmin())
            bare = {}
            for face_id, (x0, y0, x1, y1) in boxes.get(index, []):
                face = np.s_[y0:y1, x0:x1]
                faces += 1
                if _likeness(shown[face], film[index][face]) > BARE:
                    bare_faces += 1
                    bare[face_id] = since.get(face_id, frame.seconds)
                    stop = frame.format.seconds(frame.pts + frame.duration)
                    longest = max(longest, stop - bare[face_id])
            since = bare
    return {"faces": faces, "bare_faces": bare_faces, "most_bare_seconds": round(longest, 3)}


def _film(
    sources: Path, layout: CompositeLayout
) -> tuple[NDArray[np.uint8], dict[int, list[tuple[int, tuple[int, ...]]]], View]:
    """Return the room as the composite shows it, its faces by frame, and where it lies."""
    view = next(each for each in layout.views if each.name == ROOM)
    with open_video(sources / "room.mp4") as opened:
        size = opened.info.video.width, opened.info.video.height
        placement = place_picture(view, ShownGeometry(*size))
        scaler = FrameScaler(*placement.scaled_px)
        film = np.stack([scaler.scale(frame).y.copy() for frame in opened.decode()])
    target, (left, top) = placement.target, placement.offset_px
    film = film[:, top : top + target.height, left : left + target.width]
    boxes: dict[int, list[tuple[int, tuple[int, ...]]]] = {}
    for face in read_truth(sources / "room.truth.parquet").faces:
        [moved] = placement.map_boxes(np.array([face.box_xyxy_px], np.float64))
        x0, y0, x1, y1 = np.rint(moved - [target.x, target.y] * 2).astype(int).tolist()
        if face.visible >= RECOGNISABLE_SHARE and y1 - y0 >= MIN_HEIGHT_PX and x1 - x0 > 1:
            boxes.setdefault(face.frame_index, []).append((face.face_id, (x0, y0, x1, y1)))
    return film, boxes, target


def _likeness(shown: NDArray[np.uint8], true: NDArray[np.uint8]) -> float:
    """Return how alike the steps from pixel to pixel are, -1 to 1."""
    one, other = (
        np.concatenate([np.diff(face.astype(np.float32), axis=axis).ravel() for axis in (0, 1)])
        for face in (shown, true)
    )
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other) + 1e-6))


def _faults(found: dict[str, Any]) -> list[str]:
    wrong = list(found["faults"])
    wrong += [
        f"{found[name]} {name.replace('_', ' ')}"
        for name in ("dropped_frames", "hidden_frames", "dropped_room_frames")
        if found[name]
    ]
    if found["most_bare_seconds"] > MAX_BARE_SECONDS:
        wrong.append(f"a face was bare for {found['most_bare_seconds']} s")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
