"""From raw text to a model that transformers opens, in one command that may be stopped."""

from __future__ import annotations

import fcntl
import itertools
import json
import math
import multiprocessing
import os
import random
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

from danlu.corpus.prepare import Cleaning, evaluation_texts
from danlu.errors import DataError, OptionError
from danlu.factory import base
from danlu.factory.base import make_base
from danlu.factory.base_folder import alone, begin
from danlu.factory.wish import Wish, refuse
from danlu.infer.engine import Sampling, generate
from danlu.parallel.data import World
from danlu.text.tokenizer import END, MASK, START, decode, encode, open_tokenizer

ALONE = World(0, 1, torch.device("cpu"))
CLEANING = Cleaning(context=64, held_out=6)
WISH = Wish(size="tiny", vocabulary=420, passes=0.5, batch=256, cleaning=CLEANING)
HELD = "今天下午三点的时候他们在学校门口等了很久也没有人来。"


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Tiny matrices gain nothing from more."""
    monkeypatch.setattr("danlu.runtime.cores", lambda: 1)


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw")
    draw = random.Random(0)
    subjects, verbs = ["猫", "狗", "the bird", "老师"], ["喜欢", "看见", "likes"]
    objects = ["鱼", "书", "a tree", "花园"]

    def line():
        words = [draw.choice(subjects), draw.choice(verbs), draw.choice(objects), str(draw.randrange(1000))]
        return " ".join(words) + "。"

    for name in ("news", "talk"):
        rows = ["".join(line() for _ in range(draw.randrange(1, 6))) for _ in range(60)] + [HELD + line()]
        path = folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps({"text": r}, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    (folder / "test").mkdir()
    (folder / "test" / "held.json").write_text(
        json.dumps({"sentence": HELD, "options": ["甲", "乙"]}), encoding="utf-8"
    )
    (folder / "test" / "README.md").write_text("no rows")
    return folder


def sources(texts):
    return [texts / "news.jsonl", texts / "talk.jsonl"]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "opens"), [("decoder", AutoModelForCausalLM), ("encoder", AutoModelForMaskedLM)])
def test_a_base_model_is_made_and_opens(texts, tmp_path, kind, opens):
    wish = Wish(**{**vars(WISH), "kind": kind, "weights": {"talk": 2.0}})
    figures = make_base(sources(texts), tmp_path, wish, ALONE, keep_out=[texts / "test"], quiet=True)
    assert figures == json.loads((tmp_path / "figures.json").read_text())
    assert set(figures["held_out"]) == {"news", "talk"}
    model = opens.from_pretrained(tmp_path / "model").eval()
    assert sum(p.numel() for p in model.parameters()) == figures["plan"]["parameters"]
    about = json.loads((tmp_path / "text" / "news" / "about.json").read_text())
    assert about["removed_and_kept"]["evaluation_sentences"] == 1
    tokenizer = open_tokenizer(tmp_path / "model" / "tokenizer.json")
    text = "猫 likes 书 2026。"
    (ids,) = encode(tokenizer, [text])
    framed = AutoTokenizer.from_pretrained(tmp_path / "model")
    assert framed(text)["input_ids"] == [START, *ids, *([END] if kind == "encoder" else [])]
    assert framed.decode(ids) == text
    assert (MASK in framed("猫<|mask|>")["input_ids"]) == (kind == "encoder")
    if kind == "decoder":
        assert 0 < figures["held_out"]["news"]["bits_per_character"] < 8
        (said,) = generate(model, [[START, *encode(tokenizer, ["猫 "])[0]]], Sampling(most=5))
        decode(tokenizer, said.ids)


@pytest.mark.slow
def test_a_finished_folder_is_read_and_a_stopped_one_goes_on(texts, tmp_path, monkeypatch):
    first = make_base(sources(texts), tmp_path / "whole", WISH, ALONE, quiet=True)

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("danlu.factory.base.pretrain", stop)
        with pytest.raises(KeyboardInterrupt):
            make_base(sources(texts), tmp_path / "parts", WISH, ALONE, quiet=True)
    assert not (tmp_path / "parts" / "model").exists()
    again = make_base(sources(texts), tmp_path / "parts", WISH, ALONE, quiet=True)
    assert again["held_out"] == first["held_out"]
    weights = [(tmp_path / name / "model" / "model.safetensors").read_bytes() for name in ("whole", "parts")]
    assert weights[0] == weights[1]
    assert make_base(sources(texts), tmp_path / "whole", WISH, ALONE, quiet=True) == first


def test_embeddings_begin_with_the_company_of_tokens(texts, tmp_path, monkeypatch):
    begun = []
    monkeypatch.setattr(base, "pretrain", lambda model, *_, **__: begun.append(model) or exit_early())
    with pytest.raises(KeyboardInterrupt):
        make_base(sources(texts), tmp_path / "out", WISH, ALONE, quiet=True)
    weight = begun[0].model.get_input_embeddings().weight.detach()
    table = torch.from_numpy(np.load(tmp_path / "out" / "embeddings.npy"))
    counted = table.norm(dim=1) > 0
    assert 20 < counted.sum() < len(table)
    cosine = torch.nn.functional.cosine_similarity(weight[counted], table[counted])
    assert cosine.min() > 0.999
    length = weight.norm(dim=1)
    assert length[counted].std() < 1e-4
    assert 0.5 < length[counted].mean() / length[~counted].mean() < 2


def exit_early():
    raise KeyboardInterrupt


@pytest.mark.slow
def test_a_larger_model_learns_from_a_smaller_one(texts, tmp_path):
    make_base(sources(texts), tmp_path / "small", WISH, ALONE, quiet=True)
    wish = Wish(**{**vars(WISH), "seed": 1})
    elder = tmp_path / "small" / "model"
    figures = make_base(sources(texts), tmp_path / "next", wish, ALONE, elder=elder, quiet=True)
    kept = open_tokenizer(tmp_path / "next" / "tokenizer.json")
    assert kept.get_vocab() == open_tokenizer(tmp_path / "small" / "tokenizer.json").get_vocab()
    assert figures["held_out"]["news"]["loss"] < 6


def test_what_cannot_be_made_is_refused_before_any_work(texts, tmp_path):
    def refused(match, wish=WISH, paths=None, error=OptionError, out=tmp_path / "out", world=ALONE, **options):
        with pytest.raises(error, match=match):
            make_base(sources(texts) if paths is None else paths, out, wish, world, quiet=True, **options)

    refused("no text", paths=[])
    refused("are called alike", paths=[texts / "news.jsonl", texts / "news.jsonl"])
    refused("no size huge", Wish(size="huge"))
    refused("which is no source", Wish(weights={"novels": 2.0}))
    refused("reads 128 tokens", Wish(size="tiny"))
    refused("no optimiser", Wish(optimiser="sgd"))
    refused("no schedule", Wish(schedule="steps"))
    refused("above 0", Wish(passes=math.inf))
    refused("Only decoders", Wish(kind="encoder"), elder=tmp_path)
    refused("holds no decoder", elder=tmp_path)
    refused("no such file", error=DataError, keep_out=[tmp_path / "none"])
    refused("no name", paths=[texts / ".news.jsonl"])
    refused("another folder|new folder", out=texts)
    refused("for one process", Wish(minutes=1.0), world=World(0, 2, torch.device("cpu")))
    refused("there is no such file", paths=[texts / "none.jsonl"], error=DataError)
    (tmp_path / "file").write_text("x")
    (tmp_path / "tokenizer.json").write_text("{}")
    refused("is no tokenizer", vocabulary=tmp_path / "tokenizer.json")
    refused("is a file", out=tmp_path / "file")
    assert not (tmp_path / "out").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "wish.json").write_text(json.dumps({"kind": "encoder"}))
    refused("holds a training with kind = encoder", out=tmp_path / "other")


def test_evaluation_texts_are_all_strings_of_all_rows(texts):
    assert list(evaluation_texts([texts / "test"])) == [HELD, "甲", "乙"]
    with pytest.raises(DataError):
        list(evaluation_texts([texts / "nowhere"]))


def test_two_runs_do_not_share_a_folder(texts, tmp_path):
    with (tmp_path / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(OptionError, match="Another run"):
            make_base(sources(texts), tmp_path, WISH, ALONE, quiet=True)


def test_text_that_changed_is_not_trained_on_silently(texts, tmp_path):
    source = tmp_path / "news.jsonl"
    source.write_bytes((texts / "news.jsonl").read_bytes())
    begin([source], tmp_path, WISH, [], None, None)
    begin([source], tmp_path, WISH, [], None, None)
    source.write_bytes((texts / "talk.jsonl").read_bytes())
    with pytest.raises(OptionError, match="holds a training with texts"):
        begin([source], tmp_path, WISH, [], None, None)


def start(texts, out, wish=WISH):
    refuse(sources(texts), out, wish, ALONE, [], None)
    with alone(out, ALONE):
        begin(sources(texts), out, wish, [], None, None)


def start_and_die(texts, out, function, write):
    """Killed right after a call of os.fsync or Path.replace, the first or the second."""
    place = os if function == "fsync" else Path
    real, calls = getattr(place, function), itertools.count()

    def last(*args):
        done = real(*args)
        if next(calls) == write:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    setattr(place, function, last)
    start(texts, out)


@pytest.mark.parametrize("write", [0, 1])
@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_kill_while_the_folder_begins_leaves_one_that_goes_on(texts, tmp_path, write, function):
    """Killed in the middle of each file, and right after it."""
    out = tmp_path / "out"
    # Not a fork of this process: the threads of `tokenizers` would be missing in it, and it would wait for them.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    child = context.Process(target=start_and_die, args=(texts, out, function, write))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert len(list(out.iterdir())) == 2 + write  # the lock, a file or a part of it, and the file before it
    start(texts, out)
    assert sorted(path.name for path in out.iterdir()) == ["tokenizer.json", "wish.json"]
    begin(sources(texts), tmp_path, WISH, [], None, None)
    for name in ("tokenizer.json", "wish.json"):
        assert (out / name).read_bytes() == (tmp_path / name).read_bytes()
    with pytest.raises(OptionError, match="holds a training with seed = 0"):
        start(texts, out, Wish(**{**vars(WISH), "seed": 1}))


def test_a_vocabulary_that_cannot_be_learned_leaves_nothing_behind(texts, tmp_path):
    with alone(tmp_path / "out", ALONE), pytest.raises(OptionError, match="do not hold"):
        begin(sources(texts), tmp_path / "out", Wish(vocabulary=270), [], None, None)
    assert not (tmp_path / "out").exists()


def test_nested_evaluation_texts_are_found(tmp_path):
    rows = [{"paragraphs": [{"context": "甲", "qas": [{"question": "乙", "id": 3}]}], "tags": ["丙"]}]
    (tmp_path / "a.json").write_text(json.dumps(rows), encoding="utf-8")
    assert list(evaluation_texts([tmp_path])) == ["甲", "乙", "丙"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no file of rows"):
        list(evaluation_texts([tmp_path / "empty"]))
