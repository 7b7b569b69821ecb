from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from recorder_core.catalog import EventState
from recorder_core.errors import (
    CatalogError,
    DataError,
    EditConflict,
    NotAllowed,
    NotInCatalog,
    SettingsError,
    WrongState,
)
from recorder_core.model import Correction, Keyframe
from workbench.widgets import BoxEditor

BOX = [20.0, 30.0, 60.5, 90.0]
ADDED: dict[str, Any] = {
    "action": "add",
    "keyframes": [
        {"frame_index": 3, "box_xyxy_px": BOX, "note": "a face behind the lamp"},
        {"frame_index": 9, "box_xyxy_px": [30, 30, 70, 90]},
    ],
}


def test_a_marker_is_entered_with_its_author(writable: Any) -> None:
    olga, path = writable.connection("olga"), f"/events/{writable.plain}/markers"
    body = {"kind": "suture", "start_seconds": 1, "stop_seconds": 2.5, "note": "seen by me"}
    assert olga.post(path, body).json()["marker"]["author"] == "olga"
    found = olga.get(path).json()["markers"]
    assert [(row["kind"], row["start_seconds"], row["stop_seconds"]) for row in found] == [
        ("suture", 1.0, 2.5)
    ]
    for wrong in ({"kind": "suture"}, body | {"start_seconds": 999}, body | {"kind": "two words"}):
        with pytest.raises((SettingsError, CatalogError)):
            olga.post(path, wrong)
    assert len(olga.get(path).json()["markers"]) == 1


def test_corrections_are_entered_read_and_taken_back(writable: Any) -> None:
    rita, path = writable.connection("rita"), f"/events/{writable.unreleased}/corrections"
    entered = rita.post(path, {"corrections": [ADDED]}).json()["corrections"]
    assert [(row["author"], row["action"], len(row["keyframes"])) for row in entered] == [
        ("rita", "add", 2)
    ]
    found = rita.get(path).json()["corrections"]
    assert [(row["state"], row["keyframes"][0]["note"]) for row in found] == [
        ("not rendered", "a face behind the lamp")
    ]
    assert found[0]["keyframes"][0]["box_xyxy_px"] == BOX
    number = found[0]["correction_id"]
    assert entered[0]["correction_id"] == number
    undone = rita.post(f"{path}/{number}/undo", {}).json()["undone_by"]
    assert undone == rita.get(path).json()["version"] > int(number)
    assert rita.get(path).json()["corrections"][0]["state"] == "undone"
    with pytest.raises(NotInCatalog):
        rita.post(f"{path}/{number}/undo", {})


def test_a_note_is_for_those_who_may_read_names(writable: Any) -> None:
    path = f"/events/{writable.unreleased}/corrections"
    writable.connection("rita").post(path, {"corrections": [ADDED]})
    with pytest.raises(NotAllowed):
        writable.connection("rosa").get(path)
    answer = writable.connection("egon")
    with pytest.raises(NotAllowed):
        answer.post(path, {"corrections": [ADDED]})
    found = answer.get(path).json()["corrections"]
    assert [row["keyframes"][0]["note"] for row in found] == [""]


def test_an_editor_saves_in_one_request_and_a_second_person_is_told(writable: Any) -> None:
    event = writable.archive("rita").event(writable.unreleased)
    seen = event.corrections().version
    keyframes = (Keyframe(3, tuple(BOX)), Keyframe(9, (30.0, 30.0, 70.0, 90.0), "occluded"))
    saved = event.save_corrections([Correction("page-1", "add", keyframes)], [], seen=seen)
    (kept,) = event.corrections()
    assert (kept.correction_id, kept.state) == (saved.ids["page-1"], "not rendered")
    assert (kept.correction.keyframes, kept.correction.author) == (keyframes, "rita")
    assert event.corrections().version == saved.version
    other = writable.archive("rita").event(writable.unreleased)
    with pytest.raises(EditConflict, match=f"correction {kept.correction_id} added by rita"):
        other.save_corrections([], [kept.correction_id], seen=seen)
    path = f"/events/{writable.unreleased}/corrections/save"
    body = json.dumps({"stored": [], "withdrawn": [kept.correction_id], "seen": seen}).encode()
    answer, content = writable.browser("rita").ask(
        path, "POST", body, Content_Type="application/json"
    )
    assert (answer.status, json.loads(content)["code"]) == (409, "EditConflict")
    assert len(event.corrections().in_force) == 1
    other.save_corrections([], [kept.correction_id], seen=saved.version)
    assert event.corrections().in_force == ()


