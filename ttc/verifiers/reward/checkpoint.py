"""The files of a reward model, in a folder or on the hub, and its configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from ttc import keys
from ttc.backends import hub
from ttc.backends.fingerprint import file_digest
from ttc.plugins import installing

INSTALL = installing.install("ttc-cli[rm]")

_HUB = re.compile(r"hf:([\w.-]+/[\w.-]+)")
# The files that transformers reads in a model's folder; others come from a training run.
_READ = (
    *("*.json", "*.jinja", "*.model", "*.py", "merges.txt", "vocab.txt"),
    *("model*.safetensors", "pytorch_model*.bin"),
)
_SETTINGS = "config.json"
_UNREAD = "trainer_state.json"
_HEADS = {"ForSequenceClassification": "sequence", "ForTokenClassification": "token"}


@dataclass(frozen=True, slots=True)
class RewardFiles:
    """A reward model that is not loaded yet.

    `folder` has its files; for a model on the hub (`repo`) perhaps only config.json so far.
    `fingerprint` identifies the weights, `settings` is the content of config.json.
    """

    name: str
    folder: Path
    repo: str | None
    fingerprint: str
    settings: Mapping[str, Any] = field(repr=False)

    def fetched(self) -> Path:
        """Return the folder with all files, downloaded if needed; BackendError if that fails."""
        if self.repo is None:
            return self.folder
        return _snapshot(self.name, self.repo, self.folder.name)

    @property
    def custom(self) -> bool:
        """Whether it has Python code of its own, which runs when it is loaded."""
        return bool(self.settings.get("auto_map"))

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the head; a single one if it gives one number."""
        found = self.settings.get("id2label") or {"0": "LABEL_0", "1": "LABEL_1"}
        return tuple(str(found[key]) for key in sorted(found, key=int))

    @property
    def longest(self) -> int | None:
        """The most tokens it can read (its positions); None if config.json does not say."""
        inner = self.settings.get("text_config") or self.settings
        found = inner.get("max_position_embeddings")
        return found if isinstance(found, int) and found > 0 else None

    @property
    def head(self) -> str | None:
        """`sequence` (one score for the whole) or `token` (one per step); None for neither."""
        listed = [self.settings.get(key) or () for key in ("architectures", "auto_map")]
        names = [str(name) for each in listed for name in each]
        found = {head for end, head in _HEADS.items() for name in names if name.endswith(end)}
        return found.pop() if len(found) == 1 else None

    @property
    def architecture(self) -> str:
        """The name of its architecture in config.json."""
        return ", ".join(map(str, self.settings.get("architectures") or ())) or "(not said)"


def locate(model: str, revision: str | None) -> RewardFiles:
    """Return the model in a folder or of `hf:OWNER/NAME`.

    ValueError if it is not a model, BackendError if it cannot be fetched from the hub.
    """
    if not model.startswith("hf:"):
        if revision:
            raise ValueError("revision is only for models on the hub (hf:OWNER/NAME)")
        folder = Path(model).expanduser()
        if not folder.is_dir():
            kind = "a file, not a folder" if folder.exists() else "no such folder"
            raise ValueError(f"{kind}; give the folder of a model, or hf:OWNER/NAME")
        settings = _settings(folder / _SETTINGS)
        return RewardFiles(model, folder.resolve(), None, _fingerprint(folder), settings)
    match = _HUB.fullmatch(model)
    if match is None:
        raise ValueError("write hf:OWNER/NAME")
    path = _config(model, match[1], revision)
    # The hub's cache has a folder for each commit.
    fingerprint = f"{model}@{path.parent.name}"
    return RewardFiles(model, path.parent, match[1], fingerprint, _settings(path))


def _settings(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"{path}: {reason}; give a folder that save_pretrained wrote") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path} is not a JSON object, so not the configuration of a model")
    return found


def _fingerprint(folder: Path) -> str:
    """Return a digest of the names and contents of the files that transformers reads."""
    paths = {path for pattern in _READ for path in folder.glob(pattern) if path.is_file()}
    try:
        digests = {path.name: file_digest(path) for path in paths if path.name != _UNREAD}
    except OSError as error:
        raise ValueError(f"{error.filename}: {error.strerror}") from None
    return keys.digest("rm1", digests)


def _config(model: str, repo: str, revision: str | None) -> Path:
    def fetch(client: Any, local: bool) -> str:
        utils = import_module("huggingface_hub.utils")
        shown = not utils.are_progress_bars_disabled()
        utils.disable_progress_bars()  # for one small file
        try:
            given = {"revision": revision, "local_files_only": local}
            return str(client.hf_hub_download(repo, _SETTINGS, **given))
        finally:
            if shown:
                utils.enable_progress_bars()

    return hub.fetched(model, INSTALL, fetch)


def _snapshot(model: str, repo: str, commit: str) -> Path:
    def fetch(client: Any, local: bool) -> str:
        path = ""
        for patterns in (_READ[:-1], _READ):  # pickled weights only where there are no others
            path = str(
                client.snapshot_download(
                    repo, revision=commit, allow_patterns=[*patterns], local_files_only=local
                )
            )
            if local or _whole(Path(path)):
                break
        return path

    return hub.fetched(model, INSTALL, fetch, _whole)


def _whole(folder: Path) -> bool:
    """Return whether a folder has the weights, and all parts if they are in several."""
    for single in ("model.safetensors", "pytorch_model.bin"):
        index = folder / f"{single}.index.json"
        if index.is_file():
            parts = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
            if any((folder / part).exists() for part in parts):
                return all((folder / part).exists() for part in parts)
        if (folder / single).exists():
            return True
    return False
