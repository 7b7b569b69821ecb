"""Who may open a file, and how that changes."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace

import pytest

from recorder_core.archive import (
    REVOCATION_NOTICE,
    FileIdentity,
    PrivateKey,
    PublicKey,
    ReaderSet,
    SealedReader,
    SealedWriter,
    change_key_file,
    format_key_file,
    grant,
    parse_key_file,
    read_key_file,
    revoke,
    store_key_file,
)
from recorder_core.archive.keys.grants import (
    check_completion,
    complete_key_file,
    create_key_file,
    open_file_key,
)
from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.archive.segments.stream import SegmentLayout, StreamHeader
from recorder_core.errors import ArchiveError, HeaderDamaged, NoKeyMatches, SettingsError, WrongCopy


@pytest.fixture
def made(people, identity):
    return create_key_file(identity, people.readers)


def test_each_file_has_its_own_key(people, identity):
    first, one = create_key_file(identity, people.readers)
    second, two = create_key_file(identity, people.readers)
    assert one != two
    assert first.header != second.header


def test_everyone_named_can_open_and_nobody_else(made, people):
    key_file, file_key = made
    assert open_file_key(key_file, people.reviewer) == file_key
    assert open_file_key(key_file, people.recovery) == file_key
    with pytest.raises(NoKeyMatches, match=people.stranger.key_id):
        open_file_key(key_file, people.stranger)


def test_recording_needs_public_keys_only(root, identity, people, content):
    """The writer is given no private key; the recovery key alone opens the file."""
    with SealedWriter([root], "f", identity, ReaderSet(people.recovery.public_key)) as writer:
        writer.write(content(50))
    with SealedReader(root / "f", people.recovery, identity) as reader:
        assert reader.read() == content(50)


def test_original_and_deidentified_copy_have_different_readers(root, people, content):
    researcher = PrivateKey.generate()
    original = FileIdentity("e", "original")
    copy = FileIdentity("e", "deidentified")
    readers = replace(people.readers, readers=(people.reviewer.public_key, researcher.public_key))
    with SealedWriter([root], "original", original, people.readers) as writer:
        writer.write(content(10))
    with SealedWriter([root], "copy", copy, readers) as writer:
        writer.write(content(9))
    with SealedReader(root / "copy", researcher, copy) as reader:
        assert reader.read() == content(9)
    with pytest.raises(NoKeyMatches):
        SealedReader(root / "original", researcher, original)
    # not even with the copy's key file in the place of the original's
    (root / "original.key").write_bytes((root / "copy.key").read_bytes())
    with pytest.raises(WrongCopy):
        SealedReader(root / "original", researcher, original)
    with pytest.raises(WrongCopy):
        SealedReader(root / "original", researcher, copy)


def test_grant_and_revoke(root, mirror, people, identity, content):
    with SealedWriter([root, mirror], "f", identity, people.readers) as writer:
        writer.write(content(100))
    new = PrivateKey.generate()
    granted = change_key_file(
        [root, mirror],
        "f",
        identity,
        lambda old: grant(old, people.reviewer, [new.public_key, new.public_key]),
    )
    for folder in (root, mirror):
        with SealedReader(folder / "f", new, identity) as reader:
            assert reader.read() == content(100)
    assert grant(granted, new, [new.public_key]) == granted
    change_key_file([root, mirror], "f", identity, lambda old: revoke(old, new.public_key))
    for folder in (root, mirror):
        with pytest.raises(NoKeyMatches):
            SealedReader(folder / "f", new, identity)
        with SealedReader(folder / "f", people.reviewer, identity) as reader:
            assert reader.read() == content(100)
    assert "cannot take back" in REVOCATION_NOTICE


def test_only_a_reader_can_grant(made, people):
    with pytest.raises(NoKeyMatches):
        grant(made[0], people.stranger, [people.stranger.public_key])


def test_what_cannot_be_revoked(made, people):
    with pytest.raises(SettingsError, match="recovery"):
        revoke(made[0], people.recovery.public_key)
    with pytest.raises(SettingsError, match="no grant"):
        revoke(made[0], people.stranger.public_key)


@pytest.mark.parametrize(
    "changed",
    [
        {"identity": FileIdentity("other", "original")},
        {"layout": SegmentLayout(4096)},
        {"header": StreamHeader.random()},
    ],
)
def test_sealed_keys_are_bound_to_the_parameters(made, people, changed):
    with pytest.raises(HeaderDamaged, match="altered"):
        open_file_key(replace(made[0], **changed), people.reviewer)


def test_an_altered_completion_is_found(made):
    key_file = complete_key_file(*made, 1000, "ab" * 32)
    check_completion(key_file, made[1])
    check_completion(made[0], made[1])
    for changed in ({"stream_bytes": 999}, {"sha256": "ac" * 32}):
        forged = replace(key_file, completion=replace(key_file.completion, **changed))
        with pytest.raises(HeaderDamaged, match="size or hash"):
            check_completion(forged, made[1])


def test_generations_are_remembered(people, identity):
    key_file = None
    for generation in range(1, 21):
        key_file, _ = create_key_file(
            replace(identity, generation=generation), people.readers, replaces=key_file
        )
    assert [old.generation for old in key_file.superseded] == list(range(19, 3, -1))
    assert parse_key_file(format_key_file(key_file), "it") == key_file
    with pytest.raises(SettingsError, match="cannot replace"):
        create_key_file(identity, people.readers, replaces=key_file)
    other = FileIdentity("other", "original", 21)
    with pytest.raises(SettingsError, match="cannot replace"):
        create_key_file(other, people.readers, replaces=key_file)


def test_a_root_that_cannot_be_written_is_named(made, root, tmp_path):
    store_key_file([root], "f", made[0])
    with pytest.raises(ArchiveError, match="gone"):
        store_key_file([tmp_path / "gone", root], "f", complete_key_file(*made, 10))
    assert b"complete 10" in (root / "f.key").read_bytes()


def test_a_grant_while_recording_is_kept(root, mirror, people, identity, content):
    new = PrivateKey.generate()
    with SealedWriter([root, mirror], "f", identity, people.readers) as writer:
        writer.write(content(100))
        change_key_file(
            [root, mirror],
            "f",
            identity,
            lambda old: grant(old, people.reviewer, [new.public_key]),
        )
    for folder in (root, mirror):
        with SealedReader(folder / "f", new, identity) as reader:
            assert reader.read() == content(100)
            assert reader.key_file.completion == writer.key_file.completion


def _grant_in_a_process(root, identity, seed, public_raw):
    reviewer = PrivateKey(SecretBytes(seed))
    change_key_file(
        [root], "f", identity, lambda old: grant(old, reviewer, [PublicKey(public_raw)])
    )


def test_no_grant_is_lost_when_processes_grant_at_once(root, people, identity):
    seed = bytes(range(32))
    reviewer = PrivateKey(SecretBytes(seed))
    readers = ReaderSet(people.recovery.public_key, (reviewer.public_key,))
    SealedWriter([root], "f", identity, readers).close()
    colleagues = [PrivateKey.generate().public_key for _ in range(8)]
    fork = multiprocessing.get_context("fork")
    processes = [
        fork.Process(target=_grant_in_a_process, args=(root, identity, seed, colleague.raw))
        for colleague in colleagues
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    key_file = read_key_file(root / "f", identity)
    assert {entry.public_key for entry in key_file.entries} >= set(colleagues)


def test_a_damaged_key_file_is_repaired_by_a_change(root, mirror, people, identity, content):
    with SealedWriter([root, mirror], "f", identity, people.readers) as writer:
        writer.write(content(10))
    (root / "f.key").write_bytes(b"damaged")
    change_key_file([root, mirror], "f", identity, lambda old: old)
    assert (root / "f.key").read_bytes() == (mirror / "f.key").read_bytes()
    for folder in (root, mirror):
        (folder / "f.key").write_bytes(b"damaged")
    with pytest.raises(HeaderDamaged):
        change_key_file([root, mirror], "f", identity, lambda old: old)
    with pytest.raises(ArchiveError, match="cannot be locked"):
        change_key_file([root, mirror], "missing", identity, lambda old: old)
