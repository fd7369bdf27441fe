"""What `pip install .` promises works without the libraries of the extras."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
for name in "torch transformers scipy sklearn networkx safetensors onnx fastapi threadpoolctl".split():
    sys.modules[name] = None
from danlu.cli import main
sys.argv = ["danlu", "check", sys.argv[1]]
main()
"""


def test_check_needs_no_extra(tmp_path):
    rows = [f"{word} number {n},{word}" for n in range(12) for word in ("refund", "parcel")]
    (tmp_path / "train.csv").write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) in [(0, ""), (1, "")], done.stderr
    assert "classification into 2 labels" in done.stdout
