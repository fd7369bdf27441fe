"""danlu (丹炉, the furnace): a few labelled examples in, one small model file out.

Importing it needs no torch: `danlu.load(path).predict(texts)` runs on onnxruntime, tokenizers and numpy.
"""

from danlu.artifact import Model, load
from danlu.errors import DanluError
from danlu.extractor import Extractor
from danlu.types import Example, Extraction, Prediction, Relation, Span, Task

__version__ = "0.1.0"
__all__ = [
    "DanluError",
    "Example",
    "Extraction",
    "Extractor",
    "Model",
    "Prediction",
    "Relation",
    "Span",
    "Task",
    "__version__",
    "load",
]
