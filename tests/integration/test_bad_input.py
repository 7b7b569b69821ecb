"""Whatever is wrong: one clear sentence, no output, the input untouched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from recorder_core.detect.weights import default_weights_path
from workbench.cli import main

Refused = Callable[..., str]


def _zeros(good: bytes) -> bytes:
    return bytes(100_000)


def _random(good: bytes) -> bytes:
    return np.random.default_rng(1).bytes(100_000)


def _jpeg(good: bytes) -> bytes:
    import cv2

    picture = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    return bytes(cv2.imencode(".jpg", picture)[1])


def _playlist(good: bytes) -> bytes:
    return b"#EXTM3U\n#EXTINF:2.0,\n/etc/hostname\n#EXT-X-ENDLIST\n"


def _in_the_middle(good: bytes) -> bytes:
    return good[: len(good) // 2]


def _header_only(good: bytes) -> bytes:
    return good[:48]


def _overwritten(good: bytes) -> bytes:
    return _overwrite(good, 0.5, 0.55)


def _overwrite(good: bytes, start: float, stop: float) -> bytes:
    """Put noise over a part of the media data."""
    data, begin = bytearray(good), good.index(b"mdat") + 4
    first, last = (begin + int((len(good) - begin) * share) for share in (start, stop))
    data[first:last] = np.random.default_rng(2).bytes(last - first)
    return bytes(data)


@pytest.fixture
def good(drawn_source: Path) -> bytes:
    """The bytes of a good video, its index first, as recorders write it."""
    return drawn_source.read_bytes()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda good: b"", "is empty"),
        (lambda good: b"This is no video.\n" * 50, "is not a video"),
        (_zeros, "is not a video"),
        (_random, "is not a video"),
        (_jpeg, "is not a video"),
        (_playlist, "is not a video"),
        (_header_only, "no index"),
        (_in_the_middle, "cut off"),
        (_overwritten, "--salvage"),
    ],
    ids=[
        "empty", "text", "zeros", "random", "jpeg", "playlist", "header only",
        "cut in the middle", "damaged packets",
    ],
)  # fmt: skip
def test_a_file_that_is_no_whole_video(
    good: bytes, tmp_path: Path, refused: Refused, make: Callable[[bytes], bytes], sentence: str
) -> None:
    source = tmp_path / "input.mp4"
    source.write_bytes(make(good))
    said = refused(tmp_path, "deidentify", source, "-o", tmp_path / "copy.mp4")
    assert "input.mp4" in said
    assert sentence in said


@pytest.mark.parametrize("name", ["h264 mkv", "mpeg2 mkv", "hevc mp4"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.97])
def test_a_video_that_was_cut_off(
    foreign: dict[str, Path], tmp_path: Path, refused: Refused, name: str, share: float
) -> None:
    content = foreign[name].read_bytes()
    source = tmp_path / foreign[name].name
    source.write_bytes(content[: int(len(content) * share)])
    said = refused(tmp_path, "deidentify", source, "-o", tmp_path / "copy.mp4")
    assert source.name in said


def test_a_cut_off_video_whose_index_comes_first(
    drawn_source: Path, whole_job: Any, tmp_path: Path, refused: Refused
) -> None:
    content = whole_job.output.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    source = tmp_path / "input.mp4"
    source.write_bytes(content[: len(content) * 2 // 3])
    said = refused(tmp_path, "deidentify", source, "-o", tmp_path / "copy.mp4")
    assert "input.mp4 is cut off" in said
    assert "--salvage" in said


def test_a_file_that_does_not_exist(tmp_path: Path, refused: Refused) -> None:
    said = refused(tmp_path, "deidentify", tmp_path / "no.mp4", "-o", tmp_path / "copy.mp4")
    assert said == "no.mp4 does not exist; check the name"


def test_a_folder_without_videos(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").write_text("nothing")
    said = refused(tmp_path, "deidentify", tmp_path / "folder", "-o", tmp_path / "out")
    assert "folder holds no" in said


def test_audio_without_frames(tmp_path: Path, refused: Refused) -> None:
    import wave

    source = tmp_path / "audio.wav"
    with wave.open(str(source), "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(8000)
        audio.writeframes(bytes(16000))
    said = refused(tmp_path, "deidentify", source, "-o", tmp_path / "copy.mp4")
    assert "audio.wav" in said


def test_an_mp4_with_audio_only(tmp_path: Path, refused: Refused) -> None:
    import av

    source = tmp_path / "audio.mp4"
    with av.open(str(source), "w") as container:
        track = container.add_stream("aac", rate=48000, layout="mono")
        for start in range(0, 48000, 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = 48000, start
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    said = refused(tmp_path, "deidentify", source, "-o", tmp_path / "copy.mp4")
    assert said == "audio.mp4 holds no video"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--view", "300,100,200,200"), "does not lie inside the frame of 384x192"),
        (("--view", "0,0,384,194"), "does not lie inside the frame of 384x192"),
        (("--view=-2,0,64,64",), "must not be negative"),
        (("--view", "0,0,0,0"), "at least 2x2"),
        (("--view", "1,2,3"), "neither four whole numbers"),
        (("--view", "a,b,c,d"), "neither four whole numbers"),
        (("--view", ""), "neither four whole numbers"),
        (("--view", "corner"), "neither four whole numbers"),
        (("--start", "99"), "no frame lies in the requested span"),
        (("--start", "2", "--stop", "1"), "is empty"),
        (("--engine", "pytorch-cuda"), "cannot run here"),
        (("--encoder", "h264_nvenc"), "use libx264"),
        (("--weights", "nothing.safetensors"), "cannot be read"),
        (("--corrections", "nothing.parquet"), "there is no such file"),
        (("--times-file", "nowhere/times.json"), "there is no folder"),
        (("--detections", "nowhere/faces.parquet"), "there is no folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_option_that_cannot_be(
    drawn_source: Path, tmp_path: Path, refused: Refused, words: tuple[str, ...], sentence: str
) -> None:
    said = refused(tmp_path, "deidentify", drawn_source, "-o", tmp_path / "copy.mp4", *words)
    assert sentence in said


@pytest.mark.parametrize("link", ["same", "symbolic link", "hard link"])
@pytest.mark.parametrize("option", ["-o", "--detections", "--times-file"])
def test_an_input_is_never_written_to(
    good: bytes, tmp_path: Path, refused: Refused, link: str, option: str
) -> None:
    source, other = tmp_path / "input.mp4", tmp_path / "other.mp4"
    source.write_bytes(good)
    if link == "symbolic link":
        other.symlink_to(source)
    elif link == "hard link":
        os.link(source, other)
    target = source if link == "same" else other
    outputs = ("-o", target) if option == "-o" else ("-o", tmp_path / "copy.mp4", option, target)
    said = refused(tmp_path, "deidentify", source, *outputs, "--overwrite")
    assert "input" in said
    assert source.read_bytes() == good


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("copy.avi", "must end in one of .mp4, .mov, .mkv"),
        ("copy.txt", "must end in one of"),
        ("copy", "must end in one of"),
        ("file.txt/copy.mp4", "cannot be made"),
        ("exists.mp4", "exists; give --overwrite"),
    ],
)
def test_an_output_that_cannot_be(
    drawn_source: Path, tmp_path: Path, refused: Refused, name: str, sentence: str
) -> None:
    (tmp_path / "file.txt").write_text("a file")
    (tmp_path / "exists.mp4").write_text("somebody's")
    said = refused(tmp_path, "deidentify", drawn_source, "-o", tmp_path / name)
    assert sentence in said


def test_several_inputs_do_not_fit_into_one_file(
    drawn_source: Path, foreign: dict[str, Path], tmp_path: Path, refused: Refused
) -> None:
    output = tmp_path / "copy.mp4"
    output.write_text("somebody's")
    said = refused(
        tmp_path, "deidentify", drawn_source, foreign["h264 mkv"], "-o", output, "--overwrite"
    )
    assert "give a folder" in said


# --- folders that cannot be written -----------------------------------------------------


#: the installed command, as a user calls it
COMMAND = Path(sys.executable).with_name("workbench")
MAY_MOUNT = (
    subprocess.run(
        ["unshare", "--mount", "--map-root-user", "true"], check=False, capture_output=True
    ).returncode
    == 0
)


def _run_on_tmpfs(folder: Path, options: str, *words: object) -> tuple[int, str, list[str]]:
    """Run the command where `folder` is a small file system; return status, errors, files."""
    script = (
        'mount -t tmpfs -o "$1" tmpfs "$2" || exit 99\n'
        'folder="$2"; shift 2; "$@"; status=$?\n'
        'ls -A "$folder"; exit $status'
    )
    done = subprocess.run(
        [
            *("unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh"),
            *(options, str(folder), str(COMMAND), *map(str, words)),
        ],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stderr, done.stdout.split()


def _run_with_limit(folder: Path, most_bytes: int, *words: object) -> tuple[int, str, list[str]]:
    """Run the command with a limit on the size of each file; return the same."""
    done = subprocess.run(
        ["prlimit", f"--fsize={most_bytes}", str(COMMAND), *map(str, words)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stderr, [path.name for path in folder.iterdir()]


@pytest.fixture(scope="module")
def copy_bytes(drawn_source: Path, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How much room making a copy takes: its segments, then the copy, then its tables."""
    folder = tmp_path_factory.mktemp("enough")
    main(["deidentify", str(drawn_source), "-o", str(folder / "copy.mp4"), "--quiet"])
    tables = sum(path.stat().st_size for path in folder.iterdir() if path.suffix != ".mp4")
    return 2 * ((folder / "copy.mp4").stat().st_size + tables)


