"""The exported graph computes what the student computes, at any shape, and always in the same bytes."""

from __future__ import annotations

import logging
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from danlu.compress.export import to_int8, to_onnx
from danlu.models.narrow import Narrow, config_of
from danlu.models.pair import width
from danlu.models.student import (
    NarrowEncoder,
    NgramBranch,
    StaticBranch,
    StaticEncoder,
    Student,
    TokenBranch,
    TransformerEncoder,
)
from danlu.operators import check_operators

SHAPES = [(1, 1, 1), (1, 9, 30), (2, 7, 11), (5, 32, 64), (13, 3, 200)]
LABELS, WIDTH, TOKENS, BITS = 3, 32, 148, 10


def random(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def token_branch(encoder, pairing=None):
    branch = TokenBranch(encoder, width(WIDTH, pairing), LABELS, pairing)
    for number, parameter in enumerate((branch.centre, branch.weight, branch.bias)):
        parameter.data.copy_(0.3 * random(*parameter.shape, seed=number))
    return branch


@pytest.fixture(scope="module", params=["ngram", "static", "narrow", "transformer", "static alone", "all", "pairs"])
def student(request, tiny_base):
    ngrams = NgramBranch(
        torch.arange(1 << BITS),
        random(1 << BITS, LABELS, seed=3),
        random(1 << BITS, seed=4).abs() + 0.5,
        random(LABELS, seed=5),
    )
    if request.param == "ngram":
        return Student(None, None, ngrams, (0.0, 0.0, 1.5)).eval()
    if request.param == "transformer":
        return Student(token_branch(TransformerEncoder(tiny_base.model)), None, ngrams, (0.7, 0.0, 0.4)).eval()
    if request.param == "narrow":
        torch.manual_seed(7)
        narrow = NarrowEncoder(random(TOKENS, WIDTH, seed=6), Narrow(config_of(WIDTH, 1, 64), 3, 3).body)
        narrow.shrink()
        return Student(token_branch(narrow), None, ngrams, (0.7, 0.0, 0.4)).eval()
    pairing = "ordered" if request.param == "pairs" else None
    static = token_branch(StaticEncoder(random(TOKENS, WIDTH, seed=6)), pairing)
    if request.param in ("all", "pairs"):
        branch = StaticBranch(random(TOKENS, 12, seed=8) * torch.logspace(-3, 0, TOKENS)[:, None], LABELS, pairing)
        for number, parameter in enumerate((branch.centre, branch.weight, branch.bias)):
            parameter.data.copy_(0.3 * random(*parameter.shape, seed=number))
        return Student(static, branch, ngrams, (0.7, 0.9, 0.4)).eval()
    return Student(static, None, None if request.param == "static alone" else ngrams, (0.7, 0.0, 0.4)).eval()


@pytest.fixture(scope="module")
def graph(student):
    return to_onnx(student)


def feed_of(student, shape, seed=0):
    batch, length, grams = shape
    draw = np.random.default_rng(seed)
    sides = 2 * batch if student.pairing else batch
    mask = (np.arange(length) < draw.integers(1, length + 1, (sides, 1))).astype(np.int64)
    every = {
        "token_ids": draw.integers(0, TOKENS, (sides, length)) * mask,
        "token_mask": mask,
        "static_ids": draw.integers(0, TOKENS, (sides, length + 3)),
        "static_mask": np.pad(mask, ((0, 0), (0, 3)), constant_values=draw.integers(0, 2)),
        "ngram_ids": draw.integers(0, 1 << BITS, (batch, grams)),
        "ngram_counts": draw.integers(0, 4, (batch, grams)).astype(np.float32),
    }
    return {name: every[name] for name in student.inputs}


def run(graph, feed):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    assert [node.name for node in session.get_inputs()] == list(feed)
    assert [(node.name, node.shape[-1]) for node in session.get_outputs()] == [("logits", LABELS)]
    return session.run(None, feed)[0]


@torch.inference_mode()
def expected(student, feed):
    return student(*(torch.from_numpy(value) for value in feed.values())).numpy()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_graph_computes_what_torch_computes(student, graph, shape):
    feed = feed_of(student, shape)
    np.testing.assert_allclose(run(graph, feed), expected(student, feed), atol=2e-4)


@pytest.mark.parametrize("finer", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_int8_is_close(student, graph, shape, finer):
    feed = feed_of(student, shape, seed=1)
    wanted = expected(student, feed)
    found = run(to_int8(graph, finer=finer), feed)
    assert np.abs(found - wanted).max() < 0.15 * max(1.0, np.abs(wanted).max())


def test_tables_of_one_column_stay_exact(graph):
    def columns(data):
        tensors = onnx.load_model_from_string(data).graph.initializer
        return {t.name: t.data_type for t in tensors if list(t.dims)[1:] == [1]}

    assert columns(to_int8(graph)) == columns(graph)


def test_the_finer_int8_has_blocks_where_a_product_gives_less_than_it_takes(graph):
    def shapes(data, kind):
        model = onnx.load_model_from_string(data)
        weights = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
        nodes = [node for node in model.graph.node if node.op_type == kind]
        if kind == "MatMul":
            return sorted(weights[node.input[1]] for node in nodes if node.input[1] in weights)
        sizes = [{a.name: a.i for a in node.attribute} for node in nodes]
        assert all((size["bits"], size["block_size"]) == (8, 32) for size in sizes)
        return sorted([size["K"], size["N"]] for size in sizes)

    narrowing = [[inputs, outputs] for inputs, outputs in shapes(graph, "MatMul") if inputs >= 2 * outputs]
    assert shapes(to_int8(graph, finer=True), "MatMulNBits") == narrowing
    assert shapes(to_int8(graph), "MatMulNBits") == []
    assert (to_int8(graph, finer=True) == to_int8(graph)) == (not narrowing)


def test_int8_is_smaller(student, graph):
    assert len(to_int8(graph)) < 0.75 * len(graph)


def test_the_graph_may_stand_in_a_model_file(graph):
    for data in (graph, to_int8(graph), to_int8(graph, finer=True)):
        check_operators(data)


def test_the_same_student_gives_the_same_bytes(student, graph):
    again = to_onnx(student)
    assert again == graph
    assert to_int8(again) == to_int8(graph)


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_the_graph_is_valid_and_names_neither_places_nor_source_lines(graph, precision):
    data = to_int8(graph) if precision == "int8" else graph
    onnx.checker.check_model(onnx.load_model_from_string(data))
    for word in (b"site-packages", b"danlu/", b"/work", b"/tmp", b"/home", b".py", b"location"):
        assert word not in data, word


def test_logging_is_left_as_it_was(student, graph):
    loggers = [logging.getLogger(), logging.getLogger("torch.onnx")]
    before = [logger.level for logger in loggers]
    to_int8(graph)
    assert [logger.level for logger in loggers] == before


def test_quantising_sets_up_no_log():
    """In a process of its own: a module of onnxruntime's tells the root logger to print, as it is first imported."""
    code = """
import logging, onnx
from onnx import helper
from danlu.compress.export import to_int8
names = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [2]) for name in ("a", "b")]
graph = helper.make_graph([helper.make_node("Neg", ["a"], ["b"])], "g", names[:1], names[1:])
to_int8(helper.make_model(graph).SerializeToString())
logging.getLogger("other").info("chatter")
assert not logging.getLogger().handlers and logging.getLogger().level == logging.WARNING
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
