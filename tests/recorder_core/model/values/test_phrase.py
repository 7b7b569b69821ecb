from __future__ import annotations

import copy
import json
import pickle

from recorder_core.errors import NotInCatalog
from recorder_core.model.values.phrase import error_text, phrase, said, said_again


def test_a_phrase_is_its_english_sentence_and_keeps_its_name_where_it_is_copied() -> None:
    made = phrase("low", "{disk} has {free} GiB left", disk="/a", free=3)
    assert made == "/a has 3 GiB left"
    for each in (made, copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert said(each) == {"name": "low", "values": {"disk": "/a", "free": "3"}}
    assert json.loads(json.dumps({"error": made})) == {"error": "/a has 3 GiB left"}
    assert said("plain") is None


def test_a_place_is_taken_out_of_the_sentence_and_of_its_values() -> None:
    made = phrase("low", "{disk} is full", disk="/secret/disk")
    hidden = made.changed(lambda text: text.replace("/secret/", ""))
    assert (hidden, said(hidden)) == ("disk is full", {"name": "low", "values": {"disk": "disk"}})


def test_an_error_gives_its_phrase_back_also_after_it_was_json() -> None:
    error = NotInCatalog(phrase("gone", "event {event} is gone", event="e1"))
    assert str(error) == "event e1 is gone"
    sent = json.loads(json.dumps({"error": str(error), "said": said(error_text(error))}))
    assert said(said_again(sent["error"], sent["said"])) == said(error_text(error))
    assert said(said_again("plain", None)) is None
    assert said(said_again("odd", {"name": "x", "values": 3})) is None
