"""The words of a report on a model of scores, where they differ from those of labels; English and Chinese.

The sections of the report know one figure, called accuracy; here it is Spearman's correlation, and R² where candidates
are compared. Keys and blanks that other sections read are those of report_text; knows no layout.
"""

from __future__ import annotations

ENGLISH: dict[str, str] = {
    "what_zh": "Gives a Chinese text a score from {low} to {high}.",
    "what_en": "Gives an English text a score from {low} to {high}.",
    "what_mixed": "Gives a text a score from {low} to {high}.",
    "pairs_zh": "Gives two Chinese texts a score from {low} to {high}.",
    "pairs_en": "Gives two English texts a score from {low} to {high}.",
    "pairs_mixed": "Gives two texts a score from {low} to {high}.",
    "accuracy": "Spearman",
    "chosen_by": "R²",
    "cap": "Spearman’s rank correlation, measured on {n} rows",
    "cap_test": "Spearman’s rank correlation, measured on {n} rows of your test file, never trained on",
    "cap_cross-validation": "Spearman’s rank correlation, measured on your {n} scored rows by cross-validation",
    "trust_firm": "1 says that it orders texts as people do, 0 that it guesses. In the long run, on texts like the "
    "measured ones, it lies between {low} and {high}. A firm measurement.",
    "trust_fair": "1 says that it orders texts as people do, 0 that it guesses. In the long run, on texts like the "
    "measured ones, it lies between {low} and {high}. A fair measurement, too coarse for fine comparisons.",
    "trust_rough": "1 says that it orders texts as people do, 0 that it guesses. In the long run, on texts like the "
    "measured ones, it lies between {low} and {high}. A wide span: with {n} measured rows, take it as a first "
    "impression.",
    "fact_mae": "Off by, on average",
    "fact_rmse": "Root mean squared error",
    "fact_pearson": "Pearson’s correlation",
    "fact_margin": "Margin of a score",
    "margin_note": "holds the true score in {share} of cases",
    "limits_title": "What these scores cannot prove",
    "limit_interval": "{n} measured rows leave the true rank correlation anywhere from <b>{low}</b> to <b>{high}</b> "
    "(95%).",
    "limit_outside": "A text unlike all training rows gets a score as any other, with the same margin.",
    "against_title": "True scores against predicted ones",
    "against_lead": "Every measured text: to the right the score that people gave, upwards the one that the model "
    "gives.",
    "against_picture": "True scores, to the right, against predicted ones, upwards",
    "against_dot": "texts; a larger dot is several",
    "against_equal": "both equal",
    "against_margin": "± {margin}",
    "fifths_title": "Where it errs",
    "fifths_lead": "By the true score. A positive bias says that it scores too high there; models of few rows keep to "
    "the middle.",
    "fifth": "True score",
    "off_by": "Off by",
    "bias": "Bias",
    "forms_lead": "Several ways of learning from the same rows, compared by cross-validation on your scored rows: "
    "Spearman’s correlation and the root mean squared error. The weight says how much each counts when they vote. What "
    "was chosen is the teacher.",
    "form_likeness": "Nearness of the two texts",
    "loop_lead": "In each round the teacher scores unlabelled texts and learns from those on whose score its forms "
    "agree best, equally many of each fifth. A round stays only if the mean squared error of held-out rows (MSE, in "
    "shares of the range) does not rise.",
    "loop_picture": "Spearman’s correlation, round by round",
    "gold_line": "your scores only, {share}",
    "gold_only": "Your scores only",
    "gain_clear": "Against your scores only, the student gains <b>{d} hundredths</b>, and the intervals do not "
    "overlap.",
    "gain_unclear": "Against your scores only, the student gains <b>{d} hundredths</b>. The intervals overlap, so on "
    "these rows this may be chance.",
    "gain_none": "Against your scores only, the student gains nothing here ({d} hundredths). Teacher and loop did not "
    "pay off on this task.",
    "front_title": "R², size and speed",
    "front_lead": "Every candidate that was made; the filled one is in the file. They are compared by R², the share of "
    "the variance of scores that they account for, on texts set aside for choosing, some of them scored by the "
    "teacher, so these figures only rank the candidates.",
    "front_size": "R² over size, MB",
    "front_latency": "R² over time per text, ms",
    "parity": "After compression to {precision}, {agreement} of {n} texts keep their score to a hundredth of the "
    "range, and R² falls by {d} hundredths.",
    "parity_refused": "Compressed to int8, {agreement} of {n} texts would keep their score to a hundredth of the range "
    "and R² would change by {d} hundredths. That was not good enough, or not faster, so {precision} is in the file.",
    "parity_same": "After compression to {precision}, {agreement} of {n} texts keep their score to a hundredth of the "
    "range, and R² does not fall.",
    "margin_title": "How far off a score can be",
    "margin_lead": "Beside every score stands a margin, taken from errors on rows that were held out.",
    "margin_is": "The true score lies within <b>± {margin}</b> of the model’s in {share} of cases, on texts "
    "like yours.",
    "margin_held": "Of the measured rows <b>{inside}</b> did ({low} to {high}). The margin was not chosen by them.",
    "margin_even": "It is one margin for all texts: where the model errs more, it holds less often.",
    "mistakes_title": "Its largest misses",
    "mistakes_lead": "Where its score lies farthest from the true one. Some of them may be wrong in the data.",
    "mistake": "scored <b>{score}</b>, predicted <i>{predicted}</i>, {off} off",
    "suspects_title": "Rows that look mis-scored",
    "suspects_lead": "All forms lie on one side of the score in the data, and far from it. Have a look; a corrected "
    "score is worth more than a new one.",
    "suspect": "scored <b>{score}</b>, looks like <i>{predicted}</i>",
    "more_title": "What more scores would bring",
    "more_lead": "More measured rows narrow the interval, whatever they do for the model itself. The lines show the "
    "expected 95% interval if the correlation stays as it is.",
    "worth_title": "Score these first",
    "worth_lead": "The unlabelled texts on which teachers of different rows differ most, from each fifth of the range "
    "in turn.",
    "worth": "it would say <b>{predicted}</b>, from {least} to {most}",
    "use_score": "the score",
    "use_margin": "how far off the true one may lie",
    "example_text": "a text to be scored",
    "key_range": "Range",
    "key_scores": "Scores",
    "key_histogram": "Rows by score",
    "key_least": "least",
    "key_median": "median",
    "key_mean": "mean",
    "key_deviation": "deviation",
    "key_most": "most",
    "key_different": "different",
    "key_conflicts": "Same text, far-off score",
    "key_missing_labels": "Without a score",
}

