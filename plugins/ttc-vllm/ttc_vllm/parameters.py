"""Translation between ttc and vLLM: engine arguments, sampling parameters, log-probabilities."""

from __future__ import annotations

import secrets
from typing import Any

import psutil
from vllm import EngineArgs, SamplingParams
from vllm.platforms import current_platform
from vllm.sampling_params import RequestOutputKind

from ttc_vllm.checkpoint import Checkpoint
from ttc_vllm.draws import EngineDraw
from ttc_vllm.options import Options


def confidences(logprobs: Any, count: int) -> list[float]:
    """Return the confidence at each token, from its `count` likeliest tokens."""
    # The sampled token is listed even if it is not among the likeliest.
    likeliest = ([each.logprob for each in at.values() if each.rank <= count] for at in logprobs)
    return [-sum(values) / len(values) for values in likeliest]


def engine_arguments(checkpoint: Checkpoint, options: Options) -> EngineArgs:
    """Return the arguments of vLLM's engine for a model and the user's options."""
    chosen = options.arguments()
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
        logprobs=request.alternatives,  # and of the sampled token
        output_kind=RequestOutputKind.FINAL_ONLY,
        skip_clone=True,
    )
