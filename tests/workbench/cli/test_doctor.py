from __future__ import annotations

import dataclasses
import json

import pytest

from recorder_core.jobs import machine_facts
from workbench.cli import doctor, main


def test_doctor_prints_the_facts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    for word in ("processor", "engines", "openvino", "pytorch-cuda", "encoders", "libx264"):
        assert word in text


def test_doctor_prints_json_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["ready"] is True
    assert {engine["name"] for engine in facts["engines"]} == {
        "openvino", "pytorch", "pytorch-cuda",
    }  # fmt: skip
    assert all(engine["reason"] for engine in facts["engines"] + facts["encoders"])
    assert facts["engine"]
    assert len(facts["weights_sha256"]) == 64


def test_a_machine_that_cannot_do_it_gives_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = dataclasses.replace(machine_facts(), engine="", engine_reason="no engine is here")
    monkeypatch.setattr(doctor, "machine_facts", lambda: facts)
    assert main(["doctor"]) == 1
    assert "cannot run here" in capsys.readouterr().out
    assert main(["doctor", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["ready"] is False
