"""A torch student to the bytes of an ONNX graph, in float32 and in int8.

Knows how to export, quantise and strip names of this machine from the graph; does not judge the result.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from danlu.errors import OptionError
from danlu.extractor import INPUTS, OUTPUTS
from danlu.models.student import SIDES
from danlu.operators import ALLOWED, operators

if TYPE_CHECKING:
    from collections.abc import Generator

    import onnx

    from danlu.models.span import SpanNetwork
    from danlu.models.student import Student

OPSET = 20


def to_onnx(student: Student) -> bytes:
    """The float32 graph; batch, tokens read, tokens averaged and n-grams are free dimensions.

    Of pairs of texts there are two rows of tokens, one for each side, and one row of n-grams; where a student shares
    sides, as many rows of tokens as there are distinct sides. One that reads both sides at once takes one row of tokens
    a pair, and one that reads questions with their options a row for each question and one for each option.
    """
    batch, length, whole, grams = (torch.export.Dim(name) for name in ("batch", "length", "whole", "grams"))
    sides, rows = (2 * batch, 4) if student.pairing else (batch, 2)
    if student.shared:
        sides, rows = torch.export.Dim("distinct"), 3
    asked, words, ids = torch.export.Dim("asked"), torch.export.Dim("words"), torch.full((3, 9), 5)
    examples = {
        "token_ids": (torch.full((rows, 7), 5), {0: sides, 1: length}),
        "token_mask": (torch.ones((rows, 7), dtype=torch.long), {0: sides, 1: length}),
        "static_ids": (torch.full((rows, 9), 5), {0: sides, 1: whole}),
        "static_mask": (torch.ones((rows, 9), dtype=torch.long), {0: sides, 1: whole}),
        "ngram_ids": (torch.full((2, 11), 3), {0: batch, 1: grams}),
        "ngram_counts": (torch.ones((2, 11)), {0: batch, 1: grams}),
        SIDES: (torch.tensor([0, 1, 0, 2]), {0: 2 * batch}),
        "pair_ids": (torch.full((2, 9), 5), {0: batch, 1: length}),
        "pair_sides": (torch.tensor([[1, 1, 1, 1, 2, 2, 2, 2, 2]] * 2), {0: batch, 1: length}),
        "question_ids": (ids, {0: asked, 1: length}),
        "question_mask": (torch.ones_like(ids), {0: asked, 1: length}),
        "option_ids": (ids[:2, :5], {0: batch, 1: words}),
        "option_mask": (torch.ones_like(ids[:2, :5]), {0: batch, 1: words}),
        "question_of": (torch.tensor([0, 2]), {0: batch}),
    }
    return _exported(
        student,
        {name: examples[name][0] for name in student.inputs},
        (tuple(examples[name][1] for name in student.inputs),),
    )


def spans_to_onnx(network: SpanNetwork) -> bytes:
    """The float32 graph of a scorer of stretches; windows and tokens are free dimensions."""
    free = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length")}
    ids = torch.full((2, 7), 5)
    examples = dict(zip(INPUTS, (ids, torch.ones_like(ids), torch.ones_like(ids)), strict=True))
    return _exported(network, examples, (free, free, free), OUTPUTS[: 1 if network.links is None else None])


def _exported(
    module: torch.nn.Module,
    examples: dict[str, torch.Tensor],
    free: tuple[Any, ...],
    outputs: tuple[str, ...] = OUTPUTS[:1],
) -> bytes:
    """The float32 graph of a module.

    Args:
        module: exported in evaluation mode.
        examples: name to an example of each input.
        free: the free dimensions of the inputs, as torch.export takes them.
        outputs: what they are called.

    Raises:
        OptionError: it holds an operator that no model file may hold.
    """
    quiet = [logging.getLogger(name) for name in ("torch.onnx", "onnx_ir")]
    levels = [logger.level for logger in quiet]
    for logger in quiet:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module.eval(),
                tuple(examples.values()),
                input_names=list(examples),
                output_names=list(outputs),
                dynamic_shapes=free,
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    finally:
        for logger, level in zip(quiet, levels, strict=True):
            logger.setLevel(level)
    assert program is not None
    graph = _anonymous(program.model_proto).SerializeToString(deterministic=True)
    if strange := sorted(operators(graph) - ALLOWED):
        what = f"The encoder computes what no model file may hold ({', '.join(strange)})"
        raise OptionError(f"{what}. Fix: choose another --base, or leave it out.")
    return graph


def to_int8(graph: bytes, *, finer: bool = False) -> bytes:
    """The same graph with the weights of matrix products and lookups in int8 (onnxruntime's dynamic quantisation).

    Args:
        graph: in float32.
        finer: products that give at most half of what they take, as the second of a layer's feed-forward part does,
            have a scale for each 32 weights and inputs, not one a tensor. What an activation function lets through
            holds few large values, wherever these come up, and no smoothing evens them out: most of what int8 loses is
            lost there. Such products take about as long as in float32.
    """
    import onnx

    with _quiet():
        from onnxruntime.quantization import QuantType, quantize_dynamic
        from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
        from onnxruntime.quantization.onnx_model import ONNXModel
    with _quiet(), tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "int8.onnx"
        model = onnx.load_model_from_string(graph)
        ONNXModel(model).replace_gemm_with_matmul()  # as quantize_dynamic does, and blocks are made of nothing else
        left = _narrowing(model) if finer else []
        quantize_dynamic(
            model, out, weight_type=QuantType.QInt8, per_channel=True, nodes_to_exclude=[*_columns(model), *left]
        )
        changed = onnx.load(out)
        if left:
            others = [node.name for node in changed.graph.node if node.op_type == "MatMul" and node.name not in left]
            blocks = MatMulNBitsQuantizer(
                changed, bits=8, block_size=32, is_symmetric=True, accuracy_level=4, nodes_to_exclude=others
            )
            blocks.process()
            changed: onnx.ModelProto = blocks.model.model  # pyright: ignore[reportAttributeAccessIssue] - a wrapper by now
        return _anonymous(changed).SerializeToString(deterministic=True)


def _narrowing(model: onnx.ModelProto) -> list[str]:
    """The products with weights that have at least twice as many inputs as outputs."""
    weights = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    shapes = {node.name: weights.get(node.input[1], []) for node in model.graph.node if node.op_type == "MatMul"}
    return [name for name, shape in shapes.items() if len(shape) == 2 and shape[0] >= 2 * shape[1]]


def _columns(model: onnx.ModelProto) -> list[str]:
    """The lookups in tables of one column: small, and one scale for a whole table would blur its small numbers.

    Lookups in what the graph has computed are left as well: they are no weights.
    """
    tables = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    return [
        node.name
        for node in model.graph.node
        if node.op_type == "Gather" and tables.get(node.input[0], [0, 1])[1:] == [1]
    ]


@contextmanager
def _quiet() -> Generator[None]:
    """Keeps onnxruntime's chatter about every node off the log, which one of its modules sets up as it is imported."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers


def _anonymous(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drops what only a debugger reads: source lines, paths, inferred shapes."""
    del model.graph.value_info[:]
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    model.graph.doc_string = model.doc_string = ""
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in [*model.graph.initializer, *model.graph.input, *model.graph.output]:
        del value.metadata_props[:]
        value.doc_string = ""
    return model
