"""Layouts as plain values, as TOML and JSON hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, cast

from recorder_core.composite.layout import (
    FITS,
    PANEL_KINDS,
    CompositeLayout,
    LayoutPanel,
    LayoutView,
    StaticZone,
    check_side,
)
from recorder_core.composite.presets import LAYOUT_PRESETS, preset_layout
from recorder_core.errors import SettingsError
from recorder_core.model import View
from recorder_core.model.values.schema import Schema, check_value

__all__ = ["layout_from_values", "layout_values"]

_TEXT: Final[Schema] = {"type": "string"}
_WHOLE: Final[Schema] = {"type": "integer", "minimum": 0}
_NUMBER: Final[Schema] = {"type": "number"}


def _list(items: Schema, **limits: int) -> Schema:
    return {"type": "array", "items": items, **limits}


def _object(required: tuple[str, ...], **properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": required}


_RECTANGLE: Final = _list(_WHOLE, minItems=4, maxItems=4)
_SIZE: Final = _list({"type": "integer", "minimum": 1}, minItems=2, maxItems=2)
_VIEW: Final = _object(
    ("name", "rectangle"),
    name=_TEXT,
    source=_TEXT,
    rectangle=_RECTANGLE,
    fit={"type": "string", "enum": FITS},
    border_px=_WHOLE,
    label=_TEXT,
)
_PANEL: Final = _object(
    ("name", "kind", "rectangle"),
    name=_TEXT,
    kind={"type": "string", "enum": PANEL_KINDS},
    rectangle=_RECTANGLE,
    signals=_list(_TEXT),
    quality=_TEXT,
    span_seconds=_NUMBER,
    stale_seconds=_NUMBER,
)
_ZONE: Final = _object(
    ("source", "rectangle", "picture_size_px"),
    source=_TEXT,
    rectangle=_RECTANGLE,
    picture_size_px=_SIZE,
)
_LAYOUT: Final = _object(
    ("width", "height", "views"),
    width=_WHOLE,
    height=_WHOLE,
    views=_list(_VIEW),
    panels=_list(_PANEL),
    zones=_list(_ZONE),
)
_PRESET: Final = _object(
    ("preset",),
    preset={"type": "string", "enum": tuple(LAYOUT_PRESETS)},
    width=_WHOLE,
    height=_WHOLE,
    sources={"type": "object"},
    labels={"type": "object"},
    zones=_list(_ZONE),
)


def layout_from_values(values: object) -> CompositeLayout:
    """Return a layout from plain values.

    Parameters
    ----------
    values : mapping
        Either `width`, `height`, `views`, and where there are any `panels` and `zones`, with the
        fields of the dataclasses and rectangles as lists of left, top, width and height; a view
        without a source shows the one of its own name. Or `preset`, and where they are another
        than usual `width`, `height`, `sources` and `labels` (of views by name) and `zones`.

    Raises
    ------
    SettingsError
        If a value is missing, unknown or of another type, or no layout can be so; the sentence
        says where.
    """
    if isinstance(values, Mapping):
        _check_size(values)
    if isinstance(values, Mapping) and "preset" in values:
        check_value("layout", values, _PRESET)
        return _changed_preset(values)
    check_value("layout", values, _LAYOUT)
    return _layout(cast("Mapping[str, Any]", values))


def layout_values(layout: CompositeLayout) -> dict[str, Any]:
    """Return a layout as plain values, from which `layout_from_values` makes the same layout."""
    return {
        "width": layout.width,
        "height": layout.height,
        "views": [
            {
                "name": view.name,
                "source": view.source,
                "rectangle": _numbers(view.rectangle),
                "fit": view.fit,
                "border_px": view.border_px,
                "label": view.label,
            }
            for view in layout.views
        ],
        "panels": [
            {
                "name": panel.name,
                "kind": panel.kind,
                "rectangle": _numbers(panel.rectangle),
                "signals": list(panel.signals),
                "quality": panel.quality,
                "span_seconds": panel.span_seconds,
                "stale_seconds": panel.stale_seconds,
            }
            for panel in layout.panels
        ],
        "zones": [
            {
                "source": zone.source,
                "rectangle": _numbers(zone.rectangle),
                "picture_size_px": list(zone.picture_size_px),
            }
            for zone in layout.zones
        ],
    }


def _check_size(values: Mapping[str, Any]) -> None:
    """Check the size that is given, from which the places of a preset are calculated."""
    for name in ("width", "height"):
        if name in values:
            check_value(f"layout.{name}", values[name], _WHOLE)
            check_side(name, values[name])
    if not {"preset", "views"} & values.keys():
        raise SettingsError(
            f"layout must have preset, one of {', '.join(LAYOUT_PRESETS)}, or width, height and "
            "views"
        )


def _layout(values: Mapping[str, Any]) -> CompositeLayout:
    return CompositeLayout(
        width=values["width"],
        height=values["height"],
        views=tuple(_view(each) for each in values["views"]),
        panels=tuple(_panel(each) for each in values.get("panels", ())),
        zones=_zones(values),
    )


def _changed_preset(values: Mapping[str, Any]) -> CompositeLayout:
    size = {name: values[name] for name in ("width", "height") if name in values}
    layout = preset_layout(values["preset"], **size)
    names = [view.name for view in layout.views]
    sources, labels = values.get("sources", {}), values.get("labels", {})
    for what, texts in (("sources", sources), ("labels", labels)):
        for name, text in texts.items():
            if name not in names:
                raise SettingsError(
                    f"layout.{what} names the view {name}; {values['preset']} has "
                    f"{', '.join(names)}"
                )
            check_value(f"layout.{what}.{name}", text, _TEXT)
    views = tuple(
        replace(
            view,
            source=sources.get(view.name, view.source),
            label=labels.get(view.name, view.label),
        )
        for view in layout.views
    )
    return replace(layout, views=views, zones=_zones(values))


def _view(values: Mapping[str, Any]) -> LayoutView:
    given = {"source": values["name"], **values, "rectangle": _rectangle(values)}
    return LayoutView(**given)


def _panel(values: Mapping[str, Any]) -> LayoutPanel:
    signals = tuple(values.get("signals", ()))
    return LayoutPanel(**{**values, "rectangle": _rectangle(values), "signals": signals})


def _zones(values: Mapping[str, Any]) -> tuple[StaticZone, ...]:
    return tuple(
        StaticZone(
            source=each["source"],
            rectangle=_rectangle(each),
            picture_size_px=(each["picture_size_px"][0], each["picture_size_px"][1]),
        )
        for each in values.get("zones", ())
    )


def _rectangle(values: Mapping[str, Any]) -> View:
    return View(*values["rectangle"])


def _numbers(rectangle: View) -> list[int]:
    return [rectangle.x, rectangle.y, rectangle.width, rectangle.height]
