"""The plan of one forging: how much of everything, decided from sizes and budget before anything is trained.

The clock of a machine never enters it, so the same data, seed and options always give the same plan. Costs are
estimated for two ordinary cores.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from danlu.factory.findings import LEAST_OF_EACH
from danlu.loops.self_training import ROUNDS
from danlu.train.regression import MOST_ROWS

# Tokens a second through the six layers of the embedded encoder, forward only, and through training.
EMBED_SPEED = 8_000
TUNE_SPEED = 3_500
# Tokens a second through the training of averaged embeddings and of the narrow encoder, and texts a step.
LIGHT_SPEED, NARROW_SPEED = 400_000, 25_000
LIGHT_BATCH, NARROW_BATCH = 128, 64
# Tokens that six layers in int8 read in a millisecond on one thread, with room for a slow moment, and the milliseconds
# that n-grams and the rest take first.
TOKENS_A_MS = 7.5
FIXED_MS = 1.2
# Times as many tokens that a processor with products of matrix tiles reads: students of the general model are planned
# for it, and read less where they turn out to be too slow.
QUICK = 2.0
# Below so many steps, or those that see each labelled row once where these are too many for the forms, one transformer
# student, the deepest, gets what several would have shared.
ENOUGH_STEPS = 60
# Bytes of a model file beside its tables: the index of the n-grams, the graph, the card, and without the first; and of
# a token's name.
FIXED_BYTES, GRAPH_BYTES = 3_000_000, 700_000
TOKEN_BYTES = 120
# Share of the budget up to which the general model is asked about all labelled and dev rows; tokens that it reads of a
# text, or of both sides together.
ASKED_SHARE, MOST_ASKED = 0.15, 128
# Tokens that a student of it reads of a side, those that tell most: with more it learned no more from 32 rows, and was
# too slow on a busy processor. And those that it reads of a question with options.
MOST_CROSSED, MOST_OF_QUESTION = 32, 64
MOST_NARROW = 96  # tokens that the narrow student reads of a text, those that tell most
GROUP = 400  # tokens of options that it reads at a time (`danlu.adapt.choice`)
_IF_ANY = ("crossed", "crossed_vocabulary", "distilled", "more")
LEAST_TOKENS, MOST_TOKENS, ALL_TOKENS = 6_000, 30_000, 60_000  # the last: more than the embedded encoder has
MOST_POOL = 3_000  # texts in the loop
# Texts that the general model is distilled on, and their beliefs: time grows with both, not with texts alone.
MOST_DISTILLED, DISTILLED_CELLS = 2_500, 100_000
MOST_TAUGHT = 20_000  # texts that students learn from beside the rows that forms learn from
SPARE = 1_000  # labelled rows that are dev rows where there are none, of those that are too many for the forms
PASSES = 3  # over all labelled rows, at most, where these are so many that the usual steps are fewer
# Texts that are read where no row is labelled, however small the budget, or LEAST_OF_EACH for each label if more.
LEAST_GUESSED = 200


@dataclass(frozen=True)
class Sizes:
    """What the plan depends on.

    Attributes:
        labelled: training rows.
        unlabelled: usable unlabelled rows.
        dev: rows to choose by. The test file has no say in the plan, not even by its length.
        has_test: whether there is a test set; without one, students are cross-validated as well.
        labels: how many.
        tokens: mean tokens a text, uncut; of pairs, those of a side.
        long_tokens: the 95th percentile.
        smallest: rows of the rarest label.
        cost: of the base encoder, relative to the embedded one; twice that where it reads two sides.
        depth: layers of the base encoder.
        body: its weights without those of the vocabulary.
        token: numbers that a token of the vocabulary takes in the encoder.
        static: and in static embeddings; 0 where there are none.
        sides: texts in a row.
        fresh: share of the tokens that are read for the first time: a question is read once for all of its options.
        options: of a question on average; 0 where rows are no questions. Rows are its pairs with each option.
        option_tokens: of an option on average.
        named: tokens of what all labels say, and of the question; 0 where the general model cannot be asked.
        ways: how often it reads a row: twice where the order of two sides does not matter.
        passage: tokens that it reads of a question with options, once for all of them.
        names_only: whether no row is labelled: what the general model says of the texts is all there is to learn.
    """

    labelled: int
    unlabelled: int
    dev: int
    has_test: bool
    labels: int
    tokens: float
    long_tokens: int
    smallest: int
    cost: float = 1.0
    depth: int = 6
    body: int = 10_800_000
    token: int = 384
    static: int = 192
    sides: int = 1
    fresh: float = 1.0
    options: float = 0.0
    option_tokens: float = 0.0
    named: int = 0
    ways: int = 1
    passage: float = 0.0
    names_only: bool = False


@dataclass(frozen=True)
class Plan:
    """How much of everything.

    Attributes:
        minutes: the budget it was made for.
        folds: of the cross-validation.
        labelled: training rows used by the forms.
        more: training rows beyond these, which only students learn from.
        token_length: tokens read of a text by the teacher and by students without layers.
        pool: unlabelled texts in the self-training loop; where no row is labelled, those that the forms learn from.
        distill: unlabelled texts the student learns from.
        tuning_steps: of the contrastive form, per fold; 0 leaves it out.
        tuning_batch: texts a step.
        tuning_length: tokens of a text read while the encoder is tuned.
        rounds: shares of the pool admitted, round by round.
        layers: depths of the transformer students; none where no transformer could keep --max-ms.
        student_length: tokens a student of full depth reads, those that tell most: its latency grows with them, and
            its static embeddings and n-grams see the rest; one of half the depth reads twice as many.
        student_steps: of each transformer student.
        student_batch: texts a step.
        light_steps: of the student that has embeddings and no layers.
        narrow_steps: of the one that begins as the narrow encoder.
        ngram_rows: n-grams that keep a row in the shipped table.
        vocabulary: tokens that students know.
        crossed_vocabulary: those that one knows which starts from the general model with all its layers and reads
            questions, beside which the file holds nothing else; as many as other students know where this is 0.
        distilled: unlabelled texts that the general model is distilled on, to be one more voice; 0 leaves it out.
        sides: texts in a row; lengths are those of one.
        named: tokens of what all labels say, or all options, put to the general model with every text; 0 where it is
            not asked.
        crossed: tokens of each side, or of a question, that the student reads which starts from the general model, at
            most: less where it is too slow. Both sides are one row, so one has what the other leaves over; 0 leaves
            the student out.
    """

    minutes: float
    folds: int
    labelled: int
    token_length: int
    pool: int
    distill: int
    tuning_steps: int
    tuning_batch: int
    rounds: tuple[float, ...]
    layers: tuple[int, ...]
    tuning_length: int
    student_length: int
    student_steps: int
    student_batch: int
    light_steps: int
    narrow_steps: int
    ngram_rows: int
    vocabulary: int
    sides: int
    named: int
    crossed: int = 0
    crossed_vocabulary: int = 0
    distilled: int = 0
    more: int = 0

    @property
    def knows_general(self) -> bool:
        """Whether the general model is asked, or a student starts from it."""
        return bool(self.named or self.crossed)

    def reads(self, depth: int) -> int:
        """Tokens that a transformer student of some depth reads: the same work for each depth, where texts are long."""
        return min(self.token_length, self.student_length * max(self.layers) // depth)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, for the card; what only pairs or many rows have is left out where there is none of it."""
        return {name: value for name, value in asdict(self).items() if value or name not in _IF_ANY}


