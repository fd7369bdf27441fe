"""What the READMEs tell people to type: commands have the options they are given, Python blocks run."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
import typer

from danlu.archive import save
from danlu.cli import app

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh.md")


def blocks(readme: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / readme).read_text(encoding="utf-8"), re.MULTILINE | re.S)


def commands(readme: str) -> list[list[str]]:
    lines = [line for block in blocks(readme, "(?:sh|bash|console)") for line in block.split("\n")]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("danlu ")]


@pytest.mark.parametrize("readme", READMES)
def test_every_command_has_the_options_it_is_given(readme, monkeypatch):
    monkeypatch.chdir(ROOT)
    group = typer.main.get_command(app)
    found = commands(readme)
    assert {args[0] for args in found} >= {"check", "forge", "predict", "eval", "card", "serve", "ask", "pretrain"}
    for name, *args in found:
        command = group.commands[name]
        command.make_context(name, list(args), parent=None)  # raises what a user would be shown
        for arg in args:
            assert not arg.startswith("examples/") or (ROOT / arg).exists(), arg


@pytest.mark.slow
@pytest.mark.parametrize("readme", READMES)
def test_every_python_block_runs(readme, toy_files, toy_extractor, tmp_path, monkeypatch, capsys):
    shutil.copy(next(iter(toy_files.values())), tmp_path / "service-desk.danlu")
    save(tmp_path / "order-desk.danlu", toy_extractor)
    monkeypatch.chdir(tmp_path)
    known: dict[str, object] = {}
    found = blocks(readme, "python")
    assert len(found) >= 3
    for block in found:
        exec(compile(block, readme, "exec"), known)  # what a reader would paste, one block after the other
    assert len(capsys.readouterr().out.split("\n")) >= 4


@pytest.mark.parametrize("readme", READMES)
def test_every_file_that_is_linked_is_there(readme):
    text = (ROOT / readme).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", text)
    assert len(links) > 5
    for link in links:
        assert (ROOT / link).exists(), link