CHINESE: dict[str, str] = {
    "what_zh": "给一条中文文本打分，从 {low} 到 {high}。",
    "what_en": "给一条英文文本打分，从 {low} 到 {high}。",
    "what_mixed": "给一条文本打分，从 {low} 到 {high}。",
    "pairs_zh": "给两段中文文本打分，从 {low} 到 {high}。",
    "pairs_en": "给两段英文文本打分，从 {low} 到 {high}。",
    "pairs_mixed": "给两段文本打分，从 {low} 到 {high}。",
    "accuracy": "斯皮尔曼",
    "chosen_by": "R²",
    "cap": "斯皮尔曼等级相关系数，测了 {n} 条",
    "cap_test": "斯皮尔曼等级相关系数，在您的测试文件上测了 {n} 条，它们从未参与训练",
    "cap_cross-validation": "斯皮尔曼等级相关系数，在您打分的 {n} 条上交叉验证",
    "trust_firm": "1 表示排出的高低与人一致，0 表示瞎猜。长期来看，在与测过的相似的文本上，"
    "它在 {low} 到 {high} 之间。这个数测得扎实。",
    "trust_fair": "1 表示排出的高低与人一致，0 表示瞎猜。长期来看，在与测过的相似的文本上，"
    "它在 {low} 到 {high} 之间。这个数测得尚可，细微的高下还比不出来。",
    "trust_rough": "1 表示排出的高低与人一致，0 表示瞎猜。长期来看，在与测过的相似的文本上，"
    "它在 {low} 到 {high} 之间。范围很宽：只测了 {n} 条，请把这个数当作初步印象。",
    "fact_mae": "平均相差",
    "fact_rmse": "均方根误差",
    "fact_pearson": "皮尔逊相关系数",
    "fact_margin": "分数的误差范围",
    "margin_note": "{share} 的情况下包含真实分数",
    "limits_title": "这些分数证明不了什么",
    "limit_interval": "测了 {n} 条，真实的等级相关系数可能是 <b>{low}</b> 到 <b>{high}</b> 之间的任何值（95%）。",
    "limit_outside": "与训练数据都不像的文本，也照样会得到一个分数，误差范围也一样。",
    "against_title": "真实分数与预测分数",
    "against_lead": "每一条测过的文本：横向是人打的分，纵向是模型给的分。",
    "against_picture": "真实分数（横向）与预测分数（纵向）",
    "against_dot": "文本；点大的是好几条",
    "against_equal": "两者相等",
    "against_margin": "± {margin}",
    "fifths_title": "错在哪里",
    "fifths_lead": "按真实分数分段。偏差为正，说明那一段打得偏高；样本少的模型会往中间靠。",
    "fifth": "真实分数",
    "off_by": "相差",
    "bias": "偏差",
    "forms_lead": "用同样的数据、以不同的方式学习，在您打分的数据上做交叉验证：斯皮尔曼相关系数和均方根误差。"
    "权重是各自在投票中的分量，入选的就是教师。",
    "form_likeness": "两段文本的远近",
    "loop_lead": "每一轮，教师给无标注文本打分，并从各种形式意见最一致的那些中学习，高低五段一样多。"
    "只有留出数据上的均方误差（MSE，以范围为 1）不上升，这一轮才保留。",
    "loop_picture": "每一轮的斯皮尔曼相关系数",
    "gold_line": "只用您打的分，{share}",
    "gold_only": "只用您打的分",
    "gain_clear": "与只用您打的分相比，学生高出 <b>{d} 个百分之一</b>，两个区间不重叠。",
    "gain_unclear": "与只用您打的分相比，学生高出 <b>{d} 个百分之一</b>。两个区间有重叠，在这些数据上可能只是偶然。",
    "gain_none": "与只用您打的分相比，学生在这里没有提高（{d} 个百分之一）。教师和自训练在这个任务上没有回报。",
    "front_title": "R²、大小与速度",
    "front_lead": "做出的每一个候选，实心的那个在文件里。比的是 R²，即能解释分数变化的多少，用的是专门留出的文本，"
    "其中一些由教师来打分，所以这里的数字只用来排先后。",
    "front_size": "R² 与大小（MB）",
    "front_latency": "R² 与单条耗时（毫秒）",
    "parity": "压缩到 {precision} 后，{n} 条文本中 {agreement} 的分数变动不超过范围的百分之一，"
    "R² 下降 {d} 个百分之一。",
    "parity_refused": "如果压缩到 int8，{n} 条文本中 {agreement} 的分数变动不超过范围的百分之一，"
    "R² 变动 {d} 个百分之一。不够好或并不更快，所以文件里用的是 {precision}。",
    "parity_same": "压缩到 {precision} 后，{n} 条文本中 {agreement} 的分数变动不超过范围的百分之一，R² 没有下降。",
    "margin_title": "一个分数会差多少",
    "margin_lead": "每个分数旁边都有一个误差范围，取自留出数据上的误差。",
    "margin_is": "在与您的数据相似的文本上，{share} 的情况下真实分数在模型分数的 <b>± {margin}</b> 之内。",
    "margin_held": "测过的数据里有 <b>{inside}</b> 如此（{low} 到 {high}）。误差范围不是按它们选的。",
    "margin_even": "所有文本用同一个误差范围：模型错得多的地方，它就没那么可靠。",
    "mistakes_title": "差得最远的",
    "mistakes_lead": "模型的分数离真实分数最远的地方。其中有些可能是数据打错了分。",
    "mistake": "打分 <b>{score}</b>，预测 <i>{predicted}</i>，相差 {off}",
    "suspects_title": "看起来打错分的数据",
    "suspects_lead": "各种形式都在数据分数的同一侧，而且相差很远。请看一看：改正一个分数，比新打一条更值。",
    "suspect": "打分 <b>{score}</b>，更像 <i>{predicted}</i>",
    "more_title": "再多一些打分会怎样",
    "more_lead": "测得越多，区间越窄，这与模型本身会不会变好无关。横线是相关系数不变时预计的 95% 区间。",
    "worth_title": "先给这些打分",
    "worth_lead": "学过不同数据的教师意见最不一的无标注文本，高低五段轮流列出。",
    "worth": "它会打 <b>{predicted}</b>，从 {least} 到 {most}",
    "use_score": "分数",
    "use_margin": "真实分数可能差多少",
    "example_text": "一条要打分的文本",
    "key_range": "范围",
    "key_scores": "分数",
    "key_histogram": "各分数的行数",
    "key_least": "最低",
    "key_median": "中位",
    "key_mean": "平均",
    "key_deviation": "标准差",
    "key_most": "最高",
    "key_different": "不同的",
    "key_conflicts": "同文分数悬殊",
    "key_missing_labels": "没有分数",
}

SCORES: dict[str, dict[str, str]] = {"en": ENGLISH, "zh": CHINESE}


def score_words(language: str) -> dict[str, str]:
    """The words of a language: Chinese for zh, English for any other."""
    return SCORES.get(language, ENGLISH)
