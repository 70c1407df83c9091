"""The verifier rm: options and faults without torch, and real loading of tiny models with it."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import reward_models
from conftest import Ttc

from ttc import verdicts
from ttc.errors import BackendError, UsageError
from ttc.records import Message, Outcome, Sample, Verdict
from ttc.selectors.spec import build, split
from ttc.verifiers.reward.checkpoint import _whole, locate
from ttc.verifiers.reward.inputs import prefixes, steps
from ttc.verifiers.reward.verifier import RewardModel

QUESTION = "what is six times seven"
ASKED = (Message("user", QUESTION),)
TEXTS = [
    "it is forty two",
    "six times seven\n\nso it makes forty two\n\nthe answer is forty two",
    "one",
    "then add two\n\n\n\nall in all it makes forty\n\n",
    "six",
    "it is forty two",
]


def sample(text: str, index: int = 0, **more: Any) -> Sample:
    return Sample("p", index, text, "stop", **{"asked": ASKED, **more})


def judged(spec: str, *texts: str) -> list[Verdict]:
    samples = [sample(text, at) for at, text in enumerate(texts)]
    return [verdict for _, verdict in verdicts.judge(verdicts.make(f"rm:{spec}"), samples)]


def described(folder: Path, **settings: Any) -> Path:
    """A model's folder with a configuration and nothing else."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


OUTCOME = {"architectures": ["LlamaForSequenceClassification"], "id2label": {"0": "LABEL_0"}}
PROCESS = {"architectures": ["Qwen2ForTokenClassification"]}
FIVE = {**PROCESS, "id2label": {str(at): name for at, name in enumerate("abcde")}}
OWN = {"architectures": ["X"], "auto_map": {"AutoModel": "x.X"}}


# --- without torch


