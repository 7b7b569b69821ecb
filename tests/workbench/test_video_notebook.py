from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import recorder_core as rc
from recorder_core.errors import SettingsError
from recorder_core.model import layout_view
from workbench import video_notebook
from workbench.video_figures import draw_frame, draw_moments, draw_timeline
from workbench.video_notebook import Moment, MyVideo, open_video


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> MyVideo:
    """A surgery of ten small frames, de-identified with a correction."""
    folder = tmp_path_factory.mktemp("mine")
    with pytest.MonkeyPatch.context() as patch:
        little = replace(video_notebook.SURGERY, duration_seconds=1, width=640, height=360)
        patch.setattr(video_notebook, "SURGERY", little)
        made = open_video(folder=folder)
    made.hide(0.3, 0.6, (430, 245, 30, 30), note="in the mirror")
    made.deidentify()
    return made


def test_a_correction_hides_its_box_in_its_span_of_time(mine: MyVideo) -> None:
    rows = mine.redactions()
    corrected = rows[rows["origin"] == "corrected"]
    assert list(corrected["frame"]) == [3, 4, 5]
    assert corrected["seconds"].to_numpy() == pytest.approx([0.3, 0.4, 0.5])
    assert corrected[["x0", "y0", "x1", "y1"]].to_numpy()[0].tolist() == [430, 245, 460, 275]
    with rc.open_video(mine.source) as before, rc.open_video(mine.copy) as after:
        inside = np.s_[250:270, 435:455]
        change = before.frame(4).to_rgb()[inside].astype(int) - after.frame(4).to_rgb()[inside]
    assert np.abs(change).max() > 8


def test_corrections_are_numbered_and_kept(mine: MyVideo, tmp_path: Path) -> None:
    other = MyVideo(mine.source, tmp_path, mine.view)
    other.hide(0, 0.2, (10, 10, 20, 20), note="one")
    table = other.hide(0.5, 0.6, (30, 30, 20, 20), note="two")
    assert list(table["correction"]) == ["1", "1", "2"]
    assert list(table["frame"]) == [0, 1, 5]
    with pytest.raises(SettingsError, match="no frame from second 5 to 6"):
        other.hide(5, 6, (10, 10, 20, 20), note="too late")
    with rc.open_video(mine.source) as video:
        assert rc.read_metadata(other.corrections).source_fingerprint == video.sha256


def test_the_score_is_that_of_the_copy_where_the_truth_is_known(mine: MyVideo) -> None:
    assert mine.score()["after"].frames == 10
    assert "watch the copy" in MyVideo(mine.source, mine.folder, mine.view).score()


def test_the_views_are_drawn_in(mine: MyVideo) -> None:
    drawn = (mine.views() * 255).astype(np.uint8)
    assert drawn.shape == (360, 640, 3)
    view = layout_view("surgery-box", 640, 360)
    blue = (drawn[..., 2].astype(int) - drawn[..., 0]) > 80
    assert blue[:, view.x - 3 : view.x + 4].any(axis=1).sum() > 100


def test_moments_are_the_middles_of_what_is_in_doubt() -> None:
    rows = pd.DataFrame(
        {
            "frame": [0, 1, 2, 3, 4, 0, 1],
            "seconds": [0, 0.1, 0.2, 0.3, 0.4, 0, 0.1],
            "track": [1, 1, 1, 1, 1, 2, 2],
            "origin": [
                "detected",
                "filled",
                "filled",
                "filled",
                "detected",
                "detected",
                "detected",
            ],
            "score": [0.9, None, None, None, 0.9, 0.3, 0.9],
        }
    )
    found = video_notebook._doubts(rows)
    assert list(found["track"]) == [1, 2]
    assert list(found["frame"]) == [2, 0]
    assert found["duration"].to_numpy() == pytest.approx([0.2, 0])


def test_figures_show_every_track_and_every_moment(mine: MyVideo) -> None:
    rows = mine.redactions()
    axes = draw_timeline(rows).axes[0]
    assert len(axes.get_yticks()) == rows["track"].nunique()
    moment = Moment(2, 0.2, 0.1, 7, "not seen", (20, 10, 30, 22), np.zeros((60, 50, 3), np.uint8))
    figure = draw_moments([moment])
    assert "0.20 s, track 7" in figure.axes[0].get_title()
    assert [len(each.images) for each in figure.axes] == [1, 0, 0]
    assert draw_moments([]).get_suptitle() == "No moment is in doubt"
    shown = draw_frame(mine.frame(0.5)).axes[0].images[0].get_array()
    assert shown.shape == (360, 640, 3)
    assert all(each.frame_rgb.shape == (360, 640, 3) for each in mine.moments())
