"""The weights of a reward model: loaded once, run in batches."""

from __future__ import annotations

import contextlib
import inspect
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ttc.errors import BackendError
from ttc.verifiers.reward.checkpoint import INSTALL, RewardFiles
from ttc.verifiers.reward.inputs import TokenizedText

# Errors that one text can cause, such as a missing position or a full memory.
FAILURES = (IndexError, RuntimeError, ValueError)


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How to load a model; `dtype` as transformers names it, `auto` for that of the weights."""

    head: str
    device: str
    dtype: str
    trusted: bool


def load_tokenizer(files: RewardFiles, loading: LoadOptions) -> Any:
    """Return the tokenizer of a model; BackendError if it cannot be loaded."""
    with _quietly(files.name) as transformers:
        return transformers.AutoTokenizer.from_pretrained(
            files.fetched(), trust_remote_code=loading.trusted
        )


class LoadedModel:
    """A reward model with its weights; BackendError if it cannot be loaded or is none."""

    def __init__(self, files: RewardFiles, loading: LoadOptions) -> None:
        import torch

        self._name, self._torch, self._by_token = files.name, torch, loading.head == "token"
        with _quietly(files.name) as transformers:
            kind = _auto_class(transformers, files, loading.head)
            model, info = kind.from_pretrained(
                files.fetched(),
                trust_remote_code=loading.trusted,
                output_loading_info=True,
                # The old name of `dtype`, which the newest versions accept too.
                torch_dtype=loading.dtype,
            )
            _check_loaded(info)
            self._device = torch.device(_device(torch, loading.device))
            self._model = model.to(self._device).eval().requires_grad_(False)
        config = model.config.get_text_config()
        self._configs = {id(each): each for each in (model.config, config)}.values()
        for each in self._configs:
            each.use_cache = False  # nothing is generated
        # Tokenizers also give types for models that do not take them.
        self._typed = "token_type_ids" in inspect.signature(model.forward).parameters
        self._vocabulary = int(model.get_input_embeddings().num_embeddings)
        pad = config.pad_token_id
        self._pad = pad if isinstance(pad, int) and 0 <= pad < self._vocabulary else None

    def run(self, texts: Sequence[TokenizedText]) -> list[list[list[float]]]:
        """Return the logits of each text, run as one batch: a row per step, or a single row.

        Texts are padded on the right and masked, so that none depends on the others.
        """
        torch, longest = self._torch, max(len(text.ids) for text in texts)
        pad = self._padding(texts)
        rows = [(text.ids, longest - len(text.ids)) for text in texts]
        inputs = {
            "input_ids": [[*ids, *[pad] * short] for ids, short in rows],
            "attention_mask": [[1] * len(ids) + [0] * short for ids, short in rows],
        }
        if self._typed and texts[0].types:
            inputs["token_type_ids"] = [
                [*text.types, *[0] * short] for text, (_, short) in zip(texts, rows, strict=True)
            ]
        with torch.inference_mode(), contextlib.redirect_stdout(io.StringIO()):
            outputs = self._model(
                **{name: torch.tensor(value).to(self._device) for name, value in inputs.items()}
            )
        logits = outputs.logits.float().cpu()
        if logits.dim() != 2 + self._by_token:
            raise BackendError(
                f"{self._name}: its head gives scores of shape {tuple(logits.shape)}; set "
                "head=sequence or head=token"
            )
        if not self._by_token:
            return [[row] for row in logits.tolist()]
        return [logits[at, list(text.ends)].tolist() for at, text in enumerate(texts)]

    def _padding(self, texts: Sequence[TokenizedText]) -> int:
        """Return the padding token.

        Decoders score the last token that is not padding. If the model has no padding token, use
        one that occurs in none of the texts.
        """
        if self._pad is not None:
            return self._pad
        used = {token for text in texts for token in text.ids}
        free = next((token for token in range(self._vocabulary) if token not in used), None)
        if free is None:
            raise ValueError("the text contains every token of the vocabulary, so none can pad it")
        for each in self._configs:
            each.pad_token_id = free
        return free


def _auto_class(transformers: Any, files: RewardFiles, head: str) -> Any:
    if files.head is None:
        return transformers.AutoModel  # its own code has the head
    if head == "token":
        return transformers.AutoModelForTokenClassification
    return transformers.AutoModelForSequenceClassification


def _check_loaded(info: Mapping[str, Any]) -> None:
    if missing := sorted(info["missing_keys"]):
        raise ValueError(
            f"{', '.join(missing[:3])} {'is' if len(missing) == 1 else 'are'} not among its "
            "weights and would be random: it is not a trained reward model"
        )


def _device(torch: Any, wanted: str) -> str:
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


@contextlib.contextmanager
def _quietly(name: str) -> Iterator[Any]:
    """Yield transformers with its output turned off; any error becomes a one-line BackendError."""
    try:
        import torch  # noqa: F401
        import transformers
    except ImportError as error:
        raise BackendError(f"rm needs {error.name}, which is not installed; {INSTALL}") from None
    logging = transformers.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield transformers
    except BackendError:
        raise
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise BackendError(f"{name} cannot be loaded: {reason}; -vv shows where") from error
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
