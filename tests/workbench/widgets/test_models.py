"""The models of the widgets, which are JavaScript without a page, are tested by Node.js."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from recorder_core import errors
from recorder_core.catalog import Job
from recorder_core.catalog.model.codes import utc_now
from recorder_core.jobs.archive import JOB_KINDS, job_phrases, job_sentence
from recorder_core.jobs.archive.queue.sentences import _FAILED
from recorder_core.review import ReasonKind

ROOT = Path(__file__).resolve().parents[3]


def test_models_of_the_widgets_pass_their_own_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "tools")
    node, _ = importlib.import_module("bundle_widgets").commands()
    scripts = sorted(Path(__file__).parent.glob("*.test.mjs"))
    result = subprocess.run(
        [*node, "--test", *map(str, scripts)], check=False, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout[-3000:]
    assert "# fail 0" in result.stdout or "fail 0" in result.stdout


def test_the_review_page_has_words_for_every_reason() -> None:
    words = ROOT / "workbench" / "widgets" / "js" / "src" / "model" / "words_en.js"
    text = words.read_text(encoding="utf-8")
    assert [each for each in get_args(ReasonKind) if f"  why_{each}: " not in text] == []


def _jobs() -> Iterator[Job]:
    """Yield jobs of every kind, in every state, with every error that has words of its own."""
    states = ("queued", "running", "done", "cancelled", "interrupted")
    for kind in JOB_KINDS.values():
        ends = [*((state, None) for state in states)]
        ends += [("failed", error) for error in (*_FAILED, *kind.failures, "ValueError")]
        for state, error in ends:
            for event, by in ((None, None), ("e1", "rita")):
                yield Job(
                    job_id="j1",
                    kind=kind.name,
                    event_id=event,
                    state=state,
                    progress=0.0,
                    worker=None,
                    error_class=error,
                    created_by="olga",
                    created_utc=utc_now(),
                    stopped_by=by,
                )


def test_pages_say_of_a_job_what_the_command_line_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "tools")
    node, _ = importlib.import_module("bundle_widgets").commands()
    model = ROOT / "workbench" / "widgets" / "js" / "src" / "model"
    script = f"""
      import {{ readFileSync }} from "node:fs";
      import {{ jobSentence }} from "{model}/job_sentence.js";
      import {{ speaker }} from "{model}/words.js";
      const jobs = JSON.parse(readFileSync(0, "utf8"));
      const said = (job) => ["en", "pt"].map((each) => jobSentence(job, speaker(each)));
      console.log(JSON.stringify(jobs.map(said)));
    """
    jobs = list(_jobs())
    sent = [
        {
            "kind": job.kind,
            "said": list(job_phrases(job)),
            "sentence": "a word is missing",
            "can_start_again": JOB_KINDS[job.kind].can_start_again,
            "stopped_by": job.stopped_by,
            "event_id": job.event_id,
            "error_class": job.error_class,
        }
        for job in jobs
    ]
    command = [*node, "--input-type=module", "-e", script]
    found = subprocess.run(
        command, input=json.dumps(sent), check=True, capture_output=True, text=True
    )
    said = json.loads(found.stdout)
    assert [english for english, _ in said] == [job_sentence(job) for job in jobs]
    assert all(english != other for english, other in said)


def _phrases() -> Iterator[tuple[str, str]]:
    """Yield name and English template of each sentence that pages say in other languages."""
    for package in ("recorder_core", "workbench"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "phrase":
                    name, template = (ast.literal_eval(each) for each in node.args)
                    yield name, template


def test_every_sentence_with_a_name_is_there_in_every_language() -> None:
    found = dict(_phrases())
    for language in ("pt", "es"):
        words = ROOT / "workbench" / "widgets" / "js" / "src" / "model" / f"said_{language}.js"
        lines = re.findall(r'^  (\w+): (".*"),$', words.read_text(encoding="utf-8"), re.MULTILINE)
        said = {name: json.loads(text) for name, text in lines}
        assert {name for name in said if not name.startswith("err_")} == set(found)
        for name, template in found.items():
            places = set(re.findall(r"\{(\w+)\}", said[name]))
            assert places <= set(re.findall(r"\{(\w+)\}", template)) | {"count"}, name
        assert {name[4:] for name in said if name.startswith("err_")} <= set(errors.__all__)
