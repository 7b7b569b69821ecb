"""A million damaged bytes of each protocol: no crash, and no value that was not sent."""

from __future__ import annotations

import random

import numpy as np
import pytest

from recorder_core.capture.bis import BisNotice, BisRecord, EegBlock
from recorder_core.simulate.devices import BisMonitorModel, SentStream, damage_bytes
from tests.recorder_core.capture.bis.streams import (
    PARSERS,
    PATIENT,
    Protocol,
    check_against,
    pieces,
    read_stream,
    speak,
)

#: how many ticks of a monitor give a million bytes, about
TICKS = {"ascii": 3100, "binary": 9400}
FIRST_TICKS = 40


def _damaged(protocol: Protocol, chance: random.Random, share: float) -> SentStream:
    """A stream of which so many records in one were damaged, each up to three times."""
    left = FIRST_TICKS

    def damage(content: bytes) -> bytes:
        nonlocal left
        left -= 1
        if left > 0 or chance.random() > share:
            return content
        return damage_bytes(content, chance, times=chance.randint(1, 3))

    model = BisMonitorModel(PATIENT, protocol, speaks_unasked=True)
    return speak(model, TICKS[protocol], damage)


@pytest.mark.parametrize("share", [0.15, 0.9])
@pytest.mark.parametrize("protocol", ["ascii", "binary"])
def test_no_value_of_a_million_damaged_bytes_is_wrong(protocol: Protocol, share: float) -> None:
    chance = random.Random(f"{protocol} {share}")
    stream = _damaged(protocol, chance, share)
    assert len(stream.content) > 800_000
    readings = read_stream(protocol, bytes(stream.content), chance)
    found = check_against(stream, readings)
    assert found.wrong == []
    # damage to which the checksum still fits cannot be seen in samples
    assert len(found.unseen) < 8
    # what was not touched, and follows something that was not, is read
    untouched = {
        number
        for number, record in enumerate(stream.records)
        if (record.combined or record.microvolts is not None)
        and stream.is_untouched(number)
        and (number == 0 or stream.is_untouched(number - 1))
    }
    assert len(untouched) > 25
    assert untouched - found.whole == set()


@pytest.mark.parametrize("protocol", ["ascii", "binary"])
def test_noise_gives_nothing(protocol: Protocol) -> None:
    chance = random.Random(7)
    parser = PARSERS[protocol]()
    printable = bytes(random.Random(1).choices(b"0123456789|./: \r\nabcdef\xba\xab\0", k=500_000))
    content = chance.randbytes(500_000) + printable
    found = [each for piece in pieces(content, chance) for each in parser.feed(piece, 0.0)]
    assert {type(each) for each in found} == {BisNotice}
    # all that arrived is kept, but for what still waits and for line ends
    kept = sum(len(each.raw) for each in found)
    assert kept > 0.95 * len(content)


def test_samples_are_as_sure_as_their_checksum() -> None:
    """Two bytes of a packet that changed places keep its sum: nobody can see that."""
    model = BisMonitorModel(PATIENT, "binary", speaks_unasked=True)
    content = bytearray(model.tick(1)[0].content)
    content[30], content[40] = content[40], content[30]
    (block,) = PARSERS["binary"]().feed(bytes(content), 0.0)
    assert isinstance(block, EegBlock)
    # and of values the agreement of the channels does
    content = bytearray(model.tick(0)[1].content)
    content[122], content[132] = content[132], content[122]  # BIS and signal quality, combined
    (record,) = PARSERS["binary"]().feed(bytes(content), 0.0)
    assert isinstance(record, BisRecord)
    assert np.isnan(record.values.bis)
