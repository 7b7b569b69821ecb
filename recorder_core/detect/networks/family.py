"""What the program has to know of one kind of network: the interface of a detector family.

A family says what its weights look like, how the network is built from them on each
engine, and what its raw numbers mean; everything else (reading pictures, decoding,
scores, overlaps, weights files, self-tests, training's loop) is the same for all. How
a family learns is in `recorder_core.train.run.objectives`. Importing this module imports
neither PyTorch nor OpenVINO.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.anchors import AnchorSettings
from recorder_core.errors import ModelMismatch, SettingsError

if TYPE_CHECKING:
    import openvino
    from torch import nn

__all__ = ["EngineName", "EngineRequest", "NetworkFamily", "NetworkName", "Shape", "Tensors"]

EngineName = Literal["openvino", "pytorch", "pytorch-cuda"]
#: an engine, or whichever runs best here
EngineRequest = Literal["auto", EngineName]
#: a detector with a network, the default first
NetworkName = Literal["retinaface-mnet025", "compact", "retinanet", "faster-rcnn"]
Shape = tuple[int, ...]
#: name -> float32 array
Tensors = Mapping[str, NDArray[np.float32]]


Design = TypeVar("Design")


class NetworkFamily(ABC, Generic[Design]):
    """One kind of network; its objects hold nothing.

    A *design* is the part of a network that may differ between weights files of one
    family, such as its depth: a frozen dataclass of numbers and lists of numbers.
    """

    #: what a user writes after ``--detector``
    name: ClassVar[NetworkName]
    #: what weights files call it
    network: ClassVar[str]
    #: subtracted from the 0..255 input, blue, green, red
    mean_bgr: ClassVar[tuple[float, float, float]]
    #: anchors of new weights
    anchors: ClassVar[AnchorSettings]
    #: False: the network gives boxes in input pixels, nothing is left to decode
    gives_offsets: ClassVar[bool] = True
    #: weights of a public detector can be taken over (`adopt_public`)
    adopts: ClassVar[bool] = False
    #: every batch norm follows its convolution in a sequence, so that training with fixed
    #: statistics may fold them
    folds: ClassVar[bool] = False
    #: the engines that can run it, best first
    engines: ClassVar[tuple[EngineName, ...]] = ("pytorch-cuda", "openvino", "pytorch")
    #: how the names of the backbone's tensors begin, before those of the classifier that
    #: it may come from; "" if it comes from none
    backbone: ClassVar[str] = ""
    #: file in the program's folder of weights; "" if none comes with the program
    shipped: ClassVar[str] = ""
    #: the dataclass of the network's sizes
    design_type: ClassVar[type]

    @abstractmethod
    def tensor_shapes(self, design: Design, anchors: AnchorSettings) -> dict[str, Shape]:
        """Return name and shape of every tensor, in the order of the network.

        The batch norms' counters of seen batches are left out: nothing reads them.
        """

    @abstractmethod
    def new_network(self, design: Design, anchors: AnchorSettings) -> nn.Module:
        """Return the network, untrained, as a PyTorch module.

        Called on (N, 3, H, W) float32 pictures, blue-green-red minus the mean, it
        returns box offsets (N, P, 4), or boxes in input pixels, and face
        probabilities (N, P).
        """

    @abstractmethod
    def build_graph(
        self,
        tensors: Tensors,
        design: Design,
        anchors: AnchorSettings,
    ) -> openvino.Model:
        """Describe the network in OpenVINO's operations, without PyTorch.

        Parameters
        ----------
        tensors : mapping of str to ndarray, float32
            The weights; checked to be those of the network.
        design, anchors
            What they were made for.

        Returns
        -------
        openvino.Model
            Input (1, 3, H, W) of any size; outputs as those of the PyTorch module, N being 1.

        Raises
        ------
        EngineUnavailable
            If the family does not run on OpenVINO.
        """

    def adopt_public(
        self, tensors: dict[str, NDArray[np.float32]]
    ) -> tuple[dict[str, NDArray[np.float32]], dict[str, Any]]:
        """Adopt the weights of a public detector, to train from.

        Parameters
        ----------
        tensors : dict of str to ndarray, float32
            As the public file names them.

        Returns
        -------
        tensors : dict of str to ndarray, float32
            As this family names them, for one class, the face.
        design : dict
            What `read_design` takes.

        Raises
        ------
        ModelMismatch
            If the family takes over none, or not these.
        """
        raise ModelMismatch(
            f"{self.name} reads weights files with a JSON file beside them; these {len(tensors)} "
            "tensors have none"
        )

    def grow(
        self,
        tensors: Tensors,  # noqa: ARG002 - of those that do
        design: Design,  # noqa: ARG002
        sizes: Mapping[str, Any],
        seed: int,  # noqa: ARG002
    ) -> tuple[dict[str, NDArray[np.float32]], Design]:
        """Make a trained network larger without changing what it says.

        Parameters
        ----------
        tensors : mapping of str to ndarray, float32
        design
            What they were made for.
        sizes : mapping
            What `read_design` takes; what it leaves out stays as it is.
        seed : int
            Of what has to be drawn at random.

        Returns
        -------
        tensors : dict of str to ndarray, float32
        design

        Raises
        ------
        SettingsError
            If networks of this family do not grow, or not so.
        """
        raise SettingsError(
            f"run.start brings its own network and {self.name} does not grow; leave out the "
            f"sizes {', '.join(sizes)} of [network]"
        )

    def read_design(self, values: Mapping[str, Any]) -> Design:
        """Make a design from the values of a weights or settings file; the rest is default.

        Raises
        ------
        SettingsError
            If a value is unknown, of the wrong kind or out of range.
        """
        known = {field.name for field in fields(self.design_type)}
        for name in values:
            if name not in known:
                raise SettingsError(
                    f"{self.name} has no size {name!r}; it has {', '.join(sorted(known)) or 'none'}"
                )
        plain = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        try:
            design: Design = self.design_type(**plain)
        except TypeError as exc:
            raise SettingsError(f"the sizes {dict(values)} are not those of {self.name}") from exc
        return design

    def write_design(self, design: Design) -> dict[str, Any]:
        """Return the values that `read_design` takes, as JSON can hold them."""
        values = asdict(design)  # type: ignore[call-overload]
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}

    def check_tensors(
        self, tensors: Mapping[str, NDArray[Any]], design: Design, anchors: AnchorSettings
    ) -> None:
        """Check that the tensors are those of this network, each of the right shape.

        Raises
        ------
        ModelMismatch
            Naming the first tensor that is missing, of another shape or type, not
            finite, or not part of the network.
        """
        shapes = self.tensor_shapes(design, anchors)
        for name, shape in shapes.items():
            if name not in tensors:
                raise ModelMismatch(f"the weights lack tensor {name}; they are not {self.network}")
            self._check_tensor(name, tensors[name], shape)
        for name in tensors:
            if name not in shapes:
                raise ModelMismatch(f"tensor {name} of the weights is not part of {self.network}")

    def _check_tensor(self, name: str, tensor: NDArray[Any], shape: Shape) -> None:
        if tensor.shape != shape:
            raise ModelMismatch(
                f"tensor {name} has shape {tensor.shape}, {self.network} needs {shape}"
            )
        if tensor.dtype != np.float32:
            raise ModelMismatch(f"tensor {name} is {tensor.dtype}, it must be float32")
        if not np.isfinite(tensor).all():
            raise ModelMismatch(f"tensor {name} holds values that are not finite numbers")

    def build_network(self, tensors: Tensors, design: Design, anchors: AnchorSettings) -> nn.Module:
        """Build the network from its tensors, in eval mode.

        Raises
        ------
        ModelMismatch
            If a tensor is missing, left over or of the wrong shape.
        """
        import torch

        self.check_tensors(tensors, design, anchors)
        network = self.new_network(design, anchors)
        state = {name: torch.from_numpy(np.array(value)) for name, value in tensors.items()}
        network.load_state_dict(state)
        return network.eval()
