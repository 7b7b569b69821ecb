"""Every public operation asks the profile: all profiles against all operations."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest

from recorder_core import jobs
from recorder_core.archive import Argon2Settings, Password
from recorder_core.catalog import PERMISSIONS, Action, Profile, RetentionRule, is_allowed
from recorder_core.errors import NotAllowed, RecorderError
from recorder_core.jobs import archive as package
from recorder_core.jobs.archive import Archive, ArchivedEvent
from recorder_core.jobs.dataset.extract import extract_event
from recorder_core.jobs.dataset.frames import ExtractSettings
from recorder_core.jobs.record import RecordRequest, RoomSources, hold_room, record_room, show_room
from recorder_core.model import EventClock
from recorder_core.report import ReportSettings
from tests.recorder_core.jobs.record.fakes import room

USERS = {
    Profile.OPERATOR: "olga",
    Profile.REVIEWER: "rita",
    Profile.RESEARCHER: "rosa",
    Profile.ENGINEER: "egon",
    Profile.ADMINISTRATOR: "adam",
}
NOT_THERE = "0000000000000000"
WORD = Password("correct horse")
FULL, SHORT = ReportSettings(), ReportSettings(is_deidentified=True)
Operation = Callable[[Archive, ArchivedEvent, Path], object]


def _record(archive: Archive) -> None:
    request = package.RecordingRequest(procedure_code="demo")
    with package.record_event(archive, request):
        pass


def _record_room(archive: Archive) -> None:
    with record_room(archive, RecordRequest(room=room()), RoomSources({})):
        pass


def _hold_room(archive: Archive) -> None:
    request = RecordRequest(room=room(pre_record_seconds=1.0))
    with hold_room(archive, request, RoomSources({})):
        pass


def _show_room(archive: Archive) -> None:
    with show_room(archive, RecordRequest(room=room()), RoomSources({})):
        pass


def _lend(archive: Archive) -> None:
    with package.with_recovery_words(archive, "no such words"):
        pass


def _add_job(archive: Archive, state: str, event_id: str | None = None) -> str:
    """Queue a job without a process, ended as the state says; return its id."""
    jobs = archive._session.catalog.jobs
    for job in jobs.find(state="queued"):
        jobs.end(job.job_id, "cancelled")
    kind = "verify" if event_id is None else "rerender"  # of an event without a copy: not begun
    job = jobs.add(kind, by=archive.login, event_id=event_id)
    return (job if state == "queued" else jobs.end(job.job_id, "failed")).job_id


#: operation -> what it asks for, and a call that would do as little as possible
OPERATIONS: dict[str, list[tuple[Action, Operation]]] = {
    "add_copy": [(Action.DEIDENTIFY, lambda a, e, p: package.add_copy(a, NOT_THERE, p))],
    "add_device": [
        (
            Action.WRITE_IDENTITY,
            lambda a, e, p: package.add_device(a, e.event_id, package.DeviceFacts(kind="monitor")),
        )
    ],
    "add_user": [
        (Action.MANAGE_USERS, lambda a, e, p: package.add_user(a, "rita", Profile.REVIEWER, WORD))
    ],
    "archive_event": [(Action.ARCHIVE_EVENT, lambda a, e, p: package.archive_event(a, NOT_THERE))],
    "archive_status": [(Action.LIST_EVENTS, lambda a, e, p: package.archive_status(a))],
    "event_screenshots": [
        (Action.LIST_EVENTS, lambda a, e, p: package.event_screenshots(a, e.event_id))
    ],
    "read_screenshot": [
        (Action.VIEW_ORIGINAL, lambda a, e, p: package.read_screenshot(a, e.event_id, "x"))
    ],
    "begin_review": [(Action.REVIEW, lambda a, e, p: package.begin_review(a, NOT_THERE))],
    "change_own_password": [
        (
            Action.CHANGE_OWN_PASSWORD,
            lambda a, e, p: package.change_own_password(a, Password("wrong one"), WORD),
        )
    ],
    "check_copies": [(Action.REPAIR_MIRROR, lambda a, e, p: package.check_copies(a))],
    "copy_sealed": [
        (Action.COPY_SEALED, lambda a, e, p: package.copy_sealed(a, e.event_id, p / "sealed"))
    ],
    "correct_event": [(Action.CORRECT, lambda a, e, p: package.correct_event(a, NOT_THERE, []))],
    "deidentify_event": [
        (
            Action.DEIDENTIFY,
            lambda a, e, p: package.deidentify_event(
                a,
                NOT_THERE,
                package.EventDeidentifyRequest(options=jobs.DeidentifyOptions(), work=p),
            ),
        )
    ],
    "decide_moment": [
        (Action.REVIEW, lambda a, e, p: package.decide_moment(a, NOT_THERE, "1-2", "accepted"))
    ],
    "event_statement": [(Action.REVIEW, lambda a, e, p: package.event_statement(a, NOT_THERE))],
    "rank_event": [(Action.REVIEW, lambda a, e, p: package.rank_event(a, NOT_THERE))],
    "review_queue": [(Action.REVIEW, lambda a, e, p: package.review_queue(a, NOT_THERE))],
    "confirm_clock": [
        (
            Action.MANAGE_RETENTION,
            lambda a, e, p: package.confirm_clock(a, datetime.now(UTC).date()),
        )
    ],
    "delete_due": [(Action.MANAGE_RETENTION, lambda a, e, p: package.delete_due(a))],
    "delete_event": [
        (Action.DELETE_EVENT, lambda a, e, p: package.delete_event(a, NOT_THERE, "duplicate"))
    ],
    "disable_user": [(Action.MANAGE_USERS, lambda a, e, p: package.disable_user(a, "adam"))],
    "discard_copy": [(Action.DEIDENTIFY, lambda a, e, p: package.discard_copy(a, NOT_THERE))],
    "draft_key": [(Action.REVIEW, lambda a, e, p: package.draft_key(a, NOT_THERE))],
    "event_corrections": [
        (Action.READ_DETECTIONS, lambda a, e, p: package.event_corrections(a, NOT_THERE))
    ],
    "event_key_holders": [(Action.GRANT, lambda a, e, p: package.event_key_holders(a, NOT_THERE))],
    "event_moments": [(Action.REVIEW, lambda a, e, p: package.event_moments(a, NOT_THERE))],
    "event_frames_between": [
        (
            Action.READ_DETECTIONS,
            lambda a, e, p: package.event_frames_between(a, NOT_THERE, 0.0, 1.0),
        )
    ],
    "export_audit": [(Action.READ_AUDIT, lambda a, e, p: package.export_audit(a, p / "x" / "y"))],
    "export_event": [
        (
            Action.EXPORT_ORIGINAL,
            lambda a, e, p: package.export_event(a, e.event_id, p, ["original"]),
        ),
        (
            Action.EXPORT_SIGNALS,
            lambda a, e, p: package.export_event(a, e.event_id, p, ["signals"]),
        ),
    ],
    "finalise_event": [
        (Action.FINALISE_EVENT, lambda a, e, p: package.finalise_event(a, NOT_THERE))
    ],
    "grant": [(Action.GRANT, lambda a, e, p: package.grant(a, NOT_THERE, "rita"))],
    "import_video": [
        (
            Action.IMPORT_EVENT,
            lambda a, e, p: package.import_video(
                a, package.ImportRequest(source=p / "none.mp4", procedure_code="demo")
            ),
        )
    ],
    "keep_report": [(Action.REPORT_FULL, lambda a, e, p: package.keep_report(a, e.event_id, FULL))],
    "list_users": [(Action.MANAGE_USERS, lambda a, e, p: package.list_users(a))],
    "make_report": [
        (Action.REPORT_FULL, lambda a, e, p: package.make_report(a, e.event_id, FULL)),
        (Action.REPORT_DEIDENTIFIED, lambda a, e, p: package.make_report(a, e.event_id, SHORT)),
    ],
    "mark_event": [
        (Action.MARK, lambda a, e, p: package.mark_event(a, e.event_id, "demo", start_seconds=0.0))
    ],
    "open_copy": [(Action.VIEW_DEIDENTIFIED, lambda a, e, p: package.open_copy(a, e.event_id, p))],
    "open_for_export": [
        (
            Action.EXPORT_ORIGINAL,
            lambda a, e, p: package.open_for_export(a, e.event_id, "original")[0].close(),
        )
    ],
    "read_audit": [(Action.READ_AUDIT, lambda a, e, p: package.read_audit(a))],
    "read_kept_report": [
        (Action.REPORT_FULL, lambda a, e, p: package.read_kept_report(a, e.event_id))
    ],
    "record_event": [(Action.RECORD, lambda a, e, p: _record(a))],
    "hold_room": [(Action.RECORD, lambda a, e, p: _hold_room(a))],
    "show_room": [(Action.RECORD, lambda a, e, p: _show_room(a))],
    "record_room": [(Action.RECORD, lambda a, e, p: _record_room(a))],
    "reopen_review": [(Action.REOPEN_REVIEW, lambda a, e, p: package.reopen_review(a, NOT_THERE))],
    "repair_copies": [(Action.REPAIR_MIRROR, lambda a, e, p: package.repair_copies(a))],
    "reset_password": [
        (Action.MANAGE_USERS, lambda a, e, p: package.reset_password(a, "rita", WORD))
    ],
    "retention_due": [(Action.MANAGE_RETENTION, lambda a, e, p: package.retention_due(a))],
    "retention_rules": [(Action.MANAGE_RETENTION, lambda a, e, p: package.retention_rules(a))],
    "rerender_event": [
        (
            Action.DEIDENTIFY,
            lambda a, e, p: package.rerender_event(
                a, NOT_THERE, package.EventRerenderRequest(work=p)
            ),
        )
    ],
    "revoke": [(Action.GRANT, lambda a, e, p: package.revoke(a, NOT_THERE, "rita"))],
    "set_password_cost": [
        (Action.MANAGE_SETTINGS, lambda a, e, p: package.set_password_cost(a, Argon2Settings(64)))
    ],
    "set_retention_rule": [
        (Action.MANAGE_RETENTION, lambda a, e, p: package.set_retention_rule(a, RetentionRule()))
    ],
    "set_reviewers_needed": [
        (Action.MANAGE_SETTINGS, lambda a, e, p: package.set_reviewers_needed(a, 3))
    ],
    "set_room_view": [
        (Action.DEIDENTIFY, lambda a, e, p: package.set_room_view(a, NOT_THERE, "full"))
    ],
    "set_profile": [
        (
            Action.MANAGE_USERS,
            lambda a, e, p: package.set_profile(a, "adam", Profile.ENGINEER),
        )
    ],
    "sign_off": [(Action.SIGN_OFF, lambda a, e, p: package.sign_off(a, NOT_THERE))],
    # an operator may take them while recording only, of what is to be seen then
    "take_screenshots": [
        (
            Action.VIEW_ORIGINAL,
            lambda a, e, p: package.take_screenshots(
                a, e.event_id, package.ScreenshotRequest(frame_indexes=(10**9,))
            ),
        )
    ],
    "extract_event": [
        (
            Action.EXPORT_ORIGINAL,
            lambda a, e, p: extract_event(a, e.event_id, p, ExtractSettings(), unreviewed=True),
        )
    ],
    "unarchive_event": [
        (Action.ARCHIVE_EVENT, lambda a, e, p: package.unarchive_event(a, NOT_THERE))
    ],
    "undo_correction": [(Action.CORRECT, lambda a, e, p: package.undo_correction(a, NOT_THERE, 1))],
    "verify_audit": [(Action.READ_AUDIT, lambda a, e, p: package.verify_audit(a))],
    "with_recovery_words": [(Action.GRANT, lambda a, e, p: _lend(a))],
    "write_kept_report": [
        (
            Action.REPORT_FULL,
            lambda a, e, p: package.write_kept_report(a, e.event_id, p / "kept.pdf", 99),
        )
    ],
    "write_report": [
        (
            Action.REPORT_FULL,
            lambda a, e, p: package.write_report(a, e.event_id, FULL, p / "new.pdf"),
        )
    ],
    "Archive.event": [(Action.LIST_EVENTS, lambda a, e, p: a.event(e.event_id))],
    "Archive.events": [(Action.LIST_EVENTS, lambda a, e, p: a.events())],
    "Archive.search_names": [(Action.READ_IDENTITY, lambda a, e, p: a.search_names("x"))],
    "accept_place": [(Action.MANAGE_SETTINGS, lambda a, e, p: package.accept_place(a, mirror=p))],
    "adopt_event": [(Action.REPAIR_MIRROR, lambda a, e, p: package.adopt_event(a, NOT_THERE))],
    "backup_archive": [(Action.COPY_ALL_SEALED, lambda a, e, p: package.backup_archive(a, p))],
    "check_recovery": [(Action.MANAGE_SETTINGS, lambda a, e, p: package.check_recovery(a))],
    "renew_recovery": [
        (Action.MANAGE_SETTINGS, lambda a, e, p: package.renew_recovery(a, lambda _: None))
    ],
    "save_event_corrections": [
        (
            Action.CORRECT,
            lambda a, e, p: package.save_event_corrections(a, NOT_THERE, [], [], seen=0),
        )
    ],
    "set_mirror": [(Action.MANAGE_SETTINGS, lambda a, e, p: package.set_mirror(a, p))],
    "Archive.start_job": [
        (Action.DEIDENTIFY, lambda a, e, p: a.start_job("deidentify", NOT_THERE))
    ],
    "Archive.cancel_job": [
        (Action.REPAIR_MIRROR, lambda a, e, p: a.cancel_job(_add_job(a, "queued")))
    ],
    "Archive.command_job": [
        (Action.REPAIR_MIRROR, lambda a, e, p: a.command_job(_add_job(a, "queued"), "mark"))
    ],
    "Archive.watch_job": [
        (Action.VIEW_PREVIEW, lambda a, e, p: a.watch_job(_add_job(a, "queued")))
    ],
    "Archive.start_job_again": [
        (Action.DEIDENTIFY, lambda a, e, p: a.start_job_again(_add_job(a, "failed", e.event_id)))
    ],
    "ArchivedEvent.corrections": [(Action.READ_UNRELEASED, lambda a, e, p: e.corrections())],
    "ArchivedEvent.history": [(Action.LIST_EVENTS, lambda a, e, p: e.history())],
    "ArchivedEvent.media_type": [(Action.VIEW_ORIGINAL, lambda a, e, p: e.media_type("original"))],
    "ArchivedEvent.review": [(Action.READ_DETECTIONS, lambda a, e, p: e.review())],
    "ArchivedEvent.detections": [(Action.READ_DETECTIONS, lambda a, e, p: e.pts_index())],
    "ArchivedEvent.redactions": [(Action.READ_DETECTIONS, lambda a, e, p: e.pts_index())],
    "ArchivedEvent.redaction_table": [(Action.READ_DETECTIONS, lambda a, e, p: e.pts_index())],
    "ArchivedEvent.copy_report": [(Action.READ_DETECTIONS, lambda a, e, p: e.pts_index())],
    "ArchivedEvent.frames": [(Action.READ_DETECTIONS, lambda a, e, p: e.frames())],
    "ArchivedEvent.pts_index": [(Action.READ_DETECTIONS, lambda a, e, p: e.pts_index())],
    "ArchivedEvent.marker_rows": [(Action.LIST_EVENTS, lambda a, e, p: e.marker_rows())],
    "ArchivedEvent.markers": [(Action.LIST_EVENTS, lambda a, e, p: e.markers())],
    "ArchivedEvent.signal_rows": [(Action.LIST_EVENTS, lambda a, e, p: e.signal_rows())],
    "ArchivedEvent.names": [(Action.READ_IDENTITY, lambda a, e, p: e.names())],
    "ArchivedEvent.open_file": [(Action.VIEW_ORIGINAL, lambda a, e, p: e.open_file("original"))],
    # of an event that was recorded: tests/recorder_core/jobs/record/test_devices.py
    "ArchivedEvent.raw": [(Action.VIEW_ORIGINAL, lambda a, e, p: e.open_file("original"))],
    "ArchivedEvent.signals": [(Action.READ_SIGNALS, lambda a, e, p: e.signals())],
    "ArchivedEvent.open_video": [(Action.VIEW_ORIGINAL, lambda a, e, p: e.open_video().close())],
    "ArchivedEvent.video": [(Action.VIEW_ORIGINAL, lambda a, e, p: e.video())],
}
#: they need the recovery words or a password of their own, or give nothing away
WITHOUT_PROFILE = {
    "accept_audit_break",
    "audit_head_at",
    "check_new_archive",
    "copy_id",  # says no more than the event that its caller has
    "create_archive",
    "enclosing_archive",
    "event_work_folder",
    "kept_work_folder",
    "find_archive",
    "list_inbox",  # of no archive: the server asks who may import
    "job_phrases",
    "job_sentence",
    "no_view_sentence",
    "on_same_disk",
    "open_archive",
    "parse_started",
    "read_outside_anchor",
    "recover_access",
    "renew_outside_anchor",
    "restore_archive",
    "verify_audit_at",
    "Archive.check_person",
    "Archive.close",
    "Archive.log_use",  # asks for the action that it is given
    "Archive.login",
    "Archive.may",
    "Archive.may_cancel_job",
    "Archive.refuse_unless",
    # asks for the original, and says nothing of it to those who may not see it
    "ArchivedEvent.incomplete",
    # what who signed in knows, and what the person's own event or archive is
    "Archive.job_place",
    "Archive.catalog",  # each of its methods asks: test_reading.py
    "Archive.folders",
    "Archive.copy_faults",
    "Archive.mirror_faults",
    "Archive.notices",
    "Archive.profile",
    "ArchivedEvent.event_id",
    # says what the table of profiles says
    "ArchivedEvent.may_still_read",
    "ArchivedEvent.row",
    # writes what nobody can read back without a key
    "EventRecording.clock",
    "EventRecording.describe",
    "EventRecording.event_id",
    "EventRecording.finish",
    "EventRecording.fragmented",
    "EventRecording.journal",
    "EventRecording.make_seekable",
    "EventRecording.open_detections",
    "EventRecording.open_raw",
    "EventRecording.open_signals",
    "EventRecording.open_stream",
    "EventRecording.sink",
    "EventRecording.warning",
}
#: ids, codes and counts of what was listed already: asked, but no row of the log for each
ASKED: dict[str, Operation] = {
    # opens the copy's report, which asks and is logged, for whom it is sealed to alone
    "read_copy_warnings": lambda a, e, p: package.read_copy_warnings(a, e.event_id),
    "event_sign_offs": lambda a, e, p: package.event_sign_offs(a, e.event_id),
    "half_signed_events": lambda a, e, p: package.half_signed_events(a),
    "Archive.job": lambda a, e, p: a.job(_add_job(a, "queued")),
    "Archive.job_notice": lambda a, e, p: a.job_notice(a.job(_add_job(a, "queued"))),
    "Archive.jobs": lambda a, e, p: a.jobs(),
    "Archive.frame_count": lambda a, e, p: a.frame_count(e.event_id),
    "Archive.reader_ids": lambda a, e, p: a.reader_ids(e.event_id, "original"),
    "Archive.roles": lambda a, e, p: a.roles([e]),
    "Archive.seal_warning": lambda a, e, p: a.seal_warning(),
    "ArchivedEvent.file": lambda a, e, p: e.file("original"),
    "ArchivedEvent.files": lambda a, e, p: e.files(),
    "ArchivedEvent.is_released": lambda a, e, p: e.is_released,
    "ArchivedEvent.is_sealed_to_me": lambda a, e, p: e.is_sealed_to_me("original"),
    "ArchivedEvent.room_view": lambda a, e, p: e.room_view(),
    "EventRecording.event": lambda a, e, p: (
        package.EventRecording(a._session, e.event_id, EventClock.now(), None, None).event
    ),
}


def _public() -> set[str]:
    functions = {name for name in package.__all__ if inspect.isfunction(getattr(package, name))}
    for each in walk_packages(jobs.__path__, f"{jobs.__name__}."):
        # beside the facade itself, the process of a job runs what it asks the facade for
        if each.name.startswith((f"{package.__name__}.", f"{jobs.__name__}.worker.")):
            continue
        module = importlib.import_module(each.name)
        for name in getattr(module, "__all__", ()):
            member = getattr(module, name)
            if inspect.isfunction(member) and "archive" in inspect.signature(member).parameters:
                functions.add(name)
    return functions | {
        f"{kind.__name__}.{name}"
        for kind in (Archive, ArchivedEvent, package.EventRecording)
        for name in {*dir(kind), *_set_on(kind)}
        if not name.startswith("_")
    }


def _set_on(kind: type) -> set[str]:
    """Return the names of the attributes that making an object sets on it."""
    made = [each.__init__ for each in kind.__mro__ if inspect.isfunction(each.__init__)]
    sources = " ".join(map(inspect.getsource, made))
    return set(re.findall(r"self\.(\w+)\b[^=\n(]* = ", sources))


def test_everything_public_has_a_row() -> None:
    tables = [set(OPERATIONS), set(ASKED), WITHOUT_PROFILE]
    assert set().union(*tables) == _public()
    assert sum(map(len, tables)) == len(_public())


def test_every_operation_takes_its_event_in_one_way() -> None:
    operations = {
        name: inspect.signature(getattr(package, name))
        for name in package.__all__
        if inspect.isfunction(getattr(package, name))
    } | {"extract_event": inspect.signature(extract_event)}
    taking = {
        name: signature
        for name, signature in operations.items()
        if {"event", "event_id"} & set(signature.parameters) and "archive" in signature.parameters
    }
    assert len(taking) >= 27
    for name, signature in taking.items():
        assert signature.parameters["event"].annotation.startswith("str"), name
        if name != "read_audit":  # of all events where none is named
            assert list(signature.parameters)[:2] == ["archive", "event"], name


def test_what_is_asked_without_a_row_is_asked(
    site: Any, event_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.opened("olga") as archive:
        event = archive.event(event_id)
        for call in ASKED.values():
            call(archive, event, tmp_path)
        rest = PERMISSIONS[Action.LIST_EVENTS] - {Profile.OPERATOR}
        monkeypatch.setitem(PERMISSIONS, Action.LIST_EVENTS, rest)  # type: ignore[arg-type]
        asked = {name: _is_refused(call, archive, event, tmp_path) for name, call in ASKED.items()}
    assert asked == dict.fromkeys(ASKED, True)


@pytest.mark.parametrize("profile", list(Profile))
def test_the_whole_matrix(site: Any, event_id: str, tmp_path: Path, profile: Profile) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    with site.opened(USERS[profile]) as archive:
        event = archive.event(event_id)
        for name, calls in OPERATIONS.items():
            for action, call in calls:
                before = archive._session.catalog.audit.head().seq
                refused = _is_refused(call, archive, event, tmp_path / "full")
                assert refused is not is_allowed(profile, action), (name, action)
                rows = archive._session.catalog.audit.rows()[before:]
                outcome = "refused" if refused else "begun"
                assert (action.value, outcome) in {(row.action, row.outcome) for row in rows}, name


def _is_refused(call: Operation, archive: Archive, event: ArchivedEvent, folder: Path) -> bool:
    try:
        call(archive, event, folder)
    except NotAllowed:
        return True
    except RecorderError:
        return False
    return False
