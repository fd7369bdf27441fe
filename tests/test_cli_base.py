"""The verbs about base models, as they are called."""

from __future__ import annotations

import json

import pytest

from danlu.models.shelf import SHELF
from danlu.text.tokenizer import SPECIAL, START, encode, open_tokenizer

PRETRAIN = "--size tiny --vocabulary 500 --context 32 --batch 128 --passes 0.2"


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "news.txt"
    many = "".join(chr(0x4E00 + n) for n in range(100))
    path.write_text(
        many + "\n" + "".join(f"今天是第{n}天，天气很好。Day {n * 37 % 101}.\n" for n in range(1500)), encoding="utf-8"
    )
    return path


def test_the_package_s_bases_are_listed_and_whole(run):
    code, out, _ = run("base")
    assert code == 0
    assert "encoder: The embedded bilingual sentence encoder" in out
    assert "extractor: The general extractor" in out
    assert "decoder: The embedded bilingual decoder" in out
    assert out.count(", whole\n") == 4
    code, out, _ = run("base", "--json")
    models = json.loads(out)["models"]
    assert {"name": "encoder", "folder": str(SHELF / "encoder"), "broken": []}.items() <= models[2].items()
    assert not any(model["broken"] for model in models)
    assert run("base", "encoder")[1].startswith("# The embedded bilingual sentence encoder")


def test_the_embedded_decoder_is_measured(run, tmp_path):
    (tmp_path / "real.txt").write_text("中国共产党中央委员会今天召开全体会议。\n", encoding="utf-8")
    (tmp_path / "mixed.txt").write_text("会中召委全国体今共产央议开党。中员天会\n", encoding="utf-8")
    code, out, _ = run("eval-base", "--text", tmp_path / "real.txt", "--text", tmp_path / "mixed.txt", "--json")
    found = json.loads(out)
    assert (code, found["model"]) == (0, "embedded")
    assert 0 < found["figures"]["real"]["value"] < found["figures"]["mixed"]["value"] < 20


def test_hidden_tokens_are_found_again_where_text_is_language(run, tmp_path):
    text = "中国共产党中央委员会今天在北京召开全体会议。会议讨论了明年的经济工作。\n" * 3
    (tmp_path / "real.txt").write_text(text, encoding="utf-8")
    code, out, _ = run("eval-base", "--masked", "--text", tmp_path / "real.txt", "--json")
    assert code == 0
    assert 5 < json.loads(out)["figures"]["real"]["value"] <= 100


@pytest.mark.parametrize(("name", "opener"), [("encoder", "AutoModelForMaskedLM"), ("decoder", "AutoModelForCausalLM")])
def test_a_base_is_handed_over_to_transformers(run, tmp_path, name, opener):
    import transformers

    code, out, _ = run("base", name, "--out", tmp_path / "folder")
    assert (code, opener in out) == (0, True)
    model = getattr(transformers, opener).from_pretrained(tmp_path / "folder")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "folder")
    given = tokenizer("中国的首都是[MASK]。", return_tensors="pt")
    logits = model(input_ids=given["input_ids"]).logits[0]
    if name == "encoder":
        at = given["input_ids"][0].tolist().index(tokenizer.mask_token_id)
        assert "北京" in tokenizer.convert_ids_to_tokens(logits[at].topk(5).indices.tolist())
    assert logits.shape[-1] == len(tokenizer)
    assert "exists" in run("base", name, "--out", tmp_path / "folder")[2]


def test_what_looks_like_a_command_is_text_for_the_decoder_that_is_handed_over(run, tmp_path):
    from transformers import AutoTokenizer

    assert run("base", "decoder", "--out", tmp_path / "folder")[0] == 0
    theirs, ours = (
        AutoTokenizer.from_pretrained(tmp_path / "folder"),
        open_tokenizer(tmp_path / "folder/tokenizer.json"),
    )
    text = "a<|end|>b" + "".join(SPECIAL)
    (ids,) = encode(ours, [text])
    assert theirs(text)["input_ids"] == [START, *ids]
    assert theirs([text, "a"], padding=True)["input_ids"][0] == [START, *ids]
    assert not set(ids) & set(range(len(SPECIAL)))
    assert theirs.decode(ids, skip_special_tokens=True) == text
    AutoTokenizer.from_pretrained(tmp_path / "folder").save_pretrained(tmp_path / "again")
    assert AutoTokenizer.from_pretrained(tmp_path / "again")(text)["input_ids"] == [START, *ids]


@pytest.mark.parametrize(
    "line",
    [
        "base poems",
        "base --out {f}/o",
        "base choice --out {f}/o",
        "eval-base --masked --data {f}",
        "eval-base",
        "eval-base --data {f} --text {f}/news.txt",
        "eval-base --data {f}/nowhere",
        "eval-base --data {f} --task weather",
        "eval-base {f} --text {f}/news.txt",
        "eval-base --data {f} --task tnews",
        "pretrain {f}/news.txt --out {f}/o --kind poet",
        "pretrain {f}/news.txt --out {f}/o --optimiser sgd",
        "pretrain {f}/news.txt --out {f}/o --schedule steps",
        "pretrain {f}/news.txt --out {f}/o --size vast",
        "pretrain {f}/news.txt --out {f}/o --weight news",
        "pretrain {f}/news.txt --out {f}/o --weight news=much",
        "pretrain {f}/news.txt --out {f}/o --weight talk=2",
        "pretrain {f}/none.txt --out {f}/o",
        "pretrain {f}/news.txt --out {f}/news.txt",
        "pretrain {f}/news.txt --out {f}/o --tokenizer {f}/news.txt",
        "pretrain {f}/news.txt --out {f}/o --keep-out {f}/none",
        "pretrain {f}/news.txt --out {f}/o --vocabulary 300",
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(run, text, line):
    code, out, err = run(*line.format(f=text.parent).split())
    assert (code, out) == (2, "")
    assert err.startswith("danlu: ")
    assert "Fix: " in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.slow
def test_a_decoder_is_trained_and_measured(run, text, monkeypatch):
    monkeypatch.setattr("danlu.runtime.cores", lambda: 1)
    out = text.parent / "made"
    command = f"pretrain {text} --out {out} {PRETRAIN}"
    code, printed, told = run(*command.split())
    assert code == 0
    assert "bits a character" in printed
    assert "million weights" in told
    assert sorted(path.name for path in out.iterdir()) == [
        *("embeddings.npy", "figures.json", "model", "plan.json", "text", "tokenizer.json", "training", "wish.json")
    ]
    assert "<svg" in (out / "training" / "curve.html").read_text()
    code, printed, _ = run(*command.split(), "--json")
    assert json.loads(printed)["model"] == str(out / "model")
    code, printed, _ = run("eval-base", out / "model", "--text", text, "--json")
    assert 0 < json.loads(printed)["figures"]["news"]["value"] < 20
    code, _, err = run(*command.split(), "--seed", "7")
    assert (code, "holds a training with seed = 0" in err) == (2, True)
    code, _, err = run(*command.split(), "--schedule", "cosine")
    assert (code, "holds a training with schedule = wsd, and cosine is asked for" in err) == (2, True)
