"""The command line: one verb a function.

Knows options and exit codes; everything it does is a call into the package. Heavy libraries are imported by the verb
that needs them, so `danlu predict` starts without torch.
"""

from __future__ import annotations

import io
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from danlu.cli_ask import Greedy, ask
from danlu.cli_base import base, evaluate_base, extra, pretrain
from danlu.cli_model import Force, Json, Label, Second, Text, card, evaluate, harmless, predict, print_json, say, serve
from danlu.cli_several import TaskOption, headline, task_of
from danlu.errors import DanluError

if TYPE_CHECKING:
    from danlu.factory.inspect import Finding, Inspection

app = typer.Typer(
    name="danlu",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="丹炉, the furnace: a few labelled examples in, one small model file out.",
)

Data = Annotated[
    Path | None,
    typer.Argument(
        help="A folder with train.* (and dev, test, unlabeled, labels), or one file; or a folder with labels.* and "
        "unlabeled.* alone."
    ),
]
Test = Annotated[Path | None, typer.Option("--test", help="A test file outside DATA; it is used for figures only.")]
Unlabeled = Annotated[Path | None, typer.Option("--unlabeled", help="A file of unlabelled text outside DATA.")]
Labels = Annotated[
    list[str] | None,
    typer.Option("--labels", help="Names of labels where no row is labelled: --unlabeled texts.txt --labels A B C."),
]


@app.command(cls=Greedy)
def forge(
    data: Data = None,
    out: Annotated[Path | None, typer.Option("--out", help="The model file; by default DATA's name + .danlu.")] = None,
    test: Test = None,
    unlabeled: Unlabeled = None,
    labels: Labels = None,
    text: Text = None,
    second: Second = None,
    label: Label = None,
    task: TaskOption = None,
    base: Annotated[str | None, typer.Option("--base", help="A Hugging Face encoder instead of the embedded.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Of everything drawn at random.")] = 0,
    minutes: Annotated[float, typer.Option("--minutes", help="The budget on two ordinary cores.")] = 10.0,
    max_mb: Annotated[float, typer.Option("--max-mb", help="Largest model file, in 10⁶ bytes.")] = 25.0,
    max_ms: Annotated[float, typer.Option("--max-ms", help="Slowest prediction: p95, one text, one thread.")] = 10.0,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Forge a model from a few labelled rows, or from texts and names of labels, and a report beside it."""
    with extra("forge"):
        from danlu.factory.produce import Options, produce
    target = out or Path(_stem(data or unlabeled or Path()) + ".danlu")
    made = produce(
        data,
        target,
        Options(
            test,
            unlabeled,
            text,
            second,
            label,
            task_of(task),
            base,
            seed,
            minutes,
            max_mb,
            max_ms,
            force=force,
            labels=tuple(labels or ()),
        ),
    )
    figures = made.card["figures"]
    student = figures["student"]
    if as_json:
        print_json({"model": str(made.model), "report": str(made.report), "card": made.card, "seconds": made.seconds})
        return
    shipped = next(c for c in made.card["candidates"] if c["shipped"])
    say(
        f"{made.model}: {shipped['name']} ({shipped['precision']}), {made.model.stat().st_size / 1e6:.1f} MB\n"
        f"{_measured(student, figures['measured_on'])}\nreport: {made.report}"
    )
    if made.card["cut"]:
        say(f"three times the budget was spent, so these were left out: {', '.join(made.card['cut'])}")


@app.command(cls=Greedy)
def check(
    data: Data = None,
    test: Test = None,
    unlabeled: Unlabeled = None,
    labels: Labels = None,
    text: Text = None,
    second: Second = None,
    label: Label = None,
    task: TaskOption = None,
    as_json: Json = False,
) -> None:
    """Say what DATA holds and what is wrong with it. Exit 0: fine; 1: warnings; 2: errors."""
    from danlu.corpus.read import load
    from danlu.factory.inspect import inspect, render

    dataset = load(
        data,
        test=test,
        unlabeled=unlabeled,
        text=text,
        second=second,
        label=label,
        task=task_of(task),
        labels=labels or (),
    )
    inspection = inspect(dataset)
    if inspection.exit_code < 2 and inspection.task.nesting is None:
        inspection.findings += _advice(inspection, dataset.descriptions)
    if as_json:
        findings = [
            {"level": f.level, "code": f.code, "message": f.message, "rows": f.rows} for f in inspection.findings
        ]
        print_json({"facts": inspection.facts, "findings": findings, "exit_code": inspection.exit_code})
    else:
        say(render(inspection))
    raise typer.Exit(inspection.exit_code)


app.command()(predict)
app.command(cls=Greedy)(ask)
app.command("eval")(evaluate)
app.command()(card)
app.command()(serve)
app.command()(pretrain)
app.command()(base)
app.command("eval-base")(evaluate_base)


def main() -> None:
    """Runs the command line; a mistake of the user's is one sentence on standard error and exit code 2."""
    signal.signal(signal.SIGINT, _interrupted)
    signal.signal(signal.SIGTERM, _interrupted)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        app()
    except DanluError as error:
        print(harmless(f"danlu: {error}"), file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except OSError as error:
        print(f"danlu: {error.filename or 'a file'}: {error.strerror or error}. Fix: check the path.", file=sys.stderr)  # noqa: T201
        sys.exit(2)


def _advice(inspection: Inspection, descriptions: dict[str, str]) -> list[Finding]:
    """What only an encoder can tell of label names; nothing where the libraries of the extra `forge` are missing."""
    try:
        from danlu.factory.advice import advise
        from danlu.models.base import open_base
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("danlu"):
            raise
        return []
    return advise(inspection, descriptions, open_base())


def _measured(student: dict[str, Any] | None, where: str) -> str:
    """How good a forged model is, and by what that is known."""
    if student is None:
        return "accuracy: not measured, since no row is labelled; label a hundred texts and give them with --test"
    return f"{headline(student)}; {student['n']} rows, {where})"


def _stem(data: Path) -> str:
    name = data.resolve().name
    return name.split(".", 1)[0] or "model" if data.is_file() else name


def _interrupted(number: int, _: object) -> None:
    goes_on = "; the same command goes on where it was" if sys.argv[1:2] in (["forge"], ["pretrain"]) else ""
    print(f"danlu: stopped{goes_on}.", file=sys.stderr)  # noqa: T201
    raise SystemExit(128 + number)
