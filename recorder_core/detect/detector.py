"""A detector, loaded once for one view; its methods are the stages, one by one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect import stages
from recorder_core.detect.anchors import AnchorSettings, make_anchors
from recorder_core.detect.engines import Engine, EngineChoice, build_engine, choose_engine
from recorder_core.detect.engines.haar import HAAR, load_haar_engine
from recorder_core.detect.networks import FAMILIES, family_named
from recorder_core.detect.networks.family import EngineRequest, NetworkFamily, NetworkName
from recorder_core.detect.raw_output import RawOutput
from recorder_core.detect.shown_view import ShownView
from recorder_core.detect.stages import BoxDecoding, CroppedView, InputSettings, ScoredBoxes
from recorder_core.detect.view_input import InputGeometry
from recorder_core.detect.weights import Weights, load_weights
from recorder_core.detect.weights.self_test import check_decode
from recorder_core.errors import ModelMismatch, SettingsError
from recorder_core.model import Orientation, Planes, ShownGeometry, View
from recorder_core.model.files.paths import StrPath
from recorder_core.model.values.argument_kinds import check_fields

__all__ = [
    "DETECTOR_NAMES",
    "Detector",
    "DetectorName",
    "DetectorSettings",
    "load_detector",
    "load_detector_weights",
]

DetectorName: TypeAlias = Literal[NetworkName, "haar"]
#: every detector, the default first
DETECTOR_NAMES: Final[tuple[DetectorName, ...]] = (*FAMILIES, HAAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSettings:
    """Which detector, on which engine, and what it keeps."""

    name: DetectorName = "retinaface-mnet025"
    #: weights file; None takes the weights that come with the program, where some do
    weights: StrPath | None = None
    engine: EngineRequest = "auto"
    #: floor for candidates: the tracker decides later what a weak one is worth
    min_score: float = 0.1
    #: overlap above which the worse of two boxes is dropped, as in the published detector
    max_iou: float = 0.4
    #: long side of the scaled view; None keeps the size of views of 832 to 960 px,
    #: enlarges smaller ones to 832 and takes 960 for larger ones
    long_side_px: int | None = None
    #: processor threads of the engine
    threads: int = 1

    def __post_init__(self) -> None:
        if self.name not in DETECTOR_NAMES:
            raise SettingsError(
                f"there is no detector {self.name!r}; choose one of {', '.join(DETECTOR_NAMES)}"
            )
        check_fields(self)
        if not (0 < self.min_score < 1 and 0 <= self.max_iou <= 1):
            raise SettingsError(
                f"min_score {self.min_score} must lie between 0 and 1 and max_iou "
                f"{self.max_iou} in [0, 1]"
            )
        if self.threads < 1:
            raise SettingsError(f"the number of threads is {self.threads}; it must be at least 1")


@dataclass(frozen=True, slots=True)
class Detector:
    """A detector for one view: stages 2 to 8, each a method that can be timed from outside."""

    settings: DetectorSettings
    engine: Engine = field(repr=False)
    #: one sentence: why this engine
    engine_reason: str
    input: InputSettings
    decoding: BoxDecoding
    #: SHA-256 of the weights, hexadecimal
    weights_sha256: str
    #: the view that is looked at, in source-frame pixels
    view: View
    #: how it is mirrored and turned before the network sees it; None: not at all
    shown: ShownView | None = None
    #: anchors of the network; None where it gives boxes in input pixels
    anchors: AnchorSettings | None = None

    def crop_view(self, planes: Planes) -> CroppedView:
        """Stage 2; see `stages.crop_view`. The view is upright, as a player shows it."""
        if self.shown is not None:
            return self.shown.crop_view(planes)
        return stages.crop_view(planes, self.view)

    def process_image(
        self, crop: CroppedView, out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Stage 3; see `stages.process_image`."""
        return stages.process_image(crop, self.input, out)

    def infer(self, batch: NDArray[np.float32]) -> RawOutput:
        """Stage 4; see `stages.infer`."""
        return stages.infer(batch, self.engine)

    def decode_boxes(self, raw: RawOutput, batch_index: int = 0) -> ScoredBoxes:
        """Stage 5; see `stages.decode_boxes`."""
        boxes = stages.decode_boxes(raw, self.decoding, batch_index)
        return boxes if self.shown is None else self.shown.to_stored(boxes)

    def filter_by_score(self, boxes: ScoredBoxes) -> ScoredBoxes:
        """Stage 6; see `stages.filter_by_score`."""
        return stages.filter_by_score(boxes, self.settings.min_score)

    def sort_by_score(self, boxes: ScoredBoxes) -> ScoredBoxes:
        """Stage 7; see `stages.sort_by_score`."""
        return stages.sort_by_score(boxes)

    def suppress_overlaps(self, boxes: ScoredBoxes) -> ScoredBoxes:
        """Stage 8; see `stages.suppress_overlaps`."""
        return stages.suppress_overlaps(boxes, self.settings.max_iou)

    def detect(self, planes: Planes) -> ScoredBoxes:
        """Find the faces of one picture: all stages, one after the other.

        Parameters
        ----------
        planes : Planes
            The whole source frame.

        Returns
        -------
        ScoredBoxes
            Faces in the view, in source-frame pixels, best score first.

        Raises
        ------
        DataError
            If the view does not lie inside the picture.
        ModelMismatch
            If the network gives values that are not finite numbers.
        """
        return self.detect_in_input(self.process_image(self.crop_view(planes)))

    def detect_in_input(self, batch: NDArray[np.float32]) -> ScoredBoxes:
        """Find the faces of one picture that is the network's input already: stages 4 to 8.

        Parameters
        ----------
        batch : ndarray of shape (1, 3, H, W), float32
            From `process_image`.

        Returns
        -------
        ScoredBoxes
            As of `detect`.

        Raises
        ------
        ModelMismatch
            If the network gives values that are not finite numbers.
        """
        raw = self.infer(batch)
        boxes = self.decode_boxes(raw)
        boxes = self.filter_by_score(boxes)
        boxes = self.sort_by_score(boxes)
        return self.suppress_overlaps(boxes)

    def for_geometry(self, geometry: InputGeometry) -> Detector:
        """Return a detector of the same loaded network for another view.

        Raises
        ------
        SettingsError
            If the network was loaded for one input size, and the view needs another.
        """
        size_px = geometry.input_height, geometry.input_width
        own = self.input.geometry
        if size_px == (own.input_height, own.input_width):
            decoding = replace(self.decoding, geometry=geometry)
        elif self.engine.takes_any_size:
            decoding = _decoding(geometry, self.anchors)
        else:
            raise SettingsError(
                f"the detector was loaded for an input of {own.input_width}x{own.input_height}; "
                "load it with any_size=True for others"
            )
        return replace(
            self,
            view=geometry.view,
            input=replace(self.input, geometry=geometry),
            decoding=decoding,
        )

    def with_long_side(self, long_side_px: int) -> Detector:
        """Return a detector of the same loaded network that sees the view in another scale.

        Raises
        ------
        SettingsError
            If the network was loaded for one input size, or `long_side_px` is out of range.
        """
        own = self.input.geometry
        geometry = InputGeometry.fit(own.view, long_side_px, own.scale)
        return replace(self.for_geometry(geometry), view=self.view)

    def shown_as(self, orientation: Orientation) -> Detector:
        """Return a detector of the same loaded network that sees the view mirrored or turned.

        It finds faces that lie on their side or are upside down, and says where they are in
        the source frame.

        Parameters
        ----------
        orientation : Orientation
            Beyond how a player shows the view.

        Raises
        ------
        SettingsError
            If the network was loaded for one input size, and the turned view needs another.
        """
        before = self.shown.orientation if self.shown else Orientation()
        shown = ShownView(self.view, before.then(orientation))
        geometry = self.input.geometry.shown(shown.upright_view, orientation)
        return replace(self.for_geometry(geometry), view=self.view, shown=shown)

    def describe(self) -> str:
        """Return one line on what runs where, and why."""
        geometry = self.input.geometry
        return (
            f"{self.settings.name} at {geometry.input_width}x{geometry.input_height}: "
            f"{self.engine.describe()} ({self.engine_reason})"
        )


