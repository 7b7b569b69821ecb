"""What the documents speak of, made small: videos, labels, weights, an archive with an event."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
import scipy.io

from recorder_core.archive import Password
from recorder_core.catalog import Profile
from recorder_core.datasets import read_dataset
from recorder_core.detect import load_weights
from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.jobs.archive import (
    Archive,
    Credentials,
    ImportRequest,
    RecordingRequest,
    add_copy,
    add_user,
    create_archive,
    import_video,
    open_archive,
    record_event,
    sign_off,
    verify_audit,
)
from recorder_core.media import file_sha256
from recorder_core.model import CorrectionKeyframe
from recorder_core.tables import TableMetadata, write_corrections
from tests.integration.documents.blocks import ROOT, blocks_of
from workbench.cli import main

__all__ = [
    "PASSWORD",
    "Events",
    "Scene",
    "event_ids",
    "keep",
    "newest_row",
    "opened",
    "put_back",
    "write_archive",
    "write_changes",
    "write_cvat",
    "write_empty",
    "write_event",
    "write_hours",
    "write_labels",
    "write_lists",
    "write_room",
    "write_training",
    "write_weights",
]

#: of everybody in the tests
PASSWORD: Final = "four drawn faces on a wall"
#: three steps of a network of next to no size, for where a document trains
TRAINING: Final = """
[data]
train = "{labels}"
[run]
detector = "compact"
output = "runs/compact"
steps = 3
batch_size = 1
threads = 1
workers = 0
device = "cpu"
log_every_steps = 1
checkpoint_every_steps = 1
[network]
stem = [4, 4]
channels = [4, 8, 8]
blocks = [0, 0, 1]
pyramid = 8
[loss]
distill_weight = 0
[teacher]
completes_labels = false
[sample.view]
size_px = 64
"""
#: (192, 384, 1) bool: where the drawn faces are
_INSIDE: Final = np.zeros((192, 384, 1), bool)
for x0, y0, x1, y1 in DRAWN_FACES_XYXY_PX.astype(int).tolist():
    _INSIDE[y0:y1, x0:x1] = True
#: where a scene's archive and its mirror lie
_PLACES: Final = ("srv", "mnt")
_COLUMNS: Final = ("blur", "expression", "illumination", "invalid", "occlusion", "pose")


def write_room(path: Path) -> None:
    """Write the file of a room that the page on recording shows."""
    blocks = blocks_of(ROOT / "docs" / "recorder.md")
    [room] = (each for each in blocks if "[layout]" in each.content)
    path.write_text(room.content)


@dataclass
class Scene:
    """Where the commands of one document are typed, by whom, and what is answered."""

    folder: Path
    #: who types what; the longest beginning of a command counts
    users: dict[str, str] = field(default_factory=dict)
    #: what stands for EVENT; the longest beginning of a command counts
    events: dict[str, str] = field(default_factory=dict)
    #: what is typed at a prompt that holds a text
    answers: dict[str, str] = field(default_factory=dict)
    #: exit status of commands that do not end with 0
    statuses: dict[str, int] = field(default_factory=dict)
    #: what stands for a word that only an example can have
    stands_for: dict[str, str] = field(default_factory=dict)

    def user_of(self, text: str) -> str:
        """Return who types a command."""
        return _longest(self.users, text)

    def status_of(self, text: str) -> int:
        """Return the exit status that a command has here."""
        return self.statuses.get(text.split("  ", maxsplit=1)[0].strip(), 0)

    def words(self, text: str, words: list[str]) -> list[str]:
        """Return the words with this machine's places in place of the document's."""
        event = _longest(self.events, text) if self.events else "EVENT"
        return [str(self.place(word)).replace("EVENT", event) for word in words]

    def answer(self, prompt: str) -> str:
        """Return what a person types at a prompt."""
        for text, answer in self.answers.items():
            if text in prompt:
                return answer
        return PASSWORD

    def place(self, word: str) -> str:
        """Return a word, a place of the machine moved below the folder of the scene."""
        word = self.stands_for.get(word, word)
        for place in ("/srv/", "/mnt/", "/media/"):
            if word.startswith(place):
                return str(self.folder / word.lstrip("/"))
        return word


@dataclass(frozen=True)
class Events:
    """The events of a scene's archive, and its recovery words."""

    released: str
    #: with a copy that nobody has released
    copied: str
    imported: str
    #: a recording without its end
    cut: str
    #: nearly two hours long
    hours: str
    words: str = field(repr=False)


def _longest(choices: dict[str, str], text: str) -> str:
    begun = [beginning for beginning in choices if text.startswith(beginning)]
    return choices[max(begun, key=len)]


