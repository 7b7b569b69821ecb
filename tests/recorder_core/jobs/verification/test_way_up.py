"""A video that plays upside down is refused: nobody's face is found in it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX
from recorder_core.errors import FacesInDoubt
from recorder_core.jobs import sidecar
from recorder_core.jobs.inputs.source import open_source
from recorder_core.jobs.verification.way_up import check_way_up
from recorder_core.media.encode.synthesis import SynthesisSettings, write_video
from recorder_core.model import Planes
from recorder_core.tables import read_redactions, select_rows
from tests.conftest import RATE, drawn_planes


def _turned(planes: Planes) -> Planes:
    y, u, v = (np.ascontiguousarray(each[::-1, ::-1]) for each in (planes.y, planes.u, planes.v))
    return replace(planes, y=y, u=u, v=v)


@pytest.fixture(scope="module")
def upside_down(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of the drawn faces, which do not move, upside down."""
    path = tmp_path_factory.mktemp("turned") / "turned.mp4"
    settings = SynthesisSettings(Fraction(RATE), 600_000, preset="ultrafast", keyframe_seconds=0.5)
    silence = np.zeros(48_000 // RATE, np.float32)
    write_video(path, ((_turned(drawn_planes(0)), silence) for _ in range(2 * RATE)), settings)
    return path


def test_faces_that_are_upside_down_are_named_where_they_lie(
    drawn: Any, finished: Path, upside_down: Path
) -> None:
    source = open_source(upside_down, drawn.options)
    table = read_redactions(sidecar(finished, "redactions"))
    nothing = select_rows(table, np.zeros(len(table), bool))
    with pytest.raises(FacesInDoubt, match="turned upside down, shows what may be a face") as found:
        check_way_up(upside_down, source, drawn.options, nothing)
    x, y, width, height = map(int, str(found.value).split(" (score")[0].split(", ")[-1].split(","))
    middles = [(384 - (x0 + x1) / 2, 192 - (y0 + y1) / 2) for x0, y0, x1, y1 in DRAWN_FACES_XYXY_PX]
    assert any(
        abs(x + width / 2 - across) < 6 and abs(y + height / 2 - down) < 6
        for across, down in middles
    )


def test_a_copy_that_is_upright_passes(drawn: Any, finished: Path) -> None:
    source = open_source(drawn.source, drawn.options)
    check_way_up(finished, source, drawn.options, read_redactions(sidecar(finished, "redactions")))
