"""A change is stated in the name of who makes it, whatever other threads do meanwhile."""

from __future__ import annotations

import threading

from recorder_core.catalog import Actor, Profile
from recorder_core.catalog.audit.acting import Acting

OLGA, RITA = Actor("olga", Profile.OPERATOR), Actor("rita", Profile.REVIEWER)


def test_the_innermost_action_is_this_thread_s_own() -> None:
    acting, entered, done = Acting(), threading.Event(), threading.Event()

    def read() -> None:
        with acting.doing(RITA, "list_events", None):
            entered.set()
            done.wait(60)

    reader = threading.Thread(target=read)
    with acting.doing(OLGA, "record", "e1"):
        reader.start()
        assert entered.wait(60)
        assert acting.innermost() == (OLGA, "record", "e1")
        with acting.doing(OLGA, "mark", "e1"):
            assert acting.innermost() == (OLGA, "mark", "e1")
        assert acting.innermost() == (OLGA, "record", "e1")
    # a thread that does nothing itself works for who does
    assert acting.innermost() == (RITA, "list_events", None)
    done.set()
    reader.join()
    assert not acting
    assert acting.innermost() is None
