"""What kinds of thing the general extractor learns to find are called, in Chinese and in English.

A kind is known by its first English name. Kinds that only the encyclopedia knows, such as footballer, are called what
they are. Knows words only.
"""

from __future__ import annotations

CALLED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "person": (("人名", "人物", "姓名", "人", "人物姓名"), ("person", "name", "person name", "people")),
    "place": (("地名", "地点", "地址", "位置", "地理位置"), ("place", "location", "address", "geographic location")),
    "organization": (
        ("组织机构", "机构", "组织", "机构名", "单位"),
        ("organization", "organisation", "institution", "name of an organization"),
    ),
    "country": (("国家", "国名", "国家名称"), ("country", "nation", "country name")),
    "company": (("公司", "企业", "公司名称", "商家"), ("company", "business", "firm", "company name")),
    "government": (
        ("政府", "政府机构", "国家机关", "政府部门"),
        ("government", "government agency", "authority", "government department"),
    ),
    "school": (("学校", "院校", "大学"), ("school", "university", "college")),
    "university": (("大学", "高校"), ("university", "college", "school")),
    "hospital": (("医院", "医疗机构"), ("hospital", "clinic")),
    "sports team": (("球队", "运动队", "体育俱乐部"), ("sports team", "team", "club")),
    "political party": (("政党", "党派"), ("political party", "party")),
    "position": (("职位", "职务", "头衔", "职业"), ("position", "job title", "title", "occupation", "profession")),
    "book": (("书名", "书籍", "图书", "著作"), ("book", "book title", "novel")),
    "movie": (("电影", "影片", "电影名"), ("movie", "film", "movie title")),
    "game": (("游戏", "电子游戏", "游戏名称"), ("game", "video game", "name of a game")),
    "song": (("歌曲", "歌名", "音乐作品"), ("song", "song title", "piece of music")),
    "show": (("电视节目", "电视剧", "节目"), ("show", "television show", "TV series")),
    "work": (("作品", "作品名", "文艺作品"), ("work", "creative work", "title of a work", "work of art")),
    "newspaper": (("报纸", "报刊", "媒体"), ("newspaper", "magazine", "periodical")),
    "law": (("法律", "法规", "法律法规", "文件"), ("law", "regulation", "legal document")),
    "scene": (("景点", "名胜", "旅游景点", "景区"), ("scene", "scenic spot", "tourist attraction", "landmark")),
    "date": (("日期", "时间", "年月日"), ("date", "time", "point in time")),
    "quantity": (("数量", "数目"), ("quantity", "amount", "number")),
    "money": (("金额", "价格", "钱数"), ("money", "price", "amount of money")),
    "percentage": (("百分比", "比例"), ("percentage", "percent", "rate")),
    "disease": (("疾病", "病名", "病症"), ("disease", "illness", "medical condition")),
    "drug": (("药品", "药物", "药名"), ("drug", "medicine", "medication")),
    "event": (("事件", "活动", "赛事", "会议"), ("event", "happening", "competition")),
    "award": (("奖项", "荣誉"), ("award", "prize", "honour")),
    "language": (("语言", "语种"), ("language",)),
    "ethnic group": (("民族", "种族"), ("ethnic group", "nationality")),
    "email": (("邮箱", "电子邮箱", "邮件地址"), ("email", "email address")),
    "web address": (("网址", "链接"), ("web address", "URL", "website")),
    "phone number": (("电话", "电话号码", "手机号", "联系方式"), ("phone number", "telephone")),
    "musician": (("音乐家", "歌手"), ("musician", "musical artist", "singer")),
    "scientist": (("科学家", "研究人员"), ("scientist", "researcher")),
    "politician": (("政治人物", "政治家"), ("politician", "statesman")),
    "writer": (("作家", "作者"), ("writer", "author")),
    "athlete": (("运动员",), ("athlete", "sportsperson", "player")),
    "band": (("乐队", "乐团"), ("band", "music group")),
    "academic journal": (("学术期刊",), ("academic journal", "journal")),
    "album": (("专辑", "唱片"), ("album", "music album")),
    "conference": (("学术会议",), ("conference", "academic conference")),
    "protein": (("蛋白质",), ("protein",)),
    "enzyme": (("酶",), ("enzyme",)),
    "chemical": (("化学品", "化学物质"), ("chemical", "chemical substance")),
    "chemical element": (("化学元素",), ("chemical element", "element")),
    "chemical compound": (("化合物",), ("chemical compound", "compound")),
    "astronomical object": (("天体", "星体"), ("astronomical object", "celestial body")),
    "species": (("物种", "动植物"), ("species", "living thing", "organism")),
    "genre": (("流派", "体裁"), ("genre", "music genre", "style")),
    "instrument": (("乐器",), ("instrument", "musical instrument")),
    "algorithm": (("算法",), ("algorithm", "method")),
    "theory": (("理论", "定理"), ("theory", "theorem", "concept")),
    "field": (("学科", "领域"), ("field", "discipline", "field of study")),
    "programming language": (("编程语言",), ("programming language",)),
    "product": (("产品", "软件", "商品"), ("product", "software", "device")),
}  # fmt: skip

# Kinds that what is only known to be the first may be as well: where nothing finer is known, neither is the contrary.
FINER: dict[str, frozenset[str]] = {
    "person": frozenset({"musician", "scientist", "politician", "writer", "athlete"}),
    "organization": frozenset(
        {
            "company",
            "government",
            "school",
            "university",
            "hospital",
            "sports team",
            "political party",
            "band",
            "newspaper",
        }
    ),
    "place": frozenset({"country", "scene"}),
    "work": frozenset({"book", "movie", "game", "song", "show", "newspaper", "academic journal", "album"}),
    "event": frozenset({"conference"}),
    "chemical": frozenset({"protein", "enzyme", "chemical element", "chemical compound", "drug"}),
}
