from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder_core.archive import DelaySettings, Password
from recorder_core.catalog import Action, Profile
from recorder_core.errors import NoKeyMatches, NotAllowed, SignInDelayed
from recorder_core.jobs.archive import (
    Credentials,
    change_own_password,
    disable_user,
    open_archive,
    read_audit,
    set_profile,
)
from workbench.server.entrance.sessions import SessionLimits, Sessions, SignedIn

PASSWORD = "correct horse"
LIMITS = SessionLimits(idle_seconds=100, max_seconds=1000, check_seconds=0)


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(archive: Path, clock: Clock) -> Iterator[Sessions]:
    sessions = Sessions(archive, limits=LIMITS, delays=DelaySettings(free_attempts=2), clock=clock)
    yield sessions
    sessions.close()


def _sign_in(sessions: Sessions, login: str) -> SignedIn:
    return sessions.sign_in(login, Password(PASSWORD), address="127.0.0.1")


def _log(archive: Path) -> list[tuple[str, str, str, str]]:
    with open_archive(archive, Credentials("adam", Password(PASSWORD))) as opened:
        return [(row.who, row.action, row.outcome, row.origin) for row in read_audit(opened)]


def test_two_people_read_the_same_archive_as_what_they_are(sessions: Sessions) -> None:
    rita, rosa = _sign_in(sessions, "rita"), _sign_in(sessions, "rosa")
    assert (rita.login, rita.profile) == ("rita", Profile.REVIEWER)
    assert (rosa.login, rosa.profile) == ("rosa", Profile.RESEARCHER)
    assert len(rita.archive.events()) == len(rosa.archive.events()) == 2
    with rita.archive.events()[0].open_video() as video:
        assert sum(1 for _ in video.decode()) == 60
    with pytest.raises(NotAllowed):
        rosa.archive.events()[0].open_video()


def test_a_token_finds_its_own_session_and_no_other(sessions: Sessions) -> None:
    rita, rosa = _sign_in(sessions, "rita"), _sign_in(sessions, "rosa")
    assert rita.token != rosa.token
    assert sessions.find(rita.token) is rita
    assert sessions.find(rosa.token) is rosa
    for forged in ("", "x", rita.token[:-1], rita.token + "=", "\ud800", rita.token.swapcase()):
        assert sessions.find(forged) is None


def test_the_memory_of_the_sessions_holds_no_token_as_a_key(sessions: Sessions) -> None:
    rita = _sign_in(sessions, "rita")
    kernel = sessions.kernel_token(rita, "kernel-1")
    assert rita.token not in repr(vars(sessions))
    assert kernel not in repr(vars(sessions))


def test_a_kernels_token_is_of_its_own_kind_and_ends_with_the_kernel(sessions: Sessions) -> None:
    rosa = _sign_in(sessions, "rosa")
    first, second = (sessions.kernel_token(rosa, name) for name in ("one", "two"))
    assert sessions.find_kernel(first) is rosa
    assert (sessions.kernel_id(first), sessions.kernel_id(rosa.token)) == ("one", None)
    assert sessions.find(first) is None
    assert sessions.find_kernel(rosa.token) is None
    sessions.end_kernel("one")
    assert sessions.find_kernel(first) is None
    assert sessions.find_kernel(second) is rosa
    sessions.sign_out(rosa.token)
    assert sessions.find_kernel(second) is None


def test_signing_out_ends_the_token_and_forgets_the_keys(sessions: Sessions) -> None:
    rita = _sign_in(sessions, "rita")
    sessions.sign_out(rita.token)
    sessions.sign_out(rita.token)
    assert sessions.find(rita.token) is None
    with pytest.raises(Exception, match="closed"):
        rita.archive.events()


def test_a_session_ends_after_its_last_use_and_after_its_time(
    sessions: Sessions, clock: Clock
) -> None:
    rita = _sign_in(sessions, "rita")
    for clock.seconds in range(0, 1000, 90):
        assert sessions.find(rita.token) is rita
    clock.seconds = 1000
    assert sessions.find(rita.token) is None
    rosa = _sign_in(sessions, "rosa")
    clock.seconds = 1099
    assert sessions.find(rosa.token, is_use=False) is rosa
    clock.seconds = 1100
    assert sessions.find(rosa.token) is None
    assert set(sessions.end_unused()) == {rita, rosa}
    assert sessions.all() == []


def test_a_user_who_is_disabled_or_changed_meanwhile_is_out(
    sessions: Sessions, archive: Path
) -> None:
    rita, rosa, egon = (_sign_in(sessions, login) for login in ("rita", "rosa", "egon"))
    with open_archive(archive, Credentials("adam", Password(PASSWORD))) as opened:
        disable_user(opened, "rita")
        set_profile(opened, "rosa", Profile.ENGINEER)
    assert sessions.find(rita.token) is None
    assert sessions.find(rosa.token) is None
    assert sessions.find(egon.token) is egon


def test_a_new_password_ends_what_was_signed_in_with_the_old_one(
    sessions: Sessions, archive: Path
) -> None:
    rita, rosa = _sign_in(sessions, "rita"), _sign_in(sessions, "rosa")
    kernel = sessions.kernel_token(rita, "a kernel")
    with open_archive(archive, Credentials("rita", Password(PASSWORD))) as opened:
        change_own_password(opened, Password(PASSWORD), Password("another horse"))
    assert sessions.find_kernel(kernel) is None
    assert sessions.all() == [rosa]
    again = sessions.sign_in("rita", Password("another horse"))
    assert sessions.find(again.token) is again


def test_wrong_passwords_are_logged_and_slowed(sessions: Sessions, archive: Path) -> None:
    for login in ("rita", "rita", "nobody"):
        with pytest.raises(NoKeyMatches):
            sessions.sign_in(login, Password("wrong"), address="10.0.0.9")
    with pytest.raises(SignInDelayed):
        sessions.sign_in("rita", Password(PASSWORD), address="10.0.0.9")
    # who guesses at one address delays the person nowhere else, and not at the recorder
    assert _sign_in(sessions, "rita").login == "rita"
    with open_archive(archive, Credentials("rita", Password(PASSWORD))) as opened:
        assert opened.login == "rita"
    refused = [row for row in _log(archive) if row[2] == "refused"]
    assert [(row[0], row[3]) for row in refused].count(("rita", "web:10.0.0.9")) == 3
    assert ("unknown-user", "log_in", "refused", "web:10.0.0.9") in refused


def test_what_is_done_outside_is_asked_and_logged(sessions: Sessions, archive: Path) -> None:
    rita, rosa = _sign_in(sessions, "rita"), _sign_in(sessions, "rosa")
    rosa.archive.log_use(Action.RUN_CODE, detail="kernel:one")
    with pytest.raises(NotAllowed, match="reviewer may not run code"):
        rita.archive.log_use(Action.RUN_CODE, detail="kernel:two")
    rows = [row[:3] for row in _log(archive) if row[1] == "run_code"]
    assert rows == [
        ("rosa", "run_code", "begun"),
        ("rosa", "run_code", "done"),
        ("rita", "run_code", "refused"),
    ]
