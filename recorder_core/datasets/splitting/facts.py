"""What a split must balance: facts of each picture, in classes that can be counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from recorder_core.datasets.model import LabelledPicture
from recorder_core.datasets.splitting.likeness import PictureMeasure

__all__ = ["FACE_HEIGHTS_PX", "class_of", "count_facts", "is_informative", "picture_facts"]

#: classes of face height, lower edge included
FACE_HEIGHTS_PX: Final = (16, 32, 96)
#: classes of people in a picture, lower edge included
_PEOPLE: Final = (1, 2, 4)
#: classes of the mean grey value, 0 to 255
_LIGHT: Final[Mapping[float, str]] = {70.0: "dark", 140.0: "medium"}
_BRIGHT: Final = "bright"
#: facts that only people can know, as attributes of a picture; where a data set has
#: them, pictures without are a class of their own
_KNOWN_BY_PEOPLE: Final = ("patient_visible", "attire")
_NOT_SAID: Final = "not said"


def class_of(value: float, edges: Sequence[float], unit: str = "") -> str:
    """Return the name of the class that a value lies in, such as ``16-31 px``."""
    lows = [edge for edge in edges if edge <= value]
    highs = [edge for edge in edges if edge > value]
    if not lows:
        name = f"under {edges[0]}"
    elif not highs:
        name = f"{lows[-1]} and more"
    else:
        low, high = lows[-1], highs[0] - 1
        name = f"{low}" if low == high else f"{low}-{high}"
    return f"{name} {unit}".strip()


def picture_facts(
    picture: LabelledPicture, measure: PictureMeasure | None
) -> Counter[tuple[str, str]]:
    """Count what is in a picture: (fact, class) -> number.

    Parameters
    ----------
    picture : LabelledPicture
    measure : PictureMeasure or None
        What was measured from its pixels; None: light is not known, unless the picture's
        attributes say it.

    Returns
    -------
    Counter
        People, light, patient visible, attire and set count pictures; face height and
        mask count faces.
    """
    faces = picture.judged_faces
    facts = Counter({("people", _people(len(faces))): 1})
    light = picture.attributes.get("light", _light(measure))
    facts["light", str(light)] += 1
    for name in _KNOWN_BY_PEOPLE:
        facts[name, str(picture.attributes.get(name, _NOT_SAID))] += 1
    facts["set", picture.set_name or _NOT_SAID] += 1
    for face in faces:
        facts["face height", class_of(face.size_px[1], FACE_HEIGHTS_PX, "px")] += 1
        facts["mask", face.mask] += 1
    return facts


def _people(count: int) -> str:
    return "none" if count == 0 else class_of(count, _PEOPLE)


def _light(measure: PictureMeasure | None) -> str:
    if measure is None:
        return _NOT_SAID
    return next((name for limit, name in _LIGHT.items() if measure.light < limit), _BRIGHT)


def count_facts(
    pictures: Sequence[LabelledPicture], measures: Sequence[PictureMeasure | None]
) -> Counter[tuple[str, str]]:
    """Add up the facts of pictures."""
    total: Counter[tuple[str, str]] = Counter()
    for picture, measure in zip(pictures, measures, strict=True):
        total.update(picture_facts(picture, measure))
    return total


def is_informative(total: Counter[tuple[str, str]], fact: str) -> bool:
    """Return whether anything is known of a fact."""
    return any(name != _NOT_SAID for kind, name in total if kind == fact)
