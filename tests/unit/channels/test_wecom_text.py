"""WeCom texts: nothing mentions, and cutting keeps lines, characters and limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examcal.channels.wecom_text import cut_line, octets, split_messages, tame_markdown, tame_text


def test_only_the_documented_colours_stay_tags() -> None:
    body = '<font color="warning">3天</font> <font color="red">x</font> <@all> <a href="y">'
    assert tame_markdown(body) == '<font color="warning">3天</font> ＜font color="red">x</font> ＜@all> ＜a href="y">'
    assert "<" not in tame_text("<@all> <a href='x'>")


def test_what_fits_is_one_part_without_a_mark() -> None:
    assert split_messages(["a", "b"], limit=100, tail="t") == ("a\n\nb\nt",)


def test_a_message_that_fits_into_one_part_is_not_cut() -> None:
    parts = split_messages(["a" * 40, "b\n" * 20 + "b"], limit=80, tail="")
    assert parts == ("(1/2)\n" + "a" * 40, "(2/2)\n" + "b\n" * 20 + "b")


def test_a_long_line_is_cut_after_punctuation_if_that_is_near() -> None:
    assert cut_line("一二三四五六七八。九十", 30) == ["一二三四五六七八。", "九十"]


def test_a_cut_quote_stays_a_quote_and_cut_marks_go() -> None:
    pieces = cut_line("> **" + "长" * 30 + "**", 60)
    assert all(piece.startswith("> ") and "*" not in piece for piece in pieces)


@pytest.mark.parametrize("character", ["😀", "👨‍👩‍👧‍👦", "👍🏽", "é", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣"])
@pytest.mark.parametrize("lead", range(4))
def test_a_character_is_never_cut(character: str, lead: int) -> None:
    for piece in cut_line("x" * lead + character * 40, 64):
        assert piece.lstrip("x").replace(character, "") == ""


lines = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029"), max_size=120)


@given(st.lists(st.lists(lines, max_size=12).map("\n".join), min_size=1, max_size=6), st.sampled_from([256, 2048]))
def test_any_messages_fit_the_limit_and_lose_nothing(messages: list[str], limit: int) -> None:
    parts = split_messages(messages, limit=limit, tail="编号：ABCDE")
    assert all(octets(part) <= limit for part in parts)
    assert all(part.endswith("\n编号：ABCDE") for part in parts)
    kept = "".join("".join(part.split("\n")[(1 if len(parts) > 1 else 0) : -1]) for part in parts)
    wanted = "".join(messages)
    drop = str.maketrans("", "", "\n *>")
    assert kept.translate(drop) == wanted.translate(drop)
