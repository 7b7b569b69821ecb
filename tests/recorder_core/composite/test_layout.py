"""Layouts: what can be, what is refused with which sentence, and what a preset says."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recorder_core.composite import (
    LAYOUT_PRESETS,
    CompositeLayout,
    LayoutPanel,
    LayoutView,
    StaticZone,
    layout_from_values,
    layout_values,
    preset_layout,
)
from recorder_core.errors import SettingsError
from recorder_core.model import View, layout_view, parse_view

SCOPE = LayoutView(name="laparoscope", source="scope", rectangle=View(0, 0, 640, 480))
ROOM = LayoutView(name="room", source="camera-2", rectangle=View(640, 0, 320, 180), border_px=2)
CLOCK = LayoutPanel(name="clock", kind="clock", rectangle=View(640, 180, 320, 60))
TREND = LayoutPanel(
    name="trend", kind="trend", rectangle=View(640, 240, 320, 240), signals=("bis",)
)
NAME_LINE = StaticZone(source="scope", rectangle=View(0, 0, 401, 33), picture_size_px=(1920, 1080))
LAYOUT = CompositeLayout(
    width=960, height=480, views=(SCOPE, ROOM), panels=(CLOCK, TREND), zones=(NAME_LINE,)
)
SMALL: dict[str, Any] = {
    "width": 960,
    "height": 480,
    "views": [{"name": "room", "rectangle": [0, 0, 640, 480], "fit": "cover"}],
}


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1280, 720), (854, 480), (3840, 2160)])
def test_the_room_of_the_surgery_box_is_where_de_identification_looks(
    width: int, height: int
) -> None:
    room = preset_layout("surgery-box", width, height).room_view
    assert room == layout_view("surgery-box", width, height) == parse_view(str(room), width, height)


def test_the_surgery_box_shows_what_the_paper_shows() -> None:
    layout = preset_layout("surgery-box")
    assert layout.room_view == View(1280, 720, 640, 360)
    assert layout.sources == ("laparoscope", "vital_signs", "room")
    assert {view.name: view.rectangle for view in layout.views} == {
        "laparoscope": View(0, 0, 1280, 960),
        "vital_signs": View(1280, 0, 640, 360),
        "room": View(1280, 720, 640, 360),
    }
    assert [panel.kind for panel in layout.panels] == ["numbers", "trend", "event_strip", "clock"]
    assert layout.panels[0].signals == ("bis", "emg", "sr")
    assert layout.panels[0].quality == "sqi"
    places = [each.rectangle for each in (*layout.views, *layout.panels)]
    assert sum(place.width * place.height for place in places) == 1920 * 1080


def test_other_presets_name_their_room_as_de_identification_does() -> None:
    rooms = {name: preset_layout(name).room_view for name in LAYOUT_PRESETS}
    assert rooms["quad"] == layout_view("quad-bottom-right", 1920, 1080)
    assert rooms["room-only"] == layout_view("full", 1920, 1080)
    assert rooms["two-views"] == View(960, 0, 960, 960)
    assert rooms["laparoscope-only"] is None


@pytest.mark.parametrize("layout", [LAYOUT, *map(preset_layout, LAYOUT_PRESETS)])
def test_a_layout_goes_through_json_unchanged(layout: CompositeLayout) -> None:
    text = json.dumps(layout_values(layout))
    assert layout_from_values(json.loads(text)) == layout


def test_a_layout_is_written_in_toml_with_what_is_not_usual_alone() -> None:
    layout = layout_from_values(
        tomllib.loads(
            """
            width = 960
            height = 480

            [[views]]
            name = "laparoscope"
            source = "scope"
            rectangle = [0, 0, 640, 480]

            [[views]]
            name = "room"
            source = "camera-2"
            rectangle = [640, 0, 320, 180]
            border_px = 2

            [[panels]]
            name = "clock"
            kind = "clock"
            rectangle = [640, 180, 320, 60]

            [[panels]]
            name = "trend"
            kind = "trend"
            rectangle = [640, 240, 320, 240]
            signals = ["bis"]

            [[zones]]
            source = "scope"
            rectangle = [0, 0, 401, 33]
            picture_size_px = [1920, 1080]
            """
        )
    )
    assert layout == LAYOUT
    assert layout.views[1].inside == View(642, 2, 316, 176)
    assert layout.zones_of("scope") == (NAME_LINE,)
    assert layout.zones_of("camera-2") == ()


def test_a_preset_is_changed_by_what_a_site_says() -> None:
    layout = layout_from_values(
        tomllib.loads(
            """
            preset = "two-views"
            width = 1280
            height = 720
            sources = {room = "camera-2"}
            labels = {room = "Sala 3, câmera"}
            zones = [{source = "camera-2", rectangle = [0, 0, 64, 64], picture_size_px = [64, 64]}]
            """
        )
    )
    usual = preset_layout("two-views", 1280, 720)
    changed = replace(usual.views[1], source="camera-2", label="Sala 3, câmera")
    assert layout.views == (usual.views[0], changed)
    assert layout.zones[0].rectangle == View(0, 0, 64, 64)
    assert layout.room_view == usual.room_view


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"width": 961},
            "the width of a composite must be an even number from 16 to 8192, not 961",
        ),
        ({"height": 9000}, "the height of a composite must be an even number"),
        ({"views": ()}, "a layout has at least one view"),
        ({"views": (SCOPE, SCOPE)}, "two views or panels are named laparoscope"),
        (
            {"views": (SCOPE, replace(ROOM, rectangle=View(638, 0, 320, 180)))},
            "the view laparoscope and the view room overlap; move one",
        ),
        (
            {"panels": (replace(CLOCK, rectangle=View(900, 400, 62, 80)),)},
            "the panel clock at 900,400,62,80 does not lie inside the composite of 960x480",
        ),
        (
            {"panels": (CLOCK, TREND, replace(TREND, name="two"))},
            "the panel trend and the panel two overlap",
        ),
        (
            {"zones": (replace(NAME_LINE, source="monitor"),)},
            "a zone is of the source monitor, which no view shows; sources are scope, camera-2",
        ),
    ],
)
def test_a_layout_that_cannot_be_says_why(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        replace(LAYOUT, **changes)


@pytest.mark.parametrize(
    ("view", "sentence"),
    [
        ({"rectangle": View(1, 0, 640, 480)}, "left, top, width and height must be even numbers"),
        ({"rectangle": View(0, 0, 640, 14)}, "must have at least 16 pixels across and down"),
        ({"fit": "crop"}, "has the fit 'crop'; choose one of contain, cover, stretch"),
        ({"border_px": 3}, "must be even and leave at least 16 pixels"),
        ({"border_px": 240}, "must be even and leave at least 16 pixels"),
        ({"label": "a\nb"}, "at most 64 printable characters"),
        ({"source": ""}, "has 1 to 64 printable characters"),
        ({"border_px": "2"}, "border_px is of the type str; give a whole number"),
    ],
)
def test_a_view_that_cannot_be_says_why(view: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        replace(SCOPE, **view)


def test_a_panel_or_a_zone_that_cannot_be_says_why() -> None:
    with pytest.raises(SettingsError, match="the panel trend shows no signal; name one"):
        replace(TREND, signals=())
    with pytest.raises(SettingsError, match="stale_seconds of the panel clock must be above 0"):
        replace(CLOCK, stale_seconds=float("nan"))
    with pytest.raises(SettingsError, match="kind 'video'; choose one of numbers, trend"):
        replace(CLOCK, kind="video")
    with pytest.raises(SettingsError, match="does not lie inside its picture of 400x300"):
        replace(NAME_LINE, picture_size_px=(400, 300))


def test_a_zone_knows_pictures_of_its_shape() -> None:
    assert NAME_LINE.is_for(1280, 720)
    assert NAME_LINE.is_for(854, 480)
    assert not NAME_LINE.is_for(1024, 768)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([], "layout must be of the type object"),
        ({}, "layout must have preset, one of surgery-box, .*, or width, height and views"),
        ({"width": 0}, "the width of a composite must be an even number from 16 to 8192, not 0"),
        ({"preset": "quad", "height": 0}, "the height of a composite must be an even number"),
        ({"views": []}, "layout lacks width, height"),
        ({**SMALL, "colour": 3}, "layout has 1 unknown fields; known: width, height"),
        (
            {**SMALL, "views": [{"name": "room", "rectangle": [0, 0, 640]}]},
            r"layout.views\[0\].rectangle must have a length of at least 4",
        ),
        (
            {**SMALL, "views": [{"name": "room", "rectangle": [-2, 0, 640, 480]}]},
            r"layout.views\[0\].rectangle\[0\] must be at least 0",
        ),
        ({"preset": "surgery"}, "layout.preset must be one of surgery-box, quad, two-views"),
        ({"preset": "quad", "sources": {"scope": "a"}}, "layout.sources names the view scope"),
        ({"preset": "quad", "labels": {"room": 3}}, "layout.labels.room must be of the type"),
        ({"preset": "quad", "width": 100}, "must have at least 16 pixels|even"),
    ],
)
def test_values_that_are_no_layout_say_where(values: object, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        layout_from_values(values)


def test_there_is_no_preset_of_another_name() -> None:
    with pytest.raises(SettingsError, match="there is no layout 'full'; choose one of surgery-box"):
        preset_layout("full")


DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "layouts.md"


def test_the_document_names_every_preset_and_its_room() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| [^|]+ \| ([\d,]+|none) \|$", DOCUMENT.read_text(), re.M)
    rooms = {name: preset_layout(name).room_view for name in LAYOUT_PRESETS}
    assert rows == [(name, str(room).lower()) for name, room in rooms.items()]


def test_the_layouts_of_the_document_can_be() -> None:
    blocks = re.findall(r"```text\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    preset, own = (layout_from_values(tomllib.loads(block)) for block in blocks)
    assert (preset.width, preset.sources) == (1280, ("laparoscope", "monitor", "room"))
    assert preset.zones[0].is_for(1920, 1080)
    assert own.room_view == View(1280, 0, 640, 360)
    assert [panel.kind for panel in own.panels] == ["numbers", "trend", "event_strip", "clock"]
