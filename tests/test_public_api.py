"""What `import danlu` promises: sorted, importable, documented, and light."""

import inspect
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import danlu

OBJECTS = [name for name in danlu.__all__ if not name.startswith("__")]


def test_names_are_sorted_and_none_stands_twice() -> None:
    assert list(danlu.__all__) == sorted(set(danlu.__all__))


@pytest.mark.parametrize("name", danlu.__all__)
def test_names_can_be_imported(name: str) -> None:
    assert getattr(danlu, name) is not None


def test_the_package_exports_nothing_else() -> None:
    found = {n for n, value in vars(danlu).items() if not n.startswith("_") and not inspect.ismodule(value)}
    assert found == set(OBJECTS)


@pytest.mark.parametrize("name", OBJECTS)
def test_names_are_documented(name: str) -> None:
    thing = getattr(danlu, name)
    assert thing.__doc__
    assert not thing.__doc__.startswith(f"{name}("), "that is the signature which a dataclass writes for itself"
    members = vars(thing).items() if inspect.isclass(thing) else ()
    bare = [n for n, m in members if not n.startswith("_") and inspect.isroutine(m) and not m.__doc__]
    assert bare == []


def test_the_version_is_that_of_the_package() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    assert danlu.__version__ == project["project"]["version"]


def test_importing_it_loads_no_heavy_library() -> None:
    heavy = {"torch", "transformers", "scipy", "sklearn", "onnx", "pandas", "fastapi"}
    program = "import sys, danlu; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert heavy.isdisjoint(run.stdout.split())
