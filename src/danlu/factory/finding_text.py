"""What each finding says, in English and in Chinese: what is the matter, and what to do about it.

A table. Placeholders are the finding's values; {s} is the plural ending of n, and a tuple of names becomes a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from danlu.errors import NAMED, SHOWN, brief

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Value = str | int | Sequence[str]

_NOTE = 300  # characters of a value that is a sentence by itself

MESSAGES: dict[str, tuple[str, str]] = {
    "no-rows": (
        "No training row is usable; give at least two rows for each label.",
        "没有一行训练数据可用；请给每个标签至少两行。",
    ),
    "one-label": (
        "Every training row has the label '{label}'; add rows of at least one other label.",
        "所有训练行都是同一个标签“{label}”；请至少再加一种标签的数据。",
    ),
    "too-many-labels": (
        "There are {n:,} labels, more than {most:,}; if the label column is really an id, name another with --label.",
        "有 {n:,} 个标签，超过 {most:,} 个；如果标签列其实是编号，请用 --label 指定另一列。",
    ),
    "free-text-labels": (
        (
            "The label column looks like free text, with {labels:,} labels in {n:,} row{s}; name the column of the "
            "label with --label, or merge labels."
        ),
        "标签列像是自由文本：{n:,} 行里有 {labels:,} 个标签；请用 --label 指定标签列，或合并标签。",
    ),
    "one-example-each": (
        "Every label has one example, so nothing can be cross-validated; give each at least two.",
        "每个标签都只有一条样本，无法交叉验证；请给每个标签至少两条。",
    ),
    "labels-of-their-own": (
        (
            "{n:,} of {all:,} training rows have a label that no other row has, so nothing can be cross-validated; "
            "give such labels a second row each, or leave them out."
        ),
        "{all:,} 行训练数据中有 {n:,} 行带着别的行都没有的标签，无法交叉验证；请给这些标签各补一行，或去掉它们。",
    ),
    "too-few-rows": (
        "{n:,} training row{s} are usable, and folds need {least:,}; add labelled rows.",
        "可用的训练行只有 {n:,} 行，交叉验证至少需要 {least:,} 行；请补充标注数据。",
    ),
    "no-label-holds": (
        "No training row has any label; fill in the labels of rows that have some.",
        "没有一行训练数据带有标签；请给有标签的行填上标签。",
    ),
    "label-always-holds": (
        "Every training row has {names}, so nothing tells when it does not hold; add rows without it, or leave it out.",
        "所有训练行都有标签 {names}，因此学不到它何时不成立；请加入没有它的行，或去掉这个标签。",
    ),
    "unseen-label": (
        (
            "No usable training row has the label {names}, which stands in the dev or test file; add training rows "
            "of it or correct the label."
        ),
        "验证集或测试集里的标签 {names} 在可用的训练行中没有；请补充训练数据或改正标签。",
    ),
    "single-example": (
        "{n:,} label{s} with one example cannot be cross-validated ({names}); add at least one more of each.",
        "{n:,} 个标签只有一条样本，无法交叉验证（{names}）；请每个至少再加一条。",
    ),
    "few-examples": (
        "{n:,} label{s} with fewer than {few} examples will be learned badly ({names}); add examples up to {few} each.",
        "{n:,} 个标签的样本不足 {few} 条，会学得不好（{names}）；请补到每个 {few} 条。",
    ),
    "imbalance": (
        (
            "'{most}' has {largest:,} examples and '{least}' only {smallest:,}; add examples of the rare labels, or "
            "judge by macro-F1 rather than accuracy."
        ),
        "“{most}”有 {largest:,} 条，“{least}”只有 {smallest:,} 条；请补充少见标签的样本，或看宏平均 F1 而不是准确率。",
    ),
    "numeric-labels": (
        "The labels are numbers and are treated as names; a label list (labels.json) can say what they mean.",
        "标签是数字，按名称对待；可以用标签表（labels.json）说明它们的含义。",
    ),
    "maybe-scores": (
        "The {n:,} labels are numbers and are told apart as names are; if they are degrees, give --task score.",
        "{n:,} 个标签都是数字，现在当作互不相关的名称；如果它们是程度高低，请加 --task score。",
    ),
    "missing-value-label": (
        "The label {names} looks like a missing value; leave the cell empty if it is one.",
        "标签 {names} 像是缺失值；如果是，请把单元格留空。",
    ),
    "labels-alike": (
        (
            "The labels {names} differ only in case, width, spaces, punctuation or a plural s; give each label one "
            "spelling if they are the same."
        ),
        "标签 {names} 只有大小写、全半角、空格、标点或复数 s 不同；如果是同一个，请统一写法。",
    ),
    "labels-overlap": (
        (
            "The labels {names} say the same in another order of words; give them one name if they are the same, else "
            "describe each in words of its own in a label list (labels.json)."
        ),
        "标签 {names} 用词相同，只是顺序不同；如果是同一个，请统一名称，否则请在标签表（labels.json）里分别说明。",
    ),
    "label-name-misleads": (
        (
            "{percent} % of the texts labelled {label} lie nearest to what the label {other} says; describe both more "
            "closely in a label list (labels.json). Words in brackets are typical of their texts."
        ),
        (
            "标为 {label} 的文本有 {percent} % 最接近标签 {other} 的说法；请在标签表（labels.json）里把两者说清楚些。"
            "括号里是各自文本的常用词。"
        ),
    ),
    "label-name-vague": (
        (
            "By what the labels {names} say, few of their texts are recognised; describe them more closely in a label "
            "list (labels.json). Words in brackets are typical of their texts."
        ),
        "只看标签 {names} 的说法，很难认出属于它们的文本；请在标签表（labels.json）里说清楚些。括号里是常用词。",
    ),
    "pairs-share-texts": (
        (
            "Many pairs share a text, so folds could not be kept from learning a side of what they are measured on; "
            "cross-validated figures may be too good. Measure on a test file of other texts."
        ),
        "许多句对共用文本，交叉验证时无法保证留出的句对两边都没学过，成绩可能偏高；请用文本不重复的测试集来测。",
    ),
    "label-list-unused": (
        "The label list is not used, since rows are pairs of texts, which names cannot be compared with; delete it.",
        "数据是句对，名称无法与之比较，标签表用不上；可以删去。",
    ),
    "no-questions": (
        "No training question is usable; give at least two questions with their answers.",
        "没有一道训练题可用；请至少给两道带答案的题。",
    ),
    "one-question": (
        "There is one training question, so nothing can be cross-validated; give at least two, better twenty.",
        "只有一道训练题，无法交叉验证；请至少给两道，最好二十道以上。",
    ),
    "few-questions": (
        "There are {n:,} training questions, fewer than {few}; figures will say little, so add some.",
        "训练题只有 {n:,} 道，少于 {few} 道，成绩说明不了多少；请再补充一些。",
    ),
    "answers-unsure": (
        (
            "No answer is 0 or the number of its question's options, so they are only taken to count from 0; write the "
            "letter of the option, A for the first, or its text."
        ),
        "没有一个答案是 0，也没有一个等于选项个数，只好当作从 0 数起；请改写成选项的字母（第一个是 A）或选项原文。",
    ),
    "label-list-unused-options": (
        "The label list is not used, since each question brings its own options; delete it.",
        "每道题自带选项，标签表用不上；可以删去。",
    ),
    "one-name": (
        "There is only the label {names}; add at least one other.",
        "只有 {names} 一个标签；请至少再加一个。",
    ),
    "too-many-names": (
        "There are {n:,} names of labels, more than {most:,}; merge labels, or label rows.",
        "标签名称有 {n:,} 个，超过 {most:,} 个；请合并标签，或标注一些数据。",
    ),
    "nothing-labelled": (
        (
            "No row is labelled: a general model guesses the labels from their names, and nothing here can tell how "
            "often it is right. Label a hundred texts as a test file to measure it, a few of each label as train to "
            "do better."
        ),
        (
            "没有一行数据有标注：标签由通用模型按名称猜测，对了多少无从得知。标一百条作为测试集就能测量；"
            "每个标签标几条作为训练集会更好。"
        ),
    ),
    "nothing-labelled-tested": (
        (
            "No training row is labelled: a general model guesses the labels from their names; the test file says how "
            "often it is right. A few labelled rows of each label, as train, do better."
        ),
        "训练数据没有标注：标签由通用模型按名称猜测，对了多少以测试集为准。每个标签标几条作为训练集会更好。",
    ),
    "name-says-nothing": (
        (
            "No row is labelled, so labels are known by what they say, which is nothing for {names}; describe each in "
            "a label list (labels.csv: label,description), or name them in words."
        ),
        (
            "没有标注数据时只能靠名称认标签，而 {names} 没有含义；请在标签表里写上说明"
            "（labels.csv：label,description），或换成有含义的名称。"
        ),
    ),
    "names-say-the-same": (
        (
            "The labels {names} say the same, so nothing tells their texts apart; describe each in words of its own in "
            "a label list (labels.csv: label,description), or keep one of them."
        ),
        (
            "标签 {names} 说的是同一件事，无法区分它们的文本；请在标签表里分别写上不同的说明"
            "（labels.csv：label,description），或只留一个。"
        ),
    ),
    "unknown-test-label": (
        "The test file has the label {names}, which is not among the names of labels; add it there or correct the row.",
        "测试集里的标签 {names} 不在标签名称之中；请补上或改正。",
    ),
    "too-few-texts": (
        (
            "Usable unlabelled texts: {n:,}, where names of labels alone need {least:,} to be learned on; add "
            "texts, or label a few rows of each label."
        ),
        "可用的无标注文本只有 {n:,} 条，只凭标签名称至少需要 {least:,} 条；请补充文本，或给每个标签标几条。",
    ),
    "few-texts": (
        "{n:,} unlabelled texts are few for names of labels alone; with {few:,} or more it does better.",
        "只凭标签名称，{n:,} 条无标注文本偏少；有 {few:,} 条以上会更好。",
    ),
    "rest-label": (
        (
            "By its name a label such as {names} says only what a text is not, so no text is near to it; describe it "
            "in a label list, or leave it out and go by low probabilities."
        ),
        "标签 {names} 只说明“不是什么”，没有文本会与它接近；请在标签表里描述它，或去掉它、改看概率高低。",
    ),
    "label-without-rows": (
        "The label list names {names}, which no training row has; add rows or delete the entry.",
        "标签表里的 {names} 没有任何训练行；请补充数据或删去该项。",
    ),
    "label-not-listed": (
        "The label list lacks {names}; add the entry if labels are to be described.",
        "标签表缺少 {names}；如果要描述标签，请补上。",
    ),
    "empty": (
        "{n:,} row{s} without text: left out; fill in the text or delete the rows.",
        "{n:,} 行没有文本，已略去；请补上文本或删去这些行。",
    ),
    "missing-label": (
        "{n:,} row{s} of dev or test without a label: left out; fill in the label.",
        "验证集或测试集有 {n:,} 行没有标签，已略去；请补上标签。",
    ),
    "over-long": (
        "{n:,} row{s} of more than {most:,} characters: cut there; shorten or split the texts.",
        "{n:,} 行超过 {most:,} 个字符，在此处截断；请缩短或拆分文本。",
    ),
    "hidden-characters": (
        (
            "{n:,} row{s} with control, zero-width or direction characters: these were removed; check where the "
            "texts came from."
        ),
        "{n:,} 行含有控制字符、零宽字符或方向字符，这些字符已去掉；请检查文本的来源。",
    ),
    "replacement-characters": (
        "{n:,} row{s} with the character \ufffd, the trace of a wrong encoding; export the file again as UTF-8.",
        "{n:,} 行含有字符 \ufffd，这是编码错误的痕迹；请重新导出为 UTF-8。",
    ),
    "conflicts": (
        "{n:,} row{s} whose text stands under two labels; keep the right one.",
        "{n:,} 行的文本同时有两个标签；请保留正确的那个。",
    ),
    "leak-training": (
        (
            "{n:,} training row{s} also stand in dev or test, exactly or nearly, and are kept out; delete them from "
            "one of the files."
        ),
        "{n:,} 行训练数据与验证集或测试集相同或几乎相同，已排除在训练之外；请从其中一个文件里删去。",
    ),
    "leak-unlabeled": (
        (
            "{n:,} unlabeled row{s} also stand in dev or test, exactly or nearly, and are kept out; delete them "
            "from one of the files."
        ),
        "{n:,} 行无标注文本与验证集或测试集相同或几乎相同，已排除在训练之外；请从其中一个文件里删去。",
    ),
    "leak-dev": (
        (
            "{n:,} dev row{s} also stand in test, exactly or nearly, and are left out: dev chooses, test measures; "
            "delete them from one of the files."
        ),
        "{n:,} 行验证数据与测试集相同或几乎相同，已略去：验证集用来挑选，测试集用来测量；请从其中一个文件里删去。",
    ),
    "near-duplicates": (
        (
            "{n:,} training row{s} nearly repeat an earlier one, {apart:,} of them under another label; vary the "
            "texts, or check the labels."
        ),
        "{n:,} 行训练数据与前面某行几乎相同，其中 {apart:,} 行标签不同；请换些文本，或检查标签。",
    ),
    "duplicates": (
        "{n:,} training row{s} repeat an earlier one of the same label: merged.",
        "{n:,} 行训练数据与前面同标签的某行重复，已合并。",
    ),
    "repeated-unlabeled": (
        "{n:,} unlabeled row{s} repeat a training row or an earlier one: left out.",
        "{n:,} 行无标注文本与训练行或前面某行重复，已略去。",
    ),
    "no-entities": (
        "No training row has an entity marked; mark some, or name the column of the entities with --label.",
        "没有一行训练数据标有实体；请标注一些，或用 --label 指定实体所在的列。",
    ),
    "one-marked-row": (
        "There is one training row, so nothing can be cross-validated; give at least two.",
        "只有一行训练数据，无法交叉验证；请至少给两行。",
    ),
    "few-entities": (
        "{n:,} type{s} with fewer than {few} entities will be learned badly ({names}); mark up to {few} of each.",
        "{n:,} 个类型的实体不足 {few} 个，会学得不好（{names}）；请每个标到 {few} 个。",
    ),
    "unseen-type": (
        "The dev or test file has entities of the type {names}, which no training row has: they count as missed.",
        "验证集或测试集里有类型 {names} 的实体，而训练行里没有：它们都算作漏掉。",
    ),
    "entity-spaces": (
        "{n:,} row{s} with an entity that begins or ends with white space: trimmed.",
        "{n:,} 行里有实体以空白开头或结尾，已去掉空白。",
    ),
    "entities-cross": (
        "{n:,} row{s} with entities that cross; a model gives one of two such, so correct the offsets.",
        "{n:,} 行里有交叉的实体；模型只会给出其中一个，请改正起止位置。",
    ),
    "rarely-nested": (
        "{n:,} training row{s} have an entity inside another: too few to learn from; the model gives one of the two.",
        "{n:,} 行训练数据里有实体套着实体：太少，学不会，模型只给出其中一个。",
    ),
    "marked-differently": (
        "{n:,} training row{s} repeat the text of an earlier one with other marks: left out; keep the right marks.",
        "{n:,} 行训练数据与前面某行文本相同而标注不同，已略去；请保留正确的标注。",
    ),
    "unmarked-twins": (
        (
            "{n:,} training row{s} hold words unmarked that are an entity in another row ({names}); look whether they "
            "were overlooked."
        ),
        "{n:,} 行训练数据里有些词没有标注，而在别的行里标作实体（{names}）；请看看是不是漏标。",
    ),
    "entity-borders": (
        (
            "Of the marked entities {n:,} begin or end inside a token of the encoder, or are wider than {widest} "
            "tokens: they cannot be learned."
        ),
        "{n:,} 个标注的实体起止在编码器的一个词元内部，或超过 {widest} 个词元：学不到。",
    ),
    "single-relation": (
        "{n:,} type{s} of relations with one example will hardly be learned ({names}); mark up to {few} of each.",
        "{n:,} 种关系只有一个例子，很难学会（{names}）；请每种标到 {few} 个。",
    ),
    "few-relations": (
        "{n:,} type{s} of relations with fewer than {few} examples will be learned badly ({names}); mark up to {few}.",
        "{n:,} 种关系的例子不足 {few} 个，会学得不好（{names}）；请每种标到 {few} 个。",
    ),
    "unknown-relations": (
        (
            "{n:,} training row{s} without the field of relations: their entities are learned from, and nothing of "
            "relations; write an empty list where there are none."
        ),
        "{n:,} 行训练数据没有关系这一字段：只学其中的实体，不学关系；确实没有关系的请写空列表。",
    ),
    "unmeasured-relations": (
        "{n:,} row{s} of dev or test without the field of relations: only their entities are measured.",
        "验证集或测试集有 {n:,} 行没有关系这一字段：只测量其中的实体。",
    ),
    "unseen-relation": (
        "The dev or test file has relations between types that no training row has ({names}): they count as missed.",
        "验证集或测试集里有训练行没有的关系（{names}）：它们都算作漏掉。",
    ),
    "far-relations": (
        (
            "{n:,} relation{s} of training rows with entities that no window of {window} tokens holds both: they "
            "cannot be learned, nor found so far apart in other texts."
        ),
        (
            "训练数据中有 {n:,} 个关系，没有一个 {window} 词元的窗口能同时装下两端：学不到，在别的文本中相距这样远也"
            "找不到。"
        ),
    ),
    "one-score": (
        "Every training row has the score {score}; add rows with other scores, or name the column with --label.",
        "所有训练行的分数都是 {score}；请加入其他分数的数据，或用 --label 指定分数所在的列。",
    ),
    "few-scored-rows": (
        "{n:,} scored row{s} are few to learn a scale from; with {few:,} or more it does better.",
        "有分数的训练行只有 {n:,} 行，要学会打分偏少；有 {few:,} 行以上会更好。",
    ),
    "few-scores": (
        "There are only the scores {names}; if they are kinds rather than degrees, give --task classification.",
        "分数只有 {names} 这几种；如果它们是类别而不是程度，请加 --task classification。",
    ),
    "mostly-one-score": (
        "{percent} % of the training rows have the score {score}, so there is little to learn; add rows with others.",
        "{percent} % 的训练行分数都是 {score}，能学到的很少；请加入其他分数的数据。",
    ),
    "scores-outside": (
        (
            "{n:,} dev or test row{s} with a score outside {low} to {high}, the range of the training rows: measured "
            "as they are, though the model never gives such scores; add training rows of them."
        ),
        (
            "验证集或测试集有 {n:,} 行的分数在训练行的范围 {low} 到 {high} 之外：照原样测量，但模型不会给出这样的分数；"
            "请补充这样的训练数据。"
        ),
    ),
    "whole-numbers-as-scores": (
        (
            "The labels are {n:,} different whole numbers and are taken for scores; if they are codes of labels, give "
            "--task classification."
        ),
        "标签是 {n:,} 个不同的整数，当作分数；如果它们是类别编号，请加 --task classification。",
    ),
    "label-list-unused-scores": (
        "The label list is not used, since rows have scores and no labels; delete it.",
        "数据打的是分数，没有标签，标签表用不上；可以删去。",
    ),
    "conflicts-scores": (
        "{n:,} row{s} whose text stands under scores more than a quarter of the range apart; keep the right one.",
        "{n:,} 行的文本同时有两个分数，相差超过范围的四分之一；请保留正确的那个。",
    ),
    "near-duplicates-scores": (
        (
            "{n:,} training row{s} nearly repeat an earlier one, {apart:,} of them with a score more than a quarter of "
            "the range away; vary the texts, or check the scores."
        ),
        "{n:,} 行训练数据与前面某行几乎相同，其中 {apart:,} 行的分数相差超过范围的四分之一；请换些文本，或检查分数。",
    ),
    "capped": ("{note}", "{note}"),
    "no-header": (
        "The label's column is called '{column}', as a label is: the first row seems to be data; name the columns.",
        "标签列的列名“{column}”同时也是一个标签：第一行看起来是数据，没有被读取；请在它上面加一行列名。",
    ),
    "encoding": (
        "{file} is read as {encoding}; save it as UTF-8 if characters look wrong.",
        "{file} 按 {encoding} 读取；如果文字不对，请另存为 UTF-8。",
    ),
    "mixed-encodings": (
        "The files are in different encodings ({names}); save all of them as UTF-8.",
        "各文件编码不同（{names}）；请都另存为 UTF-8。",
    ),
    "unlabeled-training-rows": (
        "{n:,} training row{s} without a label: used as unlabeled; fill in labels that are known.",
        "{n:,} 行训练数据没有标签，当作无标注文本使用；请补上已知的标签。",
    ),
}


def say(code: str, values: Mapping[str, Value], *, chinese: bool) -> str:
    """The sentence of a finding."""
    shown: dict[str, object] = {"s": "" if values.get("n") == 1 else "s"}
    for name, value in values.items():
        said = brief(value, _NOTE if name == "note" else SHOWN) if isinstance(value, str) else value
        shown[name] = said if isinstance(said, str | int) else _listing(said, chinese=chinese)
    return MESSAGES[code][chinese].format(**shown)


def _listing(names: Sequence[str], *, chinese: bool) -> str:
    """The first ten names, quoted, and how many more there are."""
    more = len(names) - NAMED
    shown = [brief(name) for name in names[:NAMED]]
    if chinese:
        return "、".join(f"“{name}”" for name in shown) + (f" 等 {len(names):,} 个" if more > 0 else "")
    return ", ".join(f"'{name}'" for name in shown) + (f" and {more:,} more" if more > 0 else "")
