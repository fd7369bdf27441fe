"""Opens a graph on the cores this process has, and the settings beside it. Knows onnxruntime; knows no task."""

from __future__ import annotations

import json
import os
from typing import Any, cast

import onnxruntime

from danlu.errors import ArtifactError
from danlu.operators import check_operators


def cores() -> int:
    """The cores this process may use; onnxruntime counts the machine's, and its threads would wait for one another."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def session(graph: bytes, threads: int) -> onnxruntime.InferenceSession:
    """An opened graph; `threads` is for one prediction, 0 for all cores.

    Raises:
        ArtifactError: it holds what no graph of danlu's does.
    """
    check_operators(graph)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or cores()
    options.log_severity_level = 4  # what goes wrong is raised
    options.add_session_config_entry("session.load_model_format", "ONNX")  # not the other one, which was not checked
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def json_object(data: bytes) -> dict[str, Any]:
    """An entry of a model file that is a JSON object.

    Raises:
        ArtifactError: it is something else.
    """
    found = json.loads(data)
    if not isinstance(found, dict):
        raise ArtifactError("An entry of the model file is not a JSON object. Fix: get the original file.")
    return cast("dict[str, Any]", found)
