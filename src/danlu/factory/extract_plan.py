"""The plan of one extraction: how much of everything, decided from sizes and budget before anything is trained.

The clock of a machine never enters it. Costs are estimated for two ordinary cores, as in plan.py.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from danlu.errors import OptionError
from danlu.factory.plan import EMBED_SPEED, FIXED_MS, TOKENS_A_MS
from danlu.text.pieces import WINDOW

TRAIN_SPEED = 3_000  # tokens a second through training of six layers with the embeddings and the scorer
BATCH = 16
MOST_WIDTH = 40  # tokens of the widest entity that is looked for
FIXED_BYTES = 1_500_000  # of a model file beside layers and vocabulary: scorer, graph, card
TOKEN_BYTES = 60  # of a token's name in the tokenizer
LEAST_TOKENS, MOST_TOKENS = 6_000, 16_000
LEAST_DEV = 30  # dev rows from which on they judge the teacher in place of held-out folds
LARGE = 1_500  # training rows from which on a tenth is held out for good, in place of folds
ENOUGH_STEPS = 40  # of a student; with fewer, only the teacher itself is a candidate
ENOUGH_TAUGHT = 150  # steps of a teacher; for fewer, folds are saved, and then the shallowest students
LEAST_WANTED = 300  # steps that it has however few rows there are,
LEAST_KNOWING = 50  # and where it starts from the general extractor: more of them make it forget
DEPTHS = (2, 3)  # of students, beside the whole depth, which is the teacher itself
MOST_MARKED = 20_000  # training rows


@dataclass(frozen=True)
class SpanSizes:
    """What the plan depends on.

    Attributes:
        labelled: training rows.
        unlabelled: usable unlabelled rows.
        dev: rows to choose by.
        has_test: whether there is a test set; without one, students are cross-validated as well.
        tokens: mean tokens of a training text, windows of long ones together.
        long_tokens: the 95th percentile.
        widest: tokens of the widest marked entity.
        cost: of the base encoder, relative to the embedded one.
        depth: its layers.
        body: its weights without those of the vocabulary.
        hidden: its width.
        known: whether the general extractor belongs to it, so that no teacher starts from nothing.
    """

    labelled: int
    unlabelled: int
    dev: int
    has_test: bool
    tokens: float
    long_tokens: int
    widest: int
    cost: float = 1.0
    depth: int = 6
    body: int = 10_800_000
    hidden: int = 384
    known: bool = False


@dataclass(frozen=True)
class SpanPlan:
    """How much of everything.

    Attributes:
        minutes: the budget it was made for.
        folds: that hold labelled rows out in turn; 0 where dev rows judge, or rows held out for good.
        holds: whether a tenth of the training rows is held out for good: of so many it is not missed.
        window: tokens read at once.
        widest: tokens of the widest entity.
        vocabulary: tokens that teacher and students know.
        batch: windows a step.
        teacher_steps: of each context.
        rounds: shares of the pool admitted, round by round.
        loop_steps: of each context in each round.
        pool: unlabelled texts of the loop.
        distill: unlabelled texts that students learn from.
        layers: depths of the candidates, the last being the teacher itself.
        student_steps: of each shallower one.
        known: whether teachers start from the general extractor.
    """

    minutes: float
    folds: int
    holds: bool
    window: int
    widest: int
    vocabulary: int
    batch: int
    teacher_steps: int
    rounds: tuple[float, ...]
    loop_steps: int
    pool: int
    distill: int
    layers: tuple[int, ...]
    student_steps: int
    known: bool = False

    @property
    def contexts(self) -> int:
        """Trainings of a teacher: one a fold, and one on all rows."""
        return self.folds + 1

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, for the card."""
        return asdict(self)


