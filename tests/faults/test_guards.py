"""A plugin that fails, or lies, in any of its calls is one line and exit 3; a bug of ours is 70."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from commands import Ttc

# Many processes, and nothing that depends on the version of Python.
pytestmark = pytest.mark.slow

Problems = Callable[..., Path]
Refused = Callable[..., str]

MODEL = "scripted:answers=18*3/20*1,tokens=5-9"

BACKEND = """
from ttc.backends import Completion, ModelInfo
class Thing:
    def __init__(self, model, options):
        self.queue = []
        self.drawn = 0
    @property
    def model(self):
        {model}
        return ModelInfo("sick", "f")
    @property
    def capabilities(self):
        {capabilities}
        return frozenset({{"seed"}})
    def room(self):
        {room}
        return 1
    def submit(self, request):
        {submit}
        self.queue.append(request.id)
    def wait(self):
        {wait}
        self.drawn += 1
        return Completion(self.queue.pop(0), "the answer is 18", "stop", completion_tokens=4)
    def cancel(self, request_id):
        pass
    def close(self):
        {close}
"""
STRATEGY = """
from ttc.strategies import Cancel, Decision, Evaluate, Generate, Node
class Thing:
    name = "sick"
    scores = False
    needs = frozenset()
    config = {{}}
    def run(self, task):
        {run}
        replies = yield [Generate()]
        {sent}
        return Decision(replies[0].node)
"""
SELECTOR = """
class Thing:
    name = "sick"
    needs = frozenset()
    finishes = None
    def pick(self, outcomes):
        {pick}
        return (0,)
    def expected(self, outcomes, ks):
        {expected}
        return [0.5 for _ in ks]
"""
VERIFIER = """
from ttc.records import Verdict
class Thing:
    name = "sick"
    version = "1"
    @property
    def config(self):
        {config}
        return {{}}
    def verify(self, samples):
        {verify}
        for sample in samples:
            {one}
            yield Verdict("18", True)
