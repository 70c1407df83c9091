"""Identity: what is in a key, what is not, and seeds that are a draw's own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttc import keys
from ttc.records import Message, Problem, SamplingParams

PROBLEM = Problem("p", (Message("user", "What is 6 × 7?"),), reference={"answer": "42"})


def key(params: SamplingParams = SamplingParams(), **changes: object) -> str:
    made = {"backend": "b", "fingerprint": "f", "seed": 0, **changes}
    return keys.sample_key(keys.identity(params=params, **made), keys.prompt_id(PROBLEM))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0.7},
        {"top_p": 0.9},
        {"top_k": 40},
        {"min_p": 0.05},
        {"max_tokens": 64},
        {"stop": ("\n",)},
    ],
)
def test_every_sampling_parameter_is_in_the_key(change: dict[str, object]) -> None:
    assert key(replace(SamplingParams(), **change)) != key()  # type: ignore[arg-type]


def test_a_whole_number_is_the_same_setting_as_its_float() -> None:
    assert key(SamplingParams(temperature=1)) == key(SamplingParams(temperature=1.0))


@pytest.mark.parametrize("change", [{"backend": "c"}, {"fingerprint": "g"}, {"seed": 1}])
def test_backend_weights_and_base_seed_are_in_the_key(change: dict[str, object]) -> None:
    assert key(**change) != key()


def test_the_prompt_is_in_the_key_and_the_reference_and_the_id_are_not() -> None:
    other = replace(PROBLEM, messages=(Message("user", "What is 6 × 8?"),))
    assert keys.prompt_id(other) != keys.prompt_id(PROBLEM)
    renamed = replace(PROBLEM, id="q", reference={"answer": "41"})
    assert keys.prompt_id(renamed) == keys.prompt_id(PROBLEM)


def test_a_chat_and_the_same_text_raw_are_different_prompts() -> None:
    raw = Problem("p", prompt="What is 6 × 7?")
    assert keys.prompt_id(raw) != keys.prompt_id(PROBLEM)


def test_keys_never_change() -> None:
    # A stored sample is found by these: a new recipe needs a new tag and a migration.
    assert key() == "key1:e69413e9169f0eb79ee6e7b040280ed4"
    assert [keys.draw_seed(key(), index) for index in range(3)] == [
        776645362,
        1283597475,
        1790549588,
    ]


@given(st.text(), st.integers(1, 3000))
def test_seeds_of_a_key_are_distinct_and_in_range(name: str, n: int) -> None:
    seeds = [keys.draw_seed(name.encode("utf-8", "replace").decode(), i) for i in range(n)]
    assert len(set(seeds)) == n
    assert all(0 <= seed < keys.SEED_SPACE for seed in seeds)


def test_canonical_json_ignores_the_order_of_keys_and_refuses_nan() -> None:
    assert keys.canonical_json({"a": 1, "b": 2}) == keys.canonical_json({"b": 2, "a": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        keys.canonical_json(float("nan"))
