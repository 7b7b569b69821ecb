"""The commands on data sets, as a person types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recorder_core.datasets import read_dataset, require_pictures
from recorder_core.media import index_frames, probe
from recorder_core.model import Redaction
from recorder_core.tables import RedactionTable, TableMetadata, write_redactions
from workbench.cli import main

Run = Callable[..., tuple[int, str, str]]
SIZE = (96, 72)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; return status, output and errors."""

    def call(*words: object) -> tuple[int, str, str]:
        status = main(["dataset", *(str(word) for word in words)])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return call


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Twelve pictures in six segments, two faces each, as COCO; returns the JSON file."""
    folder = tmp_path / "made"
    folder.mkdir()
    images, annotations = [], []
    for number in range(12):
        rng = np.random.default_rng(number)
        pixels = rng.integers(0, 255, (6, 8, 3), np.uint8)
        picture = Image.fromarray(pixels).resize(SIZE, Image.Resampling.BICUBIC)
        picture.save(folder / f"{number:02d}.jpg")
        image = {"id": number, "file_name": f"{number:02d}.jpg", "segment": f"s{number // 2}"}
        images.append({**image, "width": SIZE[0], "height": SIZE[1]})
        for side in range(2):
            annotation = {
                "id": len(annotations),
                "image_id": number,
                "bbox": [5 + 45 * side, 8, 30, 40],
            }
            mask = "with_mask" if side else "without_mask"
            annotations.append({**annotation, "attributes": {"mask": mask}})
    path = tmp_path / "made.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations}))
    return path


def test_convert_there_and_back(run: Run, made: Path, tmp_path: Path) -> None:
    status, out, _ = run("convert", made, tmp_path / "yolo", "--to", "yolo")
    assert status == 0
    assert "12 pictures, 24 boxes" in out
    assert "the format does not hold: segments (12)" in out
    assert "mask" not in out
    back = tmp_path / "back.json"
    assert run("convert", tmp_path / "yolo", back, "--images", made.with_suffix(""))[0] == 0
    before, after = read_dataset(made), read_dataset(back)
    for old, new in zip(before.pictures, after.pictures, strict=True):
        assert new.masks == old.masks
        np.testing.assert_allclose(new.boxes_xyxy_px, old.boxes_xyxy_px, atol=1e-4)


def test_convert_reports_as_json(run: Run, made: Path, tmp_path: Path) -> None:
    _, out, _ = run("convert", made, tmp_path / "list.txt", "--to", "wider", "--json")
    content = json.loads(out)
    assert content["pictures"] == 12
    assert content["lost"]["mask states"] == 24


def test_the_suffix_says_the_format(run: Run, made: Path, tmp_path: Path) -> None:
    assert run("convert", made, tmp_path / "a.xml", "--quiet") == (0, "", "")
    assert (tmp_path / "a.xml").read_text().startswith("<?xml")
    status, _, err = run("convert", made, tmp_path / "list.txt")
    assert (status, "say with --to which format" in err) == (1, True)


def test_what_is_read_is_not_written_over(run: Run, made: Path) -> None:
    before = made.read_bytes()
    status, _, err = run("convert", made, made)
    assert (status, "is an input" in err) == (1, True)
    assert made.read_bytes() == before


def test_damage_is_one_sentence(run: Run, made: Path, tmp_path: Path) -> None:
    made.write_text(made.read_text().replace("[5, 8, 30, 40]", "[5, 8, 0, 40]", 1))
    status, out, err = run("convert", made, tmp_path / "x.xml")
    assert (status, out) == (1, "")
    assert err.startswith("workbench: ")
    assert "annotation 0: the box (5.0, 8.0, 5.0, 48.0) is empty" in err
    assert len(err.splitlines()) == 1


def test_check_counts(run: Run, made: Path) -> None:
    status, out, _ = run("check", made)
    assert status == 0
    lines = {" ".join(line.split()) for line in out.splitlines()}
    assert {"pictures 12", "faces 24", "segments 6", "mask with_mask 12 50.0 %"} <= lines
    assert {"0 faults", "0 doubts"} <= lines


def test_check_finds_faults(run: Run, made: Path) -> None:
    (made.with_suffix("") / "03.jpg").unlink()
    Image.new("RGB", (10, 10)).save(made.with_suffix("") / "04.jpg")
    status, out, _ = run("check", made)
    assert status == 1
    assert "2 faults" in out
    assert "03.jpg does not exist" in out
    assert "04.jpg: the labels are for (96, 72), the picture is (10, 10)" in out
    status, out, _ = run("check", made, "--json")
    assert (status, len(json.loads(out)["faults"])) == (1, 2)
    assert run("check", made, "--labels-only", "--quiet") == (0, "", "")


def test_check_names_every_bad_box(run: Run, made: Path) -> None:
    content = json.loads(made.read_text())
    for place, box in ((3, [5, 8, 0, 40]), (8, [500, 8, 30, 40]), (9, [5, 8, "wide", 40])):
        content["annotations"][place]["bbox"] = box
    made.write_text(json.dumps(content))
    status, output, errors = run("check", made, "--quiet")
    assert (status, output, errors) == (1, "", "")
    status, output, _ = run("check", made, "--json", "--quiet")
    faults = json.loads(output)["faults"]
    assert status == 1
    assert [fault.split(": ")[0] for fault in faults] == ["01.jpg", "04.jpg", "04.jpg"]
    assert [f"annotation {number}" in faults[n] for n, number in enumerate((3, 8, 9))] == [True] * 3
    assert "is empty" in faults[0]
    assert "is outside its picture of 96x72" in faults[1]
    assert json.loads(output)["faces"] == 21
    # the other commands still refuse such a file
    status, _, errors = run("convert", made, made.with_suffix(".txt"), "--to", "wider")
    assert status == 1
    assert "annotation 3" in errors


def test_check_shows_the_first_faults_and_says_how_many_more(run: Run, made: Path) -> None:
    content = json.loads(made.read_text())
    for annotation in content["annotations"][1:]:
        annotation["bbox"] = [5, 8, 0, 0]
    made.write_text(json.dumps(content))
    status, output, _ = run("check", made)
    assert status == 1
    assert "23 faults" in output
    assert "... and 3 more" in output


def test_check_needs_the_pictures_or_says_so(run: Run, made: Path, tmp_path: Path) -> None:
    made.with_suffix("").rename(tmp_path / "elsewhere")
    status, _, err = run("check", made)
    assert (status, "name it with --images" in err) == (1, True)
    assert run("check", made, "--images", tmp_path / "elsewhere")[0] == 0
    _, out, _ = run("check", made, "--labels-only")
    assert "the pictures were not opened" in out


def test_split_writes_parts_that_can_be_trained_on(run: Run, made: Path, tmp_path: Path) -> None:
    status, out, _ = run("split", made, "-o", tmp_path / "parts", "--ratio", "3,2,1")
    assert status == 0
    assert "3 train, 2 validation, 1 test" in out
    segments = []
    for name, count in (("train", 6), ("validation", 4), ("test", 2)):
        part = require_pictures(read_dataset(tmp_path / "parts" / f"{name}.json"))
        assert len(part) == count
        segments += sorted({picture.segment for picture in part.pictures})
    assert len(segments) == len(set(segments)) == 6
    report = json.loads((tmp_path / "parts" / "split.json").read_text())
    assert report["units"] == [3, 2, 1]
    assert report["balance"]["mask"]["with_mask"] == [6, 4, 2]


@pytest.mark.parametrize("name", ["link", "file", "file/parts", "set"])
def test_split_writes_to_a_new_folder_only(run: Run, made: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").write_text("of somebody")
    (tmp_path / "set").mkdir()
    status, out, err = run("split", made, "-o", tmp_path / name, "--labels-only")
    assert (status, out, len(err.splitlines())) == (1, "", 1)
    assert "already exists" in err or "below the file file" in err
    assert not (tmp_path / "nowhere").exists()
    assert (tmp_path / "file").read_text() == "of somebody"
    assert list((tmp_path / "set").iterdir()) == []


def test_split_is_the_same_for_the_same_seed(run: Run, made: Path, tmp_path: Path) -> None:
    for name, seed in (("1", 5), ("2", 5)):
        words = ("-o", tmp_path / name, "--seed", seed, "--labels-only", "--quiet")
        assert run("split", made, *words) == (0, "", "")
    for part in ("train", "validation", "test"):
        first, second = (tmp_path / name / f"{part}.json" for name in ("1", "2"))
        assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--ratio", "1,2"), "must be three numbers"),
        (("--ratio", "1,x,2"), "must be three numbers"),
        (("--ratio", "1,0,0"), "at least two must be above zero"),
        (("--from", "wider"), "line 2: after the picture"),
    ],
)
def test_split_refuses(
    run: Run, made: Path, tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    status, _, err = run("split", made, "-o", tmp_path / "parts", *words)
    assert (status, sentence in err) == (1, True)
    assert not (tmp_path / "parts").exists()


def test_split_does_not_write_over(run: Run, made: Path, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    status, _, err = run("split", made, "-o", tmp_path / "parts")
    assert (status, "already exists" in err) == (1, True)


def test_split_needs_pictures_that_can_be_decoded(run: Run, made: Path, tmp_path: Path) -> None:
    (made.with_suffix("") / "03.jpg").write_bytes(b"\xff\xd8")
    status, _, err = run("split", made, "-o", tmp_path / "parts")
    assert (status, "03.jpg cannot be decoded" in err) == (1, True)


def test_extract_from_a_video(run: Run, drawn_source: Path, tmp_path: Path) -> None:
    pts = index_frames(probe(drawn_source)).pts
    faces = [Redaction(n, (10.0, 10.0, 40.0, 50.0), "detected", 0, 0.9) for n in range(60)]
    table = tmp_path / "redactions.parquet"
    write_redactions(table, RedactionTable.from_redactions(faces, pts), TableMetadata("0" * 64))
    words = ("extract", drawn_source, "-o", tmp_path / "out", "--redactions", table)
    status, out, _ = run(*words, "--every", "0.5", "--most", "4")
    assert status == 0
    assert "4 pictures, 0 of them where a correction lives, 4 faces" in out
    assert "keep them like a medical record" in out
    assert len(require_pictures(read_dataset(tmp_path / "out" / "frames.json"))) == 4
    status, _, err = run(*words)
    assert (status, "already exists" in err) == (1, True)
    words = ("extract", drawn_source, "-o", tmp_path / "new", "--redactions", table)
    status, _, err = run(*words, "--detections", table)
    assert (status, "redactions.parquet is given as two inputs" in err) == (1, True)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "a video, or --event"),
        (("x.mp4", "--event", "abc"), "a video, or --event"),
        (("x.mp4",), "name one table"),
        (("--event", "abc", "--redactions", "x"), "an event brings its own tables"),
        (("--event", "abc"), "say which archive and who you are"),
    ],
)
def test_extract_refuses(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    sentence: str,
) -> None:
    for name in ("WORKBENCH_ARCHIVE", "WORKBENCH_USER"):
        monkeypatch.delenv(name, raising=False)
    status, _, err = run("extract", *words, "-o", tmp_path / "out")
    assert (status, sentence in err) == (1, True)


def test_sheet_shows_what_training_sees(run: Run, made: Path, tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text('[data]\ntrain = "made.json"\n[sample.view]\nsize_px = 96\n')
    words = ("sheet", config, "--labels-only", "--rows", "2", "--columns", "3")
    status, out, _ = run(*words, "-o", tmp_path / "1.png")
    assert status == 0
    assert "6 samples" in out
    sheet = np.asarray(Image.open(tmp_path / "1.png"))
    assert sheet.shape == (2 * 96 + 4, 3 * 96 + 8, 3)
    assert (sheet[96:100] == 255).all()
    # the frames of the faces to learn
    assert (sheet == (60, 220, 60)).all(axis=2).sum() > 100
    run(*words, "-o", tmp_path / "2.png")
    assert (tmp_path / "1.png").read_bytes() == (tmp_path / "2.png").read_bytes()
    (tmp_path / "3.png").write_text("somebody's")
    status, _, err = run(*words, "-o", tmp_path / "3.png", "--first", "6")
    assert (status, "3.png exists; give --overwrite" in err) == (1, True)
    assert (tmp_path / "3.png").read_text() == "somebody's"
    assert run(*words, "-o", tmp_path / "3.png", "--first", "6", "--overwrite")[0] == 0
    assert (tmp_path / "1.png").read_bytes() != (tmp_path / "3.png").read_bytes()


@pytest.mark.parametrize("words", [("--rows", "100"), ("--columns", "100")])
def test_a_sheet_that_cannot_be_drawn_is_refused(
    run: Run, made: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    config = tmp_path / "run.toml"
    config.write_text(f'[data]\ntrain = "{made}"\n')
    status, _, err = run("sheet", config, "--labels-only", "-o", tmp_path / "1.png", *words)
    assert (status, "cannot be drawn" in err) == (1, True)


def test_a_sheet_does_not_replace_its_configuration(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text("")
    status, _, err = run("sheet", config, "-o", config)
    assert (status, "is an input" in err) == (1, True)