def _copy_to_small_disk(
    source: Path, tmp_path: Path, size_bytes: float
) -> tuple[int, str, list[str]]:
    """Make a copy where there is little room; a file may be half as large where nobody mounts."""
    folder = tmp_path / "small"
    folder.mkdir()
    words = ("deidentify", source, "-o", folder / "copy.mp4", "--quiet")
    if MAY_MOUNT:
        return _run_on_tmpfs(folder, f"size={int(size_bytes)}", *words)
    # where mounting is not allowed: the copy is the largest file, about half of all
    return _run_with_limit(folder, int(size_bytes / 2), *words)


@pytest.mark.parametrize("share", [0.02, 0.1])
def test_a_disk_that_is_full_before_anything_is_finished(
    drawn_source: Path, copy_bytes: int, tmp_path: Path, share: float
) -> None:
    status, errors, left = _copy_to_small_disk(drawn_source, tmp_path, share * copy_bytes)
    assert status == 1
    assert errors.startswith("workbench: ")
    assert errors.count("\n") == 1
    assert left == []


@pytest.mark.parametrize("share", [0.3, 0.7, 0.9, 1.0])
def test_a_disk_with_hardly_enough_room_gets_all_or_what_resume_goes_on_after(
    drawn_source: Path, copy_bytes: int, tmp_path: Path, share: float
) -> None:
    status, errors, left = _copy_to_small_disk(drawn_source, tmp_path, share * copy_bytes)
    if status == 0:
        assert len(left) == 5
        return
    assert (status, errors.count("\n")) == (1, 1)
    if MAY_MOUNT:
        assert "then run the same command with --resume" in errors
        assert left == [".copy.mp4.work"]
    else:  # a limit on each file is met again
        assert left == []


