from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from recorder_core.datasets import Dataset, LabelledFace, LabelledPicture
from recorder_core.datasets.formats.cvat import read_cvat
from recorder_core.datasets.formats.cvat_writer import write_cvat
from recorder_core.errors import DataError

VIDEO = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task><name>made</name><size>8</size><mode>interpolation</mode>
      <original_size><width>640</width><height>360</height></original_size></task>
    <source>room.mp4</source>
  </meta>
  <track id="3" label="face" source="manual">
    <box frame="1" keyframe="1" outside="0" occluded="0" xtl="10.0" ytl="20" xbr="30" ybr="50">
      <attribute name="mask">with_mask</attribute>
      <attribute name="attire">green</attribute>
    </box>
    <box frame="2" keyframe="0" outside="0" occluded="0" xtl="99" ytl="99" xbr="199" ybr="199"/>
    <box frame="5" keyframe="1" outside="0" occluded="1" xtl="18" ytl="20" xbr="38" ybr="50"/>
    <box frame="6" keyframe="1" outside="1" occluded="1" xtl="18" ytl="20" xbr="38" ybr="50"/>
  </track>
  <track id="4" label="with_mask" source="manual">
    <box frame="7" keyframe="0" outside="0" occluded="0" xtl="0" ytl="0" xbr="8" ybr="9"/>
  </track>
  <track id="5" label="lamp" source="manual">
    <points frame="0" keyframe="1" outside="0" occluded="0" points="1,2;3,4"/>
  </track>
</annotations>
"""
IMAGES = """<annotations>
  <version>1.1</version>
  <image id="0" name="a/1.jpg" width="640" height="360">
    <box label="face" occluded="1" xtl="10" ytl="20" xbr="30" ybr="50" z_order="0">
      <attribute name="ignored">true</attribute>
    </box>
    <tag label="empty"/>
  </image>
  <image id="1" name="a/2.jpg" width="320" height="180"/>
