from __future__ import annotations

from recorder_core.media import ENCODER_NAMES, encoder_facts


def test_every_encoder_is_tried_and_libx264_is_there() -> None:
    facts = encoder_facts()
    assert tuple(fact.name for fact in facts) == ENCODER_NAMES
    assert facts[0].name == "libx264"
    assert facts[0].available
    assert all(fact.reason for fact in facts)
