"""What follows from a kind of job over HTTP: its settings and its commands, private ones too."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from recorder_core.catalog import Job
from recorder_core.errors import NotAllowed, NotInCatalog, SettingsError, WrongState
from recorder_core.jobs.archive import JOB_KINDS
from tests.recorder_core.jobs.worker.conftest import own_kinds
from tests.recorder_core.jobs.worker.test_commands import logged
from tests.recorder_core.jobs.worker.test_main import ENDED, _content_of_files, gone, row, when
from tests.recorder_core.jobs.worker.test_policies import PATIENT, source
from tests.workbench.server.api.conftest import Api, _own, serving
from workbench.server.api import ENDPOINTS, registry
from workbench.server.api.description import describe
from workbench.server.api.handler import _CALL_TURNS
from workbench.server.api.jobs import JOB_ENDPOINTS, job_endpoints

__all__ = ["own_kinds", "source"]


@pytest.fixture
def recorder(
    own_kinds: None, monkeypatch: pytest.MonkeyPatch, filled_archive: Api, tmp_path: Path
) -> Iterator[Api]:
    """A server that knows the kinds of the tests, and an archive of the test's own."""
    rest = [each for each in ENDPOINTS if each not in JOB_ENDPOINTS]
    own = (*job_endpoints(JOB_KINDS.values()), *rest)
    monkeypatch.setattr(registry, "ENDPOINTS", own)
    yield from serving(_own(filled_archive, tmp_path))


def begun(archive: Any, settings: dict[str, Any]) -> Job:
    """Return the job of a recording that has begun its event."""
    job: Job = archive.start_job("tape", settings=settings)
    while (job := archive.job(job.job_id)).event_id is None:
        assert job.state in ("queued", "running")
        time.sleep(0.02)
    return job


def test_the_settings_of_a_kind_are_checked_and_the_private_ones_are_on_no_disk(
    recorder: Api, source: Path
) -> None:
    olga: Any = recorder.archive("olga")
    good: dict[str, Any] = {"patient": PATIENT, "source": str(source)}
    for wrong, said in (
        ({"patient": PATIENT}, "body lacks source"),
        (good | {"patient": 5}, "body.patient must be of the type string"),
        (good | {"duration_seconds": -1}, "body.duration_seconds must be at least 0"),
        (good | {"colour": "red"}, "known: patient, source, duration_seconds"),
    ):
        with pytest.raises(SettingsError, match=said):
            olga.start_job("tape", settings=wrong)
        sent = json.dumps(wrong).encode()
        response, answer = recorder.browser("olga").ask(
            "/jobs/tape", "POST", body=sent, Content_Type="application/json"
        )
        assert (response.status, b"Traceback" in answer) == (400, False)
    with pytest.raises(NotAllowed, match="may not record"):
        recorder.archive("egon").start_job("tape", settings=good)
    assert olga.jobs() == []
    job = begun(olga, good | {"duration_seconds": 2.5})
    stored = _content_of_files(recorder.path)
    assert b"SQLite format 3" in stored
    assert PATIENT.encode() not in stored
    assert str(source).encode() not in stored
    assert json.loads(row(recorder, job.job_id)["settings"]) == {"duration_seconds": 2.5}
    olga.cancel_job(job.job_id)
    assert when(olga, job.job_id, *ENDED).state == "done"
    event = recorder.archive("rita").event(str(job.event_id))
    assert (event.row.duration_seconds, event.names().patient_name) == (2.5, PATIENT)
    gone(job)


