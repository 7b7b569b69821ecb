"""What the page of a review shows while another copy takes the place of the one before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recorder_core.errors import ArchiveError
from recorder_core.jobs.archive import ArchivedEvent
from tests.workbench.server.api.conftest import Api
from workbench.client import RemoteArchive, RemoteEvent
from workbench.client.review import RemoteReview
from workbench.dashboards.review import ReviewPage


@pytest.fixture
def page(writable: Api, monkeypatch: pytest.MonkeyPatch) -> ReviewPage:
    # the moments are said by the test, so nothing has to rank them
    monkeypatch.setattr(RemoteArchive, "start_job", lambda *_: None)
    archive = writable.archive("rita")
    return ReviewPage(archive, archive.event(writable.unreleased))


def _look(page: ReviewPage, number: int) -> Any:
    """Have the page look, as the browser asks for it, and return what it is answered."""
    answers: list[Any] = []
    page.desk.send = lambda content, buffers=None: answers.append(content)
    page.desk._handle_custom_msg({"kind": "ask", "what": "look", "number": number}, [])
    return next(each["problem"] for each in answers if each["kind"] == "answer")


def _shown(page: ReviewPage) -> list[str]:
    """Return the copy whose moments, video and boxes are shown."""
    desk = page.desk
    return [desk.about["copy"], *(url.split("#")[1] for url in (desk.copy_url, desk.boxes_url))]


def test_another_copy_is_shown_once_all_that_belongs_to_it_has_come(
    page: ReviewPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    [before] = set(_shown(page))
    another = replace(page._event.reviewing.moments(), copy="another:1")
    monkeypatch.setattr(RemoteReview, "moments", lambda _: another)

    def fail(_: object) -> None:
        raise ArchiveError("the server is not reached")

    for number, (owner, name) in enumerate(
        [(RemoteEvent, "corrections"), (RemoteReview, "statement")]
    ):
        with monkeypatch.context() as cut:
            cut.setattr(owner, name, fail)
            assert "not reached" in _look(page, number)["error"]
        assert set(_shown(page)) == {before}
    assert _look(page, 9) is None
    assert set(_shown(page)) == {"another:1"}


@pytest.mark.parametrize("sees_original", [True, False])
def test_who_was_given_the_copy_alone_sees_that(
    writable: Api, monkeypatch: pytest.MonkeyPatch, sees_original: bool
) -> None:
    monkeypatch.setattr(RemoteArchive, "start_job", lambda *_: None)
    if not sees_original:
        monkeypatch.setattr(
            ArchivedEvent, "is_sealed_to_me", lambda _, role: role == "deidentified"
        )
    archive = writable.archive("rita")
    desk = ReviewPage(archive, archive.event(writable.unreleased)).desk
    assert bool(desk.url) == sees_original
    assert desk.copy_url
