from __future__ import annotations

import pandas as pd

from workbench.notebooks.true_faces import regions_over_faces


def test_a_region_is_over_a_face_whose_middle_lies_in_it_in_that_frame() -> None:
    edges = ["x0", "y0", "x1", "y1"]
    boxes = [(0, 0, 10, 10), (0, 0, 10, 10), (40, 40, 60, 60)]
    regions = pd.DataFrame(boxes, columns=edges).assign(frame=[1, 2, 1], track=[7, 7, 8])
    faces = pd.DataFrame([(4, 4, 14, 12), (30, 30, 45, 45)], columns=edges)
    found = regions_over_faces(regions, faces.assign(frame=[1, 1], face=[3, 4]))
    assert found[["frame", "track", "face"]].to_numpy().tolist() == [[1, 7, 3]]
    assert found[edges].to_numpy().tolist() == [[0, 0, 10, 10]]
