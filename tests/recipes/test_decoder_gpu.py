"""A tiny decoder by the recipe for one GPU, on a processor."""

from __future__ import annotations

import argparse
import json

import numpy as np
import pytest
import torch
from recipes.gpu import loaded
from recipes.packed import pack

from danlu.models.decoder import _open_embedded
from danlu.models.fresh import SHAPES, fresh_decoder
from danlu.models.shelf import shelf
from danlu.models.storage import load_small, save_small
from danlu.text.tokenizer import END, START, encode, train_tokenizer
from recipes import decoder_gpu

CPU = torch.device("cpu")
TEXTS = ["今天天气很好，我们去公园。", "a nice day, we go out."] * 30


@pytest.fixture
def tokenizer():
    return train_tokenizer(lambda: TEXTS, 320, coverage=1.0)


def test_rows_are_stretches_of_one_source(tmp_path):
    for name, start in (("laws", 1000), ("news", 2000), ("sms", 3000)):
        (tmp_path / "decoder").mkdir(exist_ok=True)
        pack([np.arange(start, start + 50, dtype=np.uint16)], tmp_path / "decoder" / f"{name}.xz")
    with pytest.raises(KeyError, match="news"):
        decoder_gpu.Text(tmp_path / "decoder", CPU)
    (tmp_path / "decoder" / "news.xz").unlink()
    text = decoder_gpu.Text(tmp_path / "decoder", CPU)
    torch.manual_seed(0)
    rows = text.rows(500, 20)
    assert (rows.diff(dim=1) == 1).all()
    assert rows.min() >= 1000
    assert rows.max() < 3050
    share = (rows[:, 0] < 2000).float().mean()
    assert abs(share - 1 / 3) < 0.1  # statutes are read half as often as messages
    assert rows[:, 0].unique().numel() > 40


def test_it_learns_and_what_is_exported_is_what_was_trained(tmp_path, tokenizer, capsys):
    stream = [token for ids in encode(tokenizer, TEXTS) for token in (START, *ids, END)]
    pack([np.array(stream, np.uint16)], tmp_path / "pack" / "decoder" / "sms.xz")
    size = tokenizer.get_vocab_size()
    options = argparse.Namespace(
        size="tiny", vocabulary=size, rows=4, length=24, rate=3e-3, compile=False, elder=None, held_out=False
    )
    decoder_gpu.train(tmp_path / "pack", tmp_path / "out", 5.0, CPU, options)  # seconds, also of a busy machine
    told = json.loads((tmp_path / "out" / "decoder.json").read_text())
    assert told["tokens"] == told["steps"] * 4 * 24 > 0
    assert "nan" not in capsys.readouterr().err

    table = load_small(tmp_path / "out" / "decoder-table.safetensors")
    trained = table | loaded(tmp_path / "out", "decoder")
    torch.manual_seed(11)
    fresh = fresh_decoder(SHAPES["tiny"], size).state_dict()
    assert trained.keys() == fresh.keys() - {"lm_head.weight"}
    assert all(value.isfinite().all() for value in trained.values())
    assert all((trained[key] - fresh[key]).abs().max() > 1e-3 for key in trained if trained[key].ndim == 2)

    tokenizer.save(str(tmp_path / "tokenizer.json"))
    decoder_gpu.export(
        tmp_path / "out", tmp_path / "tokenizer.json", "tiny", "# A toy\n", tmp_path / "shelf" / "decoder"
    )
    assert [kept.broken for kept in shelf(tmp_path / "shelf")] == [()]
    opened = _open_embedded(tmp_path / "shelf" / "decoder")
    assert torch.equal(opened.model.get_input_embeddings().weight, table[decoder_gpu.TABLE])
    model = fresh_decoder(SHAPES["tiny"], size).eval()
    model.load_state_dict({**trained, "lm_head.weight": table[decoder_gpu.TABLE]})
    ids = torch.tensor([stream[:30]])
    with torch.inference_mode():
        logits = [each(input_ids=ids).logits[0] for each in (model, opened.model)]
    losses = [torch.nn.functional.cross_entropy(each[:-1], ids[0, 1:]) for each in logits]
    assert abs(losses[0] - losses[1]) < 0.05
    assert losses[1] < 5  # nothing learned: the logarithm of 320, 5.8


def test_an_elder_is_heard_at_first_and_the_loss_on_held_out_text_is_written_down(tmp_path, tokenizer):
    stream = np.array([t for ids in encode(tokenizer, TEXTS) for t in (START, *ids, END)], np.uint16)
    pack([stream], tmp_path / "pack" / "decoder" / "sms.xz")
    pack([stream[:200]], tmp_path / "pack" / "held-out.xz")
    size = tokenizer.get_vocab_size()
    torch.manual_seed(5)
    state = {key: value for key, value in fresh_decoder(SHAPES["tiny"], size).state_dict().items() if "lm_" not in key}
    save_small(state, tmp_path / "elder.safetensors")
    options = argparse.Namespace(
        size="tiny", vocabulary=size, rows=4, length=24, rate=3e-3, compile=False,
        elder=tmp_path / "elder.safetensors", elder_size="tiny", held_out=True,
    )  # fmt: skip
    decoder_gpu.train(tmp_path / "pack", tmp_path / "out", 4.0, CPU, options)
    curve = [json.loads(line) for line in (tmp_path / "out" / "curve.jsonl").read_text().splitlines()]
    assert [curve[-1]["seconds"], len(curve) >= 2] == [4.0, True]
    assert curve[-1]["loss"] < curve[0]["loss"] + 0.1 < 6

    elder = decoder_gpu.Elder(options.elder, "tiny", size, CPU)
    assert [elder.weight(done) for done in (0.0, 0.25, 0.5, 0.9)] == [0.5, 0.25, 0.0, 0.0]
    hidden, table, target = torch.randn(6, 4), torch.randn(9, 4), torch.randint(9, (6,))
    loss = decoder_gpu.told_and_inherited
    own = torch.nn.functional.cross_entropy(hidden @ table.T, target)
    torch.testing.assert_close(loss(hidden, table, target, hidden, table, torch.tensor(0.25)), 0.75 * own)
    assert loss(hidden, table, target, hidden.flip(0), table, torch.tensor(1.0)) > 0.01
