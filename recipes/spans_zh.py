"""Chinese text marked without people: what dictionaries, brackets and endings of words tell of its entities.

Knows words, their kinds as jieba gives them, and how names end; does not know models. What is marked is right more
often than not, which is enough for a scorer that learns from very many such rows and is never measured by them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Mark = tuple[int, int, tuple[str, ...]]  # first character, character after the last, what kinds of thing it is

# How names end, and what that makes of them; longer endings first where one ends another.
ENDINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("公司|集团|银行|企业|工厂|酒店|基金|证券|保险|超市|商城|航空", ("company", "organization")),
    ("大学|学院|中学|小学|幼儿园|学校|党校", ("school", "organization")),
    ("医院|卫生院|诊所", ("hospital", "organization")),
    (
        "人民政府|政府|国务院|委员会|法院|检察院|公安局|派出所|部|局|厅|署|总局|海关|大使馆|外交部|人大|政协|办公室",
        ("government", "organization"),
    ),
    ("俱乐部|球队|国家队|男篮|女篮|男足|女足|女排|男排|足球队|篮球队", ("sports team", "organization")),
    ("党", ("political party", "organization")),
    (
        "协会|联合会|学会|组织|基金会|研究所|研究院|研究中心|中心|电视台|出版社|乐队|剧团|联盟|工会|社",
        ("organization",),
    ),
    ("世界杯|奥运会|锦标赛|联赛|运动会|博览会|展览会|论坛|峰会|公开赛|战争|战役|起义|革命|运动|事件|节", ("event",)),
    ("奖|奖章|勋章|称号", ("award",)),
    ("公园|博物馆|景区|广场|故居|遗址|古城|古镇|寺|塔|陵|宫|庙|风景区|动物园|植物园|石窟|长城", ("scene", "place")),
    ("山|湖|江|河|岛|海|峡|沙漠|高原|平原|盆地|半岛|海峡|山脉", ("place",)),
    ("省|市|县|区|镇|乡|村|路|街|大道|街道|胡同|自治区|自治州|火车站|机场|港|大桥|大厦|小区", ("place",)),
    ("病|炎|癌|综合征|综合症|症|瘤|感冒|糖尿病|高血压", ("disease",)),
    ("片|胶囊|颗粒|注射液|口服液|霉素|西林|疫苗", ("drug",)),
    ("语|方言", ("language",)),
    ("族", ("ethnic group",)),
)
_ENDING = [(re.compile(f"(?:{endings})$"), kinds) for endings, kinds in ENDINGS]
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪"
    "范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪"
    "庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕"
)
_USUAL = 200  # times that a word stands in jieba's dictionary from which on it is more than a name
_PROPER = {"ns", "nz", "nt", "nr", "nrt", "nrfg", "eng", "j"}  # words that name something
_NOUNS = _PROPER | {"n", "ng", "vn", "b", "m", "an", "l", "i"}
_KIND = {"nr": ("person",), "nrfg": ("person",), "nrt": ("person",), "ns": ("place",), "nt": ("organization",)}
_LAW = "法|条例|规定|办法|意见|通知|决定|公约|纲要|方案|协定|宣言|宪法|细则|规划|声明|标准|报告"
# What is said around a title in brackets.
_TITLED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("电影|影片|票房|导演|上映|主演|首映|影院|编剧", ("movie", "work")),
    ("游戏|网游|玩家|公测|内测|新作|手游|通关", ("game", "work")),
    ("专辑|单曲|歌曲|演唱|这首|主题曲|唱片", ("song", "work")),
    ("电视剧|连续剧|剧集|栏目|节目|综艺|动画|收视", ("show", "work")),
    ("小说|出版|著|作者|书|散文|诗集|编写|译|读", ("book", "work")),
)
_PRESS = re.compile("(?:报|日报|晚报|杂志|周刊|学报|月刊|时报)$")
_POSITION = re.compile(
    "(?:前|原|副|总|首席|执行|名誉|代|助理|常务)*(?:国家主席|主席|总统|总理|首相|部长|省长|市长|县长|局长|厅长|处长|科长|"
    "院长|校长|会长|董事长|总裁|经理|总监|主任|主管|书记|秘书长|秘书|行长|司令|将军|教授|研究员|工程师|设计师|律师|法官|"
    "检察官|记者|主持人|编辑|导演|制片人|编剧|演员|歌手|教练|主教练|队长|门将|前锋|后卫|中场|分析师|发言人|大使|议员|外长|"
    "董事|监事|理事|负责人|创始人|医生|护士|警察|皇帝|宰相|刺史|尚书)"
)
_PATTERNS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (
        re.compile(
            r"(?:\d{4}|[一二三四五六七八九〇○零]{4})年(?:\d{1,2}月(?:\d{1,2}[日号])?)?|\d{1,2}月\d{1,2}[日号]|"
            r"(?:今|明|昨|前|后)[天日年]|(?:上|下|本)(?:周|月|个月)|(?:周|星期)[一二三四五六日天]|\d{4}-\d{1,2}-\d{1,2}|"
            r"(?:上午|下午|晚上|凌晨|中午)?\d{1,2}[点时](?:\d{1,2}分?|半)?"
        ),
        ("date",),
    ),
    (
        re.compile(
            r"(?:约|近|超过)?[\d,.]+(?:多|余)?[十百千万亿]*(?:元|美元|欧元|日元|港元|英镑|块钱|万元|亿元|人民币)|[¥$￥][\d,.]+"
        ),
        ("money",),
    ),
    (re.compile(r"[\d.]+[%％‰]|百分之[一二三四五六七八九十百零点\d]+"), ("percentage",)),
    (
        re.compile(
            r"[\d.]+(?:多|余)?[十百千万亿]*(?:个|名|人|次|台|部|辆|家|座|种|件|条|只|岁|公里|米|厘米|吨|公斤|克|毫升|平方米|小时|分钟|天)"
        ),
        ("quantity",),
    ),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), ("email",)),
    (re.compile(r"https?://[\w./?=&%#-]+|www\.[\w./-]+"), ("web address",)),
    (re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)"), ("phone number",)),
)
MOST = 24  # characters of an entity


def marks_of(
    text: str, words: Sequence[tuple[str, str]], known: dict[str, tuple[str, ...]], often: dict[str, int]
) -> list[Mark]:
    """What is found in a sentence; no two share a character.

    Args:
        text: the sentence.
        words: its words and their kinds, in order, which together are the text.
        known: names of countries and languages, and what they are.
        often: how often each word is counted in the dictionary.
    """
    found = [*_titles(text), *_patterns(text)]
    starts = [0]
    for word, _ in words:
        starts.append(starts[-1] + len(word))
    found += [mark for mark in _chunks(text, words, starts) if not _crosses(mark, found)]
    for number, (word, flag) in enumerate(words):
        kinds = known.get(word) or _KIND.get(flag, ())
        if kinds == ("person",) and (often.get(word, 0) > _USUAL or not _is_person(word)):
            continue
        mark = (starts[number], starts[number + 1], kinds)
        if kinds and len(word) > 1 and not _crosses(mark, found):
            found.append(mark)
    found += [mark for mark in _matches(text, _POSITION, ("position",)) if not _crosses(mark, found)]
    return sorted(found)


def _is_person(word: str) -> bool:
    """Whether a word that is taken for a name has the length of a Chinese one and a surname, or is a foreign one."""
    return (word[0] in _SURNAMES and len(word) <= 3) or "·" in word or len(word) > 4


def _titles(text: str) -> Iterator[Mark]:
    for match in re.finditer(r"《([^《》]{1,20})》", text):
        around = text[max(0, match.start() - 8) : match.start()] + text[match.end() : match.end() + 6]
        if _PRESS.search(match[1]):
            kinds: tuple[str, ...] = ("newspaper", "organization")
        elif re.search(f"(?:{_LAW})$", match[1]):
            kinds = ("law",)
        else:
            kinds = next((kinds for said, kinds in _TITLED if re.search(said, around)), ("work",))
        yield match.start(), match.end(), kinds


def _patterns(text: str) -> Iterator[Mark]:
    taken: list[Mark] = []
    for pattern, kinds in _PATTERNS:
        for mark in _matches(text, pattern, kinds):
            if not _crosses(mark, taken):
                taken.append(mark)
                yield mark


def _matches(text: str, pattern: re.Pattern[str], kinds: tuple[str, ...]) -> Iterator[Mark]:
    for match in pattern.finditer(text):
        yield match.start(), match.end(), kinds


def _chunks(text: str, words: Sequence[tuple[str, str]], starts: Sequence[int]) -> Iterator[Mark]:
    """Nouns in a row that name something and end as such names do, the longest first."""
    number = 0
    while number < len(words):
        stop = number
        while stop < len(words) and words[stop][1] in _NOUNS and starts[stop + 1] - starts[number] <= MOST:
            stop += 1
        for end in range(stop, number, -1):
            written = text[starts[number] : starts[end]]
            kinds = next((kinds for ending, kinds in _ENDING if ending.search(written)), ())
            proper = any(flag in _PROPER for _, flag in words[number:end])
            if kinds and (proper or kinds[0] in {"disease", "drug"}) and (end - number > 1 or len(written) > 2):
                last = words[end - 1]
                bare = kinds == ("place",) and last[1] not in _PROPER and len(last[0]) > 1  # as 城市 ends
                if words[number][1] not in {"m", "b", "l", "i"} and not bare:
                    yield starts[number], starts[end], kinds
                    number = end - 1
                break
        number += 1


def _crosses(mark: Mark, others: Sequence[Mark]) -> bool:
    """Whether a mark shares characters with another."""
    return any(mark[0] < end and start < mark[1] for start, end, _ in others)
