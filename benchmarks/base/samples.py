"""What the embedded decoder writes, to be read: the first draw for each of some openings, into docs/samples.md.

    python -m benchmarks.base.samples

Knows the openings and the settings. They were chosen before anything was drawn; nothing is drawn twice.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import torch

from danlu.archive import write_whole
from danlu.infer.engine import Continuation, Sampling, generate
from danlu.models.decoder import Decoder, open_decoder
from danlu.text.tokenizer import START, decode, encode

OUT = Path(__file__).parents[2] / "docs" / "samples.md"
SAMPLING = Sampling(most=160, temperature=0.8, top_p=0.95, seed=1)
GIVEN = "‖"  # between what was given and what was written

HEAD = f"""\
# Samples 样张

The first draw of the embedded decoder for each opening; nothing was chosen, edited or drawn again.
`python -m benchmarks.base.samples` wrote this file: at most {SAMPLING.most} new tokens, temperature \
{SAMPLING.temperature}, top-p {SAMPLING.top_p}, no repetition penalty, seed {SAMPLING.seed}.
What stands before {GIVEN} was given; … means that the text was cut there. Names, figures and events are made up, and
nothing here is advice.

内置解码器对每个开头只写一次，不挑、不改、不重来。{GIVEN} 之前是给定的；… 表示写满上限，在此截断。\
文中的人名、数字、事件都是编的，不能当作建议。"""


@dataclass(frozen=True)
class Opening:
    """The genre, named in Chinese and English, and a text's beginning."""

    genre: str
    text: str


OPENINGS = (
    Opening("五言诗 Verse, five syllables", "夜雨\n無名氏\n小窗聽夜雨，"),
    Opening("七言诗 Verse, seven syllables", "登樓\n無名氏\n獨上高樓望遠山，"),
    Opening("文言 Classical Chinese", "太守問其故，老父對曰："),
    Opening("新闻 News", "今年秋粮收购进度过半\n"),
    Opening("菜谱 Recipe", "土豆炖蘑菇的做法\n"),
    Opening("心理咨询 Counselling", "考研失败了，每天都睡不着，怎么办？\n"),
    Opening("订酒店 Hotel dialogue", "你好，我想找一家价格在300元左右的酒店，有什么推荐吗？\n"),
    Opening("法规 Statute", "某市公共自行车管理条例\n\n第一章 总则\n\n第一条 "),
    Opening("百科 Encyclopaedia, Chinese", "灰背鸫是"),
    Opening("百科 Encyclopaedia, English", "Ashford Bridge\nASHFORD BRIDGE is"),
    Opening("小说 Novel, Chinese", "那天晚上，我从祠堂里出来，"),
    Opening("小说 Novel, English", "The old captain put down his lantern and"),
    Opening("影评 Review", "这部电影"),
    Opening("订座 Dialogue, English", "I'd like to book a table for four in San Jose.\n"),
)


def sample(decoder: Decoder) -> list[Continuation]:
    """What is written after each opening."""
    prompts = [[START, *ids] for ids in encode(decoder.tokenizer, [opening.text for opening in OPENINGS])]
    return generate(decoder.model, prompts, SAMPLING)


def page(decoder: Decoder, written: list[Continuation]) -> str:
    """The file of samples."""
    lines = [HEAD]
    for opening, found in zip(OPENINGS, written, strict=True):
        text = decode(decoder.tokenizer, found.ids) + ("" if found.ended else "…")
        lines += ["", f"## {opening.genre}", "", "~~~~text", f"{opening.text}{GIVEN}{text}".rstrip("\n"), "~~~~"]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    decoder = open_decoder()
    write_whole(arguments.out, page(decoder, sample(decoder)).encode(), force=True)


if __name__ == "__main__":
    main()