def load_detector_weights(settings: DetectorSettings) -> Weights | None:
    """Read the weights that the settings ask for; None for a detector that has none.

    Raises
    ------
    ModelMismatch
        If the weights are damaged or belong to another detector.
    SettingsError
        If no file is given and none comes with the program.
    """
    if settings.name == HAAR:
        return None
    family = family_named(settings.name)
    weights = load_weights(settings.weights, family=family)
    _check_family(weights, family)
    return weights


def _check_family(weights: Weights, family: NetworkFamily[Any]) -> None:
    if weights.detector != family.network:
        raise ModelMismatch(
            f"{weights.path.name} holds weights of {weights.detector}, not of {family.network}; "
            f"choose the detector that they belong to (--detector)"
        )


def load_detector(
    settings: DetectorSettings,
    view: View,
    weights: Weights | None = None,
    *,
    frame: ShownGeometry | None = None,
    self_test: bool = True,
    any_size: bool = False,
) -> Detector:
    """Load a detector for one view.

    Unless `settings` name a long side, views with one of 832 to 960 pixels are detected
    in at their own size, smaller ones are enlarged to 832 pixels (small faces are found
    far more often then) and larger ones scaled down to 960.

    Parameters
    ----------
    settings : DetectorSettings
    view : View
        In source-frame pixels.
    weights : Weights, optional
        Weights that are in memory already; otherwise ``settings.weights`` is read.
    frame : ShownGeometry, optional
        How a player shows the frame: the network sees the view upright and with square
        pixels. Without it frames are shown as they are stored.
    self_test : bool
        Find the drawn faces first; False for weights that did so in this process.
    any_size : bool
        Load the network so that `Detector.for_geometry` takes views of any size: one
        load for many pictures, at the cost of a twentieth of each inference.

    Raises
    ------
    ModelMismatch
        If the weights are damaged, belong to another detector, or fail their self-test
        on the engine that will run.
    EngineUnavailable
        If the engine cannot run on this machine.
    SettingsError
        If a setting is out of range.
    """
    frame = frame or ShownGeometry(view.width, view.height)
    shown = None if frame.orientation.is_as_stored else ShownView(view, frame.orientation)
    seen = shown.upright_view if shown else view
    geometry = InputGeometry.fit(seen, settings.long_side_px, frame.pixel_shape)
    if settings.name == HAAR:
        return _load_haar(settings, geometry, view, shown)
    family = family_named(settings.name)
    weights = load_weights(settings.weights, family=family) if weights is None else weights
    _check_family(weights, family)
    size_px = None if any_size else (geometry.input_height, geometry.input_width)
    choice = choose_engine(settings.engine, family.engines)
    engine = build_engine(choice, weights, settings.threads, size_px=size_px)
    if self_test:
        _self_test(engine, weights, geometry, choice)
    anchors = weights.anchors if family.gives_offsets else None
    return Detector(
        settings,
        engine,
        choice.reason,
        InputSettings(geometry, weights.mean_bgr),
        _decoding(geometry, anchors),
        weights.sha256,
        view,
        shown,
        anchors,
    )