def test_a_folder_that_may_not_be_written(
    drawn_source: Path, tmp_path: Path, run_apart: Callable[..., Any]
) -> None:
    words = ("deidentify", drawn_source, "--quiet", "-o")
    if MAY_MOUNT:
        status, errors, left = _run_on_tmpfs(tmp_path, "ro", *words, tmp_path / "copy.mp4")
        assert left == []
    else:  # nobody may make a file there
        ran = run_apart(*words, "/proc/copy.mp4")
        status, errors = ran.status, ran.errors
    assert status == 1
    assert errors.startswith("workbench: ")
    assert "cannot be written" in errors
    assert errors.count("\n") == 1


def test_files_that_may_not_become_large(drawn_source: Path, tmp_path: Path) -> None:
    status, errors, left = _run_with_limit(
        tmp_path, 50_000, "deidentify", drawn_source, "-o", tmp_path / "copy.mp4", "--quiet"
    )
    assert status == 1
    assert errors.count("\n") == 1
    assert "larger than" in errors
    assert left == []


# --- weights ------------------------------------------------------------------------------


def _tensors() -> dict[str, Any]:
    return dict(safetensors.numpy.load_file(default_weights_path()))


def _without_one(path: Path) -> None:
    tensors = _tensors()
    tensors.pop(next(iter(tensors)))
    safetensors.numpy.save_file(tensors, path)


def _of_another_shape(path: Path) -> None:
    tensors = _tensors()
    name = next(iter(tensors))
    tensors[name] = np.concatenate([tensors[name], tensors[name]])
    safetensors.numpy.save_file(tensors, path)


def _of_another_network(path: Path) -> None:
    safetensors.numpy.save_file({"weight": np.zeros((3, 3), np.float32)}, path)


def _of_zeros(path: Path) -> None:
    safetensors.numpy.save_file({key: np.zeros_like(v) for key, v in _tensors().items()}, path)


