"""Commands to a running job: who may give them, and when they arrive."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any, cast

import pytest

from recorder_core.catalog import Action, Catalog
from recorder_core.errors import AuditError, NotAllowed, SettingsError, WrongState
from recorder_core.jobs.archive import CommandKind
from recorder_core.jobs.archive.process.process_code import process_code
from recorder_core.jobs.archive.queue import late_log
from recorder_core.jobs.archive.queue.calling import call_address, signed_text
from recorder_core.jobs.archive.queue.commanding import JobCall, JobCommand
from recorder_core.jobs.archive.queue.job_queue import NO_LOCK, JobQueue
from recorder_core.jobs.worker.commands import CommandListener
from tests.integration.documents.blocks import ROOT
from tests.recorder_core.jobs.archive.conftest import PASSWORD
from tests.recorder_core.jobs.worker.test_main import ENDED, gone, when
from tests.recorder_core.jobs.worker.test_policies import source, start_recording

__all__ = ["source"]

pytestmark = pytest.mark.usefixtures("own_kinds")


def say(job_id: str, content: Any, channel: Any = "command") -> dict[str, Any]:
    """Return what a job answers to who speaks with it without this program."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(call_address(channel, job_id))
        stream = line.makefile("rb")
        challenge = json.loads(stream.readline())["challenge"]
        line.sendall(
            f"{json.dumps(content(challenge) if callable(content) else content)}\n".encode()
        )
        answer: dict[str, Any] = json.loads(stream.readline())
    return answer


def logged(site: Any, detail: str) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(site.path / "catalog.db")) as catalog:
        wanted = "SELECT who, action, outcome FROM audit WHERE detail = ? ORDER BY seq"
        return catalog.execute(wanted, (detail,)).fetchall()


#: a process of its own that gives a command as the reviewer, and prints the answer
_GIVING = """
import json, sys
from pathlib import Path
from recorder_core.archive import Password
from recorder_core.jobs.archive import JOB_KINDS, Credentials, open_archive
from tests.recorder_core.jobs.worker.job_kinds import KINDS
path, password, job, command, arguments = sys.argv[1:]
JOB_KINDS.update(KINDS)
with open_archive(Path(path), Credentials("rita", Password(password))) as archive:
    print(json.dumps(archive.command_job(job, command, json.loads(arguments))))
"""


