"""Files are written whole or not at all, and refused when damaged."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recorder_core import __version__
from recorder_core.errors import DataError
from recorder_core.model import FrameDetections
from recorder_core.tables import (
    DetectionTable,
    TableMetadata,
    read_corrections,
    read_detections,
    read_metadata,
    read_picture_detections,
    read_redactions,
    read_truth,
    write_corrections,
    write_detections,
)

METADATA = TableMetadata("sha256:0123", {"min_score": 0.1, "view": None}, Fraction(1, 90000))
READERS = [
    read_detections,
    read_picture_detections,
    read_redactions,
    read_corrections,
    read_truth,
    read_metadata,
]


def detections(count: int = 50) -> DetectionTable:
    rng = np.random.default_rng(0)
    frames = [
        FrameDetections(
            index, index * 3000, rng.random((2, 4), np.float32), rng.random(2, np.float32)
        )
        for index in range(count)
    ]
    return DetectionTable.from_frames(frames, Fraction(1, 90000))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "faces.parquet"
    write_detections(path, detections(), METADATA)
    return path


def rewrite(path: Path, change) -> None:
    """Write a changed table under the same metadata."""
    table = pq.read_table(path)
    changed = change(table)
    metadata = {**(changed.schema.metadata or {}), **table.schema.metadata}
    pq.write_table(changed.replace_schema_metadata(metadata), path)


def with_column(name: str, values: pa.Array):
    return lambda table: table.set_column(table.schema.get_field_index(name), name, values)


def test_metadata_comes_back(written):
    assert read_metadata(written) == METADATA
    assert read_metadata(written).program_version == __version__


def test_file_is_compressed_and_leaves_no_temporary_file(written):
    assert pq.ParquetFile(written).metadata.row_group(0).column(0).compression == "ZSTD"
    assert [path.name for path in written.parent.iterdir()] == ["faces.parquet"]


def test_failed_write_leaves_the_old_file(written, monkeypatch):
    before = written.read_bytes()

    def full_disk(table, file, **_):
        file.write(b"half a table")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full_disk)
    with pytest.raises(
        DataError, match=r"faces\.parquet cannot be written \(No space left on device\)"
    ):
        write_detections(written, detections(), METADATA)
    assert written.read_bytes() == before
    assert [path.name for path in written.parent.iterdir()] == ["faces.parquet"]


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match=r"faces\.parquet: there is no such file or folder"):
        write_detections(tmp_path / "gone" / "faces.parquet", detections(), METADATA)


@pytest.mark.parametrize("read", READERS)
def test_missing_file_is_named(tmp_path, read):
    with pytest.raises(DataError, match=r"faces\.parquet: there is no such file"):
        read(tmp_path / "faces.parquet")


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("content", [b"", b"PAR1", b"no table at all" * 100])
def test_other_files_are_refused(tmp_path, read, content):
    path = tmp_path / "faces.parquet"
    path.write_bytes(content)
    said = "is damaged or not a Parquet file" if content else "is empty, not a table"
    with pytest.raises(DataError, match=rf"faces\.parquet {said}"):
        read(path)


@pytest.mark.parametrize("read", READERS)
def test_foreign_tables_are_refused(tmp_path, read):
    path = tmp_path / "faces.parquet"
    pq.write_table(pa.table({"frame": [1, 2]}), path)
    with pytest.raises(DataError, match=r"faces\.parquet"):
        read(path)


@pytest.mark.parametrize("read", READERS[1:-1])
def test_other_tables_of_this_program_are_refused(written, read):
    with pytest.raises(DataError, match="holds the table 'detections'"):
        read(written)


def test_truncated_file_is_refused(written):
    written.write_bytes(written.read_bytes()[:-20])
    with pytest.raises(DataError, match="damaged"):
        read_detections(written)


@pytest.mark.parametrize("place", range(6, 600, 54))
def test_flipped_bits_never_go_unseen(written, place):
    """Every page has a checksum: the answer is an error or the very same rows."""
    expected = read_detections(written)
    content = bytearray(written.read_bytes())
    content[place] ^= 0x10
    written.write_bytes(content)
    try:
        table = read_detections(written)
    except DataError as error:
        assert "faces.parquet" in str(error)  # noqa: PT017
        return
    assert np.array_equal(table.boxes_xyxy_px, expected.boxes_xyxy_px)
    assert np.array_equal(table.frame_index, expected.frame_index)


def test_newer_format_is_refused(written):
    table = pq.read_table(written)
    newer = {**table.schema.metadata, b"surgery_workbench.format": b"2"}
    pq.write_table(table.replace_schema_metadata(newer), written)
    with pytest.raises(DataError, match="format 2; this program reads format 1"):
        read_detections(written)


def test_missing_column_is_named(written):
    rewrite(written, lambda table: table.drop_columns(["score"]))
    with pytest.raises(DataError, match=r"faces\.parquet has no column 'score' of float"):
        read_detections(written)


def test_wrong_type_is_named(written):
    rewrite(written, with_column("pts", pa.array(["a"] * 100)))
    with pytest.raises(DataError, match="column 'pts' holds string; int64 is expected"):
        read_detections(written)


def test_nulls_are_named(written):
    rewrite(written, with_column("pts", pa.array([None] * 100, pa.int64())))
    with pytest.raises(DataError, match="column 'pts' has 100 nulls"):
        read_detections(written)


def test_strange_category_is_named(tmp_path):
    path = tmp_path / "changes.parquet"
    write_corrections(path, [], METADATA)
    row = {
        "correction": ["c1"],
        "action": pa.array(["hide"]).dictionary_encode(),
        "frame": [0],
        **{edge: [1.0] for edge in ("x0", "y0", "x1", "y1")},
        "track": pa.array([1], pa.int32()),
        **{text: ["x"] for text in ("author", "created_utc", "note")},
    }
    rewrite(path, lambda _: pa.table(row))
    with pytest.raises(DataError, match="'action' holds 'hide'; one of add, remove is expected"):
        read_corrections(path)


def test_frames_out_of_order_are_named(written):
    rewrite(written, with_column("frame", pa.array(np.arange(100)[::-1])))
    with pytest.raises(DataError, match=r"faces\.parquet: column 'frame' must increase"):
        read_detections(written)


def test_settings_must_be_plain(tmp_path):
    with pytest.raises(DataError, match="plain JSON"):
        write_detections(tmp_path / "a", detections(), TableMetadata("x", {"view": object()}))
