"""Boot of instances: what the settings ask for, and what this machine can do."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import pytest
from embedded_aws.ec2.systemd import image
from embedded_aws.ec2.systemd.image import CannotBootError, built, check_machine, image_for
from embedded_aws.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "check_machine", lambda: None)


def test_only_root_boots_machines_and_all_problems_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(image.shutil, "which", lambda name: None if name == "nsenter" else name)

    with pytest.raises(CannotBootError, match=r"only root can .*sudo.*; nsenter of util-linux"):
        check_machine()


def test_no_other_system_boots_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image.sys, "platform", "darwin")

    with pytest.raises(CannotBootError, match="on Linux only, and this is darwin"):
        check_machine()


@pytest.mark.usefixtures("able")
def test_an_image_that_is_not_built_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(CannotBootError, match="run `npm run test:machines` once"):
        built(tmp_path)
    with pytest.raises(CannotBootError, match="not built"):
        image_for("systemd", tmp_path)


@pytest.mark.usefixtures("able")
def test_auto_says_which_way_it_takes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with caplog.at_level(logging.INFO, "embedded_aws.ec2"):
        assert image_for("auto", tmp_path) is None
        assert "instances run in namespaces, with a stand-in for systemd: the image" in caplog.text
        monkeypatch.setattr(image, "built", lambda _: tmp_path)
        assert image_for("auto", tmp_path) == tmp_path
        assert "instances boot under systemd" in caplog.text


def test_namespaces_are_the_default(tmp_path: Path) -> None:
    assert Settings(port=1, run_directory=tmp_path, cache_directory=tmp_path, node_modules=None).instances == (
        "namespaces"
    )
    assert image_for("namespaces", tmp_path) is None
