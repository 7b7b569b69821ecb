"""Streams of simulated monitors, and whether what was read of them is true."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from recorder_core.capture.bis import (
    AsciiParser,
    BinaryParser,
    BisRecord,
    EegBlock,
    Reading,
)
from recorder_core.simulate.devices import BisMonitorModel, ChannelNumbers, SentStream
from recorder_core.simulate.physiology import Patient

Protocol = Literal["ascii", "binary"]
PATIENT = Patient.invent(np.random.default_rng(3))
PARSERS = {"ascii": AsciiParser, "binary": BinaryParser}
#: field of the values -> number of the monitor
QUANTITIES = ("bis", "sqi", "emg", "sr", "sef", "total_power")
#: of ten bits each
BYTES_PER_SECOND = {"ascii": 960, "binary": 5760}


def speak(
    model: BisMonitorModel, ticks: int, damage: Callable[[bytes], bytes] = bytes
) -> SentStream:
    """All that a monitor says once it was asked, as it arrives."""
    stream = SentStream()
    asked = [b"D"] if model.protocol == "ascii" else []
    for answer in (each for request in asked for each in model.hear(request)):
        stream.append(answer, answer.content)
    for number in range(ticks):
        for record in model.tick(number):
            stream.append(record, damage(record.content))
    return stream


def pieces(content: bytes, chance: random.Random, longest: int = 400) -> Iterator[bytes]:
    place = 0
    while place < len(content):
        size = chance.randint(1, longest)
        yield content[place : place + size]
        place += size


def read_stream(protocol: Protocol, content: bytes, chance: random.Random) -> list[Reading]:
    """Read a stream in pieces; the time is that of the wire, without pauses."""
    parser, found, place = PARSERS[protocol](), [], 0
    for piece in pieces(content, chance):
        found += parser.feed(piece, place / BYTES_PER_SECOND[protocol])
        place += len(piece)
    return found


@dataclass
class Found:
    """What a reader made of a stream."""

    #: numbers of the records that gave all of their values
    whole: set[int] = field(default_factory=set)
    #: what is not as it was sent, in words
    wrong: list[str] = field(default_factory=list)
    #: damaged samples whose checksum fits
    unseen: list[int] = field(default_factory=list)


def check_against(stream: SentStream, readings: list[Reading]) -> Found:
    """Compare what was read with what was sent.

    A reading is found in the stream by its bytes, in order. A record is true if each of its values
    is that of the record in which it begins, or none.
    """
    place, found = 0, Found()
    for reading in readings:
        at = stream.content.find(reading.raw, place)
        assert at >= 0, "it was never sent"
        place = at + 1
        number = stream.number_at(at)
        sent = stream.records[number]
        if isinstance(reading, BisRecord):
            found.wrong += [
                f"record {number}: {each}" for each in _wrong_values(reading, sent.combined)
            ]
            if not any(math.isnan(getattr(reading.values, name)) for name in QUANTITIES):
                found.whole.add(number)
        elif isinstance(reading, EegBlock):
            if sent.microvolts is not None and _is_near(reading, sent.microvolts):
                found.whole.add(number)
            elif sum(reading.raw[2:-2]) % 65536 == int.from_bytes(reading.raw[-2:], "little"):
                found.unseen.append(number)
            else:
                found.wrong.append(f"samples {number}")
    return found


def _wrong_values(record: BisRecord, sent: ChannelNumbers | None) -> list[str]:
    values = {name: getattr(record.values, name) for name in QUANTITIES}
    return [
        f"{name} is {value}"
        for name, value in values.items()
        if not math.isnan(value) and (sent is None or value != getattr(sent, name))
    ]


def _is_near(block: EegBlock, microvolts: np.ndarray) -> bool:
    same = block.microvolts.shape == microvolts.shape
    return same and bool(np.abs(block.microvolts - microvolts).max() < 0.026)