def test_what_an_editor_shows_is_what_it_saved_before(writable: Any) -> None:
    event = writable.archive("rita").event(writable.unreleased)

    def opened() -> BoxEditor:
        found = event.corrections()
        return BoxEditor(
            author="rita",
            save=lambda edit: event.save_corrections(edit.stored, edit.withdrawn, seen=edit.seen),
            corrections=[each.correction for each in found.in_force],
            version=found.version,
            frame_seconds=np.arange(60.0).tobytes(),
            end_seconds=60.0,
            frame_size_px=(384, 192),
        )

    def save(widget: BoxEditor, *corrections: Any) -> list[str]:
        answers: list[Any] = []
        widget.send = lambda content, buffers=None: answers.append(content)
        message = {"kind": "save", "revision": 1, "corrections": list(corrections)}
        widget._handle_custom_msg(message, [])
        return [answer["kind"] for answer in answers]

    first, last = ADDED["keyframes"]
    keyframes = [first, last | {"note": "occluded"}]
    drawn = ADDED | {"correction_id": "page-1", "track": 3, "keyframes": keyframes}
    assert save(opened(), drawn) == ["saved"]
    again = opened()
    (shown,) = again.corrections
    assert shown == drawn | {"correction_id": event.corrections().corrections[0].correction_id}
    other = opened()
    assert save(again, shown | {"track": 4}) == ["saved"]
    assert save(other) == ["refused"]
    (kept,) = opened().corrections
    assert (kept["track"], [each["note"] for each in kept["keyframes"]]) == (
        4,
        ["a face behind the lamp", "occluded"],
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"corrections": []},
        {"corrections": [ADDED | {"action": "burn"}]},
        {"corrections": [ADDED | {"keyframes": [{"frame_index": -1, "box_xyxy_px": BOX}]}]},
        {"corrections": [ADDED | {"keyframes": [{"frame_index": 3, "box_xyxy_px": BOX[:3]}]}]},
        {"corrections": [ADDED | {"keyframes": [{"frame_index": True, "box_xyxy_px": BOX}]}]},
        {"corrections": [ADDED | {"author": "adam"}]},
        {"corrections": [ADDED], "made_for": "0" * 63},
    ],
)
def test_a_wrong_correction_is_refused_and_nothing_entered(api: Any, wrong: dict[str, Any]) -> None:
    rita, path = api.connection("rita"), f"/events/{api.unreleased}/corrections"
    with pytest.raises(SettingsError):
        rita.post(path, wrong)
    assert rita.get(path).json()["corrections"] == []


def test_a_frame_or_video_that_is_not_there_is_named(api: Any) -> None:
    rita, path = api.connection("rita"), f"/events/{api.unreleased}/corrections"
    late = ADDED | {"keyframes": [{"frame_index": 4000, "box_xyxy_px": BOX}]}
    for wrong in ({"corrections": [late]}, {"corrections": [ADDED], "made_for": "0" * 64}):
        with pytest.raises(DataError):
            rita.post(path, wrong)


def test_a_review_from_its_beginning_to_the_release(writable: Any) -> None:
    rita, rosa = writable.connection("rita"), writable.connection("rosa")
    path = f"/events/{writable.unreleased}"
    assert rita.post(f"{path}/review/begin", {}).json()["event"]["state"] == EventState.IN_REVIEW
    with pytest.raises(WrongState, match="not opened"):
        rita.post(f"{path}/review/sign-off", {})
    assert rita.get(f"{path}/files/deidentified").status == 200
    with pytest.raises(NotAllowed):
        rosa.get(f"{path}/files/deidentified")
    signed = rita.post(f"{path}/review/sign-off", {}).json()["event"]
    assert signed["state"] == EventState.SIGNED_OFF
    assert rita.get(f"{path}/review").json()["review"]["signed_off_by"] == "rita"
    assert rosa.get(f"{path}/files/deidentified").status == 200
    rita.post(f"{path}/review/reopen", {})
    with pytest.raises(NotAllowed):
        rosa.get(f"{path}/files/deidentified")
