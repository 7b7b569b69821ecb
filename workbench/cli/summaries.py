"""One line on each command, for ``workbench --help``, which loads none of them."""

from __future__ import annotations

from typing import Final

__all__ = ["SUMMARIES"]

#: by command, in the order in which they are listed
SUMMARIES: Final = {
    "record": "record a room into an archive",
    "simulate": "make a surgery video with exact ground truth",
    "view": "propose the room view of a video, and draw it",
    "deidentify": "make every face in the room view unrecognisable",
    "corrections": "record a person's corrections to a de-identified copy",
    "detect": "write the table of detections, without rendering",
    "dataset": "convert, check, split, extract and show labelled pictures",
    "train": "train a detector from a settings file",
    "evaluate": "measure detectors on labelled pictures",
    "score": "compare a de-identified copy with the true faces",
    "archive": "make an encrypted archive, and look after it",
    "event": "import, list, show, release, export and delete events",
    "report": "write the PDF report of an event",
    "user": "add users, change passwords and profiles",
    "grant": "grant a user the keys of events, or revoke them",
    "job": "start long work that goes on by itself, and see how far it is",
    "audit": "check, show and export the audit log",
    "mirror": "compare and repair the two copies of an archive",
    "serve": "serve the pages of an archive to browsers",
    "retention": "set how long each site keeps its events, and show what is due",
    "devices": "list the cameras, sound cards and other devices that can be recorded",
    "doctor": "show what this machine has, what will be used, and why",
    "demo": "record a simulated surgery, de-identify it, and serve an archive with it",
}
