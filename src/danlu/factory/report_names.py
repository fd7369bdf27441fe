"""What a report says of a model that learned from names of labels alone: its own words, and what it adds.

Knows the report's keys; the keys and blanks of words that differ are those of report_text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from danlu.factory import charts
from danlu.factory.report_html import count, paragraph, percent, table, user

if TYPE_CHECKING:
    from danlu.factory.report_html import View

ENGLISH: dict[str, str] = {
    "unmeasured": "not measured",
    "unmeasured_cap": "accuracy: there is no labelled row to measure it by",
    "unmeasured_trust": "Labels were guessed from their names. How often that is right, nothing here can tell. A "
    "hundred labelled texts as a test file would.",
    "guessed_title": "How it spreads the labels",
    "guessed_lead": "What the teacher makes of {n} unlabelled texts: guesses, not counts. If you know that a label is "
    "far rarer or far more common, its name misleads the model; describe it in the label list.",
    "guessed_texts": "Texts",
    "guessed_share": "Expected share",
    "limits_title": "What nothing labelled cannot prove",
    "limit_names": "No row was labelled to learn from. A general model guessed the labels from their names; what it "
    "misunderstands in a name, this model misunderstands as well.",
    "limit_agreement": "Forms, rounds and candidates were compared by how far they agree with the general model or "
    "with the teacher. Agreement is no accuracy: what all of them get wrong does not show.",
    "limit_probability": "Probabilities say how sure the teacher was. Nobody's labels have checked them.",
    "limit_balance": "Labels were taken to be about equally common among the texts it learned from.",
    "forms_lead": "Several ways of learning what the general model believes of the texts. The bars show how often "
    "each names the same label as the general model, on texts that it did not learn from: agreement, not accuracy. "
    "The weight says how much each counts when they vote. What was chosen is the teacher.",
    "loop_lead": "In each round the forms learn from the texts that are believed surest, equally many of each label, "
    "and what they believe of the others replaces what was believed before. The height is agreement with the general "
    "model; it may fall where they correct it. No label decides, so all rounds stay.",
    "loop_picture": "Agreement with the general model in each round",
    "accuracy": "Agreement",
    "no_loop": "Teacher after the first round",
    "no_loop_note": "before the others",
    "general": "General model alone",
    "general_note": "its scores compared with those of the same label over the texts",
    "gain_clear": "Against the general model alone, the student gains <b>{d} points</b>, and the intervals do not "
    "overlap.",
    "gain_unclear": "Against the general model alone, the student gains <b>{d} points</b>. The intervals overlap, so "
    "on these rows this may be chance.",
    "gain_none": "Against the general model alone, the student gains nothing here ({d} points). Teacher and loop did "
    "not pay off on this task.",
    "front_title": "Agreement, size and speed",
    "front_lead": "Every candidate that was made; the filled one is in the file. They are compared by how far they "
    "agree with the teacher on texts set aside for choosing.",
    "front_size": "Agreement over size, MB",
    "front_latency": "Agreement over time per text, ms",
    "parity": "After compression to {precision}, {agreement} of {n} texts keep their label, and agreement with the "
    "teacher falls by {d} points.",
    "parity_refused": "Compressed to int8, {agreement} of {n} texts would keep their label and agreement with the "
    "teacher would change by {d} points. That was not good enough, or not faster, so {precision} is in the file.",
    "parity_same": "After compression to {precision}, {agreement} of {n} texts keep their label, and agreement with "
    "the teacher does not fall.",
    "calibration_abstain": "Below a probability of <b>{threshold}</b> it abstains and asks for a person. That is "
    "<b>{share}</b> of the texts. No labelled row has shown that this is the right place.",
    "learned_note": "{n} unlabelled texts and names",
    "more_title": "What to label",
    "worth_lead": "The texts that the model is least sure of, from each label in turn. With a few of each label as "
    "train.csv and a hundred others as test.csv, the same command learns from people and says how good it is.",
}

CHINESE: dict[str, str] = {
    "unmeasured": "没有测过",
    "unmeasured_cap": "准确率：没有标注可以用来测",
    "unmeasured_trust": "标签是按名称猜的，对了多少，这里无从得知。标一百条文本作为测试文件就能知道。",
    "guessed_title": "标签怎样分布",
    "guessed_lead": "教师对 {n} 条无标注文本的看法：是猜测，不是统计。如果您知道某个标签其实少得多或多得多，"
    "就是它的名称误导了模型，请在标签表里加以说明。",
    "guessed_texts": "条数",
    "guessed_share": "预计占比",
    "limits_title": "没有标注，什么都证明不了",
    "limit_names": "没有一行数据有标注可学。标签由通用模型按名称猜测；它对名称有什么误解，这个模型就有什么误解。",
    "limit_agreement": "各种形式、各轮和各候选，比的是与通用模型或教师的一致程度。一致不等于准确："
    "大家都错的地方看不出来。",
    "limit_probability": "概率只说明教师有多大把握，没有人工标注检验过。",
    "limit_balance": "学习时假定各标签的文本大致一样多。",
    "forms_lead": "以不同方式学习通用模型对文本的看法。横条是在没学过的文本上与通用模型给出同一标签的比例："
    "是一致，不是准确。权重是各自在投票中的分量，入选的就是教师。",
    "loop_lead": "每一轮，各形式从最有把握的文本学习，每个标签一样多，然后用它们的看法替换原来的看法。"
    "高度是与通用模型的一致程度，纠正它时可能下降。没有标注来裁决，所以各轮都保留。",
    "loop_picture": "每一轮与通用模型的一致程度",
    "accuracy": "一致",
    "no_loop": "第一轮之后的教师",
    "no_loop_note": "其余各轮之前",
    "general": "通用模型本身",
    "general_note": "每个标签的分数，与它在全部文本上的分数相比",
    "gain_clear": "与通用模型本身相比，学生高出 <b>{d} 个百分点</b>，两个区间不重叠。",
    "gain_unclear": "与通用模型本身相比，学生高出 <b>{d} 个百分点</b>。两个区间有重叠，在这些数据上可能只是偶然。",
    "gain_none": "与通用模型本身相比，学生在这里没有提高（{d} 个百分点）。教师和自训练在这个任务上没有回报。",
    "front_title": "一致程度、大小与速度",
    "front_lead": "做出的每一个候选，实心的那个在文件里。比的是在专门留出的文本上与教师的一致程度。",
    "front_size": "一致程度与大小（MB）",
    "front_latency": "一致程度与单条耗时（毫秒）",
    "parity": "压缩到 {precision} 后，{n} 条文本中 {agreement} 标签不变，与教师的一致程度下降 {d} 个百分点。",
    "parity_refused": "如果压缩到 int8，{n} 条文本中 {agreement} 标签不变，与教师的一致程度变动 {d} 个百分点。"
    "不够好或并不更快，所以文件里用的是 {precision}。",
    "parity_same": "压缩到 {precision} 后，{n} 条文本中 {agreement} 标签不变，与教师的一致程度没有下降。",
    "calibration_abstain": "概率低于 <b>{threshold}</b> 时它会弃答，请人来看。这样的文本占 <b>{share}</b>。"
    "没有标注证明这条线划得对。",
    "learned_note": "无标注 {n} 条和标签名称",
    "more_title": "该标哪些",
    "worth_lead": "模型最拿不准的文本，各标签轮流列出。每个标签标几条作为 train.csv，另标一百条作为 test.csv，"
    "同一条命令就会向人学习，并说出自己有多好。",
}

NAMES: dict[str, dict[str, str]] = {"en": ENGLISH, "zh": CHINESE}


def names_words(language: str) -> dict[str, str]:
    """The words of a language: Chinese for zh, English for any other."""
    return NAMES.get(language, ENGLISH)


def unmeasured(view: View) -> str:
    """The first screen's figure where nothing could be measured."""
    return (
        f'<div class="hero"><div><p class="big">{view.words["unmeasured"]}</p>'
        f'<p class="cap">{view.words["unmeasured_cap"]}</p></div>'
        f'<p class="trust">{view.words["unmeasured_trust"]}</p></div>'
    )


def limits(view: View) -> list[str]:
    """What is to be said of a model without a labelled row; nothing of others."""
    keys = ("limit_names", "limit_agreement", "limit_probability", "limit_balance")
    return [view.words[key] for key in keys] if view.names_only else []


def guessed(view: View) -> str:
    """How many texts get each label, the most frequent first."""
    found = view.get("card", "data", "guessed") or {}
    if not found or not view.names_only:
        return ""
    total = max(1, sum(entry["texts"] for entry in found.values()))
    body = [
        (
            user(label),
            charts.bar(entry["texts"] / total, "calm"),
            count(entry["texts"]),
            percent(entry["texts"] / total),
            percent(entry["share"]),
        )
        for label, entry in sorted(found.items(), key=lambda item: -item[1]["texts"])
    ]
    heads = [view.words["label"], "", view.words["guessed_texts"], "%", view.words["guessed_share"]]
    return paragraph(view.say("guessed_lead", n=count(total)), "lead") + table(heads, body, "bars")
