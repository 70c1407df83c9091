"""The markers that models put around their thoughts: all of them are listed here.

<think>…</think>  <thinking>  <thought>  <reasoning>  <reflection>  <seed:think>   many models
[THINK]…[/THINK]                                                                   Magistral
<|begin_of_thought|>…<|end_of_thought|>  <|START_THINKING|>…<|END_THINKING|>   Sky-T1, Command
◁think▷…◁/think▷  <|channel>thought…<channel|>                                    Kimi, Gemma
<|channel|>analysis<|message|>…<|end|>…<|channel|>final<|message|>…                    gpt-oss
Here is my thought process: … Here is my response: …                                   Granite
"""

from __future__ import annotations

import re

_NAMES = r"(?:[a-z][\w.-]*[:_])?(?:think(?:ing)?|thoughts?|reasoning|reflection)"
_OPENERS = (
    rf"<(?i:(?P<opens>{_NAMES}))(?:\s[^<>/]*)?>",
    r"(?P<magistral>\[THINK\])",
    r"(?P<sky><\|begin_of_thought\|>)",
    r"(?P<command><\|START_THINKING\|>)",
    r"(?P<kimi>◁think▷)",
    r"(?P<gemma><\|channel>thought\b)",
)
_CLOSERS = (
    rf"</(?i:(?P<closes>{_NAMES}))\s*>",
    r"(?P<magistral_>\[/THINK\])",
    r"(?P<sky_><\|end_of_thought\|>)",
    r"(?P<command_><\|END_THINKING\|>)",
    r"(?P<kimi_>◁/think▷)",
    r"(?P<gemma_><channel\|>)",
)
OPENER = "|".join(_OPENERS)
TAG = re.compile(f"{OPENER}|{'|'.join(_CLOSERS)}")
OPENS_NOW = re.compile(rf"(?:{OPENER}|<\|channel\|>analysis<\|message\|>)\s*\Z")
AROUND = re.compile(r"<\|(?:(?:begin|end)_of_solution|(?:START|END)_RESPONSE)\|>")
RESPONSE = re.compile(r"\s*<response>(.*?)(?:</response>\s*)?\Z", re.S)
CHANNELS = re.compile(r"\s*(?:<\|start\|>assistant\s*)?<\|(?:channel|message)\|>")
LATER_CHANNEL = "<|start|>assistant<|channel|>"
MESSAGE_ENDS = re.compile(r"<\|(?:start|end|return|call)\|>")
CONTROL = re.compile(r"<\|(?:channel|message|start|end|return|call|constrain)\|>")
# gpt-oss from an engine that drops its control tokens.
FLAT = re.compile(r"\s*analysis(?=[A-Z0-9])|\s*analysis(?=.*assistantfinal)", re.S)
FLAT_END = "assistantfinal"
GRANITE = re.compile(r"\s*(?:Here is|Here's) my thought process:")
GRANITE_END = re.compile(r"(?:Here is|Here's) my response:")
