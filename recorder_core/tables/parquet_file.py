"""Parquet files on disk: written whole or not at all, checked when read."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias, cast

import pyarrow as pa
import pyarrow.parquet as pq

from recorder_core.errors import DataError
from recorder_core.model.files.paths import StrPath
from recorder_core.model.values.argument_kinds import file_path
from recorder_core.model.values.json_text import parse_json
from recorder_core.tables.columns import (
    TABLES,
    Column,
    TableKind,
    arrow_type,
)
from recorder_core.tables.table import Table
from recorder_core.version import __version__

__all__ = [
    "TableContent",
    "TableMetadata",
    "TableSource",
    "decode_metadata",
    "encode_metadata",
    "pack_table",
    "read_metadata",
    "read_table",
    "reading",
    "write_table",
]

#: raised when a column changes its meaning; a reader refuses what it does not know
FORMAT: Final = "1"
_PREFIX: Final = "surgery_workbench."


@dataclass(frozen=True, slots=True)
class TableMetadata:
    """Where a table comes from; kept in the file beside its rows."""

    #: fingerprint of the video or folder that the rows belong to
    source_fingerprint: str
    #: settings of the run, as plain JSON values
    settings: Mapping[str, Any] = field(default_factory=dict)
    #: seconds per unit of pts; None where there is no time
    time_base: Fraction | None = None
    #: version of the program that wrote the file
    program_version: str = __version__


@dataclass(frozen=True, slots=True)
class TableContent:
    """A table's file in memory, such as one that lies sealed in an archive."""

    #: for messages
    name: str
    content: bytes = field(repr=False)


#: where a table is read from
TableSource: TypeAlias = StrPath | TableContent


def write_table(path: StrPath, table: Table, metadata: TableMetadata) -> None:
    """Write rows under a temporary name, sync them to disk, and rename.

    Raises
    ------
    DataError
        If the file cannot be written; nothing half-written is left.
    """
    path = file_path(path, "a table")
    with (
        _plain_errors(path, "cannot be written"),
        _replacing(path) as temporary,
        temporary.open("wb") as file,
    ):
        _write(file, table, metadata)


def pack_table(table: Table, metadata: TableMetadata) -> bytes:
    """Return the file of a table, such as one that is sealed."""
    packed = io.BytesIO()
    _write(packed, table, metadata)
    return packed.getvalue()


def _write(file: BinaryIO, table: Table, metadata: TableMetadata) -> None:
    rows = table.to_arrow().replace_schema_metadata(encode_metadata(table.kind, metadata))
    pq.write_table(rows, file, compression="zstd", write_page_checksum=True)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary file beside `path`; on success it replaces it, else it is removed."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield temporary
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Sync a file, or the names in a folder, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_table(source: TableSource, kind: TableKind) -> pa.Table:
    """Read a table and check its kind, columns, nulls and categories.

    Raises
    ------
    DataError
        If the file is missing, damaged, or not a table of this kind.
    """
    path = _place(source)
    with (
        _plain_errors(path, "is damaged or not a Parquet file"),
        pq.ParquetFile(_readable(source), page_checksum_verification=True) as file,
    ):
        _check_kind(path, kind, file.schema_arrow.metadata)
        _check_types(path, kind, file.schema_arrow)
        table = file.read([column.name for column in TABLES[kind]])
    for column in TABLES[kind]:
        _check_values(path, column, table.column(column.name))
    return table


def read_metadata(source: TableSource) -> TableMetadata:
    """Read where a table comes from.

    Raises
    ------
    DataError
        If the file is missing, damaged, or not one of this program's tables.
    """
    path = _place(source)
    with _plain_errors(path, "is damaged or not a Parquet file"):
        raw = pq.read_schema(_readable(source)).metadata or {}
    return decode_metadata(path.name, raw)


@contextmanager
def reading(source: TableSource) -> Iterator[None]:
    """Prepend the file's name to what a table says about its rows."""
    try:
        yield
    except DataError as exc:
        raise DataError(f"{_place(source).name}: {exc}") from exc


