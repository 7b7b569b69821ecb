"""Watching a running job over HTTP."""

from __future__ import annotations

import http.client
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from recorder_core.catalog import Job
from recorder_core.errors import ArchiveError, NotAllowed, NotInCatalog, WrongState
from tests.recorder_core.jobs.worker.conftest import own_kinds
from tests.recorder_core.jobs.worker.test_main import ENDED, gone, when
from tests.recorder_core.jobs.worker.test_policies import PATIENT, source
from tests.recorder_core.jobs.worker.test_watchers import MANY, number_of
from tests.workbench.server.api.conftest import Api
from tests.workbench.server.api.test_jobs import begun, recorder
from workbench.server.entrance.sessions import SessionLimits
from workbench.wire import API_PATH

__all__ = ["own_kinds", "recorder", "source"]


@pytest.fixture
def job(recorder: Api, source: Path) -> Iterator[Job]:
    olga: Any = recorder.archive("olga")
    job = begun(olga, {"patient": PATIENT, "source": str(source)})
    yield job
    with recorder.local("olga") as archive:
        with suppress(WrongState):  # the test stopped it
            archive.cancel_job(job.job_id)
        assert when(archive, job.job_id, *ENDED).state == "done"
    gone(job)


def test_pieces_arrive_until_the_job_ends(recorder: Api, job: Job) -> None:
    olga: Any = recorder.archive("olga")
    with olga.watch_job(job.job_id) as pieces:
        found = list(islice(pieces, 12))
        previews = [number_of(each) for each in found if each.preview is not None]
        states = [number_of(each) for each in found if each.state is not None]
        assert len(previews) >= 3
        assert len(states) >= 3
        assert olga.job(job.job_id).state == "running"  # other requests do not wait
        olga.cancel_job(job.job_id)
        assert sum(1 for _ in islice(pieces, MANY)) < MANY
    assert when(olga, job.job_id, *ENDED).state == "done"
    with pytest.raises(WrongState, match="it can be watched while it runs"):
        olga.watch_job(job.job_id)
    with pytest.raises(NotInCatalog):
        olga.watch_job("none")
    with pytest.raises(NotAllowed, match="may not view preview"):
        recorder.archive("rita").watch_job(job.job_id)


def test_another_program_reads_the_stream_and_it_ends_with_the_session(
    recorder: Api, job: Job
) -> None:
    host, port = recorder.address.removeprefix("http://").split(":")
    other = http.client.HTTPConnection(host, int(port), timeout=60)
    headers = {"Authorization": f"token {recorder.tokens['olga']}"}
    other.request("GET", f"{API_PATH}/jobs/{job.job_id}/watch", headers=headers)
    response = other.getresponse()
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Transfer-Encoding"] == "chunked"
    assert response.headers["Cache-Control"] == "no-store"
    sessions = recorder.sessions
    assert sessions is not None
    kinds = []
    for count in range(MANY):
        kind, size = struct.unpack(">BI", response.read(5))
        content = response.read(size)
        kinds.append(kind)
        if count == 6:
            signed_in = sessions.find_kernel(recorder.tokens["olga"])
            assert signed_in is not None
            sessions.sign_out(signed_in.token)
        if kind == 3:
            break
    assert set(kinds[:7]) == {1, 2}
    assert kinds[-1] == 3
    assert b'"NotAllowed"' in content
    assert response.read() == b""
    other.close()


def test_a_session_goes_on_while_a_page_shows_what_a_job_shows(
    recorder: Api, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = recorder.sessions
    assert sessions is not None
    limits, passed = SessionLimits(), [0.0]
    monkeypatch.setattr(sessions, "_clock", lambda: time.monotonic() + passed[0])
    olga: Any = recorder.archive("olga")
    signed_in = sessions.find_kernel(recorder.tokens["olga"])
    assert signed_in is not None

    def used_meanwhile(pieces: Any) -> bool:
        """Let a session nearly end, and return whether it is used then."""
        before = passed[0] = passed[0] + 0.9 * limits.idle_seconds
        return any(signed_in.last_used - time.monotonic() > before - 60 for _ in islice(pieces, 99))

    with olga.watch_job(job.job_id) as pieces:
        assert [used_meanwhile(pieces) for _ in range(3)] == [True] * 3
        # a kernel goes on watching when its page is closed
        recorder.unseen.add("kernel-olga")
        assert not used_meanwhile(pieces)
        passed[0] += 0.2 * limits.idle_seconds
        with pytest.raises(NotAllowed, match="the session has ended"):
            for _ in islice(pieces, MANY):
                pass
    assert sessions.find_kernel(recorder.tokens["olga"]) is None


def test_a_session_ends_after_its_time_whatever_is_watched(recorder: Api, job: Job) -> None:
    sessions = recorder.sessions
    assert sessions is not None
    olga: Any = recorder.archive("olga")
    with olga.watch_job(job.job_id) as pieces:
        assert next(pieces).state is not None
        signed_in = sessions.find_kernel(recorder.tokens["olga"])
        assert signed_in is not None
        signed_in.created -= SessionLimits().max_seconds
        with pytest.raises(NotAllowed, match="the session has ended"):
            for _ in islice(pieces, MANY):
                pass


def test_one_person_watches_so_many_at_once(recorder: Api, job: Job) -> None:
    olga: Any = recorder.archive("olga")
    with ExitStack() as watching:
        for _ in range(4):
            pieces = watching.enter_context(olga.watch_job(job.job_id))
            assert next(pieces).state is not None
        with pytest.raises(ArchiveError, match="You ask for more at a time"):
            olga.watch_job(job.job_id)
        assert olga.job(job.job_id).state == "running"