def make_plan(sizes: Sizes, minutes: float, max_mb: float, max_ms: float) -> Plan:
    """Divides the budget: a quarter reads, a third tunes the teacher and asks it, a quarter trains students.

    The rest goes to what does not grow with the texts: n-grams, exports, measuring.
    """
    seconds = minutes * 60
    length = max(16, min(256, sizes.long_tokens))
    tokens = min(sizes.tokens, length)
    labelled = min(sizes.labelled, MOST_ROWS)
    dev, over = _beyond(sizes)
    folds = 5 if labelled <= 400 and minutes >= 3 else 3
    folds = max(2, min(folds, sizes.smallest)) if sizes.smallest >= 2 else 3
    short = min(length, 64)

    full = min(sizes.depth, 6)
    layer = sizes.cost / sizes.depth  # 1/6 for the embedded encoder
    reach = TOKENS_A_MS * max(0.0, max_ms - FIXED_MS) / (full * layer)
    whole = sizes.sides * reach
    if sizes.options:  # a question once, and every option, whole or as much of each as of the question
        reach = max(whole - sizes.options * sizes.option_tokens, whole / (1 + sizes.options))
    quick = min(length, max(16, int(reach)))
    depths, student_batch = (*(depth for depth in (2, 3) if depth < full), full), 32
    enough = max(ENOUGH_STEPS, (labelled + over) // student_batch) if over else ENOUGH_STEPS
    again = full * layer * min(tokens, quick) * (1 if sizes.has_test else folds)  # the ablation, or the folds

    asked = _asked(sizes, tokens)  # of a row
    known = (labelled + dev) * asked / EMBED_SPEED
    named = sizes.named if sizes.names_only or known <= ASKED_SHARE * seconds else 0
    crossed, at_once = _crossed(sizes, QUICK * whole, length)

    def steps_of(depths: tuple[int, ...]) -> int:
        read = sum(depth * layer * min(tokens, quick * full / depth) for depth in depths) + full * layer * at_once / 2
        return int(
            max(30, min(max(600, PASSES * enough), 0.27 * seconds * TUNE_SPEED / (student_batch * (read + again))))
        )

    able = tuple(depth for depth in depths if reach * full / depth >= 16)  # others could not keep --max-ms
    crossed, at_once = (crossed, at_once) if able else (0, 0.0)
    layers = able if steps_of(able or depths) >= enough else able[-1:]
    steps = steps_of(layers or depths)
    most = max(400, PASSES * enough * student_batch // NARROW_BATCH)
    light, narrow = _light(
        tokens * sizes.sides, sizes.sides, seconds, most, 0.06 if able else 0.2 / (2 if sizes.has_test else 1 + folds)
    )

    # Everything is read by the frozen encoder, and, beyond the loop, once more by the tuned one.
    # Where the general model can be asked it has a tenth of the budget for it.
    asked = asked if named else 0.0
    readable = int((0.35 if named else 0.25) * seconds * EMBED_SPEED / (2 * tokens * sizes.cost * sizes.fresh + asked))
    more = min(over, max(0, readable - labelled - dev))
    distill = min(sizes.unlabelled, MOST_TAUGHT - more, max(0, readable - labelled - dev - more))

    # Tuning comes before the pool: a few steps can be worth more than thousands of unlabelled texts. Where --max-ms
    # leaves no room for transformer students, it has half of what they would have had.
    batch = 32
    step = batch * min(tokens, short) * sizes.cost * (folds + 1) / TUNE_SPEED
    wanted = min(150, max(40, 6 * labelled // batch))
    spare = 0.0 if able else 0.15 * seconds
    affordable = int((0.18 * seconds + spare) / step)
    tuning = min(wanted, affordable) if affordable >= 8 and not sizes.names_only else 0
    text = (
        (folds + 1) * tokens * sizes.cost * sizes.fresh / EMBED_SPEED
    )  # seconds in which each fold's encoder reads one
    pool = int((0.3 * seconds + spare - tuning * step) / text) - labelled
    pool = max(0, min(distill, MOST_ROWS - labelled, MOST_POOL, pool))
    if sizes.names_only:  # nothing reads them once more
        least = max(LEAST_GUESSED, LEAST_OF_EACH * sizes.labels)
        distill = max(distill, min(sizes.unlabelled, least))
        pool = min(distill, max(MOST_POOL, least))

    ngram_rows, vocabulary, crossed_vocabulary = _tables(sizes, max_mb, max(layers or depths), crossed)
    return Plan(
        minutes=minutes,
        folds=folds,
        labelled=labelled,
        token_length=length,
        pool=pool,
        distill=distill,
        tuning_steps=tuning,
        tuning_batch=batch,
        rounds=ROUNDS if pool >= 50 or sizes.names_only else (),
        layers=layers,
        tuning_length=short,
        student_length=quick,
        student_steps=steps,
        student_batch=student_batch,
        light_steps=light,
        narrow_steps=narrow,
        ngram_rows=ngram_rows,
        vocabulary=vocabulary,
        sides=sizes.sides,
        named=named,
        crossed=crossed,
        crossed_vocabulary=crossed_vocabulary,
        distilled=_distilled(sizes, distill) if named else 0,
        more=more,
    )


def _distilled(sizes: Sizes, read: int) -> int:
    """Texts of those that are read that the general model is distilled on: single ones, where some are labelled."""
    least = max(LEAST_GUESSED, LEAST_OF_EACH * sizes.labels)
    if sizes.names_only or sizes.sides != 1 or read < least:
        return 0
    return min(read, max(least, min(MOST_DISTILLED, DISTILLED_CELLS // sizes.labels)))


def _tables(sizes: Sizes, max_mb: float, depth: int, crossed: int) -> tuple[int, int, int]:
    """Rows of n-grams, tokens that students know, and tokens of one of the general model that reads questions.

    The deepest student in int8 shall fit: its layers, n-grams and their index, the tokens, and a little for the rest.
    """

    def tokens_in(room: float, numbers: int, most: int = MOST_TOKENS) -> int:
        return int(max(LEAST_TOKENS, min(most, room / (numbers + TOKEN_BYTES))))

    rows = max(1_000, min(60_000, int(0.4 * max_mb * 1e6 / (4 * sizes.labels))))
    room = 0.96 * max_mb * 1e6 - sizes.body
    tokens = tokens_in(room - rows * (sizes.labels + 4) - FIXED_BYTES, sizes.token + sizes.static)
    alone = crossed and sizes.options and depth == sizes.depth  # with fewer layers it needs others beside it
    return rows, tokens, tokens_in(room - GRAPH_BYTES, sizes.token, ALL_TOKENS) if alone else 0


def _beyond(sizes: Sizes) -> tuple[int, int]:
    """Dev rows, and labelled rows that are too many for the forms: where there is no dev row, some of these are."""
    left = 0 if sizes.options else max(0, sizes.labelled - MOST_ROWS)
    spared = 0 if sizes.dev else min(SPARE, left)
    return sizes.dev or spared, min(MOST_TAUGHT, left - spared)


def _asked(sizes: Sizes, tokens: float) -> float:
    """Tokens that the general model reads of a row: a text with all labels, again for each group of them."""
    if sizes.options:
        return (min(sizes.passage, MOST_ASKED) + sizes.named) / sizes.options
    groups = -(-sizes.named // GROUP)
    return sizes.ways * (groups * min(sizes.sides * tokens, MOST_ASKED) + sizes.named)


def _light(tokens: float, sides: int, seconds: float, most: int, share: float) -> tuple[int, int]:
    """Steps of averaged embeddings, and of the narrow encoder.

    Args:
        tokens: of a row.
        sides: texts in a row.
        seconds: of the budget.
        most: steps of either.
        share: of the budget for the narrow encoder; more where nothing wider can keep --max-ms.
    """
    averages = 0.02 * seconds * LIGHT_SPEED / (LIGHT_BATCH * tokens)
    narrow = share * seconds * NARROW_SPEED / (NARROW_BATCH * min(tokens, MOST_NARROW * sides))
    return int(max(100, min(most, averages))), int(max(60, min(most, narrow)))


def _crossed(sizes: Sizes, whole: float, length: int) -> tuple[int, float]:
    """Tokens that a student of the general model reads of a side, or of a question, and of a whole row on average.

    It reads both sides at once with what is asked and the labels, or a question with its options, which are as many
    rows. Nothing where --max-ms leaves less than half of the usual text, or the general model cannot be asked anything;
    rows that are too many for it to be asked about teach its student all the same.

    Args:
        sizes: of the rows.
        whole: tokens that --max-ms allows on a quick processor.
        length: most tokens of a text.
    """
    named = sizes.named
    if not named or sizes.sides != 2:
        return 0, 0.0
    usual = 2 * sizes.tokens - sizes.option_tokens if sizes.options else min(sizes.tokens, length)
    room = int(whole - named) if sizes.options else int((whole - named - 1) / 2)
    if room < max(16, usual / 2):
        return 0, 0.0
    crossed = min(length, room, MOST_OF_QUESTION if sizes.options else MOST_CROSSED)
    read = min(usual, crossed)
    return crossed, (read + named) / sizes.options if sizes.options else 2 * read + named


def expected_seconds(plan: Plan, texts: int, measured: int) -> dict[str, float]:
    """Roughly how long each stage takes on two cores, for the progress bar.

    Args:
        plan: the plan.
        texts: how many are read in all.
        measured: rows of the test set.
    """
    length = 0.6 * plan.token_length * plan.sides
    step = plan.student_batch / TUNE_SPEED
    light = plan.light_steps * LIGHT_BATCH * length / LIGHT_SPEED
    narrow = plan.narrow_steps * NARROW_BATCH * min(length, MOST_NARROW * plan.sides) / NARROW_SPEED
    reads = [(depth, min(length, plan.reads(depth) * plan.sides)) for depth in plan.layers]
    if plan.crossed:
        reads.append((max(plan.layers), min(length, plan.crossed * plan.sides) + plan.named))
    again = plan.student_steps * step * min(length, plan.student_length * plan.sides) if plan.layers else narrow
    return {
        "read": texts * length / EMBED_SPEED,
        **({"ask": texts * (length + plan.named) / EMBED_SPEED} if plan.named else {}),
        **({"distil": 3 + plan.distilled / 250} if plan.distilled else {}),
        "tune": (plan.folds + 1)
        * (
            plan.tuning_steps * plan.tuning_batch * min(length, plan.tuning_length * plan.sides) / TUNE_SPEED
            + (plan.labelled + plan.pool) * length / EMBED_SPEED
        )
        * bool(plan.tuning_steps),
        "loop": 5.0 + 10 * len(plan.rounds),
        "believe": texts * length / EMBED_SPEED,
        "students": 20
        + light
        + narrow
        + sum(8 + plan.student_steps * step * read * depth / 6 for depth, read in reads),
        "ablation" if measured else "cross-validate": again * (1 if measured else plan.folds),
    }
