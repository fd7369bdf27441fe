"""An opened graph counts the processor's time that its runs take, not the clock's."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper

from danlu import graph
from danlu.graph import Graph


@pytest.fixture
def opened():
    names = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [2]) for name in ("a", "b")]
    made = helper.make_graph([helper.make_node("Neg", ["a"], ["b"])], "g", names[:1], names[1:])
    return Graph(
        helper.make_model(made, ir_version=10, opset_imports=[helper.make_opsetid("", 20)]).SerializeToString(), 1
    )


def test_seconds_are_those_of_the_thread_and_add_up(opened, monkeypatch):
    now = iter([1.0, 3.5, 10.0, 10.25])
    monkeypatch.setattr(graph.time, "thread_time", lambda: next(now))
    feed = {"a": np.array([1.0, -2.0], np.float32)}
    for seconds in (2.5, 2.75):
        assert opened.run(feed)[0].tolist() == [-1.0, 2.0]
        assert opened.seconds == seconds
    assert opened.inputs == {"a"}