def write_labels(labels: Path, count: int = 12) -> Path:
    """Write COCO labels of three drawn faces in each picture, two pictures a segment."""
    pictures = labels.with_suffix("")
    pictures.mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    boxes = DRAWN_FACES_XYXY_PX.tolist()
    for number in range(count):
        wall = np.random.default_rng(number).integers(0, 255, (3, 6, 3), np.uint8)
        image = np.where(_INSIDE, draw_faces(), cv2.resize(wall, (384, 192)))
        cv2.imwrite(str(pictures / f"{number:02d}.jpg"), image)
        images.append(
            {"id": number, "file_name": f"{number:02d}.jpg", "width": 384, "height": 192}
            | {"segment": f"s{number // 2}", "set": "ab"[number % 2]}
        )
        for x0, y0, x1, y1 in boxes:
            annotation = {"id": len(annotations), "image_id": number}
            box = [x0, y0, x1 - x0, y1 - y0]
            annotations.append(
                {**annotation, "category_id": 1, "bbox": box, "attributes": {"mask": "with_mask"}}
            )
    content = {"images": images, "annotations": annotations}
    labels.write_text(json.dumps(content | {"categories": [{"id": 1, "name": "face"}]}))
    return labels


def write_lists(folder: Path, labels: Path) -> None:
    """Write the folders of WIDER FACE and FDDB, as they are published, of some labels."""
    event, parade = "0--Parade", folder / "WIDER" / "WIDER_train" / "images" / "0--Parade"
    pictures = sorted(labels.with_suffix("").glob("*.jpg"))
    validation = folder / "WIDER_val" / "images" / event
    for place in (parade, validation, folder / "originalPics"):
        place.mkdir(parents=True)
        for picture in pictures:
            shutil.copyfile(picture, place / picture.name)
    split = folder / "WIDER" / "wider_face_split"
    split.mkdir()
    whole = folder / "whole.txt"
    _quiet("dataset", "convert", labels, whole, "--to", "wider")
    listed = [
        f"{event}/{line}" if line.endswith(".jpg") else line
        for line in whole.read_text().splitlines()
    ]
    (split / "wider_face_train_bbx_gt.txt").write_text("\n".join(listed) + "\n")
    _write_evaluation_lists(folder / "eval_tools" / "ground_truth", event, labels)
    (folder / "FDDB-folds").mkdir()
    fold = folder / "FDDB-folds" / "FDDB-fold-01-ellipseList.txt"
    _quiet("dataset", "convert", labels, fold, "--to", "fddb")
    _write_predictions(folder, event, labels)


def _write_evaluation_lists(folder: Path, event: str, labels: Path) -> None:
    folder.mkdir(parents=True)
    pictures = read_dataset(labels).pictures
    boxes = [
        np.column_stack([box[:, :2], box[:, 2:] - box[:, :2]]).astype(np.int32)
        for box in (picture.boxes_xyxy_px for picture in pictures)
    ]
    content = {
        "event_list": _cells([event]),
        "file_list": _cells([_cells([Path(picture.file_name).stem for picture in pictures])]),
        "face_bbx_list": _cells([_cells(boxes)]),
        "gt_list": _cells([_cells([np.arange(1, len(b) + 1)[:, None] for b in boxes])]),
    }
    for name in _COLUMNS:
        labelled = [np.zeros((len(b), 1), np.uint8) for b in boxes]
        content[f"{name}_label_list"] = _cells([_cells(labelled)])
    for difficulty in ("easy", "medium", "hard"):
        scipy.io.savemat(folder / f"wider_{difficulty}_val.mat", content)


def _cells(values: list[object]) -> np.ndarray:
    column = np.empty((len(values), 1), object)
    for place, value in enumerate(values):
        column[place, 0] = value
    return column


def _write_predictions(folder: Path, event: str, labels: Path) -> None:
    """Write the labels as detections: a folder as for WIDER FACE, a file as for FDDB."""
    texts = []
    for picture in read_dataset(labels).pictures:
        stem = Path(picture.file_name).stem
        rows = [f"{x0} {y0} {x1 - x0} {y1 - y0} 0.9" for x0, y0, x1, y1 in picture.boxes_xyxy_px]
        text = "\n".join([str(len(rows)), *rows]) + "\n"
        texts.append(f"{stem}\n{text}")
        for place in (folder / "widerface_txt" / event, folder / "theirs"):
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{stem}.txt").write_text(f"{stem}\n{text}")
    (folder / "detections.txt").write_text("".join(texts))
    (folder / "val.centerface.txt").write_text("".join(texts))


def write_cvat(folder: Path, reviewed: Path) -> None:
    """Write what CVAT exports, unpacked, and the pictures that were given to it."""
    labels = write_labels(folder / "images.json", 4)
    _quiet("dataset", "convert", labels, folder / "annotations.xml", "--to", "cvat")
    shutil.copytree(folder / "images", reviewed / "images")


def write_changes(path: Path, video: Path) -> None:
    """Write a person's correction of a video: a face at its beginning that nobody found."""
    keyframe = CorrectionKeyframe(
        correction_id="c1", action="add", frame_index=0, box_xyxy_px=(8.0, 8.0, 40.0, 48.0),
        track=-1, author="ana", created_utc="2026-05-04T09:30:00+00:00",
    )  # fmt: skip
    write_corrections(path, [keyframe], TableMetadata(file_sha256(video)))


