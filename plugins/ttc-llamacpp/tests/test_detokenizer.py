from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ttc_llamacpp.detokenizer import Detokenizer


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = [*sorted(place % (len(data) + 1) for place in places), len(data)]
    starts = [0, *ends[:-1]]
    return [data[start:end] for start, end in zip(starts, ends, strict=True)]


@given(st.text(max_size=40), st.lists(st.integers(0, 200), max_size=20))
def test_characters_survive_any_cut(whole: str, places: list[int]) -> None:
    text = Detokenizer(())
    for piece in cut(whole.encode("utf-8", "replace"), places):
        assert text.add(piece) is None
    assert text.read(ended=True) == whole.encode("utf-8", "replace").decode()


@given(
    st.text("ab ", max_size=30),
    st.text("ab ", min_size=1, max_size=4),
    st.lists(st.integers(0, 30), max_size=10),
)
def test_a_stop_is_found_wherever_it_is_cut(whole: str, stop: str, places: list[int]) -> None:
    text, fired = Detokenizer((stop,)), None
    for piece in cut(whole.encode(), places):
        fired = text.add(piece)
        if fired:
            break
    assert fired == (stop if stop in whole else None)
    assert text.read(ended=True) == whole.partition(stop)[0]


def test_of_two_stops_in_one_token_the_first_counts() -> None:
    text = Detokenizer(("\n\n", "END"))
    assert text.add(b"so it is") is None
    assert text.add(b" END\n\n more") == "END"
    assert text.read(ended=True) == "so it is "


def test_a_stop_of_several_bytes_a_character() -> None:
    text = Detokenizer(("→é",))
    pieces = ["x→".encode()[:2], "x→".encode()[2:], "é".encode()[:1], "é".encode()[1:]]
    assert [text.add(piece) for piece in pieces] == [None, None, None, "→é"]
    assert text.read(ended=True) == "x"


def test_only_broken_bytes_are_replaced() -> None:
    text = Detokenizer(())
    text.add(b"a\xffb" + "🙂".encode()[:3])
    assert text.read(ended=False) == "a\ufffdb"
    assert text.read(ended=True) == "a\ufffdb\ufffd"