@pytest.mark.parametrize(
    ("settings", "options", "told"),
    [
        (OUTCOME, "zeal=1", "unknown option 'zeal'; it takes: aggregate=last"),
        (OUTCOME, "aggregate=max", "aggregate must be one of last, min, prod, mean, not 'max'"),
        (OUTCOME, "batch=0", "batch must be a whole number from 1, not '0'"),
        (OUTCOME, "max_length=x", "max_length must be a whole number from 1"),
        (OUTCOME, "sigmoid=2", "sigmoid must be yes or no, not '2'"),
        (OUTCOME, "dtype=int8", "dtype must be one of auto, float32"),
        (OUTCOME, "threshold=high", "threshold must be a number, not 'high'"),
        (OUTCOME, "step=", "step must be a text"),
        (OUTCOME, "label=good", "has no label 'good'; it has LABEL_0"),
        (OUTCOME, "head=token", "LlamaForSequenceClassification; it has no head=token"),
        (OUTCOME, "aggregate=prod", "add sigmoid=yes"),
        (OUTCOME, "revision=main", "revision is only for models on the hub"),
        (OUTCOME, "template=none.jinja", "template=none.jinja: .*No such file"),
        (PROCESS, "sigmoid=yes", "2 labels, whose scores are probabilities"),
        (FIVE, "batch=2", "5 labels; name the one to score with label=NAME"),
        ({"architectures": ["GPT2LMHeadModel"]}, "batch=2", "architecture is GPT2LMHeadModel"),
        ({}, "batch=2", r"architecture is \(not said\)"),
        (OWN, "head=token", "trust_remote_code=yes if you trust it"),
        (OWN, "trust_remote_code=yes", "set head=sequence or head=token"),
    ],
)
def test_options(tmp_path: Path, settings: dict[str, Any], options: str, told: str) -> None:
    folder = described(tmp_path / "a model, with=signs", **settings)
    with pytest.raises(UsageError, match=told) as caught:
        verdicts.make(f"rm:{folder},{options}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("", "rm needs a model, as in rm:hf:OWNER/NAME"),
        ("nowhere", "rm:nowhere: no such folder; give the folder of a model"),
        ("file", "rm:file: a file, not a folder"),
        ("empty", r"config.json: No such file or directory; give a folder that"),
        ("broken", "config.json: Expecting property name"),
        ("list", "is not a JSON object"),
        ("hf:nobody", "write hf:OWNER/NAME"),
    ],
)
def test_what_is_no_model(tmp_path: Path, spec: str, told: str) -> None:
    Path("file").touch()
    for name, text in (("empty", None), ("broken", "{,"), ("list", "[1]")):
        Path(name).mkdir()
        if text is not None:
            Path(name, "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=told):
        verdicts.make(f"rm:{spec}")


def test_what_changes_a_verdict_keys_it(tmp_path: Path) -> None:
    folder = described(tmp_path / "m", **PROCESS)
    (folder / "own.jinja").write_text("{{ messages }}", encoding="utf-8")
    own = "template=" + str(folder / "own.jinja")
    specs = ["", "aggregate=mean", r"step=\n", "mark=<step>", "label=0", "threshold=0.5"]
    specs += ["dtype=float32", "max_length=9", own]
    keyed = [json.dumps(dict(verdicts.make(f"rm:{folder},{more}").config)) for more in specs[1:]]
    keyed.append(json.dumps(dict(verdicts.make(f"rm:{folder}").config)))
    assert len(set(keyed)) == len(specs)
    assert not any(str(tmp_path) in text for text in keyed)
    same = [f"rm:{folder},{more}" for more in ("batch=3", "device=cpu", "aggregate=min")]
    assert {json.dumps(dict(verdicts.make(spec).config)) for spec in same} == {keyed[-1]}
    # Other weights are another model, wherever they lie; what training left behind is not read.
    moved = shutil.copytree(folder, tmp_path / "elsewhere")
    (moved / "trainer_state.json").write_text("{}", encoding="utf-8")
    (moved / "optimizer.pt").write_bytes(b"moments")
    assert json.dumps(dict(verdicts.make(f"rm:{moved}").config)) == keyed[-1]
    (moved / "model.safetensors").write_bytes(b"weights")
    assert json.dumps(dict(verdicts.make(f"rm:{moved}").config)) != keyed[-1]


def test_steps_and_their_prefixes() -> None:
    text = "a\n\n\n\n  b\n\nc"
    assert steps(text, "\n\n") == ["a", "  b", "c"]
    assert prefixes(text, "\n\n") == ["a", "a\n\n\n\n  b", text]
    assert prefixes("a", "\n\n") == ["a"]
    assert prefixes("a; b;", ";") == ["a", "a; b;"]
    assert steps(" ", "\n\n") == []


def test_nothing_is_loaded_for_what_cannot_be_judged(tmp_path: Path) -> None:
    folder = described(tmp_path / "m", **OUTCOME)
    made = RewardModel(str(folder))
    empty, unasked = made.verify([sample("<think>hm"), sample("six", asked=())])
    assert empty == Verdict(status="no_answer")
    assert (unasked.status, unasked.score) == ("no_prompt", None)


def test_what_is_whole_of_a_snapshot(tmp_path: Path) -> None:
    described(tmp_path / "m", **OUTCOME)
    for name, whole in (
        ("config.json", False),
        ("pytorch_model-1-of-2.bin", False),
        ("pytorch_model.bin.index.json", False),
        ("pytorch_model-2-of-2.bin", True),
        ("model.safetensors.index.json", True),
        ("model-1-of-2.safetensors", False),
        ("model-2-of-2.safetensors", True),
    ):
        stem, end = name.partition(".")[0], name.partition(".")[2].partition(".")[0]
        parts = {str(at): f"{stem}-{at}-of-2.{end}" for at in (1, 2)}
        (tmp_path / "m" / name).write_text(json.dumps({"weight_map": parts}), encoding="utf-8")
        assert _whole(tmp_path / "m") is whole, name
    (tmp_path / "n").mkdir()
    (tmp_path / "n" / "model.safetensors").touch()
    assert _whole(tmp_path / "n")


def test_a_model_is_fetched_at_its_commit_when_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    errors = pytest.importorskip("huggingface_hub.errors")
    snapshot, asked = tmp_path / "snapshots" / "c0ffee", []
    monkeypatch.setattr("ttc.backends.hub.resolves", lambda _: True)

    def one(repo: str, file: str, *, revision: str, local_files_only: bool) -> str:
        asked.append((file, revision, local_files_only))
        if local_files_only:
            raise errors.LocalEntryNotFoundError("not here")
        snapshot.mkdir(parents=True)
        return str(described(snapshot, **OUTCOME) / "config.json")

    def every(
        repo: str, *, revision: str, allow_patterns: Sequence[str], local_files_only: bool
    ) -> str:
        assert repo == "some-one/tiny.rm"
        asked.append((allow_patterns[-1], revision, local_files_only))
        if not local_files_only and "pytorch_model*.bin" in allow_patterns:
            (snapshot / "pytorch_model.bin").touch()
        return str(snapshot)

    monkeypatch.setattr(hub, "hf_hub_download", one)
    monkeypatch.setattr(hub, "snapshot_download", every)
    files = locate("hf:some-one/tiny.rm", "dev")
    assert files.fingerprint == "hf:some-one/tiny.rm@c0ffee"
    assert asked == [("config.json", "dev", True), ("config.json", "dev", False)]
    asked.clear()
    assert files.fetched() == snapshot
    weights = ["model*.safetensors", "model*.safetensors", "pytorch_model*.bin"]
    assert asked == [
        (last, "c0ffee", local) for last, local in zip(weights, (True, False, False), strict=True)
    ]
    asked.clear()
    assert files.fetched() == snapshot
    assert [local for _, _, local in asked] == [True]


@pytest.mark.parametrize("library", ["torch", "transformers"])
def test_not_installed(tmp_path: Path, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = described(tmp_path / "m", **OUTCOME)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(BackendError, match=r"not installed; .*pip install .*\[rm\]'"):
        judged(str(folder), "six")


def test_the_hub_is_not_asked_where_it_cannot_be(
    ttc_process: Ttc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("huggingface_hub")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    ran = ttc_process("verify", "-", "-V", "rm:hf:nobody/nothing")
    assert ran.code == 3
    assert ran.err == (
        "ttc: hf:nobody/nothing: not downloaded yet, and the Hugging Face hub cannot be reached\n"
    )


def test_code_of_a_model_is_never_run_by_a_setting(ttc: Ttc, tmp_path: Path) -> None:
    folder = described(tmp_path / "m", **OWN)
    spec = f"rm:{folder},head=token,trust_remote_code=yes"
    Path("ttc.toml").write_text(f'verifier = "{spec}"\n', encoding="utf-8")
    ran = ttc("verify", "-", stdin='{"problem": "p", "text": "x", "question": "y"}\n')
    assert ran.code == 2
    assert "would run a model's own code; to allow it, name it with -V" in ran.err


def test_a_draw_without_a_score_is_last_and_weighs_nothing() -> None:
    scores = [0.5, math.nan, 0.2]
    draws = [
        Outcome(at, answer=str(at), correct=at == 1, scores={"rm": score})
        for at, score in enumerate(scores)
    ]
    assert build("best-of-n:score=rm").expected(draws, [1, 3]) == pytest.approx([1 / 3, 0])
    assert build("weighted:score=rm").expected(draws, [1, 3]) == pytest.approx([1 / 3, 0])


@pytest.mark.parametrize(
    ("spec", "score"),
    [
        ("best-of-n:score=rm", "rm"),
        ("best-of-n:score=rm:a/b,aggregate=min", "rm:a/b,aggregate=min"),
        ("weighted:ties=strict,score=rm:a,step=;,batch=2", "rm:a,step=;,batch=2"),
    ],
)
def test_a_rule_names_a_verifier_with_its_options(spec: str, score: str) -> None:
    (found,) = split(spec)
    assert build(found).scored_by == {score}  # type: ignore[attr-defined]


# --- with torch: hand-computed scores


def torch() -> Any:
    pytest.importorskip("transformers")
    return pytest.importorskip("torch")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Models by name, each written once; a test that changes one copies it."""
    torch()
    root = tmp_path_factory.mktemp("models")
    kinds: dict[str, Callable[[Path], Path]] = {
        "orm": lambda to: reward_models.decoder(to, "SequenceClassification", ["reward"]),
        "padded": lambda to: reward_models.decoder(
            to, "SequenceClassification", ["reward"], family="Qwen2", pad_token_id=1
        ),
        "pair": lambda to: reward_models.encoder(to, ["wrong", "right"]),
        "prm": lambda to: reward_models.decoder(
            to, "TokenClassification", ["bad", "good"], family="Qwen2", marks=("<step>",)
        ),
        "custom": reward_models.custom,
    }

    def make(kind: str) -> Path:
        folder = root / kind
        return folder if folder.exists() else kinds[kind](folder)

    return make


@cache
def tokenizer_of(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


@cache
def base_of(folder: Path) -> Any:
    """Return a model without its head."""
    from transformers import AutoModel

    return AutoModel.from_pretrained(folder).eval()


def ids_of(folder: Path, answer: str) -> list[int]:
    tokenizer = tokenizer_of(folder)
    chat = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": answer}]
    text = tokenizer.apply_chat_template(chat, tokenize=False)
    found = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert isinstance(found, list)
    return found


def hidden(folder: Path, ids: Sequence[int]) -> Any:
    """Return the last hidden states of one text, without a head and without padding."""
    with torch().no_grad():
        return base_of(folder)(torch().tensor([list(ids)])).last_hidden_state[0]


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    found: dict[str, Any] = load_file(folder / "model.safetensors")
    return found


def reward_by_hand(folder: Path, answer: str, at: int = -1) -> float:
    states = hidden(folder, ids_of(folder, answer))
    return float(weights(folder)["score.weight"][0] @ states[at])


def chances_by_hand(folder: Path, pieces: Sequence[str], mark: str) -> list[float]:
    """Return the chance of the second label at the last token of each mark."""
    tokenizer = tokenizer_of(folder)

    def length(text: str) -> int:
        return len(tokenizer(text, add_special_tokens=False)["input_ids"])

    head = f"<s>[user] {QUESTION}</s>[assistant] "
    text, places = head, []
    for piece in pieces:
        text += piece + mark
        places.append(length(text) - 1)
    ids = tokenizer(text + "</s>", add_special_tokens=False)["input_ids"]
    found = weights(folder)
    logits = hidden(folder, ids) @ found["score.weight"].T + found["score.bias"]
    return [float(torch().softmax(logits[place], -1)[1]) for place in places]


@pytest.mark.parametrize("options", ["", ",batch=1"])
def test_an_outcome_score_is_the_logit_at_the_last_token(
    made: Callable[[str], Path], options: str
) -> None:
    folder = made("orm")
    found = judged(f"{folder}{options}", *TEXTS)
    for text, verdict in zip(TEXTS, found, strict=True):
        expected = reward_by_hand(folder, text.strip())
        assert verdict.score == pytest.approx(expected, abs=1e-4)
        assert verdict.tokens == len(ids_of(folder, text.strip()))
        assert (verdict.status, verdict.correct, verdict.detail) == ("ok", None, "")
    assert found[0] == found[-1]
    assert len({verdict.score for verdict in found}) == len(TEXTS) - 1
    (squeezed,) = judged(f"{folder},sigmoid=yes,threshold=0.5", TEXTS[0])
    assert squeezed.score == pytest.approx(1 / (1 + math.exp(-(found[0].score or 0))))
    assert squeezed.correct is ((found[0].score or 0) >= 0)


def test_a_model_s_own_padding_is_where_it_says(made: Callable[[str], Path]) -> None:
    """The chat ends with the token that pads: the one before it is scored, as transformers does."""
    folder = made("padded")
    found = judged(str(folder), *TEXTS)
    for text, verdict in zip(TEXTS, found, strict=True):
        assert verdict.score == pytest.approx(reward_by_hand(folder, text.strip(), -2), abs=1e-4)


def test_a_score_does_not_depend_on_its_neighbours(
    made: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("orm", "padded", "prm"):
        scores = []
        for at, (batch, order) in enumerate([(1, TEXTS), (8, TEXTS), (3, TEXTS[::-1])]):
            monkeypatch.setenv("TTC_CACHE", f"cache-{kind}-{at}")
            found = judged(f"{made(kind)},batch={batch}", *order)
            assert {verdict.status for verdict in found} == {"ok"}
            scores.append({t: v.score for t, v in zip(order, found, strict=True)})
        assert scores[1] == pytest.approx(scores[0], abs=1e-5)
        assert scores[2] == pytest.approx(scores[0], abs=1e-5)


def test_a_pair_of_texts_where_there_is_no_chat(made: Callable[[str], Path]) -> None:
    from transformers import BertForSequenceClassification

    folder = made("pair")
    texts = ["it is forty two", "one", "so it makes forty two then"]
    found = judged(str(folder), *texts)
    tokenizer = tokenizer_of(folder)
    model = BertForSequenceClassification.from_pretrained(folder).eval()
    for text, verdict in zip(texts, found, strict=True):
        given = tokenizer(QUESTION, text, return_tensors="pt")
        assert given["token_type_ids"].sum() == len(text.split()) + 1
        with torch().no_grad():
            chances = torch().softmax(model(**given).logits[0], -1)
        assert verdict.score == pytest.approx(float(chances[1]), abs=1e-5)
    (wrong,) = judged(f"{folder},label=wrong", texts[0])
    assert wrong.score == pytest.approx(1 - (found[0].score or 0), abs=1e-5)


AGGREGATED: dict[str, Callable[[list[float]], float]] = {
    "last": lambda scores: scores[-1],
    "min": min,
    "prod": math.prod,
    "mean": lambda scores: sum(scores) / len(scores),
}


@pytest.mark.parametrize("mark", ["\n\n", "<step>"])
def test_process_scores_stand_at_the_end_of_each_step(
    made: Callable[[str], Path], mark: str
) -> None:
    folder = made("prm")
    option = "" if mark == "\n\n" else f",mark={mark}"
    pieces = TEXTS[1].split("\n\n")
    expected = chances_by_hand(folder, pieces, mark)
    assert len(set(expected)) == 3
    for aggregate, by_hand in AGGREGATED.items():
        (verdict,) = judged(f"{folder},aggregate={aggregate}{option}", TEXTS[1])
        assert verdict.score == pytest.approx(by_hand(expected), abs=1e-5)
        assert json.loads(verdict.detail.removeprefix("steps ")) == pytest.approx(
            expected, abs=1e-5
        )
    (usual,) = judged(f"{folder}{option}", TEXTS[1])
    assert usual.score == pytest.approx(min(expected), abs=1e-5)
    (one,) = judged(f"{folder},step=;{option}", TEXTS[0])
    assert one.detail.count(",") == 0


def test_an_outcome_model_scores_the_prefixes_of_an_answer(made: Callable[[str], Path]) -> None:
    folder = made("orm")
    cuts = prefixes(TEXTS[1], "\n\n")
    raw = [reward_by_hand(folder, cut) for cut in cuts]
    for aggregate, by_hand in AGGREGATED.items():
        squeezed = [1 / (1 + math.exp(-each)) for each in raw]
        (verdict,) = judged(f"{folder},sigmoid=yes,aggregate={aggregate}", TEXTS[1])
        assert verdict.score == pytest.approx(by_hand(squeezed), abs=1e-5)
        if aggregate != "last":
            assert verdict.tokens == sum(len(ids_of(folder, cut)) for cut in cuts)
            told = json.loads(verdict.detail.removeprefix("steps "))
            assert told == pytest.approx(squeezed, abs=1e-5)


def test_code_of_its_own_runs_only_where_it_is_trusted(
    made: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ttc_process: Ttc
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    folder = made("custom")
    with pytest.raises(UsageError, match="trust_remote_code=yes if you trust it"):
        judged(f"{folder},head=token", TEXTS[1])
    line = json.dumps({"problem": "p", "text": TEXTS[1], "question": QUESTION})
    spec = f"rm:{folder},head=token,mark=<step>,trust_remote_code=yes"
    ran = ttc_process("verify", "-", "-V", spec, stdin=line, timeout=300)
    assert ran.code == 0, ran.err
    (judged_line,) = ran.lines
    assert len(json.loads(judged_line["detail"].removeprefix("steps "))) == 3
    assert 0 < judged_line["score"] < 1
    mistaken = spec.replace("=token", "=sequence")
    wrong = ttc_process("verify", "-", "-V", mistaken, stdin=line, timeout=300)
    assert wrong.code == 3
    assert "set head=sequence or head=token" in wrong.err


# --- what goes wrong with one sample, or with the model


def test_too_long_is_told_and_nothing_is_cut(made: Callable[[str], Path]) -> None:
    long = "six times seven " * 200
    first, cut, last = judged(str(made("orm")), "six", long, "one")
    assert (cut.status, cut.score) == ("too_long", None)
    assert cut.detail.endswith("tokens with the question; the limit is 256")
    assert (first.status, last.status) == ("ok", "ok")
    (short,) = judged(f"{made('orm')},max_length=5", "six")
    assert short.detail.endswith("the limit is 5")


def test_a_score_that_is_no_number_is_an_error_of_that_sample(
    made: Callable[[str], Path], tmp_path: Path
) -> None:
    from safetensors.torch import save_file

    folder = shutil.copytree(made("orm"), tmp_path / "sick")
    found = weights(folder)
    (token,) = set(ids_of(folder, "!")) - set(ids_of(folder, "?"))
    found["model.embed_tokens.weight"][token] = math.nan
    save_file(found, folder / "model.safetensors", metadata={"format": "pt"})
    for _ in range(2):  # the second time from the memo, where there is no NaN
        before, sick, after = judged(str(folder), "six", "six!", "one")
        assert (sick.status, sick.score) == ("error", None)
        assert "not finite" in sick.detail
        assert before.score == pytest.approx(reward_by_hand(folder, "six"), abs=1e-4)
        assert after.status == "ok"


def test_a_template_that_fails_on_one_sample_fails_that_one(
    made: Callable[[str], Path], tmp_path: Path
) -> None:
    template = tmp_path / "own.jinja"
    template.write_text(
        "{% if 'poem' in messages[0].content %}{{ raise_exception('no poems') }}{% endif %}"
        "{% for m in messages %}{{ m.content }}\n{% endfor %}",
        encoding="utf-8",
    )
    verifier = RewardModel(f"{made('orm')},template={template}")
    samples = [sample("six", at) for at in range(4)]
    samples[2] = sample("six", 2, asked=(Message("user", "a poem"),))
    found = [verdict for _, verdict in verdicts.judge(verifier, samples)]
    assert [verdict.status for verdict in found] == ["ok", "ok", "error", "ok"]
    assert "no poems" in found[2].detail
    assert found[0].score == found[3].score


def test_a_head_that_was_never_trained_is_refused(
    made: Callable[[str], Path], tmp_path: Path
) -> None:
    from safetensors.torch import save_file

    folder = shutil.copytree(made("orm"), tmp_path / "headless")
    found = weights(folder)
    del found["score.weight"]
    save_file(found, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BackendError, match=r"score\.weight is not among its weights"):
        judged(str(folder), "six")
    (folder / "model.safetensors").unlink()
    with pytest.raises(BackendError, match=r"headless cannot be loaded: .*model\.safetensors"):
        judged(str(folder), "six")


def test_a_chat_template_or_a_separator_is_needed(
    made: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = tmp_path / "plain"
    reward_models.decoder(folder, "SequenceClassification", ["reward"], template=None)
    with pytest.raises(BackendError, match="neither a chat template nor a separator"):
        judged(str(folder), "six")
    template = tmp_path / "own.jinja"
    template.write_text(reward_models.CHAT, encoding="utf-8")
    (own,) = judged(f"{folder},template={template}", "six")
    (packaged,) = judged(str(made("orm")), "six")
    assert own.score == pytest.approx(packaged.score)


# --- through the command line


@pytest.fixture
def pool(ttc: Ttc) -> str:
    """A pool `demo` of two problems, one text of which is empty, judged by `numeric`."""
    rows = [{"id": f"q{at}", "question": f"{QUESTION} {at}", "answer": "42"} for at in range(2)]
    Path("data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = "scripted:answers=42*1/7*1,tokens=5-9"
    assert ttc("sample", "data.jsonl", "-n", 6, "--pool", "demo", "-m", model).code == 0
    assert ttc("verify", "demo", "-V", "numeric", "-q").code == 0
    return "demo"


def test_a_pool_is_scored_once_and_swept(
    ttc: Ttc, pool: str, made: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = f"rm:{made('orm')},sigmoid=yes"
    ran = ttc("verify", pool, "-V", spec, "-o", "-")
    assert ran.code == 0, ran.err
    assert {line["status"] for line in ran.lines} == {"ok"}
    assert "rm: AUC" in ran.err
    assert "by numeric" in ran.err
    for line in ran.lines:
        folder = made("orm")
        assert 0 < line["score"] < 1
        assert line["verifier"] == "rm"
        assert line["verifier_tokens"] > len(ids_of(folder, line["text"]))

    def unused(*_: object) -> None:
        raise AssertionError("a stored verdict needs no model")

    with monkeypatch.context() as patched:
        patched.setattr("ttc.verifiers.reward.verifier.LoadedModel", unused)
        # Logits are remembered: another way to put them together needs no weights.
        other = ttc("verify", pool, "-V", f"{spec},aggregate=last,threshold=0.5", "-o", "-")
        assert other.code == 0
        assert [x["score"] for x in other.lines] == [x["score"] for x in ran.lines]
        patched.setattr("ttc.verifiers.reward.verifier.load_tokenizer", unused)
        again = ttc("verify", pool, "-V", spec, "-o", "-")
        assert again.lines == ran.lines
    both = ttc("sweep", pool, "-V", "numeric", "-s", "best-of-n:score=rm", "-k", "2", "--json")
    assert both.code == 2
    assert "choose one with -V NAME:key=value" in both.err
    rules = f"best-of-n:score={spec},weighted:score={spec}"
    swept = ttc("sweep", pool, "-V", "numeric", "-s", rules, "-k", "1,6", "--json")
    assert swept.code == 0, swept.err
    best, weighted = swept.document["curves"]
    scores: dict[str, list[tuple[float, bool]]] = {}
    truths = ttc("verify", pool, "-V", "numeric", "-o", "-").lines
    for line, truth in zip(ran.lines, truths, strict=True):
        assert (line["problem"], line["index"]) == (truth["problem"], truth["index"])
        scores.setdefault(line["problem"], []).append((line["score"], truth["correct"]))
    expected = sum(max(pairs)[1] for pairs in scores.values()) / len(scores)
    assert best["points"][1]["value"] == pytest.approx(expected)
    assert weighted["points"][0]["value"] == pytest.approx(best["points"][0]["value"])
    # A draw that it could not read ranks last, and stops nothing.
    limit = sorted(line["verifier_tokens"] for line in ran.lines)[len(ran.lines) // 2]
    short = f"{spec},max_length={limit}"
    cut = ttc("verify", pool, "-V", short, "-o", "-")
    assert {line["status"] for line in cut.lines} == {"ok", "too_long"}
    rules = f"best-of-n:score={short},weighted:score={short}"
    ranked = ttc("sweep", pool, "-s", rules, "-k", "6", "--json")
    assert ranked.code == 0, ranked.err
    named = ttc("sweep", pool, "-V", f"{spec},threshold=0.5", "-s", "coverage", "-k", "1", "--json")
    assert named.code == 0, named.err
    share = sum(line["score"] >= 0.5 for line in ran.lines) / len(ran.lines)
    assert named.document["curves"][0]["points"][0]["value"] == pytest.approx(share)


def test_nothing_but_the_data_is_on_stdout(
    ttc_process: Ttc, pool: str, made: Callable[[str], Path]
) -> None:
    ran = ttc_process("verify", pool, "-V", f"rm:{made('prm')}", "-o", "-", timeout=300)
    assert ran.code == 0, ran.err
    assert len(ran.lines) == 12
    assert all(line["detail"].startswith("steps [") for line in ran.lines)
    assert [line.partition(":")[0] for line in ran.err.splitlines()] == ["rm", "demo"]


def test_solve_takes_what_a_reward_model_accepts(ttc: Ttc, made: Callable[[str], Path]) -> None:
    model = ("-m", "scripted:answers=42*1/7*1,tokens=5-9", "-n", 6, "--json")
    everything = ttc("solve", QUESTION, *model, "-V", f"rm:{made('orm')},threshold=-1000")
    assert everything.code == 0, everything.err
    nothing = ttc("solve", QUESTION, *model, "-V", f"rm:{made('orm')},threshold=1000")
    assert nothing.code == 1


def test_a_model_of_the_hub_s_cache(
    ttc_process: Ttc, made: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was downloaded is used at the commit that the branch stood at; no network."""
    commit, repo = "0123456789abcdef0123456789abcdef01234567", "models--someone--tiny-rm"
    there = tmp_path / "home" / "hub" / repo
    shutil.copytree(made("orm"), there / "snapshots" / commit)
    (there / "refs").mkdir()
    (there / "refs" / "main").write_text(commit, encoding="utf-8")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    line = json.dumps({"problem": "p", "text": "six", "question": QUESTION})
    ran = ttc_process("verify", "-", "-V", "rm:hf:someone/tiny-rm", stdin=line, timeout=300)
    assert ran.code == 0, ran.err
    assert ran.lines[0]["score"] == pytest.approx(reward_by_hand(made("orm"), "six"), abs=1e-4)
    other = ttc_process("verify", "-", "-V", "rm:hf:someone/tiny-rm,revision=old", stdin=line)
    assert other.code == 3
    assert "Traceback" not in other.err