def write_empty(folder: Path) -> None:
    """Write a picture that shows no face."""
    folder.mkdir()
    cv2.imwrite(str(folder / "grey.png"), np.full((192, 384, 3), 120, np.uint8))


def write_training(config: Path, labels: Path) -> None:
    """Write settings that train for a moment."""
    config.write_text(TRAINING.format(labels=labels.relative_to(config.parent)))


def write_weights(*paths: Path) -> None:
    """Write the program's own weights under other names."""
    own = load_weights().path
    for path in paths:
        shutil.copyfile(own, path)
        shutil.copyfile(own.with_suffix(".json"), path.with_suffix(".json"))


def write_hours(path: Path, hours: float) -> None:
    """Write a video of hours, a frame per second: a minute of it, again and again."""
    time_base = Fraction(1)
    options = {"preset": "ultrafast", "bf": "0", "g": "60"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1, options=options)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        encoded = []
        for place in range(60):
            frame = av.VideoFrame.from_ndarray(np.full((96, 96), 3 * place, np.uint8), "yuv420p")
            frame.pts, frame.time_base = place, time_base
            encoded += stream.encode(frame)
        encoded = [(bytes(packet), packet.is_keyframe) for packet in encoded + stream.encode(None)]
        for place in range(round(hours * 3600)):
            content, is_keyframe = encoded[place % len(encoded)]
            packet = av.Packet(content)
            packet.stream, packet.time_base = stream, time_base
            packet.pts = packet.dts = place
            packet.duration, packet.is_keyframe = 1, is_keyframe
            container.mux(packet)


def write_archive(folder: Path, source: Path, output: Path) -> Events:
    """Make an archive with a mirror, an administrator, ana, a reviewer, and five events."""
    archive, words = _begin_archive(folder)
    write_hours(folder / "hours.mp4", 1.9)
    with opened(archive, "ana") as ana:
        made = [_brought_in(ana, source, code) for code in ("lap-chole", "hernia", "hernia")]
        hours = _brought_in(ana, folder / "hours.mp4", "hernia")
        for event in made[:2]:
            add_copy(ana, event, output)
        with ana.event(made[0]).video("deidentified") as copy:
            copy.read(1)
        sign_off(ana, made[0])
    request = RecordingRequest(procedure_code="hernia")
    with opened(archive, "olga") as olga, record_event(olga, request) as recording:
        recording.sink.write(source.read_bytes())
        cut = recording.event_id
    return Events(made[0], made[1], made[2], cut, hours, words)


def write_event(folder: Path, source: Path, output: Path) -> str:
    """Make an archive with one event that has a copy, and return the event's id."""
    archive, _ = _begin_archive(folder)
    with opened(archive, "ana") as ana:
        event = _brought_in(ana, source, "lap-chole")
        add_copy(ana, event, output)
    return event


def _begin_archive(folder: Path) -> tuple[Path, str]:
    """Make an archive without an event; return where it is, and its recovery words."""
    (folder / "srv").mkdir()
    (folder / "mnt").mkdir()
    archive = folder / "srv" / "archive"
    words = create_archive(
        archive,
        site_code="site1",
        administrator="admin",
        password=Password(PASSWORD),
        mirror=folder / "mnt" / "second-disk" / "archive",
    )
    with opened(archive, "admin") as admin:
        add_user(admin, "ana", Profile.REVIEWER, Password(PASSWORD))
        add_user(admin, "olga", Profile.OPERATOR, Password(PASSWORD))
    return archive, words


def opened(archive: Path, user: str) -> Archive:
    """Open the archive of a scene as one of its users."""
    return open_archive(archive, Credentials(user, Password(PASSWORD)))


def _brought_in(archive: Archive, video: Path, code: str) -> str:
    request = ImportRequest(source=video, procedure_code=code)
    return import_video(archive, request).event.event_id


def keep(folder: Path) -> Path:
    """Keep the archive and its mirror as they are now."""
    for name in _PLACES:
        shutil.copytree(folder / name, folder / "kept" / name)
    return folder / "kept"


def put_back(folder: Path, kept: Path) -> None:
    """Put the archive and its mirror back as they were kept."""
    for name in _PLACES:
        shutil.rmtree(folder / name, ignore_errors=True)
        shutil.copytree(kept / name, folder / name)


def newest_row(folder: Path) -> str:
    """Return the newest row of the log, as a report prints it."""
    with opened(folder / "srv" / "archive", "admin") as admin:
        head = verify_audit(admin).head
    return f"{head.seq}:{head.hash}"


def newest_job(folder: Path) -> str:
    """Return the id of the job that was asked for last."""
    with opened(folder / "srv" / "archive", "admin") as admin:
        return admin.jobs()[-1].job_id


def event_ids(folder: Path) -> set[str]:
    """Return the ids of the events of a scene's archive."""
    return {event.name for event in (folder / "srv" / "archive" / "events").iterdir()}


def _quiet(*words: object) -> None:
    status = main([str(word) for word in words])
    assert status == 0, words
