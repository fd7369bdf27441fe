"""The words of a report on a model that chooses among options: those that differ from other reports, and its examples.

Knows no figures; the keys and blanks are those of report_text.
"""

from __future__ import annotations

ENGLISH: dict[str, str] = {
    "what_zh": "Answers questions in Chinese: of the options that each brings, it chooses one.",
    "what_en": "Answers questions in English: of the options that each brings, it chooses one.",
    "what_mixed": "Answers questions: of the options that each brings, it chooses one.",
    "cap": "right answers, of {n} questions",
    "cap_test": "right answers, of {n} questions of your test file, never trained on",
    "cap_cross-validation": "right answers, of your {n} answered questions, by cross-validation",
    "guessing": "guessing: {share}",
    "trust_firm": "In the long run, {low} to {high} of 100 questions like the measured ones are answered right. "
    "A firm measurement.",
    "trust_fair": "In the long run, {low} to {high} of 100 questions like the measured ones are answered right. "
    "A fair measurement, too coarse for fine comparisons.",
    "trust_rough": "In the long run, {low} to {high} of 100 questions like the measured ones are answered right. "
    "A wide span: with {n} measured questions, take the number as a first impression.",
    "rows": "{n} questions",
    "fact_latency": "Time per question",
    "latency_note": "95% of questions are faster",
    "limits_title": "What these answers cannot prove",
    "limit_interval": "{n} measured questions leave the true accuracy anywhere from <b>{low}</b> to <b>{high}</b> "
    "(95%).",
    "limit_compare": "Going by such intervals, two models closer than about <b>{d} points</b> cannot be told apart on "
    "{n} questions.",
    "limit_test": "The test file speaks for questions like its own. Another source or another season was not measured.",
    "limit_cross-validation": "Each measured question was judged by a model that had not seen it, but all come from "
    "the same files. Another source or another season was not measured. A separate test file would be stronger proof.",
    "limit_outside": "Where none of the options is right it still chooses one. A low probability is the only hint.",
    "forms_lead": "Several ways of learning from the same questions, compared by cross-validation: how often the right "
    "option gets the highest score. The weight says how much each counts when they vote. What was chosen is the "
    "teacher.",
    "loop_lead": "In each round the teacher answers unanswered questions and learns from those it is surest of. A "
    "round stays only if its Brier score (0 is perfect) on held-out questions does not rise.",
    "loop_apart": "The dashed line was measured on the test file and the rounds on held-out training questions, so "
    "compare their heights with care.",
    "admitted": "Questions admitted",
    "gold_line": "given answers only, {share}",
    "gold_only": "Given answers only",
    "gain_clear": "Against given answers only, the student gains <b>{d} points</b>, and the intervals do not overlap.",
    "gain_unclear": "Against given answers only, the student gains <b>{d} points</b>. The intervals overlap, so on "
    "these questions this may be chance.",
    "gain_none": "Against given answers only, the student gains nothing here ({d} points). Teacher and loop did not "
    "pay off on this task.",
    "front_lead": "Every candidate that was made; the filled one is in the file. They are compared on questions set "
    "aside for choosing, some of them judged by the teacher, so these accuracies only rank the candidates.",
    "front_latency": "Accuracy over time per question, ms",
    "parity": "After compression to {precision}, {agreement} of {n} questions keep their answer, and accuracy falls by "
    "{d} points.",
    "parity_refused": "Compressed to int8, {agreement} of {n} questions would keep their answer and accuracy would "
    "change by {d} points. That was not good enough, or not faster, so {precision} is in the file.",
    "parity_same": "After compression to {precision}, {agreement} of {n} questions keep their answer, and accuracy "
    "does not fall.",
    "calibration_abstain": "Below a probability of <b>{threshold}</b> it abstains and asks for a person. That is "
    "<b>{share}</b> of the questions.",
    "mistake": "right is <b>{label}</b>, chosen <i>{predicted}</i>",
    "suspects_title": "Answers that look wrong",
    "suspects_lead": "The models agree on another option than the data. Have a look; a corrected answer is worth more "
    "than a new one.",
    "suspect": "answered <b>{label}</b>, looks like <i>{suggested}</i>",
    "more_title": "What more answers would bring",
    "more_lead": "More measured questions narrow the interval, whatever they do for the model itself. The lines show "
    "the expected 95% interval if the accuracy stays as it is.",
    "worth_title": "Answer these first",
    "worth_lead": "The unanswered questions between whose options the model wavers most.",
    "worth": "it would choose <b>{predicted}</b>",
    "key_options": "Options a question",
    "key_least": "fewest",
    "key_most": "most",
    "key_mean": "mean",
    "key_chance": "guessing",
    "key_text_length": "Length of questions, characters",
    "key_conflicts": "Same question, other answer",
    "key_empty": "Empty questions",
    "key_missing_labels": "Without an answer",
    "example_text": "a question",
    "example_option1": "one option",
    "example_option2": "another option",
    "use_label": "the option",
}

