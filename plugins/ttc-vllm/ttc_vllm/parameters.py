"""Translation between ttc and vLLM: engine arguments, sampling parameters, log-probabilities."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import psutil
from vllm import EngineArgs, SamplingParams
from vllm.config import ReasoningConfig
from vllm.platforms import current_platform
from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

from ttc.records import SamplingParams as Given
from ttc.records import TokenLogprob
from ttc_vllm.checkpoint import Checkpoint
from ttc_vllm.draws import EngineDraw
from ttc_vllm.options import Options


def confidences(logprobs: Any, count: int) -> list[float]:
    """Return the confidence at each token, from its `count` likeliest tokens."""
    # The sampled token is listed even if it is not among the likeliest.
    likeliest = ([each.logprob for each in at.values() if each.rank <= count] for at in logprobs)
    return [-sum(values) / len(values) for values in likeliest]


def token_logprobs(tokens: Any, logprobs: Any, count: int) -> tuple[TokenLogprob, ...]:
    """Return each token with the `count` likeliest ones at its place."""
    return tuple(
        _told(at[token])._replace(
            top=tuple(
                _told(each)
                for each in sorted(at.values(), key=lambda each: each.rank)
                if each.rank <= count
            )
        )
        for token, at in zip(tokens, logprobs, strict=True)
    )


def _told(entry: Any) -> TokenLogprob:
    return TokenLogprob(entry.decoded_token or "", entry.logprob)


def engine_arguments(
    checkpoint: Checkpoint,
    options: Options,
    marks: tuple[str, str] | None = None,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> EngineArgs:
    """Return the arguments of vLLM's engine for a model and the user's options.

    With the `marks` around thoughts, requests may limit their tokens. `more` are further arguments.
    """
    chosen = {**options.arguments(), **more}
    if marks is not None:
        chosen["reasoning_config"] = ReasoningConfig(
            reasoning_start_str=marks[0], reasoning_end_str=marks[1]
        )
    memory = ("gpu_memory_utilization", "kv_cache_memory_bytes")
    if current_platform.is_cpu() and not any(name in chosen for name in memory):
        # vLLM would take most of the machine's memory, and fail if less of it is free.
        chosen["kv_cache_memory_bytes"] = psutil.virtual_memory().available // 4
    return EngineArgs(
        model=str(checkpoint.folder),
        # Draws without their own seed depend on this one. With vLLM's default, 0, a second run
        # would repeat the samples of the first and count them as new.
        seed=secrets.randbits(31),
        logprobs_mode="raw_logprobs",
        disable_log_stats=True,
        use_tqdm_on_load=False,
        **chosen,
    )


def sampling_params(draw: EngineDraw, seed: int | None, *, shows: bool) -> SamplingParams:
    """Return vLLM's sampling parameters for a draw; `shows`: keep special tokens in the text."""
    request, given = draw.request, draw.request.params
    if draw.weighs:
        asked = sorted({token for tokens in draw.firsts.values() for token in tokens})
        return SamplingParams(
            temperature=0.0,
            max_tokens=1,
            logprob_token_ids=asked or None,
            prompt_logprobs=0 if draw.given else None,
            output_kind=RequestOutputKind.FINAL_ONLY,
            skip_clone=True,
        )
    return SamplingParams(
        temperature=given.temperature,
        top_p=given.top_p,
        top_k=given.top_k,
        min_p=given.min_p,
        max_tokens=given.max_tokens,
        stop=list(given.stop),
        include_stop_str_in_output=request.keep_stop,
        skip_special_tokens=not shows,
        seed=seed,
        logprobs=max(request.alternatives, request.logprobs),  # and of the sampled token
        presence_penalty=given.presence_penalty,
        frequency_penalty=given.frequency_penalty,
        repetition_penalty=given.repeat_penalty,
        logit_bias=dict(given.logit_bias) or None,
        structured_outputs=_constraint(given),
        thinking_token_budget=given.thinking_budget,
        output_kind=RequestOutputKind.FINAL_ONLY,
        skip_clone=True,
    )


def _constraint(given: Given) -> StructuredOutputsParams | None:
    """Return what a completion may be, in vLLM's form; None if it may be anything."""
    if not given.constraints:
        return None
    return StructuredOutputsParams(json=given.schema, grammar=given.grammar, regex=given.regex)
