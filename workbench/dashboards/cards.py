"""What a dashboard shows where it cannot show its page."""

from __future__ import annotations

import html
from typing import Any

__all__ = ["problem_card"]


def problem_card(title: str, sentence: str) -> Any:
    """Return a card that says what is wrong, with a way back.

    Parameters
    ----------
    title : str
        A few words.
    sentence : str
        Without its full stop.
    """
    from IPython.display import HTML

    return HTML(  # type: ignore[no-untyped-call]
        f'<section class="card narrow"><h1>{html.escape(title)}</h1>'
        f'<p class="error" role="alert">{html.escape(sentence)}.</p>'
        '<p><a class="main" href="/library">Back to the library</a></p></section>'
    )
