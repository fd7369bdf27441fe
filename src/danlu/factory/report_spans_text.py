"""The words of a report on extraction, in English and in Chinese, where they differ from those of report_text.

Knows no figures. The same keys and the same blanks in both languages.
"""

from __future__ import annotations

from danlu.factory.report_text import words

ENGLISH: dict[str, str] = {
    "what_zh": "Finds entities of {k} types in Chinese texts.",
    "what_en": "Finds entities of {k} types in English texts.",
    "what_mixed": "Finds entities of {k} types in texts.",
    "accuracy": "F1",
    "f1": "F1",
    "cap": "F1, measured on {n} texts",
    "cap_test": "F1, measured on {n} texts of your test file, never trained on",
    "cap_cross-validation": "F1, measured on your {n} labelled texts by cross-validation",
    "cap_dev": "F1, measured on the {n} texts of your dev file, which also chose threshold and candidate",
    "cap_held-out": "F1, measured on {n} texts of your training file that were held out; they also chose threshold and "
    "candidate",
    "trust_firm": "An entity counts as right if its first and last character and its type are all right. Of the "
    "entities "
    "given, {precision} are right; of those there, {recall} are found. A firm measurement.",
    "trust_fair": "An entity counts as right if its first and last character and its type are all right. Of the "
    "entities "
    "given, {precision} are right; of those there, {recall} are found. A fair measurement, too coarse for fine "
    "comparisons.",
    "trust_rough": "An entity counts as right if its first and last character and its type are all right. Of the "
    "entities given, {precision} are right; of those there, {recall} are found. A wide span: with {n} measured texts, "
    "take the number as a first impression.",
    "fact_precision": "Precision",
    "precision_note": "of what is given",
    "fact_recall": "Recall",
    "recall_note": "of what is there",
    "fact_entities": "Measured entities",
    "learned_entities": "with {entities} entities, and {n} unlabelled texts",
    "learned_entities_only": "with {entities} entities",
    "limit_interval": "{n} measured texts with {entities} entities leave the true F1 anywhere from <b>{low}</b> to "
    "<b>{high}</b> (95%, by drawing texts anew).",
    "limit_compare": "Going by such intervals, two models closer than about <b>{d} points</b> cannot be told apart on "
    "these texts.",
    "limit_thin": "{count} of {k} types have fewer than 20 measured entities. For “{label}” ({n}), one entity more or "
    "less moves recall by {step} points.",
    "limit_unmeasured": "{count} of {k} types were not measured at all: {labels}.",
    "limit_dev": "The measured texts also chose the threshold and the candidate, which flatters them a little. A test "
    "file would be stronger proof.",
    "limit_held-out": "The measured texts were not learned from, but they chose the threshold and the candidate, which "
    "flatters them a little, and they come from the same file. A test file would be stronger proof.",
    "limit_test": "The test file speaks for texts like its own. Another source or another season was not measured.",
    "limit_cross-validation": "Each measured text was judged by a model that had not seen it, but all texts come from "
    "the same files. Another source or another season was not measured. A separate test file would be stronger proof.",
    "limit_outside": "An entity of a kind that nobody marked is not found, and one that is marked in one text and "
    "overlooked in another teaches both.",
    "marked_title": "What it finds",
    "marked_lead": "Measured texts, taken evenly from all of them, with what the model finds. Struck out is what it "
    "finds and is not so, dotted what it misses.",
    "loop_lead": "In each round the teacher marks unlabelled texts and learns from those it is surest of. A round "
    "stays "
    "only if the F1 of held-out texts does not fall.",
    "loop_picture": "F1 of each round",
    "ablation_lead": "The same measurement of the models on the way. The lines are 95% intervals.",
    "front_title": "F1, size and speed",
    "front_lead": "Every candidate that was made; the filled one is in the file. They are compared on texts set aside "
    "for choosing, some of them marked by the teacher, which is itself the deepest candidate; where such texts are "
    "few, labelled ones that the teacher has learned from join them: these figures only rank.",
    "front_size": "F1 over size, MB",
    "front_latency": "F1 over time per text, ms",
    "parity": "After compression to {precision}, {agreement} of {n} texts keep all their entities, and F1 falls by {d} "
    "points.",
    "parity_same": "After compression to {precision}, {agreement} of {n} texts keep all their entities, and F1 "
    "does not "
    "fall.",
    "parity_refused": "Compressed to int8, {agreement} of {n} texts would keep all their entities and F1 would "
    "change by "
    "{d} points. That was not good enough, or not faster, so {precision} is in the file.",
    "per_label_title": "Every type",
    "per_label_lead": "Weakest first. A pale bar stands on fewer than ten measured entities.",
    "label": "Type",
    "measured": "measured",
    "learned": "learned",
    "mistakes_title": "Mistakes it is surest of",
    "mistakes_lead": "Where the model and the marks disagree most. Some may be mistakes of the marks.",
    "error_false": "given {found}, and nothing is marked there",
    "error_other": "given {found}, marked {real}",
    "error_missed": "missed {real}",
    "more_title": "What to mark next",
    "worth_lead": "Unlabelled texts that the teacher is least sure of; marking these tells most.",
    "key_nesting": "entities",
    "use_spans": "entities: first character, character after the last, type, probability",
    "example_text": "A text with entities in it",
    "stage_taught": "Training teachers",
    "stage_judged": "Judging teachers",
    "stage_test": "Measuring",
}

