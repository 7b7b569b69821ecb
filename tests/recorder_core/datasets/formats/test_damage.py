from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from recorder_core.datasets import collect_box_faults, read_dataset
from recorder_core.errors import DataError

WIDER = "a.jpg\n3\n1 1 10 10\nx 1 10 10\n1 1 1e9 10\nb.jpg\n2\n1 2 3 four\n5 5 9 9\n"
LANDMARKS = "# a.jpg\n1 1 10 10\nx 1 10 10\n1 1 1e9 10\n# b.jpg\n1 2 3 four\n5 5 9 9\n"
FDDB = "a\n3\n9 5 0 20 20 1\n9 x 0 20 20 1\n9 5\nb\n2\n9 5 0 nan 20 1\n9 5 0 20 20 1\n"
MOT = "1,1,5,5,9,9,1,1,1\n1,2,x,5,9,9,1,1,1\n1,3,5,5,0,9,1,1,1\n2,1,5,5\n2,2,5,5,9,9,1,1,1\n"
BOX = '<box label="face" xtl="{}" ytl="5" xbr="14" ybr="14"/>'
CVAT = (
    '<annotations><image name="a.jpg" width="64" height="48">'
    + "".join(map(BOX.format, (5, "x", 14)))
    + '</image><image name="b.jpg" width="64" height="48">'
    + "".join(map(BOX.format, ("", 5)))
    + "</image></annotations>"
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("wider", WIDER),
        ("wider-landmarks", LANDMARKS),
        ("fddb", FDDB),
        ("mot", MOT),
        ("cvat", CVAT),
    ],
)
def test_every_bad_box_is_collected_and_the_good_ones_are_read(name, text, tmp_path):
    path = tmp_path / "labels.txt"
    if name == "mot":
        path = tmp_path / "sequence" / "gt" / "gt.txt"
        path.parent.mkdir(parents=True)
    path.write_text(text)
    source = path.parent.parent if name == "mot" else path
    with collect_box_faults() as faults:
        dataset = read_dataset(source, name=name)
    assert len(faults) == 3
    assert all(str(path) in fault and "line" in fault for fault in faults)
    assert [len(picture.faces) for picture in dataset.pictures] == [1, 1]
    with pytest.raises(DataError, match="line"):
        read_dataset(source, name=name)


def test_every_bad_box_of_voc_and_yolo_is_collected(tmp_path):
    corners = "<xmin>{}</xmin><ymin>5</ymin><xmax>14</xmax><ymax>14</ymax>"
    boxes = [f"<bndbox>{corners.format(left)}</bndbox>" for left in (5, "x", 99)]
    objects = "".join(f"<object><name>face</name>{box}</object>" for box in boxes)
    voc = tmp_path / "a.xml"
    voc.write_text(f"<annotation><filename>a.jpg</filename>{objects}</annotation>")
    yolo = tmp_path / "yolo"
    yolo.mkdir()
    Image.fromarray(np.zeros((48, 64, 3), np.uint8)).save(yolo / "a.png")
    (yolo / "classes.txt").write_text("face\n")
    (yolo / "a.txt").write_text("0 0.5 0.5 0.2 0.2\n0 x 0.5 0.2 0.2\n7 0.5 0.5 0.2 0.2\n")
    for path in (voc, yolo):
        with collect_box_faults() as faults:
            (picture,) = read_dataset(path).pictures
        assert len(faults) == 2
        assert len(picture.faces) == 1
