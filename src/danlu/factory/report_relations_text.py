"""The words of a report on entities with relations, in English and Chinese, where they differ from report_spans_text.

Knows no figures. The same keys and the same blanks in both languages.
"""

from __future__ import annotations

from danlu.factory.report_spans_text import span_words

ENGLISH: dict[str, str] = {
    "what_zh": "Finds entities of {k} types in Chinese texts, and {q} relations between them.",
    "what_en": "Finds entities of {k} types in English texts, and {q} relations between them.",
    "what_mixed": "Finds entities of {k} types in texts, and {q} relations between them.",
    "cap": "F1 of entities, measured on {n} texts",
    "cap_test": "F1 of entities, measured on {n} texts of your test file, never trained on",
    "fact_relations": "F1 of relations",
    "relations_note": "{low} to {high}; {n} measured",
    "relations_title": "Every relation",
    "relations_lead": "A relation counts as right if both its entities are exact, with their types, and it leads the "
    "right way: F1 <b>{f1}</b>, {low} to {high} (95%, by drawing {n} texts anew). Weakest first; a pale bar stands on "
    "fewer than ten measured ones.",
    "relation": "Relation",
    "link_mistakes_title": "Mistaken and missed relations",
    "link_mistakes_lead": "First relations that the model gives and that are not marked, the surest ones before the "
    "others; then some that it misses. Some may be mistakes of the marks.",
    "link_false": "given {link}, which is not marked",
    "link_missed": "missed {link}",
    "loop_lead": "In each round the teacher marks unlabelled texts and learns from those it is surest of. A round "
    "stays only if the mean F1 of entities and of relations in held-out texts does not fall.",
    "loop_picture": "Mean F1 of entities and relations in each round",
    "front_lead": "Every candidate that was made, by the mean F1 of entities and of relations; the filled one is in "
    "the file. They are compared on texts set aside for choosing, some of them marked by the teacher, which is itself "
    "the deepest candidate; where such texts are few, labelled ones that the teacher has learned from join them: these "
    "figures only rank.",
    "accuracy": "Mean F1",
    "ablation_lead": "The same measurement of the models on the way, of entities and, in small, of relations. The "
    "lines are 95% intervals.",
    "ablation_relations": "relations {f1}",
    "use_relations": "what holds between two of them: head, relation, tail",
}

CHINESE: dict[str, str] = {
    "what_zh": "在中文文本中找出 {k} 类实体，以及它们之间的 {q} 种关系。",
    "what_en": "在英文文本中找出 {k} 类实体，以及它们之间的 {q} 种关系。",
    "what_mixed": "在文本中找出 {k} 类实体，以及它们之间的 {q} 种关系。",
    "cap": "实体 F1，在 {n} 条文本上测得",
    "cap_test": "实体 F1，在您的测试文件的 {n} 条文本上测得，训练时从未用过",
    "fact_relations": "关系 F1",
    "relations_note": "{low} 到 {high}；测了 {n} 个",
    "relations_title": "每种关系",
    "relations_lead": "两端实体的首尾字符和类型全对、方向和关系也对才算对：F1 <b>{f1}</b>，{low} 到 {high}"
    "（95%，按 {n} 条文本重抽样）。最弱的在前；浅色的条表示测到的不足十个。",
    "relation": "关系",
    "link_mistakes_title": "找错和漏掉的关系",
    "link_mistakes_lead": "先是模型给出而没有标注的关系，最有把握的在前；再是它漏掉的一些。有些可能是标注的错。",
    "link_false": "给出 {link}，而没有这样标注",
    "link_missed": "漏掉 {link}",
    "loop_lead": "每一轮里教师标注无标注文本，并从最有把握的那些中学习。只有留出文本的实体与关系的平均 F1 没有下降，"
    "这一轮才保留。",
    "loop_picture": "各轮的实体与关系平均 F1",
    "front_lead": "做出来的全部候选，按实体与关系的平均 F1 比较；实心的在文件里。它们在专门留出的文本上比较，其中一部分"
    "由教师标注，而最深的候选就是教师自己；这样的文本太少时，还会加上教师学过的已标注文本：这些数字只用来排序。",
    "accuracy": "平均 F1",
    "ablation_lead": "对途中各个模型的同样测量：实体，小字是关系。横线是 95% 区间。",
    "ablation_relations": "关系 {f1}",
    "use_relations": "两个实体之间的关系：头实体、关系、尾实体",
}


def relation_words(language: str, relations: int) -> dict[str, str]:
    """The words of a report on entities with so many relations: Chinese for zh, English for any other language."""
    own = CHINESE if language == "zh" else ENGLISH
    named = {key: text.replace("{q}", str(relations)) for key, text in own.items()}
    return span_words(language) | named
