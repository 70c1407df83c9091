"""Reward models of a few thousand random weights, as save_pretrained leaves them on a disk."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TEXT = "what is six times seven one two so it makes forty then add the answer all in"
WORDS = TEXT.split()
CHAT = (
    "{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content | trim }}{{ eos_token }}"
    "{% endfor %}"
)
PAIR = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def chat_tokenizer(folder: Path, *more: str, template: str | None = CHAT) -> int:
    """Write a byte-level tokenizer with a chat template; return the size of its vocabulary."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<s>", "</s>", *more],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator([TEXT] * 4, trainer)
    made = PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>", eos_token="</s>")
    made.chat_template = template
    made.save_pretrained(folder)
    return len(made)


def pair_tokenizer(folder: Path) -> int:
    """Write a tokenizer of words that puts [SEP] between two texts, as BERT's does."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: at for at, word in enumerate([*PAIR, *WORDS])}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    names = {f"{name[1:-1].lower()}_token": name for name in PAIR}
    made = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        **names,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )
    made.save_pretrained(folder)
    return len(vocabulary)


def decoder(
    folder: Path, kind: str, labels: Sequence[str], *, family: str = "Llama", **more: Any
) -> Path:
    """Write a model of two layers with a head: `kind` is SequenceClassification or the like."""
    import torch
    import transformers

    marks = more.pop("marks", ())
    size = chat_tokenizer(folder, *marks, template=more.pop("template", CHAT))
    config = getattr(transformers, f"{family}Config")(
        vocab_size=size,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        id2label=dict(enumerate(labels)),
        label2id={label: at for at, label in enumerate(labels)},
        **{"max_position_embeddings": 256, "initializer_range": 0.3, **more},
    )
    torch.manual_seed(5)
    getattr(transformers, f"{family}For{kind}")(config).eval().save_pretrained(folder)
    return folder


def encoder(folder: Path, labels: Sequence[str]) -> Path:
    """Write a BERT that classifies pairs of texts."""
    import torch
    import transformers

    config = transformers.BertConfig(
        vocab_size=pair_tokenizer(folder),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=64,
        initializer_range=0.3,
        id2label=dict(enumerate(labels)),
        label2id={label: at for at, label in enumerate(labels)},
    )
    torch.manual_seed(6)
    model = transformers.BertForSequenceClassification(config).eval()
    model.save_pretrained(folder)
    return folder


CUSTOM = '''
"""A process reward model with code of its own, of the shape that Qwen2.5-Math-PRM has."""

import torch
from transformers import LlamaConfig, LlamaModel, LlamaPreTrainedModel
from transformers.modeling_outputs import TokenClassifierOutput


class LlamaForProcessReward(LlamaPreTrainedModel):
    config_class = LlamaConfig

    def __init__(self, config):
        super().__init__(config)
        self.model = LlamaModel(config)
        self.score = torch.nn.Sequential(
            torch.nn.Linear(config.hidden_size, config.hidden_size),
            torch.nn.ReLU(),
            torch.nn.Linear(config.hidden_size, 2),
        )
        self.post_init()

    def get_input_embeddings(self):
        return self.model.embed_tokens

    def forward(self, input_ids=None, attention_mask=None, **kwargs):
        print("a model that talks")
        hidden = self.model(input_ids, attention_mask=attention_mask).last_hidden_state
        return TokenClassifierOutput(logits=self.score(hidden))
'''


def custom(folder: Path) -> Path:
    """Write a model whose code lies beside its weights."""

    decoder(folder, "TokenClassification", ["bad", "good"], marks=("<step>",))
    (folder / "modeling_own.py").write_text(CUSTOM, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("modeling_own", folder / "modeling_own.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["modeling_own"] = module  # where the first versions 5 look for its file
    spec.loader.exec_module(module)
    from transformers import LlamaConfig

    config = LlamaConfig.from_pretrained(folder)
    module.LlamaForProcessReward(config).eval().save_pretrained(folder)
    path = folder / "config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["auto_map"] = {"AutoModel": "modeling_own.LlamaForProcessReward"}
    path.write_text(json.dumps(settings), encoding="utf-8")
    return folder