CHINESE: dict[str, str] = {
    "what_zh": "回答中文选择题：从每道题自带的选项里选一个。",
    "what_en": "回答英文选择题：从每道题自带的选项里选一个。",
    "what_mixed": "回答选择题：从每道题自带的选项里选一个。",
    "cap": "答对的比例，测了 {n} 题",
    "cap_test": "答对的比例，在您的测试文件上测了 {n} 题，它们从未参与训练",
    "cap_cross-validation": "答对的比例，在您给出答案的 {n} 题上交叉验证",
    "guessing": "随便猜：{share}",
    "trust_firm": "长期来看，与测过的题相似的每 100 题里，有 {low} 到 {high} 题答对。这个数测得扎实。",
    "trust_fair": "长期来看，与测过的题相似的每 100 题里，有 {low} 到 {high} 题答对。"
    "这个数测得尚可，细微的高下还比不出来。",
    "trust_rough": "长期来看，与测过的题相似的每 100 题里，有 {low} 到 {high} 题答对。范围很宽：只测了 {n} 题，"
    "请把这个数当作初步印象。",
    "rows": "{n} 题",
    "fact_latency": "单题耗时",
    "latency_note": "95% 的题比这更快",
    "limits_title": "这些答案证明不了什么",
    "limit_interval": "测了 {n} 题，真实准确率可能是 <b>{low}</b> 到 <b>{high}</b> 之间的任何值（95%）。",
    "limit_compare": "按这样的区间，在 {n} 题上相差不到约 <b>{d} 个百分点</b>的两个模型分不出高下。",
    "limit_test": "测试文件只能代表与它相似的题。换一个来源、换一个时期，都没有测过。",
    "limit_cross-validation": "每道题都由没见过它的模型来答，但所有题出自同一批文件。换一个来源、换一个时期，"
    "都没有测过。另备一份测试文件会更有说服力。",
    "limit_outside": "即使选项里没有正确的，它也会选一个。概率偏低是唯一的提示。",
    "forms_lead": "用同样的题、以不同的方式学习，做交叉验证：正确的选项有多少次得分最高。"
    "权重是各自在投票中的分量，入选的就是教师。",
    "loop_lead": "每一轮，教师回答没有答案的题，并从最有把握的那些中学习。"
    "只有留出的题上的 Brier 分数（0 为完美）不上升，这一轮才保留。",
    "loop_apart": "虚线是在测试文件上测的，各轮是在留出的训练题上测的，比较高低时请留意。",
    "admitted": "采纳的题",
    "gold_line": "只用给出的答案，{share}",
    "gold_only": "只用给出的答案",
    "gain_clear": "与只用给出的答案相比，学生高出 <b>{d} 个百分点</b>，两个区间不重叠。",
    "gain_unclear": "与只用给出的答案相比，学生高出 <b>{d} 个百分点</b>。两个区间有重叠，在这些题上可能只是偶然。",
    "gain_none": "与只用给出的答案相比，学生在这里没有提高（{d} 个百分点）。教师和自训练在这个任务上没有回报。",
    "front_lead": "做出的每一个候选，实心的那个在文件里。比较用的是专门留出的题，其中一些由教师来判，"
    "所以这里的准确率只用来排先后。",
    "front_latency": "准确率与单题耗时（毫秒）",
    "parity": "压缩到 {precision} 后，{n} 题中 {agreement} 答案不变，准确率下降 {d} 个百分点。",
    "parity_refused": "如果压缩到 int8，{n} 题中 {agreement} 答案不变，准确率变动 {d} 个百分点。不够好或并不更快，"
    "所以文件里用的是 {precision}。",
    "parity_same": "压缩到 {precision} 后，{n} 题中 {agreement} 答案不变，准确率没有下降。",
    "calibration_abstain": "概率低于 <b>{threshold}</b> 时它会弃答，请人来看。这样的题占 <b>{share}</b>。",
    "mistake": "应选 <b>{label}</b>，选了 <i>{predicted}</i>",
    "suspects_title": "看起来不对的答案",
    "suspects_lead": "各个模型一致认为该选另一项。请看一看：改正一个答案，比新答一题更值。",
    "suspect": "给出的是 <b>{label}</b>，更像 <i>{suggested}</i>",
    "more_title": "再多一些答案会怎样",
    "more_lead": "测得越多，区间越窄，这与模型本身会不会变好无关。横线是准确率不变时预计的 95% 区间。",
    "more_row": "再答 {n} 题",
    "more_total": "共测 {n} 题",
    "worth_title": "先答这些",
    "worth_lead": "模型在选项之间最拿不准的题。",
    "worth": "它会选 <b>{predicted}</b>",
    "key_options": "每题选项数",
    "key_least": "最少",
    "key_most": "最多",
    "key_mean": "平均",
    "key_chance": "随便猜",
    "key_text_length": "题目长度（字符）",
    "key_conflicts": "同题不同答案",
    "key_empty": "空题",
    "key_missing_labels": "没有答案",
    "example_text": "一道题",
    "example_option1": "一个选项",
    "example_option2": "另一个选项",
    "use_label": "选中的选项",
}

CHOICE: dict[str, dict[str, str]] = {"en": ENGLISH, "zh": CHINESE}


def choice_words(language: str) -> dict[str, str]:
    """The words of a language: Chinese for zh, English for any other."""
    return CHOICE.get(language, ENGLISH)
