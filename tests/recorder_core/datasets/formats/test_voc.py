from __future__ import annotations

import pytest

from recorder_core.datasets import Dataset, LabelledFace, LabelledPicture
from recorder_core.datasets.formats.voc import read_voc, write_voc
from recorder_core.errors import DataError

FILE = """<annotation>
  <folder>VOC2012</folder>
  <filename>one.jpg</filename>
  <source><database>The VOC2012 Database</database></source>
  <size><width>500</width><height>375</height><depth>3</depth></size>
  <object>
    <name>with_mask</name>
    <pose>Frontal</pose>
    <truncated>0</truncated>
    <occluded>1</occluded>
    <difficult>1</difficult>
    <bndbox><xmin>1</xmin><ymin>11</ymin><xmax>10</xmax><ymax>40</ymax></bndbox>
  </object>
  <object>
    <name>lamp</name>
    <bndbox><xmax>320.5</xmax><xmin>300</xmin><ymin>11</ymin><ymax>40</ymax></bndbox>
  </object>
</annotation>
"""


def _written(folder, text=FILE, name="one.xml"):
    (folder / "Annotations").mkdir(exist_ok=True)
    path = folder / "Annotations" / name
    path.write_text(text)
    return path


def test_a_file_is_read(tmp_path):
    (picture,) = read_voc(_written(tmp_path)).pictures
    assert (picture.file_name, picture.size_px) == ("one.jpg", (500, 375))
    assert picture.set_name == "The VOC2012 Database"
    face, lamp = picture.faces
    # the ten leftmost pixels
    assert face.box_xyxy_px == (0, 10, 10, 40)
    assert (face.mask, face.label) == ("with_mask", "face")
    assert (face.occluded, face.difficult, face.is_judged) == (True, True, True)
    assert face.attributes == {"pose": "Frontal", "truncated": 0}
    assert (lamp.label, lamp.is_judged, lamp.box_xyxy_px) == ("lamp", False, (299, 10, 320.5, 40))


def test_a_folder_and_its_pictures_are_found(tmp_path):
    _written(tmp_path)
    _written(tmp_path, FILE.replace("one", "two"), "two.xml")
    (tmp_path / "JPEGImages").mkdir()
    for path in (tmp_path, tmp_path / "Annotations"):
        dataset = read_voc(path)
        assert [p.file_name for p in dataset.pictures] == ["one.jpg", "two.jpg"]
        assert dataset.pictures[0].path == tmp_path / "JPEGImages" / "one.jpg"


def test_a_folder_without_a_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds no annotation file"):
        read_voc(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("<filename>one.jpg</filename>", "", "line 1: it has no <filename>"),
        ("<width>500</width>", "<width>wide</width>", "line 1 is damaged: .*'wide'"),
        ("<xmin>1</xmin>", "", "line 6: it has no <bndbox/xmin>"),
        ("<xmin>1</xmin>", "<xmin>11.5</xmin>", "line 6: the box .* is empty"),
        ("<xmax>10</xmax>", "<xmax>?</xmax>", "line 6 is damaged"),
        ("<xmin>300</xmin>", "<xmin>3</xmin><x>\n</object>", "line 17 is damaged: mismatched"),
        ("<xmax>320.5</xmax><xmin>300", "<xmax>520</xmax><xmin>510", "line 14: .* outside its"),
        ("<name>lamp</name>", "", "line 14: it has no <name>"),
        ("one.jpg", "../one.jpg", "line 1: .* must lie inside"),
    ],
)
def test_damage_is_named(tmp_path, old, new, sentence):
    assert old in FILE
    with pytest.raises(DataError, match=sentence) as caught:
        read_voc(_written(tmp_path, FILE.replace(old, new)))
    assert "one.xml" in str(caught.value)


def test_another_xml_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="begins with <svg>"):
        read_voc(_written(tmp_path, "<svg/>"))


def test_two_pictures_of_one_stem_are_refused(tmp_path):
    pictures = (LabelledPicture("1.jpg", (9, 9)), LabelledPicture("1.png", (9, 9)))
    with pytest.raises(DataError, match=r"two pictures would share the label file 1\.xml"):
        write_voc(Dataset(pictures), tmp_path)


def test_the_size_must_be_known(tmp_path):
    with pytest.raises(DataError, match=r"size of the picture 1\.jpg is not known"):
        write_voc(Dataset((LabelledPicture("1.jpg"),)), tmp_path)


def test_ignored_regions_stay_ignored(tmp_path):
    face = LabelledFace((1, 2, 3, 4), ignored=True, track=7, score=0.5)
    write_voc(Dataset((LabelledPicture("1.jpg", (9, 9), (face,)),)), tmp_path)
    assert read_voc(tmp_path).pictures[0].faces == (face,)