"""
SOURCES = {
    "backends": BACKEND,
    "strategies": STRATEGY,
    "selectors": SELECTOR,
    "verifiers": VERIFIER,
}
PLACES = {
    "backends": ("model", "capabilities", "room", "submit", "wait", "close"),
    "strategies": ("run", "sent"),
    "selectors": ("expected",),
    "verifiers": ("config", "verify"),
}
KINDS = {
    "runtime": 'raise RuntimeError("out of order")',
    "key": 'raise KeyError("out of order")',
    "value": 'raise ValueError("out of order")',
    "os": 'raise OSError(5, "out of order")',
    "exit": "import sys; sys.exit(0)",
    "memory": 'raise MemoryError("out of order")',
    "deep": "f = lambda: f(); f()",
    "cancelled": "import asyncio; raise asyncio.CancelledError()",
    "stop": 'raise StopIteration("out of order")',
    "mute": 'raise type("Mute", (Exception,), {"__str__": lambda self: 1 / 0})()',
    "lookup": 'raise LookupError("no request is under way")',
}
NAMED = {
    "backends": ("sample", "data.jsonl", "-q", "-n", "2", "--pool", "new", "-m", "sick-backends:x"),
    "strategies": ("solve", "What?", "-q", "-m", MODEL, "--method", "sick-strategies"),
    "selectors": ("sweep", "p", "-q", "-s", "sick-selectors"),
    "verifiers": ("verify", "p", "-q", "--json", "-V", "sick-verifiers"),
}
GARBAGE = [
    ("backends", "model", "return None", "for its model"),
    ("backends", "capabilities", "return None", "capabilities"),
    ("backends", "room", "return None", "from room"),
    ("backends", "wait", "return None", "nothing from wait"),
    ("backends", "wait", "return 7", "a int from wait"),
    ("backends", "wait", 'return Completion("who", "", "stop")', "'who', which is not under way"),
    ("backends", "wait", 'return Completion(self.queue.pop(0), "", "done")', "reason 'done'"),
    ("backends", "wait", 'return Completion(self.queue.pop(0), None, "stop")', "for a text"),
    ("strategies", "run", "yield 7", "a int"),
    ("strategies", "run", "yield [None]", "which is not a request"),
    ("strategies", "run", "yield [Evaluate(None)]", "scorer"),
    ("strategies", "run", "yield [Cancel(None)]", "not of a Generate"),
    ("strategies", "run", "yield []", "nothing is under way"),
    ("strategies", "run", "yield [Generate(max_tokens=0)]", "0 tokens"),
    ("strategies", "run", 'yield [Generate(until="(")]', "not a regular expression"),
    ("strategies", "sent", "return None", "not a Decision"),
    ("strategies", "sent", 'return Decision("text")', "a str, not a Node"),
    ("selectors", "expected", "return None", "means"),
    ("selectors", "expected", "return [0.5]", "means"),
    ("selectors", "expected", 'return [float("nan") for _ in ks]', "means"),
    ("verifiers", "config", "return 7", "be identified"),
    ("verifiers", "verify", "return None", "gave no verdict"),
    ("verifiers", "verify", "yield Verdict()", "more verdicts than samples"),
]


@pytest.fixture(autouse=True, scope="module")
def bounded() -> Iterator[None]:
    """Limit the memory of this process: a plugin that runs away fails its test and no more."""
    if sys.platform != "linux":
        yield
        return
    import resource

    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = used + (4 << 30)
    if soft != resource.RLIM_INFINITY:
        limit = min(limit, soft)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Put a package `sick` on the path whose plugin of a group fails at places."""

    def put(group: str, **places: str) -> None:
        site = tmp_path / "site"
        info = site / "sick-1.0.dist-info"
        info.mkdir(parents=True)
        head = "Metadata-Version: 2.1\nName: sick\nVersion: 1.0\n"
        (info / "METADATA").write_text(head, encoding="utf-8")
        entry = f"[ttc.{group}]\nsick-{group} = sick_module:Thing\n"
        (info / "entry_points.txt").write_text(entry, encoding="utf-8")
        every = dict.fromkeys((*PLACES[group], "pick", "one"), "pass")
        module = SOURCES[group].format(**{**every, **places})
        (site / "sick_module.py").write_text(module, encoding="utf-8")
        before = os.environ.get("PYTHONPATH")
        monkeypatch.setenv("PYTHONPATH", f"{site}{os.pathsep}{before}" if before else str(site))
        monkeypatch.syspath_prepend(site)

    yield put
    sys.modules.pop("sick_module", None)


@pytest.fixture(autouse=True)
def pool(ttc: Ttc, problems: Problems) -> None:
    """A pool `p` with verdicts, and its data."""
    problems()
    assert ttc("sample", "data.jsonl", "-n", "2", "--pool", "p", "-m", MODEL).returncode == 0
    assert ttc("verify", "p", "-V", "numeric", "--json").returncode == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("group", "place"), [(group, place) for group, places in PLACES.items() for place in places]
)
def test_a_call_that_raises_is_one_line(
    ttc: Ttc, refused: Refused, install: Callable[..., None], group: str, place: str, kind: str
) -> None:
    install(group, **{place: KINDS[kind]})
    done = ttc(*NAMED[group])
    assert done.returncode == 3, (done.stdout, done.stderr)
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for word in ("sick", "sick 1.0"):
        assert word in done.stderr or group == "verifiers"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("group", "place", "code", "told"), GARBAGE)
def test_what_is_given_back_is_looked_at(
    ttc: Ttc, install: Callable[..., None], group: str, place: str, code: str, told: str
) -> None:
    install(group, **{place: code})
    done = ttc(*NAMED[group])
    assert done.returncode == 3, (done.stdout, done.stderr)
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "sick" in done.stderr
    assert told in done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_drawn_before_a_backend_failed_is_kept(
    ttc: Ttc, install: Callable[..., None], kind: str
) -> None:
    install("backends", wait=f"if self.drawn >= 3: exec({KINDS[kind]!r})")
    done = ttc("sample", "data.jsonl", "-n", "2", "--pool", "new", "-m", "sick-backends:")
    assert done.returncode == 4, done.stderr
    assert "the backend 'sick-backends' (sick 1.0) cannot wait" in done.stderr
    assert "5 draws to go; to resume: ttc" in done.stderr
    assert len(done.stdout.splitlines()) == 3