def _place(source: TableSource) -> Path:
    return Path(source.name) if isinstance(source, TableContent) else file_path(source, "a table")


def _readable(source: TableSource) -> Path | pa.BufferReader:
    if isinstance(source, TableContent):
        return pa.BufferReader(source.content)
    return file_path(source, "a table")


@contextmanager
def _plain_errors(path: Path, what: str) -> Iterator[None]:
    """Turn Arrow's and the system's errors into ours."""
    try:
        yield
    except FileNotFoundError as exc:
        raise DataError(f"{path.name}: there is no such file or folder") from exc
    except (pa.ArrowException, OSError) as exc:
        if path.is_dir():
            raise DataError(f"{path.name} is a folder, not a table; name a file") from exc
        if path.is_file() and not path.stat().st_size:
            raise DataError(f"{path.name} is empty, not a table") from exc
        reason = os.strerror(exc.errno) if isinstance(exc, OSError) and exc.errno else ""
        raise DataError(f"{path.name} {what} ({reason or type(exc).__name__})") from exc


def encode_metadata(kind: TableKind, metadata: TableMetadata) -> dict[str, str]:
    """Return where a table comes from, as keys and values of its file or log."""
    try:
        settings = json.dumps(metadata.settings, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise DataError(f"settings of a table must be plain JSON values: {exc}") from exc
    values = {
        "table": kind,
        "format": FORMAT,
        "program_version": metadata.program_version,
        "source_fingerprint": metadata.source_fingerprint,
        "settings": settings,
        "time_base": "" if metadata.time_base is None else str(metadata.time_base),
    }
    return {_PREFIX + name: value for name, value in values.items()}


def decode_metadata(name: str, raw: Mapping[bytes, bytes]) -> TableMetadata:
    """Return what `encode_metadata` was given.

    Raises
    ------
    DataError
        If something is missing or wrong; the message begins with the name.
    """
    try:
        values = {
            key: raw[(_PREFIX + key).encode()].decode()
            for key in ("program_version", "source_fingerprint", "settings", "time_base")
        }
        return TableMetadata(
            values["source_fingerprint"],
            parse_json(values["settings"]),
            Fraction(values["time_base"]) if values["time_base"] else None,
            values["program_version"],
        )
    except (KeyError, ValueError) as exc:
        raise DataError(f"{name} is not a table of this program: bad metadata") from exc


def _check_kind(path: Path, kind: TableKind, raw: Mapping[bytes, bytes] | None) -> None:
    found = (raw or {}).get((_PREFIX + "table").encode(), b"?").decode(errors="replace")
    if found != kind:
        raise DataError(f"{path.name} holds the table {found!r}; {kind!r} is expected")
    version = cast("Mapping[bytes, bytes]", raw).get((_PREFIX + "format").encode(), b"?")
    if version.decode(errors="replace") != FORMAT:
        raise DataError(
            f"{path.name} has format {version.decode(errors='replace')}; this program reads "
            f"format {FORMAT}: update the program"
        )


def _check_types(path: Path, kind: TableKind, schema: pa.Schema) -> None:
    for column in TABLES[kind]:
        expected = arrow_type(column)
        if schema.get_field_index(column.name) < 0:
            raise DataError(f"{path.name} has no column {column.name!r} of {expected}")
        found = schema.field(column.name).type
        if found != expected:
            raise DataError(
                f"{path.name}: column {column.name!r} holds {found}; {expected} is expected"
            )


def _check_values(path: Path, column: Column, values: pa.ChunkedArray) -> None:
    place = f"{path.name}: column {column.name!r}"
    if values.null_count and not column.nullable:
        raise DataError(f"{place} has {values.null_count} nulls; every row needs a value")
    if column.values:
        strange = set(values.cast(pa.string()).unique().to_pylist()) - {*column.values, None}
        if strange:
            raise DataError(
                f"{place} holds {sorted(strange)[0]!r}; one of {', '.join(column.values)} "
                "is expected"
            )
