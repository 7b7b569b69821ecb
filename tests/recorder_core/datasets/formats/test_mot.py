from __future__ import annotations

import pytest

from recorder_core.datasets import Dataset, LabelledFace, LabelledPicture
from recorder_core.datasets.formats.mot import read_mot, write_mot
from recorder_core.errors import DataError

TRUTH = """1,4,11,21,30,40,1,1,1
3,4,13,21,30,40,1,1,0.25
3,5,101,1,10,10,0,1,0
"""
INFO = """[Sequence]
name=room
imDir=img1
frameRate=25
seqLength=4
imWidth=640
imHeight=360
imExt=.png
"""


@pytest.fixture
def sequence(tmp_path):
    """A sequence with ground truth."""
    (tmp_path / "room" / "gt").mkdir(parents=True)
    (tmp_path / "room" / "gt" / "gt.txt").write_text(TRUTH)
    (tmp_path / "room" / "seqinfo.ini").write_text(INFO)
    return tmp_path / "room"


def test_a_sequence_is_read(sequence):
    dataset = read_mot(sequence)
    (video,) = dataset.videos()
    assert (video.name, len(video.frames)) == ("room", 4)
    first, second, third, _ = video.frames
    assert (first.file_name, first.size_px) == ("img1/000001.png", (640, 360))
    assert first.path == sequence / "img1" / "000001.png"
    # pixels count from 1 in the file
    assert first.faces[0].box_xyxy_px == (10, 20, 40, 60)
    assert second.faces == ()
    face, gone = third.faces
    assert (face.track, face.occluded, face.attributes) == (4, True, {"visibility": 0.25})
    assert (gone.ignored, gone.outside) == (True, True)
    assert sorted(video.tracks()[4]) == [0, 2]


def test_the_file_alone_is_read(sequence):
    assert read_mot(sequence / "gt" / "gt.txt") == read_mot(sequence)


def test_detections_have_scores(tmp_path):
    path = tmp_path / "det.txt"
    path.write_text("2,-1,11,21,30,40,0.625,-1,-1,-1\n")
    first, second = read_mot(path).pictures
    assert (first.faces, second.frame_index) == ((), 1)
    assert (second.faces[0].score, second.faces[0].track) == (0.625, None)


def test_classes_have_the_names_of_their_file(sequence):
    (sequence / "gt" / "labels.txt").write_text("with_mask\nlamp\n")
    (sequence / "gt" / "gt.txt").write_text("1,1,1,1,5,5,1,1,1\n1,2,1,1,5,5,1,2,1\n")
    masked, lamp = read_mot(sequence).pictures[0].faces
    assert (masked.mask, lamp.label) == ("with_mask", "lamp")


def test_ten_columns_of_ground_truth_have_no_visibility(sequence):
    (sequence / "gt" / "gt.txt").write_text("1,1,1,1,5,5,1,-1,-1,-1\n")
    (face,) = read_mot(sequence).pictures[0].faces
    assert (face.label, face.occluded, face.is_judged) == ("face", False, True)


def test_all_sequences_of_a_folder_are_read(sequence):
    other = sequence.parent / "other" / "det"
    other.mkdir(parents=True)
    (other / "det.txt").write_text("1,-1,1,1,5,5,0.5,-1,-1,-1\n")
    dataset = read_mot(sequence.parent)
    assert [(v.name, len(v.frames)) for v in dataset.videos()] == [("other", 1), ("room", 4)]
    assert dataset.pictures[1].path == sequence / "img1" / "000001.png"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("1,4,11,21,30,40", "line 2: it has 6 columns"),
        ("1,4,11,21,30,40,1,1,1,1,1", "line 2: it has 11 columns"),
        ("0,4,11,21,30,40,1,1,1", "line 2: frame 0 is before the first"),
        ("9,4,11,21,30,40,1,1,1", "line 2: frame 9 is beyond the sequence's 4"),
        ("1,4,11,x,30,40,1,1,1", "line 2 is damaged"),
        ("1,4,11,21,0,40,1,1,1", "line 2: .* empty"),
        ("nan,4,11,21,3,40,1,1,1", "line 2 is damaged"),
        ("inf,4,11,21,3,40,1,1,1", "line 2 is damaged"),
    ],
)
def test_damage_is_named(sequence, line, sentence):
    (sequence / "gt" / "gt.txt").write_text(f"1,4,11,21,30,40,1,1,1\n{line}\n")
    with pytest.raises(DataError, match=sentence) as caught:
        read_mot(sequence)
    assert "gt.txt" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("[Sequence]\n", "", "seqinfo.ini is damaged"),
        ("[Sequence]", "[Other]", "section Sequence: 'Sequence' is missing"),
        ("seqLength=4", "seqLength=four", "section Sequence is damaged"),
    ],
)
def test_a_damaged_description_is_named(sequence, old, new, sentence):
    (sequence / "seqinfo.ini").write_text(INFO.replace(old, new))
    with pytest.raises(DataError, match=sentence):
        read_mot(sequence)


def test_a_damaged_frame_number_does_not_fill_the_memory(tmp_path):
    (tmp_path / "det.txt").write_text("2000000000,-1,11,21,30,40,0.625,-1,-1,-1\n")
    with pytest.raises(DataError, match=r"det\.txt, its frame numbers: it has 2000000000 frames"):
        read_mot(tmp_path / "det.txt")


def test_a_folder_without_a_sequence_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds neither"):
        read_mot(tmp_path)


def test_several_segments_become_several_sequences(tmp_path):
    face = LabelledFace((0, 0, 5, 5), track=1)
    pictures = tuple(
        LabelledPicture(f"{name}.jpg", (64, 36), (face,), segment=name, frame_index=0)
        for name in ("one", "two")
    )
    write_mot(Dataset(pictures), tmp_path)
    assert [video.name for video in read_mot(tmp_path).videos()] == ["one", "two"]
    assert (tmp_path / "one" / "gt" / "gt.txt").read_text() == "1,1,1,1,5,5,1,1,1\n"


def test_a_segment_that_is_no_folder_name_is_refused(tmp_path):
    dataset = Dataset((LabelledPicture("1.jpg", segment="../out"),))
    with pytest.raises(DataError, match="cannot be the name of a folder"):
        write_mot(dataset, tmp_path / "in")
    assert list(tmp_path.iterdir()) == []