@pytest.mark.parametrize(
    "code", ["raise RuntimeError('no')", "yield None; continue", "__import__('sys').exit(0)"]
)
def test_a_verdict_that_fails_is_an_error_and_is_judged_again(
    ttc: Ttc, install: Callable[..., None], code: str
) -> None:
    install("verifiers", one=f"if sample.index == 1:\n                {code}")
    done = ttc("verify", "p", "--json", "-V", "sick-verifiers")
    assert done.returncode == 4, done.stderr
    assert "sick-verifiers failed on 4 samples" in done.stderr
    assert '"error": 4' in done.stdout
    again = ttc("verify", "p", "--json", "-V", "sick-verifiers")
    assert again.returncode == 4, again.stderr


def test_a_traceback_on_request(ttc: Ttc, install: Callable[..., None]) -> None:
    install("backends", wait=KINDS["key"])
    args = [arg for arg in NAMED["backends"] if arg != "-q"]
    for how in (["-vv"], ["-v", "-v"], ["--verbose", "--verbose"]):
        done = ttc(*args, *how)
        assert done.returncode == 3
        assert "Traceback" in done.stderr
        assert "sick_module.py" in done.stderr


# A bug of ours.

BUGS = {
    "solve": ("ttc.cli.run.solve.solve", ("What?", "-m", MODEL)),
    "sample": ("ttc.cli.run.sample.draw", ("data.jsonl", "-m", MODEL)),
    "verify": ("ttc.cli.run.verify.verify", ("p", "-V", "numeric")),
    "sweep": ("ttc.curves.curve.curves_of", ("p",)),
    "ls": ("ttc.store.counts.overview", ()),
    "show": ("ttc.store.counts.problems_overview", ("p",)),
    "models": ("ttc.backends.resolve.listing", ()),
    "plugins": ("ttc.plugins.survey", ()),
    "config": ("ttc.cli.session.load", ()),
    "db": ("ttc.cli.run.db.path", ("path",)),
}


@pytest.mark.parametrize("command", BUGS)
@pytest.mark.parametrize("error", [TypeError, AssertionError, RecursionError, MemoryError])
def test_a_bug_is_not_a_failed_gate(
    ttc: Ttc, monkeypatch: pytest.MonkeyPatch, command: str, error: type[Exception]
) -> None:
    place, args = BUGS[command]

    def broken(*_: object, **__: object) -> None:
        raise error("nobody\nexpected this")

    monkeypatch.setattr(place, broken)
    done = ttc(command, *args)
    assert done.returncode == 70, (done.stdout, done.stderr)
    (line,) = [each for each in done.stderr.splitlines() if each.startswith("ttc: ")]
    assert f"{error.__name__}: nobody expected this; run again with -vv" in line
    assert "Traceback" not in done.stderr
    assert "Traceback" in ttc(command, *args, "-vv").stderr


def test_a_bug_in_the_writer_s_thread_reaches_the_end(
    ttc: Ttc, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise TypeError("in another thread")

    with monkeypatch.context() as patched:
        patched.setattr("ttc.store.samples.insert", broken)
        done = ttc("sample", "data.jsonl", "-n", "1", "--seed", "8", "-m", MODEL)
    assert done.returncode == 70, done.stderr
    assert "TypeError: in another thread" in done.stderr
    with monkeypatch.context() as patched:
        patched.setattr("ttc.samples.drawing.Drawing._as_sample", broken)
        done = ttc("sample", "data.jsonl", "-n", "1", "--seed", "9", "-m", MODEL)
    assert done.returncode == 70, done.stderr
    assert "Traceback" not in done.stderr