</annotations>
"""


def _written(folder, text):
    path = folder / "annotations.xml"
    path.write_text(text)
    return path


def test_a_video_is_read(tmp_path):
    dataset = read_cvat(_written(tmp_path, VIDEO))
    (video,) = dataset.videos()
    assert (video.name, len(video.frames)) == ("room.mp4", 8)
    assert video.frames[2].file_name == "frame_000002.png"
    assert video.frames[2].size_px == (640, 360)
    lefts = {frame: face.box_xyxy_px[0] for frame, face in video.tracks()[3].items()}
    # boxes that CVAT interpolated itself are made anew
    assert lefts == {1: 10, 2: 12, 3: 14, 4: 16, 5: 18, 6: 18}
    first, last = video.frames[1].faces[0], video.frames[6].faces[0]
    assert (first.mask, first.attributes) == ("with_mask", {"attire": "green"})
    assert (last.outside, last.is_judged) == (True, False)
    assert [face.occluded for face in video.tracks()[3].values()][3:5] == [False, True]


def test_a_track_without_keyframes_is_taken_as_it_is(tmp_path):
    video = read_cvat(_written(tmp_path, VIDEO)).videos()[0]
    assert video.tracks()[4][7].box_xyxy_px == (0, 0, 8, 9)
    assert video.tracks()[4][7].mask == "with_mask"


def test_what_is_no_box_is_named(tmp_path):
    (remark,) = read_cvat(_written(tmp_path, VIDEO)).remarks
    assert "line 21: only boxes are read; points left out" in remark


def test_a_turned_box_becomes_the_upright_box_around_it(tmp_path):
    text = VIDEO.replace('xtl="0" ytl="0" xbr="8"', 'rotation="90" xtl="0" ytl="0" xbr="5"')
    face = read_cvat(_written(tmp_path, text)).videos()[0].tracks()[4][7]
    assert face.box_xyxy_px == pytest.approx((-2, 2, 7, 7))


def test_images_are_read(tmp_path):
    dataset = read_cvat(_written(tmp_path, IMAGES))
    first, second = dataset.pictures
    assert (first.file_name, first.size_px, first.frame_index) == ("a/1.jpg", (640, 360), None)
    assert (first.faces[0].ignored, first.faces[0].track) == (True, None)
    assert second.faces == ()
    assert "tag left out" in dataset.remarks[0]


def _pictures(folder, count):
    for number in range(count):
        picture = Image.fromarray(np.zeros((90, 160, 3), np.uint8))
        (folder / "images").mkdir(exist_ok=True)
        picture.save(folder / "images" / f"shot {number:03d}.png")


def test_frames_are_the_pictures_of_the_folder_by_name(tmp_path):
    _pictures(tmp_path, 8)
    _written(tmp_path, VIDEO)
    picture = read_cvat(tmp_path).pictures[7]
    assert picture.path == tmp_path / "images" / "shot 007.png"
    assert (picture.size_px, len(picture.faces)) == ((160, 90), 1)


def test_pictures_must_be_as_many_as_frames(tmp_path):
    _pictures(tmp_path, 7)
    with pytest.raises(DataError, match=r"has 8 frames, but the folder .* has 7 pictures"):
        read_cvat(_written(tmp_path, VIDEO))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('frame="5" key', 'frame="1" key', "line 9: the keyframe of frame 1 comes after frame 1"),
        ('frame="5" key', 'frame="five" key', "line 15 is damaged: .*'five'"),
        ('frame="1" key', 'frame="-1" key', "line 10: frame -1 is before the first"),
        ('xtl="10.0" ', "", "line 10: <box> has no attribute xtl"),
        ('xbr="30"', 'xbr="10"', "line 10: the box .* is empty"),
        ("with_mask</attr", "half</attr", "line 10: mask state 'half'"),
        ('id="3"', 'id="x"', "line 9 is damaged"),
        (' label="face"', "", "line 9: <track> has no attribute label"),
        ("<size>8", "<size>7", "part meta: the task has 7 frames, but a box is in frame 7"),
        ("<size>8", "<size>80000000000", "part meta: it has 80000000000 frames; at most"),
        ("<size>8", "<size>many", "part meta is damaged"),
        ("</track>", "", "line 24 is damaged: mismatched tag"),
        ("<meta>", "<meta><project/>", "whole project; export its tasks one by one"),
        ("annotations>", "other>", "begins with <other>"),
    ],
)
def test_damage_is_named(tmp_path, old, new, sentence):
    assert old in VIDEO
    everywhere = old in ("annotations>", "</track>")
    text = VIDEO.replace(old, new, -1 if everywhere else 1)
    with pytest.raises(DataError, match=sentence) as caught:
        read_cvat(_written(tmp_path, text))
    assert "annotations.xml" in str(caught.value)


def _tracked(left, track):
    return LabelledFace((left, 0, left + 10, 10), track=track)


def test_a_track_that_ends_is_written_as_outside(tmp_path):
    frames = tuple(
        LabelledPicture(
            f"{i}.png", (64, 36), (_tracked(i, 7),) if i < 3 else (), segment="s", frame_index=i
        )
        for i in range(5)
    )
    write_cvat(Dataset(frames), tmp_path / "a.xml")
    root = ET.parse(tmp_path / "a.xml").getroot()
    boxes = root.findall("track/box")
    assert [(b.get("frame"), b.get("outside")) for b in boxes] == [
        ("0", "0"),
        ("2", "0"),
        ("3", "1"),
    ]
    assert root.find("track").get("id") == "7"
    assert root.findtext("meta/task/size") == "5"
    assert root.findtext("meta/task/original_size/height") == "36"
    names = [rule.findtext("name") for rule in root.findall("meta/task/labels/label//attribute")]
    assert names == ["mask", "ignored", "difficult"]


def test_tracks_of_two_segments_stay_apart(tmp_path):
    pictures = tuple(
        LabelledPicture(f"{name}.png", (64, 36), (_tracked(1, 7),), segment=name, frame_index=0)
        for name in ("b", "a")
    )
    write_cvat(Dataset(pictures), tmp_path / "a.xml")
    again = read_cvat(tmp_path / "a.xml")
    # frames are numbered by the pictures' names, as CVAT does
    assert [len([f for f in p.faces if not f.outside]) for p in again.pictures] == [1, 1]
    assert len({face.track for p in again.pictures for face in p.faces}) == 2


def test_faces_without_a_track_become_tracks_of_one_frame(tmp_path):
    pictures = (
        LabelledPicture("1.png", (64, 36), (_tracked(1, None), _tracked(9, None))),
        LabelledPicture("2.png", (64, 36)),
    )
    write_cvat(Dataset(pictures), tmp_path / "a.xml")
    first, second = read_cvat(tmp_path / "a.xml").pictures
    assert [face.track for face in first.judged_faces] == [0, 1]
    assert second.judged_faces == ()
