"""Which labels say nothing; what the others say is tested where texts are matched to names."""

from __future__ import annotations

import pytest

from danlu.text.wording import _turned, alike, meaningless, reordered, same_words, wording


@pytest.mark.parametrize(
    ("labels", "silent"),
    [
        (["0", "1"], ["0", "1"]),
        (["A", "B", "refund"], ["A", "B"]),
        (["体育", "2"], ["2"]),
        (["type 1", "type 2"], ["type 1", "type 2"]),
        (["news_story", "news_car"], []),
    ],
)
def test_labels_that_say_nothing_are_named(labels, silent):
    assert meaningless(labels, {}) == silent
    assert (wording(labels, {}) is None) == bool(silent)


def test_a_description_says_what_a_number_does_not():
    assert meaningless(["0", "1", "2"], {"0": "bad", "1": "good"}) == ["2"]


@pytest.mark.parametrize(
    ("descriptions", "same"),
    [
        ({"refund": "same thing", "delivery": "Same  thing", "praise": ""}, [["refund", "delivery"]]),
        ({"my_refund": "", "my-refund": "", "MyRefund": "", "card": ""}, [["my_refund", "my-refund", "MyRefund"]]),
        ({"ＶＩＰ": "", "vip": "", "a": "b", "b": ""}, [["ＶＩＰ", "vip"], ["a", "b"]]),
        ({"C": "", "C++": "", "C#": ""}, []),
        ({"news_car": "", "news_story": ""}, []),
    ],
)
def test_labels_that_say_the_same_are_named_together(descriptions, same):
    assert same_words(list(descriptions), descriptions) == same


@pytest.mark.parametrize(
    ("labels", "groups"),
    [
        (["Refund", "refund", "other"], [["Refund", "refund"]]),
        (["ＶＩＰ退款", "VIP退款"], [["ＶＩＰ退款", "VIP退款"]]),
        (["refunds", "refund", "Refund!"], [["refunds", "refund", "Refund!"]]),
        (["my_refund", "my-refund", "MyRefund", "my refund"], [["my_refund", "my-refund", "MyRefund", "my refund"]]),
        (["退款、申请", "退款申请", "退款 申请"], [["退款、申请", "退款申请", "退款 申请"]]),
        (["customer's card", "customers card"], [["customer's card", "customers card"]]),
        (["iPhone", "iphone"], [["iPhone", "iphone"]]),
        (["a", "A", "b"], [["a", "A"]]),
        (["C", "C++", "C#", "AA", "AA-", "AA+"], []),
        (["-1", "1", "+1", "1.5", "15", "1-0", "10"], []),
        (["version 1.11", "version 11.1"], []),
        (["age < 18", "age > 18", "年龄<18", "年龄>18"], []),
        (["news", "new", "good", "goods", "statu", "status", "bu", "bus", "clas", "class"], []),
        (["refund", "return", "退款", "退货"], []),
    ],
)
def test_names_that_differ_in_trifles_are_named_together(labels, groups):
    assert alike(labels) == groups


@pytest.mark.parametrize(
    ("labels", "groups"),
    [
        (["refund request", "request refund", "card"], [["refund request", "request refund"]]),
        (["refund_requests", "RequestRefund"], [["refund_requests", "RequestRefund"]]),
        (
            ["lost card report", "report lost card", "card lost report"],
            [["lost card report", "report lost card", "card lost report"]],
        ),
        (["退款申请", "申请退款", "退货申请"], [["退款申请", "申请退款"]]),
        (["会员退款申请", "退款会员申请"], [["会员退款申请", "退款会员申请"]]),
        (["VIP退款", "退款VIP"], [["VIP退款", "退款VIP"]]),
        (
            ["refund request", "Refund Request", "request refund"],
            [["refund request", "Refund Request", "request refund"]],
        ),
        (["故事", "事故", "上海", "海上"], []),  # of one character each, which make another word
        (["上海自来水", "水来自海上"], []),
        (["退款退货申请", "退货退款申请", "申请退款退货"], [["退款退货申请", "退货退款申请", "申请退款退货"]]),
        (["会员退款", "会款退员"], []),
        (["english to chinese", "chinese to english", "中文转英文", "英文转中文"], []),
        (["team 1 beats 2", "team 2 beats 1"], []),
        (["refund", "refunds"], []),
    ],
)
def test_names_of_the_same_words_in_another_order_are_named_together(labels, groups):
    assert reordered(labels) == groups


def test_a_name_as_long_as_a_book_is_not_turned():
    book = "退款" * 100_000 + "申请"
    assert reordered([book, "申请" + book[:-2]]) == []
    assert alike([book, f" {book}!"]) == [[book, f" {book}!"]]


class Counted(tuple):
    """The characters of a name, and how often a part of any is taken."""

    __slots__ = ()
    taken = 0

    def __getitem__(self, index):
        Counted.taken += 1
        return super().__getitem__(index)


def test_two_names_are_compared_only_where_they_differ():
    name = "会员退款申请进度查询订单修改地址取消预约服务投诉建议"
    Counted.taken = 0
    assert not _turned(Counted(name), Counted(name[::-1]))
    assert _turned(Counted(name), Counted(name[4:] + name[:4]))
    assert Counted.taken < 10 * len(name)