CHINESE: dict[str, str] = {
    "what_zh": "在中文文本中找出 {k} 类实体。",
    "what_en": "在英文文本中找出 {k} 类实体。",
    "what_mixed": "在文本中找出 {k} 类实体。",
    "accuracy": "F1",
    "f1": "F1",
    "cap": "F1，在 {n} 条文本上测得",
    "cap_test": "F1，在您的测试文件的 {n} 条文本上测得，训练时从未用过",
    "cap_cross-validation": "F1，在您的 {n} 条标注文本上用交叉验证测得",
    "cap_dev": "F1，在您的验证文件的 {n} 条文本上测得，阈值和候选也由它们选定",
    "cap_held-out": "F1，在训练文件中留出的 {n} 条文本上测得，阈值和候选也由它们选定",
    "trust_firm": "实体的首尾字符和类型全对才算对。给出的实体中 {precision} 是对的；应有的实体中 {recall} 被找到。"
    "这是可靠的测量。",
    "trust_fair": "实体的首尾字符和类型全对才算对。给出的实体中 {precision} 是对的；应有的实体中 {recall} 被找到。"
    "测量尚可，但不足以作细致比较。",
    "trust_rough": "实体的首尾字符和类型全对才算对。给出的实体中 {precision} 是对的；应有的实体中 {recall} 被找到。"
    "区间很宽：只测了 {n} 条文本，这个数只能当作初步印象。",
    "fact_precision": "准确率",
    "precision_note": "给出的有多少是对的",
    "fact_recall": "召回率",
    "recall_note": "应有的有多少被找到",
    "fact_entities": "测量的实体",
    "learned_entities": "含 {entities} 个实体，另有 {n} 条无标注文本",
    "learned_entities_only": "含 {entities} 个实体",
    "limit_interval": "{n} 条文本、{entities} 个实体的测量，真实 F1 可能在 <b>{low}</b> 到 <b>{high}</b> 之间"
    "（95%，按文本重抽样）。",
    "limit_compare": "按这样的区间，两个模型在这些文本上相差不到约 <b>{d} 个百分点</b> 时分不出高下。",
    "limit_thin": "{k} 个类型中有 {count} 个测到的实体不足 20 个。对“{label}”（{n} 个）来说，多对或少对一个，召回率"
    "就变动 "
    "{step} 个百分点。",
    "limit_unmeasured": "{k} 个类型中有 {count} 个完全没有测到：{labels}。",
    "limit_dev": "测量用的文本也用来选定阈值和候选，所以结果略偏乐观。单独的测试文件会更有说服力。",
    "limit_held-out": "测量用的文本没有参与学习，但用来选定阈值和候选，所以结果略偏乐观，而且来自同一个文件。"
    "单独的测试文件会更有说服力。",
    "limit_test": "测试文件只代表与它相似的文本。别的来源、别的时期没有测过。",
    "limit_cross-validation": "每条测量的文本都由没见过它的模型来判断，但所有文本都来自同样的文件。别的来源、别的时"
    "期没有测过。"
    "单独的测试文件会更有说服力。",
    "limit_outside": "没有人标过的那类实体不会被找到；同样的词在一处标了、在另一处漏标，两种都会被学去。",
    "marked_title": "它找到了什么",
    "marked_lead": "从所有测量的文本中均匀取出的几条，标出模型找到的实体。划掉的是找错的，点线是漏掉的。",
    "loop_lead": "每一轮里教师标注无标注文本，并从最有把握的那些中学习。只有留出文本的 F1 没有下降，这一轮才保留。",
    "loop_picture": "各轮的 F1",
    "ablation_lead": "对途中各个模型的同样测量。横线是 95% 区间。",
    "front_title": "F1、大小和速度",
    "front_lead": "做出来的全部候选；实心的在文件里。它们在专门留出的文本上比较，其中一部分由教师标注，而最深的候选"
    "就是教师自己；这样的文本太少时，还会加上教师学过的已标注文本："
    "这些数字只用来排序。",
    "front_size": "F1 与大小（MB）",
    "front_latency": "F1 与每条用时（毫秒）",
    "parity": "压缩为 {precision} 之后，{n} 条文本中 {agreement} 的实体全部不变，F1 下降 {d} 个百分点。",
    "parity_same": "压缩为 {precision} 之后，{n} 条文本中 {agreement} 的实体全部不变，F1 没有下降。",
    "parity_refused": "若压缩为 int8，{n} 条文本中 {agreement} 的实体全部不变，F1 变动 {d} 个百分点。不够好或没有更快，"
    "所以文件里是 {precision}。",
    "per_label_title": "每个类型",
    "per_label_lead": "最弱的在前。浅色的条表示测到的实体不足十个。",
    "label": "类型",
    "measured": "测量",
    "learned": "学习",
    "mistakes_title": "最有把握的错误",
    "mistakes_lead": "模型与标注分歧最大的地方。有些可能是标注的错。",
    "error_false": "给出 {found}，而此处没有标注",
    "error_other": "给出 {found}，标注为 {real}",
    "error_missed": "漏掉 {real}",
    "more_title": "接下来标注什么",
    "worth_lead": "教师最拿不准的无标注文本；标注它们收获最大。",
    "key_nesting": "实体",
    "use_spans": "实体：首字符位置、末字符之后的位置、类型、把握",
    "example_text": "一条含有实体的文本",
    "stage_taught": "训练教师",
    "stage_judged": "检验教师",
    "stage_test": "测量",
}


def span_words(language: str) -> dict[str, str]:
    """The words of a report on extraction: Chinese for zh, English for any other language."""
    return words(language) | (CHINESE if language == "zh" else ENGLISH)
