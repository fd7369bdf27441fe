"""Graphs are looked through before they are opened: what they hold is found as the onnx package finds it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from functools import partial

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from danlu import operators as looked
from danlu.archive import pack
from danlu.compress import export
from danlu.compress.export import to_int8
from danlu.errors import ArtifactError, OptionError
from danlu.graph import Graph
from danlu.operators import ALLOWED, check_operators, operators


def by_onnx(graph):
    nodes = onnx.load_model_from_string(graph).graph.node
    return {f"{node.domain}.{node.op_type}".removeprefix(".") for node in nodes}


def model(*nodes, tensors=(), functions=()):
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [None]) for name in "xy")
    graph = helper.make_graph(nodes, "g", [x], [y], list(tensors))
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("own", 1)]
    return helper.make_model(graph, functions=functions, opset_imports=opsets, ir_version=10).SerializeToString()


GOOD = model(
    helper.make_node("Add", ["x", "x"], ["z"], name="n", doc_string="d"), helper.make_node("Abs", ["z"], ["y"])
)


def looping(steps=1 << 50):
    """A graph that adds nothing to its input, and loops so many times before it does."""
    scalars = {"steps": np.array(steps), "go": np.array(True), "zero": np.array(0, np.float32)}
    kinds = {"step": TensorProto.INT64, "go": TensorProto.BOOL, "sum": TensorProto.FLOAT}
    inside = [helper.make_tensor_value_info(f"{name}_in", kind, []) for name, kind in kinds.items()]
    out = [helper.make_tensor_value_info(name, kinds[name.split("_")[0]], []) for name in ("go_out", "sum_out")]
    passed = [helper.make_node("Identity", [f"{name}_in"], [f"{name}_out"]) for name in ("go", "sum")]
    loop = helper.make_node("Loop", list(scalars), ["sum"], body=helper.make_graph(passed, "body", inside, out))
    tensors = [numpy_helper.from_array(value, name) for name, value in scalars.items()]
    return model(loop, helper.make_node("Add", ["x", "sum"], ["y"]), tensors=tensors)


def field(number, payload):
    assert len(payload) < 128
    return bytes([number << 3 | 2, len(payload)]) + payload


SMALL = helper.make_graph([], "inside", [], [])
FUNCTION = helper.make_function("own", "Add", ["a"], ["b"], [], [helper.make_opsetid("", 20)])
STRANGE = {
    "loop": (looping(), "a graph inside"),
    "no such operator": (model(helper.make_node("Forge", ["x"], ["y"])), "(Forge)"),
    "another domain": (model(helper.make_node("Add", ["x", "x"], ["y"], domain="own")), r"own\.Add"),
    "a function": (model(helper.make_node("Add", ["x"], ["y"], domain="own"), functions=[FUNCTION]), ""),
    "graphs inside": (model(helper.make_node("Add", ["x", "x"], ["y"], inner=[SMALL])), "a graph inside"),
    "no operator": (field(7, field(1, b"")), ""),
    "two in one": (field(7, field(1, field(4, b"Add") + field(4, b"Loop"))), "(Add Loop)"),
    "a second graph": (GOOD + field(7, field(1, field(4, b"Loop"))), "(Loop)"),
    "a long name": (field(7, field(1, field(4, b"L" * 100))), "L" * 40 + r"\)"),
    "a number that is cut off": (b"\xba\x80\x80\x80\x10" + field(7, field(1, field(4, b"Loop")))[1:], "be read"),
    "a group": (b"\x3b" + field(1, field(4, b"Loop")) + b"\x3c", "be read"),
    "the other format": (b"\x08\x00\x00\x00ORTM" + bytes(40), "be read"),
    "cut short": (GOOD[:-3], "be read"),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_a_graph_that_danlu_does_not_write_is_refused(kind):
    graph, said = STRANGE[kind]
    with pytest.raises(ArtifactError, match=f"not what danlu writes.*{said}.*Fix: "):
        check_operators(graph)


def test_one_with_more_than_is_looked_through_is_refused(monkeypatch):
    check_operators(GOOD)
    monkeypatch.setattr(looked, "MOST_FIELDS", 10)
    with pytest.raises(ArtifactError, match="be read"):
        check_operators(GOOD)


def test_a_file_whose_graph_loops_for_ever_is_refused_at_once(toy_entries, tmp_path):
    path = tmp_path / "evil.danlu"
    path.write_bytes(pack({**toy_entries["ngram"], "model.onnx": looping()}))
    command = [sys.executable, "-m", "danlu", "card", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("danlu: The model's graph is not what danlu writes")


@pytest.mark.parametrize(
    "graph",
    [
        model(helper.make_node("Add", ["x", "missing"], ["y"])),
        model(helper.make_node("And", ["x", "x"], ["y"])),
        model(helper.make_node("Reshape", ["x", "s"], ["y"]), tensors=[numpy_helper.from_array(np.array([7]), "s")]),
        model(
            helper.make_node("Expand", ["x", "s"], ["y"]), tensors=[numpy_helper.from_array(np.array([1 << 50]), "s")]
        ),
    ],
)
def test_of_a_graph_that_cannot_be_opened_or_run_one_sentence_is_said(graph, toy_entries, tmp_path, run):
    (tmp_path / "m.danlu").write_bytes(pack({**toy_entries["ngram"], "model.onnx": graph}))
    code, out, err = run("card", tmp_path / "m.danlu")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("danlu: ")
    assert " Fix: " in err


def test_what_onnxruntime_says_of_a_graph_goes_nowhere(capfd):  # it writes past Python
    shape = numpy_helper.from_array(np.array([7]), "s")
    reshape = Graph(model(helper.make_node("Reshape", ["x", "s"], ["y"]), tensors=[shape]), 1)
    with pytest.raises(Exception, match="missing"):
        Graph(model(helper.make_node("Add", ["x", "missing"], ["y"])), 1)
    with pytest.raises(Exception, match="Reshape"):
        reshape.run({"x": np.ones(3, np.float32)})
    assert capfd.readouterr() == ("", "")


def test_no_allowed_operator_takes_a_graph():
    domains = {name: name.rpartition(".")[::2] for name in ALLOWED}
    assert {domain for domain, _ in domains.values()} == {"", "com.microsoft"}
    for name, (domain, plain) in domains.items():
        if not domain:
            kinds = {kind.type for kind in onnx.defs.get_schema(plain).attributes.values()}
            assert not kinds & {onnx.defs.OpSchema.AttrType.GRAPH, onnx.defs.OpSchema.AttrType.GRAPHS}, name


def test_what_students_hold_is_allowed_and_found_as_onnx_finds_it(toy_entries, question_entries):
    for entries in (*toy_entries.values(), question_entries):
        for change in (bytes, to_int8, partial(to_int8, finer=True)):
            graph = change(entries["model.onnx"])
            assert operators(graph) == by_onnx(graph) <= ALLOWED


def test_what_scorers_of_entities_and_relations_hold_is_allowed(toy_extractor, toy_linker):
    for entries in (toy_extractor, toy_linker[0]):
        for change in (bytes, to_int8, partial(to_int8, finer=True)):
            graph = change(entries["model.onnx"])
            assert operators(graph) == by_onnx(graph) <= ALLOWED


def test_an_encoder_that_computes_something_else_is_not_exported(toy_students, monkeypatch):
    monkeypatch.setattr(export, "ALLOWED", ALLOWED - {"Log"})
    with pytest.raises(OptionError, match=r"no model file may hold \(Log\)\. Fix: choose another --base"):
        export.to_onnx(toy_students["ngram"][0])


@given(st.integers(0, len(GOOD) - 1), st.integers(0, len(GOOD)), st.binary(max_size=6))
def test_nothing_that_onnx_reads_is_overlooked(start, end, put):
    graph = GOOD[:start] + put + GOOD[end:]
    try:
        known = by_onnx(graph)
    except Exception:  # noqa: BLE001 - whatever onnx raises for what is no graph
        known = set()
    with contextlib.suppress(ArtifactError):
        assert known <= operators(graph)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    with contextlib.suppress(ArtifactError):
        operators(data)
