from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from importlib import metadata

import pytest

from recorder_core.detect import load_weights
from recorder_core.errors import EngineUnavailable
from recorder_core.jobs import machine, machine_facts


def test_facts_say_what_will_be_used_and_why() -> None:
    facts = machine_facts()
    assert facts.ready
    assert facts.engine in {fact.name for fact in facts.engines if fact.available}
    assert facts.engine_reason
    assert facts.weights_sha256 == load_weights().sha256
    assert facts.libraries["av"] == metadata.version("av")
    assert facts.memory_bytes > 2**30
    assert facts.cores >= 1


def test_facts_are_json_and_lines() -> None:
    facts = machine_facts()
    content = json.loads(json.dumps(facts.to_dict()))
    assert content["ready"] is True
    assert {engine["name"] for engine in content["engines"]} >= {"openvino", "pytorch"}
    text = facts.format()
    assert facts.processor in text
    assert f"will use {facts.engine}" in text
    for fact in [*facts.engines, *facts.encoders]:
        assert fact.name in text
        assert fact.reason in text


def test_a_machine_without_an_engine_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise EngineUnavailable("no engine can run here")

    monkeypatch.setattr(machine, "choose_engine", refuse)
    facts = machine_facts()
    assert not facts.ready
    assert facts.engine_reason == "no engine can run here"
    assert "cannot run here" in facts.format()
    assert not replace(machine_facts(), engine="openvino", encoders=[]).ready


def test_a_library_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_LIBRARIES", ("numpy", "no-such-library"))
    versions = machine.library_versions()
    assert versions == {"numpy": metadata.version("numpy"), "no-such-library": "not installed"}


def test_looking_at_the_machine_does_not_import_torch() -> None:
    code = (
        "import sys\nfrom recorder_core.jobs import machine_facts\nmachine_facts()\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_measurement_names_the_program_and_the_machine_in_one_way() -> None:
    named = json.loads(json.dumps(machine.measured_on()))
    assert list(named) == ["program", "machine", "libraries"]
    assert named["program"] == f"surgery-workbench {machine_facts().program_version}"
    assert named["machine"]["processor"] == machine_facts().processor
    assert named["libraries"] == machine.library_versions()