def make_plan(sizes: SpanSizes, minutes: float, max_mb: float, max_ms: float) -> SpanPlan:
    """Divides the budget: a third trains the teacher, a fifth the loop, a quarter the students.

    Raises:
        OptionError: no student could keep --max-ms on texts as long as these.
    """
    seconds = minutes * 60
    widest = max(2, min(MOST_WIDTH, sizes.widest))
    judged = sizes.dev >= LEAST_DEV
    holds = not judged and sizes.labelled >= LARGE
    tokens = min(sizes.tokens, WINDOW) + 2
    step = BATCH * tokens * sizes.cost / TRAIN_SPEED
    wanted = max(LEAST_KNOWING if sizes.known else LEAST_WANTED, min(4_000, 20 * sizes.labelled // BATCH))
    enough = min(ENOUGH_TAUGHT, wanted)
    with_loop = sizes.unlabelled >= 50
    taught = (0.35 if with_loop else 0.5) * seconds / step  # steps of all contexts together
    folds = 0 if judged or holds else _folds(sizes.labelled, taught / enough, minutes)
    contexts = folds + 1
    scarce = taught < contexts * enough
    reach = TOKENS_A_MS * max(0.0, max_ms - FIXED_MS) / sizes.cost  # tokens that all layers read inside the limit
    depths = (*(depth for depth in DEPTHS if depth < sizes.depth), sizes.depth)
    able = tuple(depth for depth in depths if reach * sizes.depth / depth >= 0.7 * min(sizes.long_tokens, 4 * WINDOW))
    if not able:
        needed = FIXED_MS + sizes.long_tokens * sizes.cost * depths[0] / sizes.depth / TOKENS_A_MS
        raise OptionError(
            f"The texts are long (up to {sizes.long_tokens:,} tokens), and no student could read one in {max_ms:g} ms. "
            f"Fix: --max-ms {int(needed) + 2}, or split the texts."
        )
    if scarce and sizes.depth in able:  # the teacher itself is the best student; one more, if it turns out too slow
        able, taught = able[-2:], taught + 0.1 * seconds / step
    teacher = max(30, min(wanted, int(taught / contexts)))
    loop = max(15, min(teacher // 2, int(0.15 * seconds / (contexts * step))))
    read = EMBED_SPEED / (tokens * sizes.cost)  # texts a second
    pool = min(sizes.unlabelled, 3_000, int(0.08 * seconds * read / contexts)) if with_loop else 0
    distill = min(sizes.unlabelled, 10_000, max(pool, int(0.05 * seconds * read)))

    # A step of a student is a part of a teacher's, and the teacher reads the same texts beside it.
    again = 1 if sizes.has_test else max(1, folds)
    parts = sum(depth / sizes.depth + 0.4 for depth in able if depth < sizes.depth)
    worst = max((depth / sizes.depth + 0.4 for depth in able if depth < sizes.depth), default=0.0)
    share = (0.15 if scarce else 0.25) * seconds / max(step * (parts + worst * (again - 1)), 1e-9)
    student = int(max(20, min(1_500, share))) if parts else 0
    if student < ENOUGH_STEPS and sizes.depth in able:
        able = (sizes.depth,)
    room = 0.95 * max_mb * 1e6 - sizes.body * max(able) / sizes.depth - FIXED_BYTES
    vocabulary = int(max(LEAST_TOKENS, min(MOST_TOKENS, room / (sizes.hidden + TOKEN_BYTES))))
    return SpanPlan(
        minutes=minutes,
        folds=folds,
        holds=holds,
        window=max(WINDOW, 2 * widest + 2),
        widest=widest,
        vocabulary=vocabulary,
        batch=BATCH,
        teacher_steps=teacher,
        rounds=(0.6,) if pool >= 50 else (),
        loop_steps=loop,
        pool=pool,
        distill=distill,
        layers=able,
        student_steps=student,
        known=sizes.known,
    )


def _folds(labelled: int, taught: float, minutes: float) -> int:
    """As many as leave each teacher enough steps, five at most; two where none do.

    Args:
        labelled: training rows.
        taught: teachers that there is time for.
        minutes: of the budget.
    """
    most = min(labelled, 5 if labelled <= 200 and minutes >= 3 else 3)
    return next((n for n in (5, 3) if n <= most and taught > n), min(most, 2))


def expected_seconds(plan: SpanPlan, sizes: SpanSizes) -> dict[str, float]:
    """Roughly how long each stage takes on two cores, for the progress bar."""
    step = plan.batch * (min(sizes.tokens, plan.window) + 2) * sizes.cost / TRAIN_SPEED
    shallow = [depth for depth in plan.layers if depth < sizes.depth]
    students = sum(plan.student_steps * step * (depth / sizes.depth + 0.4) + 15 for depth in plan.layers)
    return {
        "teach": plan.contexts * plan.teacher_steps * step,
        "loop": len(plan.rounds) * plan.contexts * plan.loop_steps * step,
        "believe": plan.distill * sizes.tokens * sizes.cost / EMBED_SPEED,
        "students": students,
        "cross-validate": 0.0
        if sizes.has_test or not shallow
        else plan.folds * plan.student_steps * step * (max(shallow) / sizes.depth + 0.4),
    }
