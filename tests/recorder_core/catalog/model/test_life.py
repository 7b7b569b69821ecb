from __future__ import annotations

import pytest

from recorder_core.catalog.model.life import (
    DELETION_REASONS,
    OVERRIDING_REASONS,
    TRANSITIONS,
    EventState,
    check_transition,
)
from recorder_core.errors import WrongState

#: rows: from; columns: to; in the order of the enum
EXPECTED = {
    "recording":     "-x-----",
    "recorded":      "--x--xx",
    "de-identified": "-x-x-xx",
    "in review":     "--x-x-x",
    "signed off":    "---x-xx",
    "archived":      "-xxxx-x",
    "deleted":       "-------",
}  # fmt: skip


@pytest.mark.parametrize("old", list(EventState))
@pytest.mark.parametrize("new", list(EventState))
def test_every_pair_of_states(old: EventState, new: EventState) -> None:
    is_possible = EXPECTED[old.value][list(EventState).index(new)] == "x"
    if is_possible:
        check_transition("e1", old, new)
    else:
        with pytest.raises(WrongState, match=rf"event e1 is {old}, so it cannot become {new}"):
            check_transition("e1", old, new)


def test_every_state_has_a_row_and_nothing_comes_back_from_deletion() -> None:
    assert set(TRANSITIONS) == set(EventState)
    assert not TRANSITIONS[EventState.DELETED]
    assert set(DELETION_REASONS) >= OVERRIDING_REASONS
    assert "retention" not in OVERRIDING_REASONS
