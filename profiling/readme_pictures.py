"""Make the picture of the README: a simulated surgery before and after de-identification.

Every face in it is an even mixture of two photographs, so that no real person is
shown. The right-hand side is what the program really made of the left-hand side. Run
from the repository: ``python profiling/readme_pictures.py``; the result is written to
``docs/images/before_after.jpg``.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder_core.jobs import DeidentifyOptions, DeidentifyRequest, deidentify_video
from recorder_core.media import decode_frames, index_frames, probe
from recorder_core.model import Planes, TruthFace, View, layout_view
from recorder_core.simulate import SimulationSettings, simulate
from recorder_core.simulate.drawing.lettering import write_text
from recorder_core.tables import read_truth

RESULT: Final = Path(__file__).resolve().parent.parent / "docs" / "images" / "before_after.jpg"
LAYOUT: Final = "surgery-box"
SETTINGS: Final = SimulationSettings(duration_seconds=11.0, faces=6, seed=2, blend_only=True)
#: size of each of the four parts of the picture
PART_WIDTH, PART_HEIGHT = 960, 540
GAP: Final = 8
LABEL_SIZE: Final = 30
JPEG_QUALITY: Final = 88

Picture = NDArray[Any]


def choose_frame(faces: tuple[TruthFace, ...]) -> int:
    """Return the frame that shows most of most faces, large ones first."""
    weight: dict[int, float] = {}
    for face in faces:
        if face.state not in ("turned", "covered"):
            height = face.box_xyxy_px[3] - face.box_xyxy_px[1]
            weight[face.frame_index] = weight.get(face.frame_index, 0.0) + face.visible * height
    return max(weight, key=lambda index: weight[index])


def to_rgb(planes: Planes) -> Picture:
    """Convert BT.709, limited range (ITU-R BT.709-6, items 3.2 to 3.4) to RGB."""
    size = (planes.width, planes.height)
    y = (planes.y.astype(np.float32) - 16) * (255 / 219)
    u, v = (
        (cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR).astype(np.float32) - 128)
        * (255 / 224)
        for plane in (planes.u, planes.v)
    )
    red, blue = y + 1.5748 * v, y + 1.8556 * u
    green = (y - 0.2126 * red - 0.0722 * blue) / 0.7152
    return np.clip(np.dstack([red, green, blue]) + 0.5, 0, 255).astype(np.uint8)


def read_frame(video: Path, frame_index: int) -> Picture:
    """Decode one picture of a video."""
    info = probe(video)
    index = index_frames(info)
    with closing(decode_frames(info, index, start=frame_index)) as pictures:
        return to_rgb(next(pictures).planes)


def column(frame_rgb: Picture, room: View, label: str) -> Picture:
    """Stack the whole composite above its enlarged room view."""
    size = (PART_WIDTH, PART_HEIGHT)
    whole = cv2.resize(frame_rgb, size, interpolation=cv2.INTER_AREA)
    view = frame_rgb[room.y : room.y + room.height, room.x : room.x + room.width]
    large = cv2.resize(view, size, interpolation=cv2.INTER_CUBIC)
    band = np.full((LABEL_SIZE * 2, PART_WIDTH, 3), 24, np.uint8)
    write_text(band, label, (PART_WIDTH / 2, LABEL_SIZE * 1.4), LABEL_SIZE, (235, 238, 240),
               bold=True, align=0.5)  # fmt: skip
    gap = np.full((GAP, PART_WIDTH, 3), 255, np.uint8)
    return np.vstack([band, whole, gap, large])


def make_pictures(folder: Path) -> Picture:
    """Simulate, de-identify with the default settings, and lay out the comparison."""
    source, output = folder / "simulated.mp4", folder / "deidentified.mp4"
    truth = folder / "truth.parquet"
    simulate(source, SETTINGS, truth)
    deidentify_video(
        DeidentifyRequest(source=source, output=output, options=DeidentifyOptions(view=LAYOUT))
    )
    chosen = choose_frame(read_truth(truth).faces)
    room = layout_view(LAYOUT, SETTINGS.width, SETTINGS.height)
    before = column(read_frame(source, chosen), room, "before (simulated, no real faces)")
    after = column(read_frame(output, chosen), room, "after de-identification")
    gap = np.full((before.shape[0], GAP, 3), 255, np.uint8)
    return np.hstack([before, gap, after])


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as folder:
        picture = make_pictures(Path(folder))
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    cv2.imwrite(str(RESULT), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), quality)
    print(f"{RESULT.name}: {picture.shape[1]}x{picture.shape[0]}, {RESULT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
