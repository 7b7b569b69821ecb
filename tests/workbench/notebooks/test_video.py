from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import recorder_core as rc
from recorder_core.errors import SettingsError
from recorder_core.model import layout_view
from recorder_core.review import Moment, Reason
from workbench.notebooks import video
from workbench.notebooks.video import MomentPicture, MyVideo, open_video
from workbench.notebooks.video_figures import draw_frame, draw_moments, draw_timeline


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> MyVideo:
    """A surgery of ten small frames, de-identified with a correction."""
    folder = tmp_path_factory.mktemp("mine")
    with pytest.MonkeyPatch.context() as patch:
        little = replace(video.SURGERY, duration_seconds=1, width=640, height=360)
        patch.setattr(video, "SURGERY", little)
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
    with pytest.raises(SettingsError, match="no frame is shown from second 5 to 6"):
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


def test_moments_are_those_that_the_program_ranks(mine: MyVideo) -> None:
    ranked = [each for each in rc.rank_moments(mine.copy, look=False) if not each.is_spot_check]
    found = mine.moments(count=2)
    assert [each.moment for each in found] == ranked[:2]
    with rc.open_video(mine.copy) as video:
        for each in found:
            middle = (each.moment.first_frame + each.moment.stop_frame) // 2
            np.testing.assert_array_equal(each.frame_rgb, video.frame(middle).to_rgb())


def test_figures_show_every_track_and_every_moment(mine: MyVideo) -> None:
    rows = mine.redactions()
    axes = draw_timeline(rows).axes[0]
    assert len(axes.get_yticks()) == rows["track"].nunique()
    reasons = (Reason("filled_gap", 0.1, 0.5, 7),)
    moment = Moment(2, 7, 0.2, 0.7, (20.0, 10.0, 30.0, 22.0), reasons, 0.1)
    figure = draw_moments([MomentPicture(moment, np.zeros((60, 50, 3), np.uint8))])
    assert figure.axes[0].get_title() == f"0.20 s\n{reasons[0].sentence}"
    assert [len(each.images) for each in figure.axes] == [1, 0, 0]
    assert draw_moments([]).get_suptitle() == "No moment stands out"
    shown = draw_frame(mine.frame(0.5)).axes[0].images[0].get_array()
    assert shown.shape == (360, 640, 3)
    assert all(each.frame_rgb.shape == (360, 640, 3) for each in mine.moments())
