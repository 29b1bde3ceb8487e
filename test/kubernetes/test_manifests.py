"""Checks the objects in the synthesized templates with the API server's schemas and the server's own messages."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from embedded_aws.eks.programs import VERSIONS
from stack import objects

#: The oldest and the newest version that EKS offers, as the tests of the control plane have them.
KUBERNETES = sorted(VERSIONS)


def validate(item: dict[str, Any], version: str) -> None:
    """Validate strictly, warnings included: the validator lets an object of an unknown kind pass with one."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert kubernetes_validate.validate(item, version, strict=True) == version


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("name", ["Fixed", "Copied", "Scaled", "Bfloat16", "LiteRt"])
def test_every_object_fits_the_schema_of_the_oldest_and_the_newest_kubernetes(
    templates: dict[str, Any], name: str, version: str
) -> None:
    found = objects(templates[name], "7")

    kinds = {one["kind"] for one in found}
    assert kinds >= {"Namespace", "ServiceAccount", "Service", "Deployment", "PodDisruptionBudget"}
    for item in found:
        validate(item, version)


@pytest.mark.parametrize("version", KUBERNETES)
def test_a_field_that_does_not_exist_is_noticed(templates: dict[str, Any], version: str) -> None:
    deployment = copy.deepcopy(next(one for one in objects(templates["Fixed"], "7") if one["kind"] == "Deployment"))
    deployment["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}

    with pytest.raises(kubernetes_validate.ValidationError):
        validate(deployment, version)


@pytest.fixture
def configuration(templates: dict[str, Any], tmp_path: Path) -> Path:
    """The configuration files as the pods of version 7 see them."""
    deployment = next(one for one in objects(templates["Fixed"], "7") if one["kind"] == "Deployment")
    annotations = deployment["spec"]["template"]["metadata"]["annotations"]
    for name, text in annotations.items():
        if name.startswith("cdk-tensorflow/"):
            (tmp_path / name.split("/")[1]).write_text(text)
    return tmp_path


def test_model_configuration_is_the_official_message_with_one_version(configuration: Path) -> None:
    from stand_in_server.configuration import read_models

    (model,) = read_models(configuration / "models.config")

    assert (model.name, str(model.base_path), model.versions) == ("digits", "/models/digits", {7})


def test_batching_and_monitoring_are_the_messages_of_the_server(configuration: Path) -> None:
    from stand_in_server.configuration import check_batching, prometheus_path

    check_batching(configuration / "batching.config")
    assert prometheus_path(configuration / "monitoring.config") == "/monitoring/prometheus/metrics"


def test_a_number_that_is_not_wrapped_is_noticed(configuration: Path) -> None:
    from stand_in_server.configuration import ConfigurationError, check_batching

    (configuration / "batching.config").write_text("max_batch_size: 32\n")

    with pytest.raises(ConfigurationError, match="cannot parse"):
        check_batching(configuration / "batching.config")
