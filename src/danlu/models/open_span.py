"""The general extractor: scores stretches as entities of types that are named in words, whichever they are.

A span network (`danlu.models.span`) has a row of weights for each of its types; here small matrices make these rows of
the vectors of the types' names, as UniEX lets types enter by their names (Lu et al., ACL 2023). So types may be new,
and a network for them can be used as it is or trained further. Of the encoder it moves six matrices a layer, each by a
product of two narrow ones (LoRA, Hu et al., 2022), so it takes little room beside the encoder it belongs to.

Knows tensors and two files; knows neither texts nor how it is trained. Shapes: K types, D hidden, R rank of the scorer,
E rank of the maps, W widths.
"""

from __future__ import annotations

import copy
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.models.base import layers
from danlu.models.shelf import SHELF, write_sums
from danlu.models.span import RANK, UNLIKELY, SpanNetwork
from danlu.models.storage import damaged, load_config, load_small, save_small
from danlu.text.pieces import SHAPES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from transformers import PreTrainedModel

    from danlu.models.base import Base

EXTRACTOR = SHELF / "extractor"
MAPPED = 64  # E
ADAPTED = 8  # rank of what is added to the encoder's matrices
WIDEST = 24  # tokens of the widest entity that it was trained to see
_MATRICES = ("query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense")


class Added(nn.Module):
    """A matrix with the product of two narrow ones added to it.

    Args:
        rows: of the matrix.
        columns: of it.
        rank: of the product.
    """

    def __init__(self, rows: int, columns: int, rank: int = ADAPTED) -> None:
        super().__init__()
        self.left = nn.Parameter(torch.zeros(rows, rank))
        self.right = nn.Parameter(torch.randn(rank, columns) / columns**0.5)

    def product(self) -> torch.Tensor:
        """(rows, columns) what is added."""
        return self.left @ self.right


