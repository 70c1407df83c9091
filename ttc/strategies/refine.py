"""Improve answers one after the other: self-refine, revisions, post-editing, review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ttc.answers.thinking import said
from ttc.messages.counts import some
from ttc.options import OptionReader
from ttc.records import Message
from ttc.strategies import Decision, Evaluate, Generate, Node, StrategyRun, Task, chat, together
from ttc.strategies.search import draw
from ttc.strategies.voting import decide

FINE = "NOTHING TO IMPROVE"
FEEDBACK = (
    "Review your answer. Name what is wrong or missing in it, and how to mend it; do not rewrite "
    f"it. If nothing can be improved, say only: {FINE}"
)
REFINE = "Feedback on your answer:\n{feedback}\n\nAnswer the question again, with this mended."
REVISE = "Reconsider: check your answer step by step, and answer the question again."
EDIT = "This is a draft. Edit it: mend its mistakes, keep what is right, and give it whole."
BEST = "An earlier attempt (rated {score:.2f}); improve on it:\n{text}"
WORST = "A worse attempt (rated {score:.2f}); avoid its mistakes:\n{text}"
SAID = "What the reviewer said of the first: {words}"
AGAIN = "Answer the question again, better than the attempts above."


class Sequential:
    """The base of methods that ask again with earlier answers. `numbers` are its whole-number
    options with their defaults."""

    name = ""
    needs = frozenset[str]()
    scores = False
    numbers: Mapping[str, int] = {}

    def __init__(self, **options: str) -> None:
        read = OptionReader(self.name, options)
        self.own = {name: read.whole(name, default) for name, default in self.numbers.items()}
        self.parse(read)
        read.end()

    def parse(self, read: OptionReader) -> None:
        """Read further options. OptionError."""

    @property
    def config(self) -> Mapping[str, object]:
        """The options in force."""
        return self.own

    def run(self, task: Task) -> StrategyRun[Decision]:
        """Solve a task."""
        raise NotImplementedError


def ask(turns: Sequence[Message]) -> StrategyRun[Node | None]:
    """Draw the answer to a chat of several turns; None if the draw failed."""
    drawn = yield from draw([Generate(messages=tuple(turns))])
    return drawn[0] if drawn else None


class Chain(Sequential):
    """The base of methods that improve one answer, each time a better one to take its place."""

    did = ""  # to the answer, in the note

    def improve(self, task: Task, answer: Node) -> StrategyRun[Node | None]:
        """Return the next answer, None to keep this one."""
        raise NotImplementedError

    def run(self, task: Task) -> StrategyRun[Decision]:
        drawn = yield from draw([Generate()])
        if not drawn:
            return Decision(None, note="no draw succeeded")
        answer, rounds = drawn[0], 0
        task.offer(answer, 0.0)
        while rounds < self.own["rounds"]:
            following = yield from self.improve(task, answer)
            if following is None:
                break
            answer, rounds = following, rounds + 1
            task.offer(answer, float(rounds))
        return Decision(answer, ((answer, 1.0),), f"{self.did} {some(rounds, 'time')}")


class SelfRefine(Chain):
    """Answers, criticizes its answer, and answers again (Self-Refine, Madaan et al. 2023).

    Stops when the criticism contains "nothing to improve". Returns the last answer. Options:

    - `rounds`: the most refined answers

    The refining prompt shows the last answer and its criticism, not the earlier ones. The prompts
    are ours.
    """

    name = "self-refine"
    numbers: Mapping[str, int] = {"rounds": 3}
    did = "refined"

    def improve(self, task: Task, answer: Node) -> StrategyRun[Node | None]:
        turns = (*chat(task.problem), Message("assistant", said(answer.text)))
        feedback = yield from ask((*turns, Message("user", FEEDBACK)))
        words = "" if feedback is None else said(feedback.text).strip()
        if not words or FINE in words.upper():
            return None
        return (yield from ask((*turns, Message("user", REFINE.format(feedback=words)))))


class PostEdit(Chain):
    """Edits a draft of its own into the answer (post-editing; Li et al. 2025 for translation).

    "Test-time scaling of reasoning models for machine translation". Returns the last edit. Options:

    - `rounds`: edits, one after the other

    The paper edits translations; here any answer is edited. The prompt is ours.
    """

    name = "post-edit"
    numbers: Mapping[str, int] = {"rounds": 1}
    did = "edited"

    def improve(self, task: Task, answer: Node) -> StrategyRun[Node | None]:
        draft = Message("assistant", said(answer.text))
        return (yield from ask((*chat(task.problem), draft, Message("user", EDIT))))


class Revisions(Sequential):
    """Revises its answers in several chains, and votes over all of them (Snell et al. 2024).

    "Scaling LLM test-time compute optimally" (arXiv 2408.03314), sequential revisions. Options:

    - `chains`: chains side by side; `rounds`: revisions in each
    - `shown`: the last answers of its chain that each revision is shown
    - `pick`: `majority` votes over all answers, `last` over the last answer of each chain

    The paper fine-tunes a model for revisions and selects within chains, then across them, by a
    verifier; here any model is asked to reconsider, and answers are selected by votes.
    """

    name = "revisions"
    numbers: Mapping[str, int] = {"chains": 2, "rounds": 3, "shown": 4}

    def parse(self, read: OptionReader) -> None:
        self.pick = read.choice("pick", ("majority", "last"), "majority")

    @property
    def config(self) -> Mapping[str, object]:
        """The options in force."""
        return {**self.own, "pick": self.pick}

    def run(self, task: Task) -> StrategyRun[Decision]:
        first = yield from draw([Generate() for _ in range(self.own["chains"])])
        chains = [[node] for node in first]
        for node in first:
            task.offer(node)
        for _ in range(self.own["rounds"]):
            asked = [Generate(messages=self._turns(task, chain)) for chain in chains]
            replies = yield from together(asked)
            for chain, reply in zip(chains, replies, strict=True):
                if reply.node is not None:
                    chain.append(reply.node)
                    task.offer(reply.node)
        every = self.pick == "majority"
        voting = [node for chain in chains for node in (chain if every else chain[-1:])]
        return decide(task.problem, [(node, 1.0) for node in voting], "majority")

    def _turns(self, task: Task, chain: Sequence[Node]) -> tuple[Message, ...]:
        turns = list(chat(task.problem))
        for node in chain[-self.own["shown"] :]:
            turns += [Message("assistant", said(node.text)), Message("user", REVISE)]
        return tuple(turns)


class Review(Sequential):
    """Scores candidates, shows the best and the worst, and repeats (IAD, Chakraborty et al. 2025).

    "Review, Refine, Repeat". Each round draws candidates with the best answer so far, the worst
    one and the scorer's comment in the prompt. Returns the best-scored one. Options:

    - `n`: candidates of a round; `rounds`: the most rounds
    - `enough`: the score in [0, 1] at which to stop
    - `patience`: rounds without a better score after which to stop
    - `feedback`: `no` asks the plain question in each round, to compare with

    No code of the paper was found: the prompts and defaults are ours.
    """

    name = "review"
    scores = True
    numbers: Mapping[str, int] = {"n": 4, "rounds": 3, "patience": 2}

    def parse(self, read: OptionReader) -> None:
        self.feedback = read.choice("feedback", ("yes", "no"), "yes")
        self.enough = read.number("enough", 1.0)

    @property
    def config(self) -> Mapping[str, object]:
        """The options in force."""
        return {**self.own, "feedback": self.feedback, "enough": self.enough}

    def run(self, task: Task) -> StrategyRun[Decision]:
        finals: list[tuple[Node, float]] = []
        best: tuple[Node, float, str] | None = None
        worst: tuple[Node, float, str] | None = None
        stale = rounds = 0
        while rounds < self.own["rounds"] and stale < self.own["patience"]:
            rounds += 1
            turns = self._turns(task, best, worst)
            drawn = yield from draw([Generate(messages=turns) for _ in range(self.own["n"])])
            replies = yield from together([Evaluate(node, "outcome") for node in drawn])
            before = best
            for node, reply in zip(drawn, replies, strict=True):
                score = reply.score or 0.0
                finals.append((node, score))
                task.offer(node, score)
                if best is None or score > best[1]:
                    best = (node, score, reply.words)
                if worst is None or score < worst[1]:
                    worst = (node, score, reply.words)
            stale = stale + 1 if best is before else 0
            if best is not None and best[1] >= self.enough:
                break
        if best is None:
            return Decision(None, note="no draw succeeded")
        note = f"score {best[1]:.3g} after {rounds} rounds of {self.own['n']}"
        return Decision(best[0], tuple(finals), note)

    def _turns(
        self,
        task: Task,
        best: tuple[Node, float, str] | None,
        worst: tuple[Node, float, str] | None,
    ) -> tuple[Message, ...] | None:
        if best is None or self.feedback == "no":
            return None
        parts = [BEST.format(score=best[1], text=said(best[0].text))]
        if best[2]:
            parts.append(SAID.format(words=best[2]))
        if worst is not None and worst[0] is not best[0]:
            parts.append(WORST.format(score=worst[1], text=said(worst[0].text)))
        turns = chat(task.problem)
        shown = "\n\n".join([turns[-1].content, *parts, AGAIN])
        return (*turns[:-1], Message(turns[-1].role, shown))