def _shuffled(path: Path) -> None:
    rng = np.random.default_rng(3)
    tensors = {
        key: rng.permuted(value, axis=0) if value.ndim == 4 else value
        for key, value in _tensors().items()
    }
    safetensors.numpy.save_file(tensors, path)


def _text(path: Path) -> None:
    path.write_text("These are no weights.\n")


def _half(path: Path) -> None:
    content = default_weights_path().read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _bent(path: Path) -> None:
    content = bytearray(default_weights_path().read_bytes())
    content[:8] = b"\xff" * 8
    path.write_bytes(content)


def _sidecar_for(path: Path, **changes: Any) -> None:
    """Write the JSON file of the program's own weights, made to belong to `path`."""
    import hashlib

    content = json.loads(default_weights_path().with_suffix(".json").read_text())
    content["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    content.update(changes)
    path.with_suffix(".json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    "make",
    [_text, _half, _bent, _without_one, _of_another_shape, _of_another_network, _of_zeros,
     _shuffled],
    ids=lambda make: make.__name__.strip("_"),
)  # fmt: skip
def test_weights_that_are_wrong(
    drawn_source: Path, tmp_path: Path, refused: Refused, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "weights.safetensors"
    make(path)
    _sidecar_for(path)
    said = refused(
        tmp_path, "deidentify", drawn_source, "-o", tmp_path / "copy.mp4", "--weights", path
    )
    assert "weights" in said or "tensor" in said


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".tar", ".bin", ""])
@pytest.mark.parametrize("make", [_text, _half], ids=["text", "half"])
def test_checkpoints_that_are_damaged(
    drawn_source: Path, tmp_path: Path, refused: Refused, make: Callable[[Path], None], suffix: str
) -> None:
    path = tmp_path / f"weights{suffix}"
    make(path)
    said = refused(
        tmp_path, "deidentify", drawn_source, "-o", tmp_path / "copy.mp4", "--weights", path
    )
    assert "weights" in said


@pytest.mark.parametrize("view", ["full", "0,0,40,192"])
def test_weights_with_the_anchors_of_others(
    drawn_source: Path, tmp_path: Path, refused: Refused, view: str
) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(default_weights_path().read_bytes())
    own = json.loads(default_weights_path().with_suffix(".json").read_text())["anchors"]
    wrong = own | {"min_sizes_px": [[2 * size for size in level] for level in own["min_sizes_px"]]}
    _sidecar_for(path, anchors=wrong)
    said = refused(
        tmp_path, "deidentify", drawn_source, "-o", tmp_path / "copy.mp4", "--weights", path,
        "--view", view,
    )  # fmt: skip
    assert "trained with other anchors" in said


@pytest.mark.parametrize("change", ["too many sizes", "another step", "no anchors"])
def test_weights_whose_anchors_cannot_be(
    drawn_source: Path, tmp_path: Path, refused: Refused, change: str
) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(default_weights_path().read_bytes())
    own = json.loads(default_weights_path().with_suffix(".json").read_text())["anchors"]
    wrong = {
        "too many sizes": own | {"min_sizes_px": [[8, 16, 24], [32, 64, 96], [128, 256, 300]]},
        "another step": own | {"steps_px": [4, 8, 16]},
        "no anchors": {},
    }[change]
    _sidecar_for(path, anchors=wrong)
    said = refused(
        tmp_path, "deidentify", drawn_source, "-o", tmp_path / "copy.mp4", "--weights", path
    )
    assert "weights" in said


def test_weights_without_their_json_file(
    drawn_source: Path, tmp_path: Path, refused: Refused
) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(default_weights_path().read_bytes())
    said = refused(
        tmp_path, "deidentify", drawn_source, "-o", tmp_path / "copy.mp4", "--weights", path
    )
    assert "weights.json" in said


def test_a_published_checkpoint_with_the_anchors_of_others(
    drawn_source: Path, tmp_path: Path, refused: Refused
) -> None:
    import torch

    path = tmp_path / "weights.pth"
    torch.save({key: torch.from_numpy(value) for key, value in _tensors().items()}, path)
    own = json.loads(default_weights_path().with_suffix(".json").read_text())["anchors"]
    wrong = own | {"min_sizes_px": [[size / 2 for size in level] for level in own["min_sizes_px"]]}
    _sidecar_for(path, anchors=wrong)
    said = refused(
        tmp_path, "deidentify", drawn_source, "-o", tmp_path / "copy.mp4", "--weights", path
    )
    assert "trained with other anchors" in said