class AddedLinear(nn.Module):
    """A linear map and what is added to it, which alone is trained.

    Args:
        whole: the map.
        added: to its matrix.
    """

    def __init__(self, whole: nn.Linear, added: Added) -> None:
        super().__init__()
        self.whole = whole
        self.added = added

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Both maps, one after the other, so that no gradient of the whole matrix is made."""
        return self.whole(x) + F.linear(F.linear(x, self.added.right), self.added.left)


class OpenSpans(nn.Module):
    """What makes a span network of names.

    Args:
        hidden: D.
        depth: layers of the encoder.
        inner: width of their feed-forward part.
    """

    def __init__(self, hidden: int, depth: int, inner: int) -> None:
        super().__init__()
        self.shapes = nn.Embedding(SHAPES, hidden)
        nn.init.zeros_(self.shapes.weight)
        self.project = nn.Linear(hidden, 3 * RANK)
        self.width = nn.Parameter(torch.ones(WIDEST, RANK))
        self.wide = nn.Parameter(torch.zeros(WIDEST))
        self.weigh = nn.Linear(hidden, 2 * RANK)
        self.start, self.end = _map(hidden), _map(hidden)
        self.bias = nn.Linear(hidden, 1)
        nn.init.zeros_(self.bias.weight)
        nn.init.constant_(self.bias.bias, UNLIKELY)
        wide = {"intermediate.dense": (inner, hidden), "output.dense": (hidden, inner)}
        self.added = nn.ModuleList(
            nn.ModuleDict({_key(name): Added(*wide.get(name, (hidden, hidden))) for name in _MATRICES})
            for _ in range(depth)
        )

    def weights(self, names_KD: torch.Tensor) -> dict[str, torch.Tensor]:
        """What a span network of types with such names begins with, by the names of its parameters; for W widths."""
        return {
            "shapes.weight": self.shapes.weight,
            "project.weight": self.project.weight,
            "project.bias": self.project.bias,
            "width": self.width,
            "weigh.weight": self.weigh(names_KD),
            "weigh.bias": torch.zeros(len(names_KD)),
            "start.weight": self.start(names_KD),
            "start.bias": self.bias(names_KD).squeeze(-1),
            "end.weight": self.end(names_KD),
            "wide": self.wide[:, None].expand(-1, len(names_KD)),
        }

    def attach(self, encoder: PreTrainedModel) -> None:
        """Puts what is added beside the matrices of an encoder, so that it can be trained."""
        for layer, name, added in self._pairs(encoder):
            layer.set_submodule(_path(name), AddedLinear(_at(layer, name), added))

    @torch.no_grad()
    def adapted(self, encoder: PreTrainedModel) -> PreTrainedModel:
        """A copy of an encoder, of any vocabulary, with its products in the matrices."""
        out = copy.deepcopy(encoder)
        for layer, name, added in self._pairs(out):
            _at(layer, name).weight.add_(added.product())
        return out

    def _pairs(self, encoder: PreTrainedModel) -> Iterator[tuple[nn.Module, str, Added]]:
        """Each layer, the name of each of its matrices, and what is added to that."""
        for ours, layer in zip(self.added, layers(encoder), strict=True):
            for name in _MATRICES:
                added = ours.get_submodule(_key(name))
                assert isinstance(added, Added)
                yield layer, name, added

    @torch.no_grad()
    def network(
        self, encoder: PreTrainedModel, names_KD: torch.Tensor, widest: int, allowed: torch.Tensor | None = None
    ) -> SpanNetwork:
        """A span network of types with such names, which it can score as it is.

        Args:
            encoder: of any vocabulary; left as it is.
            names_KD: unit vectors of what the types are called, by the whole encoder.
            widest: tokens of the widest entity; beyond those it was trained to see, all count alike.
            allowed: as `SpanNetwork` takes them.
        """
        made = SpanNetwork(self.adapted(encoder), names_KD, widest, allowed=allowed)
        reach = torch.arange(widest).clamp_max(WIDEST - 1)
        state = self.weights(names_KD)
        state |= {name: state[name][reach] for name in ("width", "wide")}
        made.load_state_dict(state, strict=False)
        return made.eval()


def _map(hidden: int) -> nn.Sequential:
    """From the vector of a name to weights on hidden states, through fewer numbers than either has."""
    last = nn.Linear(MAPPED, hidden)
    nn.init.normal_(last.weight, std=0.02)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(hidden, MAPPED, bias=False), last)


def _key(name: str) -> str:
    """Of a matrix, where no dot may stand."""
    return name.replace(".", "-")


def _path(name: str) -> str:
    """Where a matrix lies in a layer of BERT."""
    return f"attention.self.{name}" if name in {"query", "key", "value"} else name


def _at(layer: nn.Module, name: str) -> nn.Linear:
    found = layer.get_submodule(_path(name))
    assert isinstance(found, nn.Linear)
    return found


@dataclass(frozen=True)
class OpenSettings:
    """What is made of the logits of stretches where nobody marked a row.

    Attributes:
        scale: they are multiplied by it,
        shift: and this is added, before the logistic function makes probabilities of them.
        least: the logit from which on a stretch is taken.
    """

    scale: float
    shift: float
    least: float


def save_open_spans(model: OpenSpans, settings: OpenSettings, encoder: str, folder: Path) -> None:
    """Stores it: matrices in int8, all else in float16.

    Args:
        model: the general extractor.
        settings: for its logits.
        encoder: SHA-256 of the base that it belongs to.
        folder: where to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {key: value.detach() for key, value in model.state_dict().items()}
    save_small(state, folder / "model.safetensors", rough=lambda key: state[key].ndim == 2)
    config = {"encoder": encoder, **asdict(settings)}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    write_sums(folder)


def open_settings(base: Base, folder: Path | None = None) -> OpenSettings | None:
    """What was stored beside it; None where a base is not the encoder it belongs to.

    Raises:
        OptionError: it is not there, or not whole.
    """
    folder = folder or EXTRACTOR
    config = load_config(folder / "config.json")
    if config.pop("encoder", None) != base.sha256:
        return None
    try:
        return OpenSettings(**config)
    except TypeError as error:
        raise damaged(folder / "config.json", error) from error


def open_spans(base: Base, folder: Path | None = None) -> OpenSpans | None:
    """The stored general extractor, in evaluation mode; None where a base is not the encoder it belongs to.

    Raises:
        OptionError: it is not there, or not whole.
    """
    folder = folder or EXTRACTOR
    if open_settings(base, folder) is None:
        return None
    config = base.model.config
    model = OpenSpans(config.hidden_size, config.num_hidden_layers, config.intermediate_size)
    try:
        model.load_state_dict(load_small(folder / "model.safetensors"))
    except RuntimeError as error:
        raise damaged(folder / "model.safetensors", error) from error
    return model.eval()
