"""The folder of a base model in the making: whose it is, how it begins, what is in it at the end.

Knows files. Does not know training.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from safetensors.torch import load_file
from tokenizers import Tokenizer, processors

from danlu.archive import write_whole
from danlu.corpus.shards import MOST_TOKENS
from danlu.corpus.vocabulary import learn_vocabulary
from danlu.errors import OptionError
from danlu.factory.wish import LOCK, NOTE
from danlu.models.quiet import quiet
from danlu.text.tokenizer import END, MASK, PAD, SPECIAL, START, open_tokenizer
from danlu.train.checkpoint import found

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from transformers import PreTrainedTokenizerFast

    from danlu.factory.wish import Wish
    from danlu.parallel.data import World
    from danlu.train.objectives import Speaker


@contextmanager
def alone(out: Path, world: World) -> Generator[None]:
    """Makes the folder, and lets no other run into it meanwhile.

    Raises:
        OptionError: another run is at work there.
    """
    made = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    try:
        with (out / LOCK).open("w") as file:
            if world.first:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    raise OptionError(f"Another run is at work in {out}. Fix: wait for it, or stop it.") from None
            yield
    finally:
        if world.first:
            (out / LOCK).unlink(missing_ok=True)
            if made and not any(out.iterdir()):
                out.rmdir()


def begin(
    texts: Sequence[Path], out: Path, wish: Wish, keep_out: Sequence[Path], vocabulary: Path | None, elder: Path | None
) -> None:
    """Notes in a new folder what is wanted in it, and gives it its vocabulary.

    The note comes first, when there is a vocabulary to follow it: a run that is killed between the two leaves a folder
    that is known as its own, and the next one learns the vocabulary again.

    Args:
        texts: sources.
        out: the folder.
        wish: what is wanted.
        keep_out: evaluation data.
        vocabulary: a tokenizer.json to use, or None to learn one.
        elder: the folder of a decoder, or None.

    Raises:
        OptionError: the folder holds the training of another wish, or the vocabulary cannot be used.
        DataError: a file cannot be read.
    """
    given = {
        "texts": {path.name: digest([path]) for path in texts},
        "keep_out": digest(keep_out),
        "given_vocabulary": digest([vocabulary] if vocabulary else []),
        "elder": digest([elder] if elder else []),
    }
    wanted: dict[str, Any] = json.loads(json.dumps(asdict(wish) | given))
    path, learned = out / NOTE, out / "tokenizer.json"
    if path.exists():
        stored = json.loads(path.read_text(encoding="utf-8"))
        for key, value in wanted.items():
            if stored.get(key) != value:
                raise OptionError(
                    f"{out} holds a training with {key} = {stored.get(key)}, and {value} is asked for. "
                    "Fix: ask for the same, or choose another folder."
                )
        if learned.exists():
            return
    for torn in [*out.glob(f".{path.name}.*"), *out.glob(f".{learned.name}.*")]:
        torn.unlink()
    data = _vocabulary(texts, wish, vocabulary)
    write_whole(path, json.dumps(wanted, ensure_ascii=False, indent=1).encode(), force=True)
    write_whole(learned, data, force=True)


def _vocabulary(texts: Sequence[Path], wish: Wish, given: Path | None) -> bytes:
    """The tokenizer.json that is given, or one learned from the texts."""
    if not given:
        return learn_vocabulary(texts, wish.vocabulary, wish.cleaning).to_str().encode()
    size = open_tokenizer(given).get_vocab_size()
    if size > MOST_TOKENS:
        raise OptionError(f"{given} has {size} tokens. Fix: give one of at most {MOST_TOKENS}.")
    return given.read_bytes()


def write(model: Speaker, tokenizer: Tokenizer, out: Path, figures: dict[str, Any]) -> None:
    """Writes `out/model`, which transformers opens, and the figures; weights are those of the last checkpoint.

    Args:
        model: for its architecture; its weights may be spread over processes.
        tokenizer: plain; the one in the folder frames texts as they were framed in training.
        out: the folder.
        figures: JSON-able.
    """
    weights = load_file(found(out / "training")[-1][1] / "weights.safetensors")
    plain = {key.removeprefix("model."): value for key, value in weights.items()}
    partial = out / ".model.partial"
    shutil.rmtree(partial, ignore_errors=True)
    with quiet():
        model.model.save_pretrained(partial, state_dict=plain)
    whole = framed(tokenizer, ends=model.both_ways)
    whole.save_pretrained(partial)
    shutil.rmtree(out / "model", ignore_errors=True)
    partial.replace(out / "model")
    write_whole(out / "figures.json", json.dumps(figures, ensure_ascii=False, indent=1).encode(), force=True)


def framed(tokenizer: Tokenizer, *, ends: bool = False) -> PreTrainedTokenizerFast:
    """A vocabulary in the class that transformers has for it: a text begins with its mark, and may end with one.

    For a decoder '<|end|>' in a text is seven characters and not a command, as in danlu; an encoder's '<|mask|>' is the
    mask, as those who fill masks write it.

    Args:
        tokenizer: plain.
        ends: whether a text gets the mark of its end, as an encoder has it.
    """
    from transformers import PreTrainedTokenizerFast

    names = {f"{name}_token": SPECIAL[index] for name, index in (("pad", PAD), ("bos", START), ("eos", END))}
    marked = Tokenizer.from_str(tokenizer.to_str())
    end = f" {SPECIAL[END]}" if ends else ""
    marked.post_processor = processors.TemplateProcessing(
        single=f"{SPECIAL[START]} $A{end}", special_tokens=[(SPECIAL[START], START), (SPECIAL[END], END)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=marked, mask_token=SPECIAL[MASK], split_special_tokens=not ends, **names
    )


def digest(places: Sequence[Path]) -> str:
    """Of the bytes of files, and of all files in folders."""
    total = hashlib.sha256()
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file():
                with path.open("rb") as file:
                    total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:16]
