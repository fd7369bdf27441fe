"""The shipped examples of pairs, by a tiny base with a general model, and what their READMEs tell people to type."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertModel

import danlu

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("_two_students", "_tiny")]
ROOT = Path(__file__).parents[2]
INFERENCE = ("contradiction", "entailment", "neutral")
EXAMPLES = {  # labels, whether order matters, rows that are labelled, not labelled, tested
    "same-question": (("different", "same"), "unordered", (96, 240, 144)),
    "does-it-follow": (INFERENCE, "ordered", (48, 24, 60)),
    "right-keywords": (("0", "1"), "ordered", (32, 0, 40)),
    "who-is-it": (("false", "true"), "ordered", (32, 0, 40)),
}


@pytest.fixture
def tiny_base(tiny_base):
    """The tiny base with as many places as the embedded one has: it spells out most words."""
    torch.manual_seed(7)
    config = BertConfig(**{**tiny_base.model.config.to_dict(), "max_position_embeddings": 512})
    return replace(tiny_base, model=BertModel(config).eval())


def commands(example):
    """What the README of an example tells people to type, without `danlu`."""
    blocks = re.findall(
        r"^```bash\n(.*?)^```$", (ROOT / "examples" / example / "README.md").read_text("utf-8"), re.M | re.S
    )
    return [shlex.split(line)[1:] for block in blocks for line in block.split("\n") if line.startswith("danlu ")]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_commands_of_its_readme_work(example, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    labels, pairing, (labelled, unlabelled, tested) = EXAMPLES[example]
    assert run("check", f"examples/{example}")[0] in (0, 1)
    forge, *others = commands(example)
    assert forge == ["forge", f"examples/{example}", "--minutes", "4"]
    code, _, err = run(*forge[:2], "--minutes", "0.2", "--max-ms", "1000")
    assert code == 0, err

    model = danlu.load(f"{example}.danlu")
    card = model.card
    assert (model.labels, model.pairing) == (labels, pairing)
    assert (card["data"]["labelled"], card["data"]["test"]) == (labelled, tested)
    assert card["data"]["unlabelled"] == unlabelled
    figures = card["figures"]
    assert (figures["measured_on"], figures["student"]["n"]) == ("test", tested)
    assert "choice" in {form["form"] for form in card["forms"]}
    assert "cross-2" in {candidate["name"] for candidate in card["candidates"]}
    assert Path(f"{example}.report.html").exists()

    assert {command[0] for command in others} == {"predict"}
    for command in others:
        code, told, err = run(*command)
        assert code == 0, err
        assert all(line.split("\t")[0] in labels for line in told.strip().split("\n"))
    (test,) = Path(f"examples/{example}").glob("test.*")
    result = json.loads(run("eval", f"{example}.danlu", test, "--json")[1])
    assert result["accuracy"] == pytest.approx(figures["student"]["accuracy"], abs=1e-6)
