"""Long work from a terminal, which may be closed meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from recorder_core.errors import WrongState
from recorder_core.jobs.archive import JOB_KINDS, Archive
from tests.recorder_core.jobs.worker.job_kinds import TAPE
from tests.workbench.cli.archive.test_archive_commands import _quick_passwords, archive, event, run

__all__ = ["_quick_passwords", "archive", "event", "run"]

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "work"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []


def test_a_job_is_started_waited_for_and_listed(run: Run, event: str, work: Path) -> None:
    words = ("job", "start", "report", event[:6], "--work", work)
    assert run(*words, user="rosa")[0] == 1
    status, out, _ = run(*words, "--json", user="rita")
    started = json.loads(out)
    assert (status, started["kind"], started["event"]) == (0, "report", event)
    status, out, err = run("job", "wait", started["job"], user="rita")
    assert status == 0, err
    assert out == f"job {started['job']} (report): is done\n"
    status, out, _ = run("job", "list", "--state", "done", user="rosa")
    assert status == 0
    assert f"{started['job']}  report  {event}  rita" in out
    assert out.rstrip().endswith("done   100%  -")
    assert run("job", "list", "--state", "failed", user="rosa")[1] == "there is no such job\n"


def test_a_copy_without_a_room_view_is_started_with_a_sentence_about_it(
    run: Run, event: str, work: Path
) -> None:
    words = ("job", "start", "deidentify", event, "--work", work, "--json")
    status, out, err = run(*words, user="rita")
    assert status == 0
    assert f"workbench event view {event} --set X,Y,W,H" in err
    job = json.loads(out)["job"]
    # whoever starts it once more reads it, too
    run("job", "cancel", job, user="rita")
    run("job", "wait", job, "--quiet", user="rita")
    status, out, err = run("job", "again", job, "--work", work, "--json", user="rita")
    assert status == 0, err
    assert f"workbench event view {event} --set X,Y,W,H" in err
    assert run("job", "wait", json.loads(out)["job"], "--quiet", user="rita")[0] == 0
    assert run("event", "view", event, "--set", "full", user="rita")[0] == 0
    status, out, err = run(*words, user="rita")
    assert (status, err) == (0, "")
    assert run("job", "wait", json.loads(out)["job"], "--quiet", user="rita")[0] == 0


def test_what_cannot_be_is_said_in_one_sentence(run: Run, event: str, work: Path) -> None:
    said = [
        run(*words, "--work", work, user="rita")[2]
        for words in (
            ("job", "start", "rerender", event),
            ("job", "start", "deidentify"),
            ("job", "again", "none"),
        )
    ]
    assert said == [
        f"workbench: event {event} is recorded; rerender needs one that is de-identified, in "
        "review\n",
        "workbench: deidentify is about one event: say which\n",
        "workbench: there is no job none in the catalog\n",
    ]
    assert run("job", "cancel", "none", user="rita")[2].count("\n") == 1


def test_a_setting_of_one_name_has_one_schema_whatever_the_kind() -> None:
    rows = [each for kind in JOB_KINDS.values() for each in kind.settings]
    known = {each.name: each for each in rows}
    assert [each for each in rows if known[each.name] != each] == []


def test_the_options_follow_from_the_kind_and_what_is_private_has_none(
    run: Run,
    archive: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(JOB_KINDS, "tape", TAPE)  # type: ignore[arg-type]
    asked = []

    def start(self: Archive, kind: str, event: str | None, *, settings: dict[str, Any]) -> None:
        asked.append((kind, event, settings))
        raise WrongState("enough of that")

    private = tmp_path / "settings.json"
    private.write_text(json.dumps({"patient": "Zephyrina Ångström", "source": "camera"}))
    words = ("job", "start", "tape", "--settings-file", private)
    with monkeypatch.context() as patched:
        patched.setattr(Archive, "start_job", start)
        assert run(*words, "--duration-seconds", "0", user="rita")[0] == 1
        assert run("job", "start", "rank", "x", "--allow-no-faces", user="rita")[0] == 1
    given = {"patient": "Zephyrina Ångström", "source": "camera", "duration_seconds": 0.0}
    assert asked == [("tape", None, given), ("rank", "x", {"allow_no_faces": True})]
    said = "workbench: verify has no setting allow_no_faces; it has none\n"
    assert run("job", "start", "verify", "--allow-no-faces", user="rita")[2] == said
    private.write_text("[]")
    status, _, err = run(*words, user="rita")
    assert (status, "cannot be read as a JSON object of at most 1024 KiB" in err) == (1, True)
    for wrong in (("--duration-seconds", "x"), ("--patient", "Zephyrina")):
        with pytest.raises(SystemExit):
            run("job", "start", "tape", *wrong, user="rita")
        err = capsys.readouterr().err
        assert err.count("\n") == 1
    with pytest.raises(SystemExit):
        run("job", "start", "tape", "--duration-seconds", "-1", user="rita")
    assert "duration seconds must be at least 0" in capsys.readouterr().err
