from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shizi.agree import UNSEEN, UNTOLD, WEIGHT, Opinion, agreed, shortened, summed
from shizi.clean import framed
from shizi.types import Alternative, Char, Line, Quad

PLACE = Quad.box(0, 0, 8, 8)


def view(*shares: tuple[str, float], place: Quad = PLACE) -> Line:
    """One character with its share, and its alternatives."""
    (text, share), *others = shares
    char = Char(text, share, place, tuple(Alternative(*other) for other in others))
    return Line(text, share, place, (char,))


def two(text: str = "日月") -> Line:
    return Line(text, 0.9, PLACE, tuple(Char(char, 0.9, PLACE) for char in text))


shares = st.lists(
    st.tuples(st.sampled_from("甲乙丙丁"), st.floats(0.001, 0.999)),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one[0],
)
views = st.lists(shares.map(lambda some: view(*some)), min_size=2, max_size=4)


def test_what_two_views_half_see_beats_what_one_is_sure_of() -> None:
    seen = [view(("垂", 0.7), ("重", 0.3)), view(("重", 0.6), ("垂", 0.01)), view(("重", 0.5), ("垂", 0.02))]
    best = agreed(seen, 3)
    assert best is not None and best.text == best.chars[0].text == "重"
    assert best.confidence == best.chars[0].confidence == pytest.approx((0.3 * 0.6 * 0.5) ** (1 / 3))
    assert best.chars[0].alternatives == (Alternative("垂", pytest.approx((0.7 * 0.01 * 0.02) ** (1 / 3))),)


def test_it_stands_where_the_view_surest_of_it_has_it() -> None:
    there = Quad.box(1, 1, 7, 7)
    best = agreed([view(("甲", 0.5)), view(("乙", 0.4), ("甲", 0.3), place=there), view(("甲", 0.9), place=there)], 3)
    assert best is not None and best.chars[0].quad == there


def test_views_of_more_than_one_character_do_not_count() -> None:
    assert agreed([two(), two(), view(("明", 0.9))], 3) is None
    assert agreed([], 3) is None
    best = agreed([two(), view(("明", 0.9)), view(("明", 0.4))], 3)
    assert best is not None and best.text == "明"


def test_another_network_counts_as_several_views() -> None:
    seen = [view(("垂", 0.7), ("重", 0.1))] * 3
    best = agreed(seen, 3, Opinion({"重": 0.9, "垂": 0.05}, "重垂"))
    assert best is not None and best.text == "重"
    assert best.confidence == pytest.approx((0.1**3 * 0.9**WEIGHT) ** (1 / (3 + WEIGHT)))
    assert best.chars[0].alternatives[0].text == "垂"
    one = agreed([two(), view(("宅", 0.6))], 3, Opinion({"宅": 0.8}, "宅"))
    assert one is not None and one.text == "宅", "enough beside a single view"
    assert agreed([two()], 3, Opinion({"宅": 0.8}, "宅")) is None


def test_a_character_that_another_network_does_not_know_is_not_ruled_out() -> None:
    seen = [view(("O", 0.8), ("口", 0.01))] * 3
    best = agreed(seen, 3, Opinion({"口": 0.95}, "口日"))
    assert best is not None and best.text == "O"
    assert best.confidence == pytest.approx((0.8**3 * UNTOLD**WEIGHT) ** (1 / (3 + WEIGHT)))
    other = agreed(seen, 3, Opinion({"口": 0.95}, "口日O"))
    assert other is not None and other.text == "口", "one that it knows and does not see is"


@given(views, st.integers(0, 3))
def test_order_does_not_matter_and_shares_stay_shares(seen: list[Line], most: int) -> None:
    best = agreed(seen, most)
    assert best is not None
    (char,) = best.chars
    named = [c for one in seen for c in (one.chars[0], *one.chars[0].alternatives)]
    texts = [char.text, *(one.text for one in char.alternatives)]
    kinds = {c.text for c in named}
    assert len(set(texts)) == len(texts) == min(len(kinds), most + 1) and set(texts) <= kinds
    found = [char.confidence, *(one.confidence for one in char.alternatives)]
    assert found == sorted(found, reverse=True)
    most_sure = max(UNSEEN, *(c.confidence for c in named))
    assert all(share * (1 + 1e-9) >= UNSEEN and share <= most_sure * (1 + 1e-9) for share in found)
    again = agreed(seen[::-1], most)
    assert again is not None and again.text == best.text and math.isclose(again.confidence, best.confidence)


@given(shares)
def test_shares_that_are_all_there_is_sum_to_one(some: list[tuple[str, float]]) -> None:
    line = view(*some)
    made = summed(line)
    (char,) = made.chars
    seen = [char.confidence, *(one.confidence for one in char.alternatives)]
    assert math.fsum(seen) == pytest.approx(1.0) and made.confidence == char.confidence
    total = math.fsum(share for _, share in some)
    assert seen == pytest.approx([share / total for _, share in some])
    assert summed(two()) == two()


def test_views_that_agree_stay_as_sure_as_they_are() -> None:
    best = agreed([view(("甲", 0.8), ("乙", 0.1))] * 3, 3)
    assert best is not None and best.confidence == pytest.approx(0.8)
    assert best.chars[0].alternatives[0].confidence == pytest.approx(0.1)


def test_a_frame_turns_clockwise_about_its_middle() -> None:
    strip = np.full((40, 40), 255, np.uint8)
    strip[18:22] = 0  # a level stroke
    turned = framed(strip, 40, 8, 8, 6.0)
    assert turned.shape == framed(strip, 40, 8, 8).shape == (56, 56)
    left, right = (float(np.average(np.arange(56), weights=255.0 - turned[:, column])) for column in (14, 41))
    assert right - left == pytest.approx(27 * math.tan(math.radians(6.0)), abs=0.3), "clockwise: the right end falls"
    assert (left + right) / 2 == pytest.approx(27.5, abs=0.3)
    assert turned[0, 0] == 255, "the corners are ground"


def test_a_shortened_line_keeps_its_text_and_its_likeliest_alternatives() -> None:
    line = replace(two(), chars=(*two().chars, *view(("明", 0.5), ("朋", 0.2), ("眀", 0.1)).chars))
    made = shortened(line, 1, 0.0)
    assert (made.text, made.confidence) == (line.text, line.confidence)
    assert [char.alternatives for char in made.chars] == [(), (), (Alternative("朋", 0.2),)]
    assert shortened(line, 2, 0.1) == line
    assert shortened(line, 2, 0.15) == made