def given(site: Any, job_id: str, command: str, **arguments: str) -> subprocess.Popen[str]:
    """Return a process that gives a command; once this returns, the job was called."""
    words = [str(site.path), PASSWORD, job_id, command, json.dumps(arguments)]
    python = Path(sys.prefix) / "bin" / "python"
    process = subprocess.Popen(
        [python, "-c", _GIVING, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    while not logged(site, f"job:{job_id} {command}"):
        assert process.poll() is None
        time.sleep(0.01)
    return process


def test_the_moment_of_a_command_is_that_of_the_call_whatever_the_job_does(
    site: Any, source: Path, tmp_path: Path
) -> None:
    """Who gives it is another process than the one that started the job, and another person."""
    released = tmp_path / "released"
    with site.opened("olga") as archive:
        job = start_recording(archive, source)
    holding = given(site, job.job_id, "hold", until=str(released))
    before = time.monotonic()
    marking = given(site, job.job_id, "mark", code="incision", note="Dr Quellmarker came")
    after = time.monotonic()
    assert (holding.poll(), marking.poll()) == (None, None)
    released.touch()
    answers = [json.loads(each.communicate(timeout=60)[0]) for each in (holding, marking)]
    assert answers[0] is None
    assert before < answers[1]["arrived"] < after
    assert answers[1]["by"] == "rita"
    with site.opened("olga") as archive:
        archive.cancel_job(job.job_id)
        assert when(archive, job.job_id, *ENDED).state == "done"
    with site.opened("rita") as archive:
        [marker] = archive.event(str(job.event_id)).marker_rows()
    assert (marker.marker_id, marker.kind) == (answers[1]["marker"], "incision")
    assert marker.author == "rita"
    assert logged(site, f"job:{job.job_id} mark") == [("rita", "mark", "begun")]
    gone(job)


#: a process that writes to the catalog, and for long
_WRITING = """
import sqlite3, sys
sqlite3.connect(sys.argv[1], isolation_level=None).execute("BEGIN IMMEDIATE")
print(flush=True)
sys.stdin.read()
"""


def test_what_is_immediate_waits_for_neither_the_catalog_nor_another_command(
    site: Any, source: Path, tmp_path: Path
) -> None:
    released = tmp_path / "released"
    with site.opened("olga") as archive, ThreadPoolExecutor(1) as pool:
        job = start_recording(archive, source)
        holding = given(site, job.job_id, "hold", until=str(released))
        for ask, done in (
            (partial(archive.command_job, job.job_id, "hide"), "hidden"),
            (partial(archive.cancel_job, job.job_id), "stopped"),
        ):
            catalog = str(site.path / "catalog.db")
            writing = [Path(sys.prefix) / "bin" / "python", "-c", _WRITING, catalog]
            with subprocess.Popen(writing, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as busy:
                assert busy.stdout is not None
                busy.stdout.readline()
                asked = pool.submit(ask)
                while not source.with_suffix(f".{done}").exists():
                    assert not asked.done()
                    time.sleep(0.01)
                is_early = not asked.done()
                busy.communicate()
            assert is_early
            asked.result(60)
        assert holding.poll() is None
        released.touch()
        assert when(archive, job.job_id, *ENDED).state == "done"
        holding.communicate(timeout=60)
    for command in ("hide", "cancel"):
        assert logged(site, f"job:{job.job_id} {command}") == [("olga", "record", "begun")]
    gone(job)


def test_what_is_done_and_cannot_be_logged_is_said_and_logged_as_soon_as_it_can_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_full, logs = threading.Event(), SimpleQueue[str]()

    @contextmanager
    def logged() -> Iterator[None]:
        if is_full.is_set():
            raise AuditError("the disk is full")
        yield
        logs.put("logged")

    def refuse() -> None:
        raise WrongState("it is hidden already")

    monkeypatch.setattr(late_log, "_AGAIN_SECONDS", 0.01)
    queue = JobQueue(cast(Any, None))
    with pytest.raises(WrongState, match="hidden already"):
        queue._send_first(refuse, logged, NO_LOCK)
    is_full.set()
    with pytest.raises(WrongState, match="hidden already"):  # and not that it is done
        queue._send_first(refuse, logged, NO_LOCK)
    with pytest.raises(
        AuditError, match=r"it is done, but that cannot be logged just now, .*: the disk is full"
    ):
        queue._send_first(lambda: None, logged, NO_LOCK)
    assert logs.empty()
    is_full.clear()
    assert logs.get(timeout=60) == "logged"
    is_full.set()
    with pytest.raises(AuditError):
        queue._send_first(lambda: None, logged, NO_LOCK)
    queue.close()


def test_only_who_may_gives_a_command_and_only_one_that_the_kind_takes(
    site: Any, source: Path, blocked: str
) -> None:
    with site.opened("olga") as archive:
        job = start_recording(archive, source)
    for login in ("rosa", "egon", "adam"):
        with site.opened(login) as archive, pytest.raises(NotAllowed, match="may not mark"):
            archive.command_job(job.job_id, "mark", {"code": "incision"})
    assert logged(site, f"job:{job.job_id} mark") == [
        (login, "mark", "refused") for login in ("rosa", "egon", "adam")
    ]
    with site.opened("olga") as archive:
        with pytest.raises(
            SettingsError, match="takes no command 'bake'; it takes mark, hold, hide"
        ):
            archive.command_job(job.job_id, "bake")
        with pytest.raises(SettingsError, match="there is no such marker"):  # the job refuses it
            archive.command_job(job.job_id, "mark", {"code": "none"})
        for arguments, said in (
            ({"code": b"incision"}, "mark.code must be of the type string"),
            ({"note": "none"}, "mark lacks code"),
            ({"code": "incision", "colour": "red"}, "mark has 1 unknown fields"),
        ):
            with pytest.raises(SettingsError, match=said):
                archive.command_job(job.job_id, "mark", arguments)
        with pytest.raises(SettingsError, match="at most 65536 bytes"):
            archive.command_job(job.job_id, "mark", {"code": "incision", "note": "x" * 65_536})
    none = pytest.raises(SettingsError, match="verify takes no command 'mark'; it takes none")
    with site.opened("egon") as archive, none:
        archive.command_job(blocked, "mark")
    with site.opened("olga") as archive:
        archive.cancel_job(job.job_id)
        when(archive, job.job_id, "done")
        with pytest.raises(WrongState, match="is done: it takes commands while it runs"):
            archive.command_job(job.job_id, "mark", {"code": "incision"})
        assert archive.event(str(job.event_id)).marker_rows() == []
    gone(job)


def test_a_command_in_the_name_of_another_or_given_again_is_refused(
    site: Any, source: Path
) -> None:
    with site.opened("olga") as olga, site.opened("rosa") as rosa:
        job = start_recording(olga, source)

        def signed(by: str, signer: Any, challenge: str, code: Any = "incision") -> dict[str, str]:
            payload = json.dumps({"by": by, "command": "mark", "arguments": {"code": code}})
            text = signed_text("command", job.job_id, challenge, payload)
            return {"payload": payload, "signature": signer._session.identity.actor.sign(text)}

        forged, own = partial(signed, "olga", rosa), partial(signed, "rosa", rosa)
        for content in (forged, own, signed("olga", olga, "0" * 64)):
            assert say(job.job_id, content)["error"] == "NotAllowed"
        for content in (
            [],
            {},
            {"payload": "[]", "signature": ""},
            {"payload": "{}", "signature": "é"},
        ):
            assert say(job.job_id, content)["error"] == "ArchiveError"
        heard = []

        def right(challenge: str) -> dict[str, str]:
            heard.append(signed("olga", olga, challenge))
            return heard[0]

        assert say(job.job_id, right)["answer"]["by"] == "olga"
        wrong = say(job.job_id, partial(signed, "olga", olga, code=5))
        assert wrong["sentence"] == "mark.code must be of the type string"
        assert say(job.job_id, heard[0])["error"] == "NotAllowed"
        olga.cancel_job(job.job_id)
        assert when(olga, job.job_id, *ENDED).state == "done"
        assert len(olga.event(str(job.event_id)).marker_rows()) == 1
    gone(job)


def test_a_command_that_waited_says_since_when_and_is_believed_within_bounds(
    site: Any, source: Path
) -> None:
    with site.opened("olga") as olga:
        job = start_recording(olga, source)

        def arrived(asked: Any) -> float:
            arguments = {"code": "incision"}
            answer = olga.command_job(job.job_id, "mark", arguments, asked_seconds=asked)
            return float(answer["arrived"])

        asked = time.monotonic()
        assert arrived(asked) == asked
        for wrong in (asked - 11, asked + 60, float("nan"), True, "now", None):
            before = time.monotonic()
            assert before < arrived(wrong) < time.monotonic()
        olga.cancel_job(job.job_id)
        assert when(olga, job.job_id, *ENDED).state == "done"
    gone(job)


def test_a_command_goes_to_no_other_process_than_the_one_that_the_catalog_names(
    site: Any,
) -> None:
    with Catalog(site.path / "catalog.db") as catalog:
        queued = catalog.jobs.add("tape", by="olga")
        job = catalog.jobs.claim(queued.job_id, process_code(os.getppid()), at_once=None)
    assert job is not None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as impostor:
        impostor.bind(call_address("command", job.job_id))
        impostor.listen()
        with pytest.raises(WrongState, match="does not answer"), JobCall(job):
            pass


_MARKING = CommandKind(action=Action.MARK)


def test_an_answer_that_is_yet_to_come_keeps_no_other_command_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored, replies = threading.Event(), SimpleQueue[Any]()

    def answer(command: JobCommand) -> Any:
        return "pauses" if command.name == "pause" else lambda: stored.wait(60) and "stored"

    def checked(_listener: CommandListener, call: Any) -> JobCommand:
        return JobCommand(call.name, {}, "olga", 0.0)

    kind: Any = SimpleNamespace(commands=dict.fromkeys(("screenshot", "pause"), _MARKING))

    monkeypatch.setattr(CommandListener, "_checked", checked)
    listener = CommandListener(cast(Any, None), "a job", kind, cast(Any, None))
    calls = [SimpleNamespace(name=name, reply=replies.put) for name in ("screenshot", "pause")]
    with listener.answering(answer), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(listener._serve, cast(Any, calls[0]))
        listener._serve(cast(Any, calls[1]))
        assert replies.get(timeout=60) == {"answer": "pauses"}
        assert not waiting.done()
        stored.set()
    assert replies.get(timeout=60) == {"answer": "stored"}