def test_a_command_is_checked_and_its_moment_is_that_at_which_the_request_arrives(
    recorder: Api, source: Path
) -> None:
    olga: Any = recorder.archive("olga")
    rita: Any = recorder.archive("rita")
    job = begun(olga, {"patient": PATIENT, "source": str(source)})
    with pytest.raises(NotAllowed, match="may not mark"):
        recorder.archive("egon").command_job(job.job_id, "mark", {"code": "incision"})
    with pytest.raises(SettingsError, match="takes no command 'bake'; it takes mark, hold, hide"):
        olga.command_job(job.job_id, "bake")
    with pytest.raises(SettingsError, match=r"mark\.code must be of the type string"):
        rita.command_job(job.job_id, "mark", {"code": 5})
    with pytest.raises(SettingsError, match="there is no such marker"):  # the job refuses it
        rita.command_job(job.job_id, "mark", {"code": "none"})
    with pytest.raises(NotInCatalog):
        rita.command_job("none", "mark", {"code": "incision"})
    assert recorder.sessions is not None
    waiting_for = recorder.sessions.find_kernel(recorder.tokens["rita"])
    assert waiting_for is not None
    with ThreadPoolExecutor(1) as pool:
        with waiting_for.lock:
            before = time.monotonic()
            arguments = {"code": "incision", "note": "Dr Quellmarker came"}
            sent = pool.submit(rita.command_job, job.job_id, "mark", arguments)
            while "rita" not in _CALL_TURNS._lines:  # until the request waits for the lock
                assert not sent.done()
                time.sleep(0.01)
            after = time.monotonic()
        answer = sent.result(60)
    assert before < answer["arrived"] < after
    olga.cancel_job(job.job_id)
    assert when(olga, job.job_id, *ENDED).state == "done"
    [marker] = rita.event(str(job.event_id)).marker_rows()
    assert (marker.marker_id, marker.kind) == (answer["marker"], "incision")
    with pytest.raises(WrongState, match="is done: it takes commands while it runs"):
        rita.command_job(job.job_id, "mark", {"code": "incision"})
    gone(job)


def test_who_waits_for_the_answer_of_a_job_commands_and_stops_meanwhile(
    recorder: Api, source: Path, tmp_path: Path
) -> None:
    olga, again = (recorder.archive("olga") for _ in range(2))
    first, second = (begun(olga, {"patient": PATIENT, "source": str(source)}) for _ in range(2))
    released = tmp_path / "released"
    with ThreadPoolExecutor(1) as pool:
        hold = {"until": str(released)}
        held = pool.submit(again.command_job, first.job_id, "hold", hold)
        while not logged(recorder, f"job:{first.job_id} hold"):
            assert not held.done()
            time.sleep(0.01)
        answer = olga.command_job(second.job_id, "mark", {"code": "incision"})
        assert answer["by"] == "olga"
        for job in (first, second):
            olga.cancel_job(job.job_id)
        assert when(olga, second.job_id, *ENDED).state == "done"
        assert not held.done()
        released.touch()
        assert held.result(60) is None
    assert when(olga, first.job_id, *ENDED).state == "done"
    assert logged(recorder, f"job:{first.job_id} hold") == [("olga", "mark", "begun")]
    gone(first)
    gone(second)


@pytest.mark.usefixtures("own_kinds")
def test_what_a_kind_takes_is_described() -> None:
    paths = describe(job_endpoints(JOB_KINDS.values()))["paths"]
    body = paths["/jobs/tape"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["required"] == ["patient", "source"]
    assert body["properties"]["duration_seconds"] == {"type": "number", "minimum": 0}
    content = paths["/jobs/{job}/commands/{command}"]["post"]["requestBody"]["content"]
    known = content["application/json"]["schema"]["properties"]["arguments"]["anyOf"]
    titles = [f"{name} of record" for name in JOB_KINDS["record"].commands]
    assert [each["title"] for each in known] == [
        *titles,
        *(f"{name} of tape" for name in ("mark", "hold", "hide")),
    ]
    assert known[len(titles)]["required"] == ["code"]
    states = paths["/jobs/{job}/watch"]["get"]["responses"]["200"]["x-state"]["anyOf"]
    assert [each["title"] for each in states] == ["record", "tape"]
    assert states[1]["required"] == ["shown"]
