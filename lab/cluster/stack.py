"""Deploys a template's Kubernetes resources through the CDK's own kubectl handler, in CloudFormation's order."""

from __future__ import annotations

import copy
import importlib
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from embedded_aws.eks.control_plane import ControlPlane

ROOT = Path(__file__).resolve().parents[2]
HANDLER = ROOT / ("node_modules/aws-cdk-lib/custom-resource-handlers/dist/aws-eks-v2/kubectl-handler")
MANIFEST, GATE = "Custom::AWSCDK-EKS-KubernetesResource", "Custom::AWSCDK-EKS-KubernetesObjectValue"
ROLLOUT, CANARY = "Custom::TensorFlowRollout", "Custom::TensorFlowCanary"

#: Handler of the custom resource. Returns why the resource failed, or an empty text.
Waiter = Callable[[dict[str, Any]], str]


class DeploymentFailedError(Exception):
    """A resource failed, and what was before was brought back."""


def synthesize(out: Path) -> dict[str, Any]:
    """Return the templates of app.ts by their stack's name.

    `Fixed without` has no load balancer, `Scaled without` a fixed number of pods.

    Args:
        out: an empty directory.
    """
    command = ["npx", "tsx", "lab/cluster/app.ts", str(out / "app"), str(out / "later")]
    # Skip the CDK's own validator, which costs seconds: the API server validates the output.
    subprocess.run(command, cwd=ROOT, env={**os.environ, "CDK_VALIDATION": "false"}, check=True)
    return {
        path.name.replace(".template.json", suffix): json.loads(path.read_text())
        for directory, suffix in (("app", ""), ("later", " without"))
        for path in (out / directory).glob("*.template.json")
    }


def load_handler(plane: ControlPlane, directory: Path) -> Any:
    """Return the CDK's handler, on a PATH where `aws eks update-kubeconfig` names the test's control plane."""
    tools = directory / "tools"
    tools.mkdir()
    aws = tools / "aws"
    aws.write_text(
        '#!/bin/sh\n[ "$1 $2" = "eks update-kubeconfig" ] || exit 64\n'
        f'for last; do :; done\ncp {plane.kubeconfig} "$last"\n'
    )
    aws.chmod(0o755)
    (tools / "kubectl").symlink_to(plane.programs.kubectl)
    output = directory / "handler"
    output.mkdir()
    os.environ["TEST_OUTDIR"] = str(output)
    os.environ["PATH"] = f"{tools}{os.pathsep}{os.environ['PATH']}"
    sys.path.insert(0, str(HANDLER))
    with warnings.catch_warnings():
        # The Helm part of the handler has invalid escapes, which newer versions of Python warn of.
        warnings.simplefilter("ignore", SyntaxWarning)
        handler = importlib.import_module("index")
    # The handler polls every ten seconds.
    importlib.import_module("get").time = _Impatient()
    return handler.handler


class _Impatient:
    """The module `time`, with short sleeps."""

    def __getattr__(self, name: str) -> Any:
        import time

        return (lambda _seconds: time.sleep(0.5)) if name == "sleep" else getattr(time, name)


class Stack:
    """A stack with its resources as they were deployed last."""

    def __init__(self, handler: Any, waiters: dict[str, Waiter] | None = None) -> None:
        self.handler = handler
        self.waiters = waiters or {}
        self.deployed: dict[str, dict[str, Any]] = {}

    def deploy(
        self, template: dict[str, Any], version: str, *, rollout_seconds: int = 60, fail_after: bool = False
    ) -> None:
        """Create and update in the order of dependencies, then delete what is gone; on a failure bring back what was.

        Args:
            template: of the stack.
            version: the published version, that the fit returns.
            rollout_seconds: the longest wait for a rollout.
            fail_after: whether another resource of the stack fails after all of these.
        """
        before = copy.deepcopy(self.deployed)
        wanted = resources(template, version, rollout_seconds)
        try:
            for name, resource in wanted.items():
                self._apply(name, resource)
            if fail_after:
                raise DeploymentFailedError("another resource of the stack failed")
        except Exception as error:
            self._roll_back(before)
            raise DeploymentFailedError(str(error)) from error
        for name in reversed([name for name in self.deployed if name not in wanted]):
            self._delete(name)

    def destroy(self) -> None:
        """Delete everything, in the reverse order."""
        for name in reversed(list(self.deployed)):
            self._delete(name)

    def _apply(self, name: str, resource: dict[str, Any]) -> None:
        old = self.deployed.get(name)
        if old == resource:
            return
        # A failed action may have changed something all the same, so assume it exists.
        self.deployed[name] = resource
        self._call("Update" if old else "Create", resource, old)

    def _roll_back(self, before: dict[str, dict[str, Any]]) -> None:
        for name, resource in before.items():
            self._apply(name, resource)
        for name in reversed([name for name in self.deployed if name not in before]):
            self._delete(name)

    def _delete(self, name: str) -> None:
        self._call("Delete", self.deployed.pop(name))

    def _call(self, request: str, resource: dict[str, Any], old: dict[str, Any] | None = None) -> None:
        event = {"RequestType": request, "ResourceType": resource["Type"], "ResourceProperties": resource["Properties"]}
        event |= {"OldResourceProperties": old["Properties"]} if old else {}
        waiter = self.waiters.get(resource["Type"])
        if waiter is None:
            self.handler(event, None)
        elif request != "Delete" and (reason := waiter(event)):
            raise DeploymentFailedError(reason)


def resources(template: dict[str, Any], version: str, rollout_seconds: int = 60) -> dict[str, dict[str, Any]]:
    """Return the Kubernetes resources of a template, filled in and in the order of their dependencies."""
    found = {
        name: one for name, one in template["Resources"].items() if one["Type"] in {MANIFEST, GATE, ROLLOUT, CANARY}
    }
    ordered: dict[str, dict[str, Any]] = {}

    def visit(name: str) -> None:
        if name in ordered or name not in found:
            return
        for other in found[name].get("DependsOn", []):
            visit(other)
        properties = {key: str(value) for key, value in fill(found[name]["Properties"], version).items()}
        if found[name]["Type"] in {GATE, ROLLOUT}:
            properties["TimeoutSeconds"] = str(rollout_seconds)
        ordered[name] = {"Type": found[name]["Type"], "Properties": properties}

    for name in found:
        visit(name)
    return ordered


def objects(template: dict[str, Any], version: str) -> list[dict[str, Any]]:
    """Return the Kubernetes objects of a template, in the order in which they are applied."""
    manifests = [one for one in resources(template, version).values() if one["Type"] == MANIFEST]
    return [item for manifest in manifests for item in json.loads(manifest["Properties"]["Manifest"])]


def fill(value: Any, version: str) -> Any:
    """Fill in what CloudFormation fills in."""
    if isinstance(value, list):
        return [fill(item, version) for item in value]
    if not isinstance(value, dict):
        return value
    attributes = {
        "Version": version,
        "ChecksumsSha256": "c" * 64,
        "MemoryRequest": "640Mi",
        "PodsDigest": "01234567",
        "Arn": "function",
    }
    if "Ref" in value or "Fn::Sub" in value:
        name = value.get("Ref") or value["Fn::Sub"]
        return {"AWS::Region": "eu-central-1"}.get(name, name)
    if "Fn::GetAtt" in value:
        return attributes[value["Fn::GetAtt"][1]]
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return separator.join(fill(parts, version))
    return {key: fill(item, version) for key, item in value.items()}
