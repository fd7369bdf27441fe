"""Base models from nothing: a decoder and an encoder of a chosen shape, in classes that transformers opens.

Knows shapes, and what a shape costs. Does not know data, objectives or where weights are kept.

The decoder is Qwen3's (rotary positions, RMSNorm, SwiGLU, grouped-query attention with normalised queries and keys);
the encoder is ModernBERT's (rotary positions, pre-norm, GeGLU, no biases; Warner et al., 2024).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from danlu.text.tokenizer import END, PAD, START

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Kind = Literal["decoder", "encoder"]


@dataclass(frozen=True)
class Shape:
    """The size of a model.

    Attributes:
        hidden: width of a token's vector.
        layers: how many.
        inner: width inside the gated feed-forward block.
        heads: of attention; each is hidden / heads wide.
        groups: of keys and values that the heads of a decoder share.
        context: tokens of the longest text it is made for.
    """

    hidden: int
    layers: int
    inner: int
    heads: int
    groups: int
    context: int = 512

    def body(self, kind: Kind) -> int:
        """Weights of the layers' matrices."""
        shared = self.groups / self.heads if kind == "decoder" else 1
        attention = (2 + 2 * shared) * self.hidden**2
        return round(self.layers * (attention + 3 * self.hidden * self.inner))

    def flops(self, kind: Kind, vocabulary: int, length: float) -> float:
        """Floating-point operations to train on one token of texts of a mean length.

        Six a weight (Kaplan et al., 2020, section 2.1), the output's matrix among them, and twelve a layer, a unit of
        width and a token attended to, half of it where attention is causal.
        """
        attended = 12 * self.layers * self.hidden * length * (0.5 if kind == "decoder" else 1.0)
        return 6 * (self.body(kind) + vocabulary * self.hidden) + attended


SHAPES: dict[str, Shape] = {
    "tiny": Shape(hidden=64, layers=2, inner=128, heads=2, groups=1, context=128),
    "small": Shape(hidden=256, layers=6, inner=704, heads=4, groups=2),
    "base": Shape(hidden=384, layers=8, inner=1024, heads=6, groups=2),
    "large": Shape(hidden=512, layers=12, inner=1408, heads=8, groups=2),
}


def fresh_decoder(shape: Shape, vocabulary: int) -> PreTrainedModel:
    """A causal language model with random weights, drawn from torch's generator."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    config = Qwen3Config(
        vocab_size=vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.groups,
        head_dim=shape.hidden // shape.heads,
        max_position_embeddings=shape.context,
        tie_word_embeddings=True,
        pad_token_id=PAD,
        bos_token_id=START,
        eos_token_id=END,
    )
    return Qwen3ForCausalLM(config)


def fresh_encoder(shape: Shape, vocabulary: int) -> PreTrainedModel:
    """A masked language model with random weights, drawn from torch's generator; every layer sees the whole text."""
    from transformers import ModernBertConfig, ModernBertForMaskedLM

    config = ModernBertConfig(
        vocab_size=vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        max_position_embeddings=shape.context,
        layer_types=["full_attention"] * shape.layers,
        decoder_bias=False,
        pad_token_id=PAD,
        bos_token_id=START,
        eos_token_id=END,
        cls_token_id=START,
        sep_token_id=END,
    )
    return ModernBertForMaskedLM(config)


FRESH = {"decoder": fresh_decoder, "encoder": fresh_encoder}
