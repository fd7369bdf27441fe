"""Opens a graph on the cores this process has, and the settings beside it. Knows onnxruntime; knows no task."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import onnxruntime

from danlu.errors import ArtifactError
from danlu.operators import check_operators

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def cores() -> int:
    """The cores this process may use; onnxruntime counts the machine's, and its threads would wait for one another."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Graph:
    """An opened graph.

    Args:
        data: ONNX.
        threads: for one prediction; 0 for all cores.

    Attributes:
        inputs: their names.
        seconds: of the processor that its runs have taken of the calling thread so far, whatever else the machine does;
            with one thread, all that they have taken.

    Raises:
        ArtifactError: it holds what no graph of danlu's does.
    """

    def __init__(self, data: bytes, threads: int) -> None:
        check_operators(data)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or cores()
        options.log_severity_level = 4  # what goes wrong is raised
        options.add_session_config_entry("session.load_model_format", "ONNX")  # not the other one, which is not checked
        self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        self.inputs = frozenset(node.name for node in self._session.get_inputs())
        self.seconds = 0.0

    def run(self, feed: Mapping[str, NDArray[Any]]) -> list[NDArray[np.float32]]:
        """What the graph puts out, of an array for each input."""
        started = time.thread_time()
        out = self._session.run(None, feed)
        self.seconds += time.thread_time() - started
        return [np.asarray(part, dtype=np.float32) for part in out]


def json_object(data: bytes) -> dict[str, Any]:
    """An entry of a model file that is a JSON object.

    Raises:
        ArtifactError: it is something else.
    """
    found = json.loads(data)
    if not isinstance(found, dict):
        raise ArtifactError("An entry of the model file is not a JSON object. Fix: get the original file.")
    return cast("dict[str, Any]", found)
