"""vLLM's engine in this process, driven step by step.

Requests go to its scheduler as they arrive; a step advances all scheduled draws by a token, and
finished ones are returned at once. The prefix cache makes the draws of a prompt share it.

Importing this imports vllm (seconds), so it is done with the first request only.
"""

from __future__ import annotations

import re
from collections import deque
from math import exp
from time import monotonic
from typing import Any

from vllm.exceptions import VLLMValidationError
from vllm.inputs.engine import tokens_input
from vllm.lora.request import LoRARequest
from vllm.platforms import current_platform
from vllm.v1.engine import FinishReason as EngineFinish
from vllm.v1.engine.llm_engine import LLMEngine

from ttc.backends import Completion, Request
from ttc.errors import BackendError
from ttc.plugins import installing
from ttc.records import FinishReason
from ttc_vllm.checkpoint import Checkpoint
from ttc_vllm.draws import EngineDraw
from ttc_vllm.lora import Adapter
from ttc_vllm.options import Options
from ttc_vllm.parameters import confidences, engine_arguments, sampling_params, token_logprobs
from ttc_vllm.prompts import PromptEncoder, PromptError

# vLLM replaces a lower temperature by this one, which is another distribution.
_COLDEST = 0.01
_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length", "abort": "cancelled"}


def reason_of(error: BaseException) -> str:
    """Return the line of an exception's message that says what is wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # Pydantic wraps a validator's message into three lines.
    said = [line.partition(", ")[2] for line in lines if line.startswith("Value error, ")]
    found = (said or lines or [type(error).__name__])[0]
    return re.split(r" \[type=| \(parameter=", found)[0].rstrip(".")


class VllmEngine:
    """Loaded weights and their unfinished draws. Raises BackendError if loading fails."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        options: Options,
        marks: tuple[str, str] | None = None,
        adapter: Adapter | None = None,
    ) -> None:
        self._ends_thoughts = marks is not None
        self._lora = LoRARequest("lora", 1, str(adapter.folder)) if adapter else None
        if current_platform.is_unspecified():
            raise BackendError(
                "vLLM finds no GPU, and this build of it does not run on a CPU; "
                f"{installing.install('ttc-vllm[cpu]')} in an environment without it"
            )
        try:
            more = adapter.arguments() if adapter else {}
            arguments = engine_arguments(checkpoint, options, marks, more)
            self._engine = LLMEngine.from_engine_args(arguments)
        except Exception as error:
            raise BackendError(
                f"{checkpoint.folder}: vLLM cannot load it: {reason_of(error)}"
            ) from error
        self._limit: int = self._engine.model_config.max_model_len
        clock = options.clock if options.clock.read_by(checkpoint.template) else None
        self._prompts = PromptEncoder(self._engine.get_tokenizer(), clock)
        self._draws: dict[str, EngineDraw] = {}
        # Draws without a token so far, by vLLM's own ids, in order of submission.
        self._fresh: dict[str, EngineDraw] = {}
        self._done: deque[Completion] = deque()
        self._failure: str | None = None

    def submit(self, request: Request, seed: int | None) -> None:
        """Queue a request. One that cannot run is returned by `wait` as `error`."""
        if self._failure is not None:
            raise BackendError(f"vLLM's engine has ended: {self._failure}")
        draw = EngineDraw(request)
        try:
            draw.prompt = self._prompts.tokens(request)
            draw.opened = self._prompts.opened(request)
            draw.given = () if request.score is None else self._prompts.answer(request.score)
            if request.choices:
                draw.firsts = self._prompts.firsts(request.choices)
            self._check(draw)
            draw.engine_id = self._engine.add_request(
                request.id,
                tokens_input([*draw.prompt, *draw.given]),
                sampling_params(draw, seed, shows=self._prompts.shows),
                lora_request=self._lora,
            )
        except (PromptError, ValueError, VLLMValidationError) as error:
            self._done.append(draw.failed(reason_of(error)))
            return
        self._draws[request.id] = self._fresh[draw.engine_id] = draw

    def _check(self, draw: EngineDraw) -> None:
        count = len(draw.prompt) + len(draw.given)
        if count >= self._limit:
            raise PromptError(f"the prompt has {count} tokens, the context {self._limit}")
        params = draw.request.params
        if params.thinking_budget is not None and not self._ends_thoughts:
            raise PromptError("the engine was loaded without a limit on thoughts")
        if params.constraints and draw.opened and not draw.weighs:
            raise PromptError(
                f"the prompt opens a thought, where vLLM would hold --{params.constraints[0]} too; "
                "add --thinking off"
            )
        temperature = params.temperature
        if 0 < temperature < _COLDEST:
            raise PromptError(f"vLLM supports temperature 0, or {_COLDEST} and above")

    def wait(self) -> Completion:
        """Step until a draw finishes and return it. Raises LookupError if there is none."""
        while True:
            if (done := self.step()) is not None:
                return done

    def step(self) -> Completion | None:
        """Decode one more token of each draw; return one that has finished, if any.

        Raises LookupError if no draw is unfinished.
        """
        if not self._done:
            if not self._draws:
                raise LookupError("no request is under way")
            self._step()
        return self._done.popleft() if self._done else None

    def _step(self) -> None:
        began = monotonic()
        try:
            outputs = self._engine.step()
            self._note_first_tokens(began)
            for output in outputs:
                self._take(output)
        except Exception as error:  # noqa: BLE001 (whatever it is, every draw comes back)
            self._fail(
                f"{type(error).__name__}: {reason_of(error)}; VLLM_LOGGING_LEVEL=INFO shows more"
            )
        except BaseException:
            # How much of the step was done is unknown, so this engine cannot continue.
            self._fail("interrupted in the middle of a step")
            raise

    def _take(self, output: Any) -> None:
        draw = self._draws.get(output.request_id)
        if draw is not None:
            self._done.append(self._completion(draw, output))
            del self._draws[output.request_id]

    def _note_first_tokens(self, began: float) -> None:
        """Record which draws got their first token in this step.

        vLLM's scheduler serves first come, first served: behind a draw without a token, none has
        one.
        """
        states, now, have = self._engine.output_processor.request_states, monotonic(), []
        for engine_id, draw in self._fresh.items():
            state = states.get(engine_id)
            if state is not None and state.is_prefilling:
                break
            draw.started, draw.first_token = began, now
            have.append(engine_id)
        for engine_id in have:
            del self._fresh[engine_id]

    def _completion(self, draw: EngineDraw, output: Any) -> Completion:
        one = output.outputs[0]
        reason = _REASONS.get(one.finish_reason)
        if reason is None:
            return draw.failed(f"vLLM ended it: {one.finish_reason}")
        draw.cached = output.num_cached_tokens
        if draw.request.choices and reason != "cancelled":
            (alternatives,) = one.logprobs
            draw.chances = {
                choice: min(sum(exp(alternatives[token].logprob) for token in tokens), 1.0)
                for choice, tokens in draw.firsts.items()
            }
        elif draw.given and reason != "cancelled":
            rows = output.prompt_logprobs[len(draw.prompt) :]
            draw.logprob = sum(
                row[token].logprob for row, token in zip(rows, draw.given, strict=True)
            )
            draw.tokens = len(draw.given)
        elif not draw.weighs:
            draw.text = draw.opened + self._prompts.shown(one.text)
            draw.tokens = len(one.token_ids)
            # vLLM masks the logits of a constrained draw before it computes log-probabilities.
            constrained = draw.request.params.constraints
            draw.logprob = None if constrained else one.cumulative_logprob
            draw.think_tokens = self._prompts.thought_tokens(draw.request, one.token_ids)
            draw.stop = one.stop_reason if isinstance(one.stop_reason, str) else None
            if draw.request.alternatives:
                draw.confidences = confidences(one.logprobs, draw.request.alternatives)
            if draw.request.logprobs:
                draw.token_logprobs = token_logprobs(
                    one.token_ids, one.logprobs, draw.request.logprobs
                )
        return draw.finish("stop" if draw.weighs and reason == "length" else reason)

    def cancel(self, request_id: str) -> None:
        """Stop a draw, keeping what it has."""
        draw = self._draws.pop(request_id, None)
        if draw is None:
            return
        # vLLM drops the text of an aborted request, so it is read before.
        state = self._engine.output_processor.request_states[draw.engine_id]
        output = state.make_request_output([], None, EngineFinish.ABORT, None)
        self._engine.abort_request([draw.engine_id], internal=True)
        self._fresh.pop(draw.engine_id, None)
        self._done.append(self._completion(draw, output))

    def _fail(self, reason: str) -> None:
        self._failure = reason
        back = {done.request_id for done in self._done}
        for name in self._draws.keys() - back:
            self._done.append(self._draws[name].failed(f"vLLM's engine failed: {reason}"))
        self._draws.clear()
        self._fresh.clear()

    def close(self) -> None:
        """Free the weights and the cache, and end the workers."""
        self._draws.clear()
        self._fresh.clear()
        self._engine.engine_core.shutdown()
        del self._engine
