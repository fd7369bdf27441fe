"""Which operators a graph may hold: those of students, of scorers of entities, and of the encoders they are cut from.

A graph may hold a loop, and a loop may take for ever: so the graph of a file is looked through before onnxruntime opens
it. Knows as much of protobuf's encoding and of onnx.proto as that takes; does not know what an operator computes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from danlu.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterator

# In ours, and in students of the encoders of Hugging Face that can be exported. None of them holds another graph.
_OURS = """
    Abs Add And Cast Clip Concat ConstantOfShape Conv Cos CumSum DequantizeLinear Div DynamicQuantizeLinear Equal Exp
    Expand Gather GatherElements GatherND Gelu Gemm Greater GreaterOrEqual IsNaN LayerNormalization Log MatMul
    MatMulInteger Max Mul Not Or Pad Pow Range ReduceL2 ReduceMax ReduceSum Reshape ScatterElements Shape Sin Slice
    Softmax Split Sqrt Squeeze Sub Transpose Unsqueeze Where com.microsoft.MatMulNBits
"""
_OF_ENCODERS = """
    Ceil ConvInteger Less LessOrEqual Min Neg Reciprocal ReduceMean Relu Sigmoid Sign Tanh Tile
"""
ALLOWED = frozenset((_OURS + _OF_ENCODERS).split())
MOST_FIELDS = 1_000_000  # of protobuf that are looked through: a hundred times those of a large student
# Numbers of fields in onnx.proto.
_GRAPH, _FUNCTIONS = 7, 25  # of a model
_NODE = 1  # of a graph
_OPERATOR, _ATTRIBUTE, _DOMAIN = 4, 5, 7  # of a node
_GRAPHS = (6, 11)  # of an attribute
_FIXED = {1: 8, 5: 4}  # bytes of numbers of fixed size, by how they are marked
_STRANGE = "The model's graph is not what danlu writes ({}). Fix: do not use it; get the original file."


def check_operators(graph: bytes) -> None:
    """Refuses a graph with other operators than danlu's, with a graph inside, or with functions of its own.

    Raises:
        ArtifactError: it holds such a thing, or is no graph.
    """
    strange = sorted(operators(graph) - ALLOWED)
    if strange:
        raise ArtifactError(_STRANGE.format(", ".join(name[:40] for name in strange[:3])))


def operators(graph: bytes) -> set[str]:
    """The names of all operators, each with its domain before it, if it has one.

    Raises:
        ArtifactError: as in `check_operators`.
    """
    found: set[str] = set()
    budget = iter(range(MOST_FIELDS))
    for number, part in _fields(memoryview(graph), budget):
        if number == _FUNCTIONS:
            raise ArtifactError(_STRANGE.format("it has functions"))
        if number == _GRAPH:
            found |= {_operator(node, budget) for kind, node in _fields(part, budget) if kind == _NODE}
    return found


def _operator(node: memoryview, budget: Iterator[int]) -> str:
    """A node's operator; one that stands twice, of which a reader would take either, has both names."""
    domain, names = b"", list[bytes]()
    for number, part in _fields(node, budget):
        if number == _OPERATOR:
            names.append(bytes(part))
        elif number == _DOMAIN:
            domain += bytes(part)
        elif number == _ATTRIBUTE and any(kind in _GRAPHS for kind, _ in _fields(part, budget)):
            raise ArtifactError(_STRANGE.format("it has a graph inside"))
    return (domain + b"." * bool(domain) + b" ".join(names)).decode("ascii", "replace")


def _fields(message: memoryview, budget: Iterator[int]) -> Iterator[tuple[int, memoryview]]:
    """The number of each field of a message and its bytes; of numbers none.

    https://protobuf.dev/programming-guides/encoding/; groups, which onnx.proto has none of, are refused.

    Raises:
        ArtifactError: the message is cut short, is none, or has more fields than are looked through.
    """
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind, size = key & 7, _FIXED.get(key & 7, 0)
        if kind == 0:
            _, place = _varint(message, place)
        elif kind == 2:
            size, place = _varint(message, place)
        known = kind in (0, 2, *_FIXED) and 8 <= key < 1 << 32
        if not known or place + size > len(message) or next(budget, None) is None:
            raise ArtifactError(_STRANGE.format("it cannot be read"))
        yield key >> 3, message[place : place + size] if kind == 2 else message[:0]
        place += size


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and the place after it."""
    value = 0
    for number, byte in enumerate(message[place : place + 10]):
        value |= (byte & 127) << 7 * number
        if byte < 128:
            return value, place + number + 1
    raise ArtifactError(_STRANGE.format("it cannot be read"))
