from __future__ import annotations

import json

import pytest

from recorder_core.archive import PrivateKey
from recorder_core.errors import HeaderDamaged, NoKeyMatches
from recorder_core.jobs.archive.sealed_record import (
    add_readers,
    open_record,
    remove_reader,
    seal_record,
)

PLACE = "event 1 identity"


@pytest.fixture
def reader() -> PrivateKey:
    return PrivateKey.generate()


def test_a_record_opens_for_its_readers_only(reader: PrivateKey) -> None:
    other = PrivateKey.generate()
    sealed = seal_record({"patient_name": "Ångström"}, [reader.public_key], PLACE)
    assert open_record(sealed, [other, reader], PLACE) == {"patient_name": "Ångström"}
    assert b"ngstr" not in sealed
    with pytest.raises(NoKeyMatches):
        open_record(sealed, [other], PLACE)


def test_a_record_is_bound_to_its_place(reader: PrivateKey) -> None:
    sealed = seal_record({"a": 1}, [reader.public_key], PLACE)
    with pytest.raises(HeaderDamaged):
        open_record(sealed, [reader], "event 2 identity")


def test_readers_come_and_go(reader: PrivateKey) -> None:
    other = PrivateKey.generate()
    sealed = seal_record({"a": 1}, [reader.public_key], PLACE)
    more = add_readers(sealed, [reader], [other.public_key], PLACE)
    assert open_record(more, [other], PLACE) == {"a": 1}
    assert open_record(more, [reader], PLACE) == {"a": 1}
    fewer = remove_reader(more, reader.public_key)
    assert open_record(fewer, [other], PLACE) == {"a": 1}
    with pytest.raises(NoKeyMatches):
        open_record(fewer, [reader], PLACE)
    with pytest.raises(NoKeyMatches):
        add_readers(sealed, [other], [other.public_key], PLACE)


def test_a_file_name_that_is_no_text_is_kept_as_far_as_it_is(reader: PrivateKey) -> None:
    sealed = seal_record({"source_name": "op\udcff.mp4"}, [reader.public_key], PLACE)
    assert open_record(sealed, [reader], PLACE) == {"source_name": "op?.mp4"}


@pytest.mark.parametrize("sealed", [b"", b"[]", b"{}", b'{"sealed": {"x": "?"}}'])
def test_a_damaged_record_is_told(reader: PrivateKey, sealed: bytes) -> None:
    with pytest.raises(HeaderDamaged):
        open_record(sealed, [reader], PLACE)


def test_every_altered_byte_of_a_copy_is_found(reader: PrivateKey) -> None:
    content = json.loads(seal_record({"a": 1}, [reader.public_key], PLACE))
    [(key, copy)] = content["sealed"].items()
    for place in range(0, len(copy) - 4, 7):
        letter = "A" if copy[place] != "A" else "B"
        content["sealed"][key] = copy[:place] + letter + copy[place + 1 :]
        with pytest.raises(HeaderDamaged):
            open_record(json.dumps(content).encode(), [reader], PLACE)