def _decoding(geometry: InputGeometry, anchors: AnchorSettings | None) -> BoxDecoding:
    if anchors is None:
        return BoxDecoding(geometry, None, (1.0, 1.0))
    made = make_anchors(geometry.input_height, geometry.input_width, anchors)
    return BoxDecoding(geometry, np.asfortranarray(made), anchors.variances)


def _self_test(
    engine: Engine, weights: Weights, geometry: InputGeometry, choice: EngineChoice
) -> None:
    """Find the drawn faces with the engine that will run; see `weights.check_decode`."""
    height, width = geometry.input_height, geometry.input_width

    def infer(picture: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        rows, columns = picture.shape[2:]
        if engine.takes_any_size:
            raw = engine.infer(picture)
            return raw.box_offsets, raw.face_probability
        if rows > height or columns > width:
            raw = build_engine(choice, weights).infer(picture)
            return raw.box_offsets, raw.face_probability
        # in the first corner of an input that is otherwise of the mean colour
        batch = np.zeros((1, 3, height, width), np.float32)
        batch[:, :, :rows, :columns] = picture
        raw = engine.infer(batch)
        anchors = make_anchors(height, width, weights.anchors)
        if raw.face_probability.shape[1] != len(anchors):
            raise ModelMismatch(
                f"{weights.path.name} gives {raw.face_probability.shape[1]} boxes where its "
                f"anchors need {len(anchors)}"
            )
        corner = (anchors[:, 0] < columns) & (anchors[:, 1] < rows)
        return raw.box_offsets[:, corner], raw.face_probability[:, corner]

    check_decode(weights, infer)


def _load_haar(
    settings: DetectorSettings, geometry: InputGeometry, view: View, shown: ShownView | None
) -> Detector:
    engine = load_haar_engine(settings.threads)
    return Detector(
        settings,
        engine,
        "Haar cascades run in OpenCV only",
        InputSettings(geometry, (0.0, 0.0, 0.0)),
        _decoding(geometry, None),
        engine.sha256,
        view,
        shown,
    )
