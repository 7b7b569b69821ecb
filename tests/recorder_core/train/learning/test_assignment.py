from __future__ import annotations

import pytest
import torch

from recorder_core.detect.anchors import make_anchors
from recorder_core.detect.networks.compact import COMPACT_ANCHORS
from recorder_core.errors import SettingsError
from recorder_core.train.learning.assignment import AssignmentSettings, assign_places

PLACES = torch.from_numpy(make_anchors(64, 64, COMPACT_ANCHORS).copy())
#: 8 places of stride 8 in a row
ROW = 8


def _assign(faces, boxes=None, margins=None, **settings):
    faces = torch.tensor(faces, dtype=torch.float32).reshape(-1, 4)
    if boxes is None:
        half = PLACES[:, 2:] / 2
        boxes = torch.cat([PLACES[:, :2] - half, PLACES[:, :2] + half], dim=1)
    margins = torch.zeros(len(PLACES)) if margins is None else margins
    return assign_places(boxes, margins, PLACES, faces, AssignmentSettings(**settings))


def test_a_tiny_face_is_learnt_by_the_place_whose_box_fits():
    chosen = _assign([[16, 24, 24, 32]])
    # exactly the place of column 2 and row 3 at stride 8
    assert torch.nonzero(chosen >= 0).flatten().tolist() == [3 * ROW + 2]


def test_a_face_between_places_is_learnt_all_the_same():
    chosen = _assign([[15, 15, 18, 18]])
    assert (chosen >= 0).sum() == 1
    assert chosen.max() == 0


def test_as_many_places_learn_as_their_boxes_overlap_the_face():
    face = [[8.0, 8.0, 56.0, 56.0]]
    boxes = torch.tensor(face).expand(len(PLACES), 4)
    # every box fits, so the overlaps of the ten best add up to ten
    chosen = _assign(face, boxes)
    assert (chosen >= 0).sum() == 10
    assert (_assign(face, boxes, best_boxes=4) >= 0).sum() == 4
    # the places that learn are in the face and near its centre
    centres = PLACES[chosen >= 0, :2]
    assert ((centres > 8) & (centres < 56)).all()


def test_a_surer_place_is_cheaper():
    face = [[0.0, 0.0, 64.0, 64.0]]
    boxes = torch.tensor(face).expand(len(PLACES), 4)
    margins = torch.full((len(PLACES),), -4.0)
    margins[3 * ROW + 3] = 4.0
    chosen = _assign(face, boxes, margins, best_boxes=1)
    assert torch.nonzero(chosen >= 0).flatten().tolist() == [3 * ROW + 3]


def test_two_faces_share_no_place():
    faces = [[0, 0, 40, 40], [8, 8, 48, 48]]
    chosen = _assign(faces)
    assert set(chosen.unique().tolist()) == {-1, 0, 1}
    boxes = torch.tensor(faces[1], dtype=torch.float32).expand(len(PLACES), 4)
    # where all boxes show the second face, it is the cheaper one everywhere
    chosen = _assign(faces, boxes)
    assert (chosen == 1).sum() > (chosen == 0).sum()


def test_a_face_whose_places_are_all_wanted_by_another_takes_a_free_one():
    face = [[20.0, 20.0, 28.0, 28.0]]
    chosen = _assign(face * 3)
    counts = [(chosen == number).sum() for number in range(3)]
    assert min(counts) >= 1


def test_no_face_is_learnt_nowhere():
    assert (_assign([]) == -1).all()


def test_impossible_settings_are_refused():
    with pytest.raises(SettingsError):
        AssignmentSettings(centre_radius=0)
