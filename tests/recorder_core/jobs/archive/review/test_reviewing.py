"""Moment by moment: ranked once, decided by people, kept where a copy is rendered again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import Password
from recorder_core.catalog import EventState, Profile
from recorder_core.errors import DataError, EditConflict, NotAllowed, NotInCatalog, WrongState
from recorder_core.jobs.archive import (
    EventRerenderRequest,
    add_copy,
    add_user,
    decide_moment,
    event_statement,
    open_copy,
    rank_event,
    rerender_event,
    review_queue,
    save_event_corrections,
    sign_off,
    verify_audit,
)
from recorder_core.jobs.archive.review import releasing
from recorder_core.jobs.archive.review.changed_spans import ChangedSpan, changed_moments
from recorder_core.jobs.archive.review.statement import MomentCounts
from recorder_core.model import Correction, Keyframe
from recorder_core.review import Moment, Reason
from tests.recorder_core.jobs.archive.conftest import PASSWORD


@pytest.fixture
def ranked(site: Any, event_id: str, finished: Path) -> str:
    """An event whose moments are ranked."""
    with site.opened("rita") as archive:
        add_copy(archive, event_id, finished)
        rank_event(archive, event_id, look=False)
    return event_id


def _moment(first: int, stop: int, x: float = 0.0, kind: Any = "track_ends") -> Moment:
    return Moment(
        first_frame=first,
        stop_frame=stop,
        start_seconds=first / 20,
        stop_seconds=stop / 20,
        region_xyxy_px=(x, 0.0, x + 40.0, 40.0),
        reasons=(Reason(kind, 0.3, 1.0),),
        risk=0.3,
    )


def test_moments_are_ranked_once_and_decided_by_name(site: Any, ranked: str) -> None:
    with site.opened("rita") as archive:
        queue = review_queue(archive, ranked)
        assert rank_event(archive, ranked, look=False) == queue
        assert queue.moments
        assert {each.state for each in queue.moments} == {"open"}
        first = queue.moments[0].moment.moment_id
        decide_moment(archive, ranked, first, "flagged", note="is this a poster?")
        found = review_queue(archive, ranked).moments[0]
        assert (found.state, found.author, found.note) == ("flagged", "rita", "is this a poster?")
        decide_moment(archive, ranked, first, "accepted", copy=queue.copy)
        assert review_queue(archive, ranked).moments[0].state == "accepted"
        for wrong, error in (
            ({"verdict": "flagged"}, DataError),
            ({"verdict": "accepted", "copy": "another"}, WrongState),
        ):
            with pytest.raises(error):
                decide_moment(archive, ranked, first, **wrong)
        with pytest.raises(NotInCatalog):
            decide_moment(archive, ranked, "1-2-3-4-5-6", "accepted")
    with site.opened("rosa") as archive, pytest.raises(NotAllowed):
        review_queue(archive, ranked)
    with site.opened("adam") as archive:
        assert verify_audit(archive).findings == ()


def test_a_decision_of_another_name_is_found_in_the_log(site: Any, ranked: str) -> None:
    with site.opened("rita") as archive:
        first = review_queue(archive, ranked).moments[0].moment.moment_id
        decide_moment(archive, ranked, first, "accepted")
    for root in (site.path, site.mirror):
        with closing(sqlite3.connect(root / "catalog.db")) as connection, connection:
            connection.execute("DROP TRIGGER moment_decisions_no_update")
            connection.execute("UPDATE moment_decisions SET author = 'rolf'")
            connection.execute(
                "CREATE TRIGGER moment_decisions_no_update BEFORE UPDATE ON moment_decisions "
                "BEGIN SELECT RAISE(ABORT, 'a decision is never changed, only followed'); END"
            )
    with site.opened("adam") as archive:
        found = [each.sentence for each in verify_audit(archive).findings]
    assert any("moment_decisions 1" in each for each in found)


@pytest.fixture
def colleague(site: Any) -> str:
    """Another reviewer."""
    with site.opened("adam") as archive:
        add_user(archive, "rolf", Profile.REVIEWER, Password(PASSWORD))
    return "rolf"


def test_what_a_colleague_decided_meanwhile_is_not_overwritten(
    site: Any, ranked: str, colleague: str
) -> None:
    with site.opened("rita") as rita, site.opened(colleague) as rolf:
        first = review_queue(rita, ranked).moments[0].moment.moment_id
        flag = decide_moment(rolf, ranked, first, "flagged", note="a mirror", seen=0)
        with pytest.raises(EditConflict, match="rolf decided about this moment meanwhile"):
            decide_moment(rita, ranked, first, "accepted", seen=0)
        assert review_queue(rita, ranked).moments[0].note == "a mirror"
        # who has seen it decides, and a person's own decisions follow each other
        assert review_queue(rita, ranked).moments[0].decision_id == flag.decision_id
        decide_moment(rita, ranked, first, "accepted", seen=flag.decision_id)
        decide_moment(rita, ranked, first, "open", seen=flag.decision_id)
        assert review_queue(rita, ranked).moments[0].state == "open"


def test_a_copy_with_open_moments_is_not_released(
    site: Any, ranked: str, colleague: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.opened("rita") as archive:
        open_copy(archive, ranked, tmp_path / "looked")
        with pytest.raises(WrongState, match="moments that nobody has decided"):
            sign_off(archive, ranked)
        for each in review_queue(archive, ranked).moments:
            decide_moment(archive, ranked, each.moment.moment_id, "accepted")
        statement = event_statement(archive, ranked)
        assert (statement.frame_count, statement.corrections) == (60, 0)
        assert statement.counts is not None
        assert statement.counts.left == 0
        with pytest.raises(WrongState, match="got another copy meanwhile"):
            sign_off(archive, ranked, copy="another")

        def decide_late(session: Any, event_id: str) -> None:
            with site.opened(colleague) as rolf:
                decide_moment(rolf, event_id, each.moment.moment_id, "accepted")

        with monkeypatch.context() as late:
            late.setattr(releasing, "_check_reviewed", decide_late)
            with pytest.raises(EditConflict, match="changed in this very moment"):
                sign_off(archive, ranked, copy=statement.copy)
        signed = sign_off(archive, ranked, copy=statement.copy)
        assert signed.row.state is EventState.SIGNED_OFF
        with pytest.raises(WrongState):
            decide_moment(archive, ranked, each.moment.moment_id, "open")
    with site.opened("adam") as archive:
        rows = archive._session.catalog.audit.rows()
    begun = [row.detail for row in rows if row.action == "sign_off" and row.outcome == "begun"]
    assert "left:1 flagged:0" in begun[0]
    assert "left:0 flagged:0" in begun[-1]


def test_a_copy_rendered_again_keeps_what_nothing_touched(
    site: Any, ranked: str, tmp_path: Path
) -> None:
    (tmp_path / "work").mkdir()
    added = Correction("new", "add", (Keyframe(3, (5, 5, 40, 40)), Keyframe(6, (5, 5, 40, 40))))
    with site.opened("rita") as archive:
        before = review_queue(archive, ranked)
        verdicts = {
            each.moment.moment_id: "corrected" if each.moment.is_spot_check else "accepted"
            for each in before.moments
        }
        for moment_id, verdict in verdicts.items():
            decide_moment(archive, ranked, moment_id, verdict)
        save_event_corrections(archive, ranked, [added], [], seen=0)
        rerender_event(archive, ranked, EventRerenderRequest(work=tmp_path / "work"))
        after = review_queue(archive, ranked)
        for each in after.of_state("open"):
            decide_moment(archive, ranked, each.moment.moment_id, "accepted")
        counts = event_statement(archive, ranked).counts
    # the face that the spot check met is not forgotten when it is hidden in the next copy
    assert counts is not None
    assert (counts.left, counts.spot_checks, counts.spot_checks_with_faces) == (0, 1, 1)
    assert after.copy != before.copy
    for each in after.moments:
        is_touched = each.moment.first_frame < 7 and each.moment.stop_frame > 3
        assert each.state == ("open" if is_touched else verdicts[each.moment.moment_id])
    changed = after.moments[0].moment
    assert changed.reasons[0].kind == "rendered_again"
    assert (changed.first_frame, changed.stop_frame) == (3, 7) or changed.first_frame < 7


def test_what_changed_is_looked_at_again() -> None:
    known = [_moment(0, 10), _moment(30, 40, 200.0)]
    span = ChangedSpan(5, 8, 0.25, 0.4, (100.0, 0.0, 120.0, 20.0))
    touched, untouched = changed_moments(known, [span])
    assert untouched == [known[1]]
    # the place that changed is outside the moment that was known, so it has one of its own
    assert [each.moment_id for each in touched] == [span.moment.moment_id, known[0].moment_id]
    assert [each.kind for each in touched[1].reasons] == ["rendered_again", "track_ends"]
    again, _ = changed_moments(touched, [span])
    assert [each.kind for each in again[1].reasons] == ["rendered_again", "track_ends"]


@pytest.mark.parametrize(
    ("done", "faces", "bound"), [(2, 0, None), (3, 0, 1.0), (30, 0, 0.1), (30, 1, None)]
)
def test_spot_checks_bound_what_was_missed(done: int, faces: int, bound: float | None) -> None:
    counts = MomentCounts(
        moments=40,
        left=0,
        flagged=0,
        corrected=faces,
        spot_checks=done,
        spot_checks_done=done,
        spot_checks_with_faces=faces,
    )
    assert counts.missed_share_bound == bound
