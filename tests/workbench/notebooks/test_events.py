from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

import recorder_core as rc
from recorder_core.errors import DataError
from recorder_core.jobs.archive import Archive
from workbench.notebooks.event_figures import draw_aligned, draw_event, draw_ranges
from workbench.notebooks.events import (
    align_signal,
    marker_seconds,
    open_picture,
    range_table,
)
from workbench.notebooks.simulated_archive import COURSES, SimulatedArchive, make_archive


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SimulatedArchive:
    return make_archive(tmp_path_factory.mktemp("simulated"), COURSES[1:])


@pytest.fixture
def archive(made: SimulatedArchive) -> Iterator[Archive]:
    with rc.open_archive(made.path, user=made.reviewer, password=made.password) as opened:
        yield opened


def test_events_are_aligned_on_their_own_markers(archive: Archive) -> None:
    events = archive.events()
    aligned = align_signal(events, "bis", "incision")
    starts = sorted(aligned.groupby("event")["seconds"].min())
    assert starts == [-36, -22]
    assert aligned.groupby("event")["value"].size().tolist().count(120) == 1
    first = draw_aligned(aligned, "incision").axes[0]
    assert len(first.get_lines()) == 3


def test_the_time_between_two_markers_is_told_apart(archive: Archive) -> None:
    table = range_table(archive.events(), "bis", ("incision", "closure"))
    whole = table[["below (s)", "inside (s)", "above (s)", "unknown (s)"]].sum(axis=1)
    assert whole.tolist() == table["seconds"].tolist()
    assert sorted(table["seconds"]) == [66, 68]
    light = table.loc[table["seconds"] == 66].iloc[0]
    silent = table.loc[table["seconds"] == 68].iloc[0]
    assert light["above (s)"] > 12
    assert light["unknown (s)"] == 0
    # from second 55 to 68, both left out
    assert silent["unknown (s)"] == 14
    assert light["bis mean"] > silent["bis mean"]
    assert len(draw_ranges(table).axes[0].patches) == 8


def test_a_mean_is_that_of_the_table_itself(archive: Archive) -> None:
    (event,) = [each for each in archive.events() if marker_seconds(each, "incision") == 36]
    rows = event.signals().query("signal == 'bis' and seconds >= 36 and seconds < 102")
    table = range_table([event], "bis", ("incision", "closure"))
    assert table["bis mean"].iloc[0] == pytest.approx(rows["value"].mean())
    assert table["inside (s)"].iloc[0] == rows["value"].between(40, 60).sum()


def test_one_event_is_drawn_with_the_frames_at_its_markers(archive: Archive) -> None:
    event = archive.events()[0]
    picture = open_picture(event)
    assert list(picture.markers["kind"]) == ["incision", "closure"]
    with event.open_video("original") as video:
        shown = video.frame_at(marker_seconds(event, "closure")).to_rgb()
    assert np.array_equal(picture.frames_rgb[1], shown)
    assert len(draw_event(picture).axes) == 5


def test_what_an_event_lacks_is_said(archive: Archive) -> None:
    events = archive.events()
    with pytest.raises(DataError, match=r"no marker clamp; set one with"):
        align_signal(events, "bis", "clamp")
    with pytest.raises(DataError, match="no signal co2; it has bis, heart-rate, spo2"):
        align_signal(events, "co2", "incision")
    with pytest.raises(DataError, match="has its incision before its closure"):
        range_table(events, "bis", ("closure", "incision"))
    assert align_signal([], "bis", "incision").equals(
        pd.DataFrame(columns=["event", "seconds", "value"])
    )
