"""A running job that is watched: what arrives, who may watch, and that no watcher slows it."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from recorder_core.archive import Password
from recorder_core.catalog import Job, Profile
from recorder_core.errors import NotAllowed, SettingsError, WrongState
from recorder_core.jobs.archive import JobUpdate, add_user, disable_user
from recorder_core.jobs.archive.queue.calling import call_address, signed_text
from recorder_core.jobs.worker.watchers import Watchers
from tests.recorder_core.jobs.archive.conftest import PASSWORD
from tests.recorder_core.jobs.worker.job_kinds import TAPE
from tests.recorder_core.jobs.worker.test_commands import logged, say
from tests.recorder_core.jobs.worker.test_main import ENDED, gone, process_of, when
from tests.recorder_core.jobs.worker.test_policies import source, start_recording

__all__ = ["source"]

pytestmark = pytest.mark.usefixtures("own_kinds")
#: more pieces than come in the seconds in which a stream must end
MANY = 3_000


@pytest.fixture
def job(site: Any, source: Path) -> Iterator[Job]:
    """A recording that shows a number, and pictures whose comment is that number."""
    with site.opened("olga") as archive:
        job = start_recording(archive, source)
        yield job
        with suppress(WrongState):  # the test stopped it
            archive.cancel_job(job.job_id)
        assert when(archive, job.job_id, *ENDED).state == "done"
    gone(job)


def number_of(piece: JobUpdate) -> int:
    """Return the number that a piece shows, a picture's as another program reads it."""
    if piece.state is not None:
        return int(piece.state["shown"])
    assert piece.preview is not None
    image = Image.open(io.BytesIO(piece.preview))
    assert (image.format, image.size) == ("JPEG", (480, 360))
    image.load()
    return int(image.info["comment"])


def signed(job: Job, signer: Any, challenge: str, by: str, channel: Any = "watch") -> Any:
    payload = json.dumps({"by": by})
    text = signed_text(channel, job.job_id, challenge, payload)
    return {"payload": payload, "signature": signer._session.identity.actor.sign(text)}


def test_states_and_previews_arrive_until_the_job_ends(site: Any, job: Job) -> None:
    with site.opened("olga") as archive, archive.watch_job(job.job_id) as pieces:
        found = list(islice(pieces, 12))
        numbers = {
            "state": [number_of(each) for each in found if each.state is not None],
            "preview": [number_of(each) for each in found if each.preview is not None],
        }
        for each in numbers.values():
            assert len(each) >= 3
            assert each == sorted(set(each))
        assert numbers["preview"][0] > numbers["state"][0]  # the state at once, then what is new
        archive.cancel_job(job.job_id)
        rest = list(islice(pieces, MANY))
        assert len(rest) < MANY
        assert next(pieces, None) is None
        # the last state has left, and the catalog says how it ended
        assert [each.state for each in rest if each.state is not None][-1]["is_last"]
        assert archive.job(job.job_id).state == "done"
        with pytest.raises(WrongState, match="is done: it can be watched while it runs"):
            archive.watch_job(job.job_id)
    assert logged(site, f"job:{job.job_id} watch") == [("olga", "view_preview", "begun")] * 2


def test_a_job_that_was_killed_is_none_that_has_ended(site: Any, source: Path) -> None:
    with site.opened("olga") as archive:
        job = start_recording(archive, source)
        with archive.watch_job(job.job_id) as pieces:
            assert next(pieces).state is not None
            os.kill(process_of(job), signal.SIGKILL)
            with pytest.raises(WrongState, match="broke off without a word"):
                for _ in islice(pieces, MANY):
                    pass
            assert next(pieces, None) is None
        assert when(archive, job.job_id, *ENDED).state == "interrupted"


def test_who_is_slow_gets_the_newest_and_delays_nobody(site: Any, job: Job) -> None:
    with (
        site.opened("olga") as archive,
        archive.watch_job(job.job_id) as slow,
        archive.watch_job(job.job_id) as fast,
    ):
        first = number_of(next(slow))
        for piece in fast:
            if piece.state is not None and piece.state["shown"] > first + 300:
                newest = int(piece.state["shown"])
                break
        got = []
        for piece in slow:
            got.append(number_of(piece))
            if got[-1] >= newest:
                break
    # a few that waited already; then what is new, and none of the hundreds between
    assert len(got) < 20
    assert got == sorted(got)


