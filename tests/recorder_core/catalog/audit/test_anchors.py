from __future__ import annotations

import threading
from pathlib import Path

import pytest

from recorder_core.catalog.audit.anchors import AuditHead, read_anchor, replace_anchor, write_anchor
from recorder_core.errors import AnchorDamaged, AuditError

HASH = "ab" * 32


def test_it_remembers_the_latest(tmp_path: Path) -> None:
    anchor = tmp_path / "head.json"
    assert read_anchor(anchor) is None
    write_anchor(anchor, AuditHead(5, HASH))
    write_anchor(anchor, AuditHead(3, "cd" * 32))
    assert read_anchor(anchor) == AuditHead(5, HASH)
    replace_anchor(anchor, AuditHead(3, HASH))
    assert read_anchor(anchor) == AuditHead(3, HASH)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["head.json", "head.json.lock"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"seq": "x", "hash": ""}', '{"seq": 1}'])
def test_a_damaged_one(content: str, tmp_path: Path) -> None:
    anchor = tmp_path / "head.json"
    anchor.write_text(content, "ascii")
    with pytest.raises(AuditError, match="is damaged"):
        read_anchor(anchor)


def test_a_digit_that_flipped_is_damage_and_no_other_row(tmp_path: Path) -> None:
    anchor = tmp_path / "head.json"
    write_anchor(anchor, AuditHead(5, HASH))
    for old, new in (("5", "7"), ("ab", "a3")):
        anchor.write_text(anchor.read_text("ascii").replace(old, new, 1), "ascii")
        with pytest.raises(AnchorDamaged, match="is damaged"):
            write_anchor(anchor, AuditHead(6, HASH))
        assert write_anchor(anchor, AuditHead(5, HASH), renew_damaged=True)
        assert read_anchor(anchor) == AuditHead(5, HASH)
    # as an earlier version wrote it
    anchor.write_text(f'{{"seq": 4, "hash": "{HASH}"}}', "ascii")
    assert read_anchor(anchor) == AuditHead(4, HASH)


def test_one_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="cannot be read"):
        read_anchor(tmp_path)
    with pytest.raises(AuditError, match=r"cannot be written .*check the disk"):
        write_anchor(tmp_path / "absent" / "head.json", AuditHead(1, HASH))


def test_one_outside_names_its_archive(tmp_path: Path) -> None:
    anchor = tmp_path / "head.json"
    write_anchor(anchor, AuditHead(5, HASH), "one")
    assert read_anchor(anchor, "one") == AuditHead(5, HASH)
    with pytest.raises(AuditError, match="of the archive one, not of this one, which is two"):
        read_anchor(anchor, "two")
    with pytest.raises(AuditError, match="of the archive one"):
        write_anchor(anchor, AuditHead(9, HASH), "two")
    assert read_anchor(anchor, "one") == AuditHead(5, HASH)


def test_one_of_an_earlier_program_is_named_at_the_next_renewal(tmp_path: Path) -> None:
    anchor = tmp_path / "head.json"
    write_anchor(anchor, AuditHead(5, HASH))
    assert read_anchor(anchor, "one") == AuditHead(5, HASH)
    write_anchor(anchor, AuditHead(6, HASH), "one")
    with pytest.raises(AuditError, match="of the archive one"):
        read_anchor(anchor, "two")


def test_many_writers_end_at_the_latest(tmp_path: Path) -> None:
    anchor = tmp_path / "head.json"
    threads = [
        threading.Thread(target=write_anchor, args=(anchor, AuditHead(seq, f"{seq:064x}")))
        for seq in range(1, 25)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_anchor(anchor) == AuditHead(24, f"{24:064x}")
