"""docs/map.md and the tree of folders say the same, in both directions."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINE = re.compile(r"\| `([^`]+/)` \| \S.* \|")


def mapped() -> list[str]:
    text = (ROOT / "docs" / "map.md").read_text(encoding="utf-8")
    return [found[1] for line in text.split("\n") if (found := LINE.fullmatch(line))]


def folders() -> set[str]:
    """Folders that hold a file which git tracks or would; `tests/` stands for all below it, which mirror the source."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is not a checkout")
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    parents = {Path(name).parent for name in listed if name and (ROOT / name).exists()} - {Path()}
    return {"tests/" if folder.parts[0] == "tests" else f"{folder.as_posix()}/" for folder in parents}


def test_every_folder_has_its_line() -> None:
    assert folders() - set(mapped()) == set(), "add a line to docs/map.md"


def test_every_line_has_its_folder() -> None:
    assert set(mapped()) - folders() == set(), "docs/map.md names folders that do not exist"


def test_lines_are_sorted_and_none_stands_twice() -> None:
    assert mapped() == sorted(set(mapped()))
