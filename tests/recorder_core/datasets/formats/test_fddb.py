from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from recorder_core.datasets import Dataset, LabelledFace, LabelledPicture
from recorder_core.datasets.formats.fddb import (
    Ellipse,
    box_to_ellipse,
    ellipse_of,
    ellipse_to_box,
    read_fddb,
    write_fddb,
)
from recorder_core.errors import DataError

LIST = """2002/08/11/big/img_591
1
123.5833 85.5495 1.265839 269.6934 161.7812  1
2002/08/26/big/img_265
2
67.363819 44.511485 -1.476417 105.249970 87.209036  1
41.936870 27.064477 1.471906 184.070915 129.345601  1
"""

_reals = st.floats(1, 200, allow_nan=False)
_ellipses = st.builds(Ellipse, _reals, _reals, st.floats(-3.2, 3.2), _reals, _reals)


def _written(folder, text=LIST, name="FDDB-fold-01-ellipseList.txt"):
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("ellipse", "box"),
    [
        (Ellipse(20, 10, 0.0, 50, 60), (30, 50, 70, 70)),
        (Ellipse(20, 10, math.pi / 2, 50, 60), (40, 40, 60, 80)),
        # turned by 45 degrees: sqrt((20^2 + 10^2) / 2) both ways
        (Ellipse(20, 10, math.pi / 4, 0, 0), (-15.8114, -15.8114, 15.8114, 15.8114)),
        (Ellipse(7, 7, 1.234, 1, 2), (-6, -5, 8, 9)),
    ],
)
def test_the_box_of_an_ellipse(ellipse, box):
    np.testing.assert_allclose(ellipse_to_box(ellipse), box, atol=1e-4)


@settings(deadline=None, derandomize=True)
@given(_ellipses)
def test_a_box_touches_its_ellipse_and_holds_it(ellipse):
    turn = np.linspace(0, 2 * math.pi, 20_000)
    cos, sin = math.cos(ellipse.angle_radians), math.sin(ellipse.angle_radians)
    along, across = ellipse.major_px * np.cos(turn), ellipse.minor_px * np.sin(turn)
    x = ellipse.x_px + along * cos - across * sin
    y = ellipse.y_px + along * sin + across * cos
    edges = [x.min(), y.min(), x.max(), y.max()]
    np.testing.assert_allclose(ellipse_to_box(ellipse), edges, atol=1e-3)


@settings(deadline=None, derandomize=True)
@given(_ellipses)
def test_a_box_becomes_an_ellipse_of_the_same_box(ellipse):
    box = ellipse_to_box(ellipse)
    np.testing.assert_allclose(ellipse_to_box(box_to_ellipse(box)), box, atol=1e-9)


def test_the_list_is_read_and_written_with_its_ellipses(tmp_path):
    dataset = read_fddb(_written(tmp_path))
    assert [p.file_name for p in dataset.pictures] == [
        "2002/08/11/big/img_591.jpg",
        "2002/08/26/big/img_265.jpg",
    ]
    x0, y0, x1, y1 = dataset.pictures[0].faces[0].box_xyxy_px
    assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx((269.6934, 161.7812))
    write_fddb(dataset, tmp_path / "again.txt")
    before = [line.split() for line in LIST.splitlines()]
    after = [line.split() for line in (tmp_path / "again.txt").read_text().splitlines()]
    assert [line[0] for line in before if len(line) == 1] == [
        line[0] for line in after if len(line) == 1
    ]
    np.testing.assert_allclose(
        [[float(v) for v in line] for line in after if len(line) > 1],
        [[float(v) for v in line] for line in before if len(line) > 1],
        atol=1e-6,
    )


def test_an_ellipse_is_forgotten_when_the_box_was_changed(tmp_path):
    face = read_fddb(_written(tmp_path)).pictures[0].faces[0]
    assert ellipse_of(face).angle_radians == 1.265839
    moved = LabelledFace((0, 0, 10, 20), attributes=face.attributes)
    assert ellipse_of(moved) == Ellipse(10, 5, math.pi / 2, 5, 10)


def test_all_lists_of_a_folder_are_read(tmp_path):
    _written(tmp_path)
    _written(tmp_path, LIST.replace("2002", "2003"), "FDDB-fold-02-ellipseList.txt")
    dataset = read_fddb(tmp_path)
    assert [p.set_name for p in dataset.pictures] == ["FDDB-fold-01"] * 2 + ["FDDB-fold-02"] * 2


def test_a_folder_without_a_list_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds no list"):
        read_fddb(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("591\n1\n", "591\nx\n", "line 2: after the picture .* comes 'x'"),
        ("123.5833 85.5495 ", "", "line 3: it has 4 numbers"),
        ("123.5833", "-3", "line 3: the half axes -3.0 .* are not those of an ellipse"),
        ("44.511485", "inf", "line 6: the half axes"),
        ("265\n2\n", "265\n3\n", "line 4: .* should have 3 faces, .* after 2"),
        ("2002/08/26/big/img_265", "../x", "line 4: .* must lie inside"),
    ],
)
def test_damage_is_named(tmp_path, old, new, sentence):
    assert old in LIST
    with pytest.raises(DataError, match=sentence):
        read_fddb(_written(tmp_path, LIST.replace(old, new)))


def test_other_pictures_cannot_be_written(tmp_path):
    with pytest.raises(DataError, match=r"are named \.jpg; 1\.png is not"):
        write_fddb(Dataset((LabelledPicture("1.png"),)), tmp_path / "x.txt")
