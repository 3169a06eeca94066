"""`farm doctor` looks whether models can be brought to this machine's disk."""

from __future__ import annotations

from pathlib import Path

import kept_models
import pytest

from farm.config import Config, load_config
from farm.doctor import _model_cache
from farm.errors import StorageError
from farm.weights.nodecache import NodeCache
from farm.weights.source import FolderSource


def config(models: Path, cache: Path) -> Config:
    return load_config({"FARM_MODELS": str(models), "FARM_MODEL_CACHE": str(cache)})


def test_it_says_what_is_here_already(models, tmp_path):
    for name in ("first", "second"):
        kept_models.keep(models, name, {"a.json": b"{}", name: b""})
    NodeCache(FolderSource(models), tmp_path / "node").bring("first")
    check = _model_cache(config(models, tmp_path / "node"))
    assert check.fine
    assert check.found.startswith(f"{tmp_path / 'node'} holds 1 of 2 models of {models}; ")


def test_a_source_that_is_not_there_is_told_with_the_setting(models, tmp_path):
    check = _model_cache(config(models, tmp_path / "node"))
    assert not check.fine
    assert f"0 of 0 models of {models}" in check.found
    assert "FARM_MODELS" in check.remedy


def test_a_cache_that_cannot_be_written_is_told(models, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError, match="FARM_MODEL_CACHE"):
        _model_cache(config(models, tmp_path / "file" / "node"))
