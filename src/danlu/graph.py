"""Opens a graph on the cores this process has, and the settings beside it. Knows onnxruntime; knows no task."""

from __future__ import annotations

import json
import os
from typing import Any, cast

import onnxruntime

from danlu.errors import ArtifactError


def cores() -> int:
    """The cores this process may use; onnxruntime counts the machine's, and its threads would wait for one another."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def session(graph: bytes, threads: int) -> onnxruntime.InferenceSession:
    """An opened graph; `threads` is for one prediction, 0 for all cores."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or cores()
    options.log_severity_level = 3
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
