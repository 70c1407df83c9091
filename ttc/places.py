"""Where things live: the store, the cache and the settings files. Environment before platform."""

from __future__ import annotations

import os
from pathlib import Path


def _folder(variable: str, kind: str) -> Path:
    if given := os.environ.get(variable):
        return Path(given)
    import platformdirs

    return Path(getattr(platformdirs, f"user_{kind}_dir")("ttc", appauthor=False))


def data_folder() -> Path:
    """The folder of the default store: `TTC_HOME`, else the platform's user data folder."""
    return _folder("TTC_HOME", "data")


def cache_folder() -> Path:
    """What may be deleted at any time: `TTC_CACHE`, else the platform's cache folder."""
    return _folder("TTC_CACHE", "cache")


def config_folder() -> Path:
    """The folder of the user's `config.toml`: `TTC_CONFIG_HOME`, else the platform's."""
    return _folder("TTC_CONFIG_HOME", "config")


def default_database() -> Path:
    """The store that is used when neither `--db` nor a setting names one."""
    return data_folder() / "ttc.db"
