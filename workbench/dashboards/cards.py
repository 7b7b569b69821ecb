"""What a dashboard shows where it cannot show its page."""

from __future__ import annotations

import html
import json
from typing import Any, Final

from recorder_core.errors import RecorderError
from workbench.wire import error_content

__all__ = ["problem_card"]

#: name by which the page's script knows it in other languages -> in English
_TITLES: Final = {
    "nothing_to_review": "Nothing to review here",
    "nothing_to_compare": "Nothing to compare here",
    "no_times": "No times to show here",
}


def problem_card(title: str, error: RecorderError, *, event_to_deidentify: str = "") -> Any:
    """Return a card that says what is wrong, with a way back.

    Parameters
    ----------
    title : str
        Name of it: `nothing_to_review`, `nothing_to_compare` or `no_times`.
    error : RecorderError
        What is wrong.
    event_to_deidentify : str, optional
        Id of an event whose page offers what is lacking, a de-identified copy.
    """
    from IPython.display import HTML

    content = html.escape(json.dumps(error_content(error)))
    back = '<a class="{}" href="/library" data-say="back">Back to the library</a>'
    ways = back.format("main")
    if event_to_deidentify:
        href = html.escape(f"/event/{event_to_deidentify}#work")
        step = f'<a class="main" href="{href}" data-say="lib_deidentify">De-identify</a>'
        ways = f"{step} {back.format('quiet-link')}"
    return HTML(  # type: ignore[no-untyped-call]
        f'<section class="card narrow"><h1 data-say="{title}">{_TITLES[title]}</h1>'
        f'<p class="error" role="alert" data-error="{content}">{html.escape(str(error))}.</p>'
        f"<p>{ways}</p></section>"
    )
