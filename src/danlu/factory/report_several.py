"""A report on a model whose texts may have several labels: its own words, and its figures where others stand.

The sections of the report know one figure, called accuracy; here it is micro-F1. The keys and blanks are those of
report_text; knows no layout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from danlu.factory.report_html import short, user

if TYPE_CHECKING:
    from danlu.factory.report_html import View

ENGLISH: dict[str, str] = {
    "what_zh": "Says which of {k} labels a Chinese text has: several, one or none.",
    "what_en": "Says which of {k} labels an English text has: several, one or none.",
    "what_mixed": "Says which of {k} labels a text has: several, one or none.",
    "accuracy": "Micro-F1",
    "cap": "micro-F1 of labels, measured on {n} texts",
    "cap_test": "micro-F1 of labels, measured on {n} texts of your test file, never trained on",
    "cap_cross-validation": "micro-F1 of labels, measured on your {n} labelled texts by cross-validation",
    "trust_firm": "F1 weighs labels given wrongly against labels missed. In the long run, on texts like the measured "
    "ones, it lies between {low} and {high} of 100. A firm measurement.",
    "trust_fair": "F1 weighs labels given wrongly against labels missed. In the long run, on texts like the measured "
    "ones, it lies between {low} and {high} of 100. A fair measurement, too coarse for fine comparisons.",
    "trust_rough": "F1 weighs labels given wrongly against labels missed. In the long run, on texts like the measured "
    "ones, it lies between {low} and {high} of 100. A wide span: with {n} measured texts, take it as a first "
    "impression.",
    "fact_exact": "All labels of a text right",
    "coverage_note": "the least certain label of the rest is too uncertain",
    "limit_interval": "{n} measured texts leave the true micro-F1 anywhere from <b>{low}</b> to <b>{high}</b> (95%).",
    "limit_compare": "",
    "limit_outside": "Each label is judged by itself: which go together, or exclude one another, is not looked at.",
    "forms_lead": "Several ways of learning from the same texts, compared by cross-validation: micro-F1 with a "
    "threshold of one half. The weight says how much each counts when they vote. What was chosen is the teacher.",
    "loop_lead": "In each round the teacher labels unlabelled texts and learns from those all of whose labels it is "
    "surest of. A round stays only if the Brier score (0 is perfect) of held-out decisions does not rise.",
    "loop_picture": "Micro-F1, round by round",
    "front_lead": "Every candidate that was made; the filled one is in the file. They are compared on texts set aside "
    "for choosing, some of them judged by the teacher, so these figures only rank the candidates.",
    "front_size": "Micro-F1 over size, MB",
    "front_latency": "Micro-F1 over time per text, ms",
    "parity": "After compression to {precision}, {agreement} of the decisions on {n} texts stay as they are, and "
    "micro-F1 falls by {d} points.",
    "parity_refused": "Compressed to int8, {agreement} of the decisions on {n} texts would stay as they are and "
    "micro-F1 would change by {d} points. That was not good enough, or not faster, so {precision} is in the file.",
    "parity_same": "After compression to {precision}, {agreement} of the decisions on {n} texts stay as they are, and "
    "micro-F1 does not fall.",
    "calibration_lead": "A model is calibrated if 80% of the labels hold of which it says 80%. From which probability "
    "on a label is given was chosen for each label, for the best F1 on held-out texts.",
    "calibration_abstain": "Where its least certain decision is below <b>{threshold}</b> it asks for a person. That is "
    "<b>{share}</b> of the texts.",
    "mistakes_lead": "Where it was surest and still wrong. Some of them may be wrong in the data.",
    "mistake": "labelled <b>{labels}</b>",
    "missing": "misses <i>{labels}</i>",
    "extra": "too much: <i>{labels}</i>",
    "suspects_lead": "The models find one of the labels most unlikely, or most likely where it is missing. Have a "
    "look; a corrected label is worth more than a new one.",
    "looks_missing": "may lack <i>{labels}</i>",
    "looks_extra": "may not be <i>{labels}</i>",
    "none": "no label",
    "worth_lead": "The unlabelled texts the model has most to learn from, and the label it is least sure of.",
    "worth": "it would say <b>{labels}</b>, unsure of <i>{doubtful}</i>",
    "use_labels": "the labels that hold, each with its probability",
    "use_label": "the most probable label",
    "key_labels_per_text": "Labels a text, and texts",
    "key_together": "Often together",
    "key_conflicts": "Same text, other labels",
    "key_missing_labels": "Without labels",
}

CHINESE: dict[str, str] = {
    "what_zh": "判断一条中文文本有 {k} 个标签中的哪些：可以有几个、一个或没有。",
    "what_en": "判断一条英文文本有 {k} 个标签中的哪些：可以有几个、一个或没有。",
    "what_mixed": "判断一条文本有 {k} 个标签中的哪些：可以有几个、一个或没有。",
    "accuracy": "微平均 F1",
    "cap": "标签的微平均 F1，测了 {n} 条文本",
    "cap_test": "标签的微平均 F1，在您的测试文件上测了 {n} 条文本，它们从未参与训练",
    "cap_cross-validation": "标签的微平均 F1，在您标注的 {n} 条文本上交叉验证",
    "trust_firm": "F1 兼顾错给的标签和漏掉的标签。长期来看，在与测过的相似的文本上，"
    "它在 {low} 到 {high} 之间（满分 100）。"
    "这个数测得扎实。",
    "trust_fair": "F1 兼顾错给的标签和漏掉的标签。长期来看，在与测过的相似的文本上，"
    "它在 {low} 到 {high} 之间（满分 100）。"
    "这个数测得尚可，细微的高下还比不出来。",
    "trust_rough": "F1 兼顾错给的标签和漏掉的标签。长期来看，在与测过的相似的文本上，"
    "它在 {low} 到 {high} 之间（满分 100）。"
    "范围很宽：只测了 {n} 条，请把这个数当作初步印象。",
    "fact_exact": "整条标签全对",
    "coverage_note": "其余的有某个标签拿不准",
    "limit_interval": "测了 {n} 条，真实的微平均 F1 可能是 <b>{low}</b> 到 <b>{high}</b> 之间的任何值（95%）。",
    "limit_compare": "",
    "limit_outside": "每个标签单独判断：哪些标签常在一起、哪些互相排斥，模型并不考虑。",
    "forms_lead": "用同样的数据、以不同的方式学习，做交叉验证：以二分之一为阈值的微平均 F1。"
    "权重是各自在投票中的分量，入选的就是教师。",
    "loop_lead": "每一轮，教师给无标注文本打上标签，并从所有标签都最有把握的那些中学习。"
    "只有留出的判断上的 Brier 分数（0 为完美）不上升，这一轮才保留。",
    "loop_picture": "每一轮的微平均 F1",
    "front_lead": "做出的每一个候选，实心的那个在文件里。比较用的是专门留出的文本，其中一些由教师来判，"
    "所以这里的数字只用来排先后。",
    "front_size": "微平均 F1 与大小（MB）",
    "front_latency": "微平均 F1 与单条耗时（毫秒）",
    "parity": "压缩到 {precision} 后，{n} 条文本上的判断有 {agreement} 不变，微平均 F1 下降 {d} 个百分点。",
    "parity_refused": "如果压缩到 int8，{n} 条文本上的判断有 {agreement} 不变，微平均 F1 变动 {d} 个百分点。"
    "不够好或并不更快，所以文件里用的是 {precision}。",
    "parity_same": "压缩到 {precision} 后，{n} 条文本上的判断有 {agreement} 不变，微平均 F1 没有下降。",
    "calibration_lead": "如果它说 80% 的标签里，确有 80% 成立，就叫校准得好。"
    "概率到多高才给出标签，是每个标签在留出的文本上按 F1 选定的。",
    "calibration_abstain": "最拿不准的那个判断低于 <b>{threshold}</b> 时，它会请人来看。这样的文本占 <b>{share}</b>。",
    "mistakes_lead": "它最有把握却仍然错了的地方。其中有些可能是数据标错了。",
    "mistake": "标注 <b>{labels}</b>",
    "missing": "漏了 <i>{labels}</i>",
    "extra": "多了 <i>{labels}</i>",
    "suspects_lead": "各个模型认为其中某个标签很不像，或者很像却没有标。请看一看：改正一个标签，比新标一条更值。",
    "looks_missing": "可能缺 <i>{labels}</i>",
    "looks_extra": "可能不是 <i>{labels}</i>",
    "none": "没有标签",
    "worth_lead": "模型能从中学到最多的无标注文本，以及它最拿不准的标签。",
    "worth": "它会答 <b>{labels}</b>，拿不准 <i>{doubtful}</i>",
    "use_labels": "成立的标签，各带概率",
    "use_label": "最可能的标签",
    "key_labels_per_text": "每条标签数与条数",
    "key_together": "常在一起",
    "key_conflicts": "同文不同标签",
    "key_missing_labels": "没有标注",
}

SEVERAL: dict[str, dict[str, str]] = {"en": ENGLISH, "zh": CHINESE}


def several_words(language: str) -> dict[str, str]:
    """The words of a language: Chinese for zh, English for any other."""
    return SEVERAL.get(language, ENGLISH)


def with_accuracy(report: dict[str, Any], score: str, chosen_by: str | None = None) -> dict[str, Any]:
    """The report with its score also under the name that its sections read.

    Args:
        report: see `danlu.factory.report.render`.
        score: what stands in the place of accuracy: micro_f1, spearman or agreement.
        chosen_by: the same of candidates, where that is another figure.
    """
    card = dict(report.get("card") or {})
    figures = dict(card.get("figures") or {})
    for name, found in figures.items():
        if isinstance(found, dict) and score in found:
            figures[name] = {**found, "accuracy": found[score], "accuracy95": found[f"{score}95"]}
    card["figures"] = figures
    for part in ("forms", "loop", "candidates"):
        entries: list[dict[str, Any]] = card.get(part) or []
        key = chosen_by if chosen_by and part == "candidates" else score
        card[part] = [{**entry, "accuracy": entry.get(key, 0.0)} for entry in entries]
    return {**report, "card": card}


def remark(view: View, entry: dict[str, Any], lead: str, missing: str, extra: str) -> str:
    """What is said of a text: its labels, those that it lacks, and those too many; markup.

    Args:
        view: for the words.
        entry: with labels, missing and extra.
        lead: the key of the sentence with its labels.
        missing: of that with the missing ones.
        extra: of that with those too many.
    """
    parts = [view.say(lead, labels=listed(view, entry["labels"]))]
    parts += [
        view.say(key, labels=listed(view, entry[name]))
        for key, name in ((missing, "missing"), (extra, "extra"))
        if entry[name]
    ]
    return " · ".join(parts)


def listed(view: View, labels: list[str]) -> str:
    """Labels in one line, or the word for none; markup."""
    return (
        view.words["comma"].join(user(short(label, 40)) for label in labels[:8]) + "…" * (len(labels) > 8)
        or view.words["none"]
    )