def test_who_may_watch_no_longer_watches_no_longer(site: Any, job: Job) -> None:
    with site.opened("adam") as adam:
        add_user(adam, "olaf", Profile.OPERATOR, Password(PASSWORD))
        with site.opened("olaf") as olaf, olaf.watch_job(job.job_id) as pieces:
            assert next(pieces).state is not None
            disable_user(adam, "olaf")
            with pytest.raises(NotAllowed, match="this user is disabled"):
                for _ in islice(pieces, MANY):
                    pass
        assert adam.job(job.job_id).state == "running"


def test_only_who_may_watches_and_nobody_in_the_name_of_another(site: Any, job: Job) -> None:
    with site.opened("rita") as rita, pytest.raises(NotAllowed, match="may not view preview"):
        rita.watch_job(job.job_id)
    with site.opened("olga") as olga, site.opened("rosa") as rosa:

        def asked(*given: Any, **more: Any) -> dict[str, Any]:
            return say(
                job.job_id, lambda each: signed(job, given[0], each, *given[1:], **more), "watch"
            )

        assert asked(rosa, "olga")["error"] == "NotAllowed"
        assert asked(rosa, "rosa")["error"] == "NotAllowed"
        # what was signed for a command, or for another challenge
        assert asked(olga, "olga", channel="command")["error"] == "NotAllowed"
        for wrong in ([], {}, {"payload": "[]", "signature": ""}):
            assert say(job.job_id, wrong, "watch")["error"] == "ArchiveError"
        heard = []

        def right(challenge: str) -> Any:
            heard.append(signed(job, olga, challenge, "olga"))
            return heard[0]

        assert say(job.job_id, right, "watch") == {"answer": "watching"}
        assert say(job.job_id, heard[0], "watch")["error"] == "NotAllowed"
    assert logged(site, f"job:{job.job_id} watch") == [("rita", "view_preview", "refused")]


def test_the_pieces_are_as_the_format_says(site: Any, job: Job) -> None:
    with (
        site.opened("olga") as olga,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line,
    ):
        line.connect(call_address("watch", job.job_id))
        stream = line.makefile("rb")
        challenge = json.loads(stream.readline())["challenge"]
        line.sendall(json.dumps(signed(job, olga, challenge, "olga")).encode() + b"\n")
        assert json.loads(stream.readline()) == {"answer": "watching"}
        kinds = []
        for _ in range(6):
            kind, size = struct.unpack(">BI", stream.read(5))
            content = stream.read(size)
            kinds.append(kind)
            assert content.startswith(b"\xff\xd8") if kind == 2 else "shown" in json.loads(content)
    assert kinds[0] == 1
    assert set(kinds) == {1, 2}


def test_so_many_watch_and_commands_have_a_limit_of_their_own(site: Any, job: Job) -> None:
    with site.opened("olga") as archive, ExitStack() as watching:
        watches = [watching.enter_context(archive.watch_job(job.job_id)) for _ in range(8)]
        for each in watches:
            assert next(each).state is not None
        with pytest.raises(WrongState, match="already has 8 viewers, the maximum"):
            archive.watch_job(job.job_id)
        assert archive.command_job(job.job_id, "mark", {"code": "incision"})["by"] == "olga"
        watches[0].close()
        for _ in range(1000):  # until the job sees that somebody has gone
            try:
                with archive.watch_job(job.job_id) as pieces:
                    assert next(pieces).state is not None
                break
            except WrongState:
                continue
        else:
            raise AssertionError("who has gone counts still")


def test_a_kind_that_shows_nothing_cannot_be_watched(site: Any, blocked: str) -> None:
    with site.opened("olga") as archive, pytest.raises(SettingsError, match="verify shows nothing"):
        archive.watch_job(blocked)


@pytest.mark.parametrize(
    ("state", "preview", "said"),
    [
        ({"at": b"x"}, None, "what JSON can hold"),
        ({"at": float("nan")}, None, "what JSON can hold"),
        ({"at": "x" * 65_536}, None, "at most 65536 bytes"),
        (None, b"\x89PNG", "as JPEG"),
        (None, b"\xff\xd8\xff" + bytes(1 << 20), "at most 1048576 bytes"),
    ],
)
def test_what_cannot_be_shown_is_refused(state: Any, preview: Any, said: str) -> None:
    session: Any = None
    with pytest.raises(SettingsError, match=said):
        Watchers(session, "x", TAPE).show(state, preview)
