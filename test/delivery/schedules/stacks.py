"""CloudFormation's stacks that serve a delivered model, whose custom resource holds a lease of what it serves."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING, Any

from clients import Client
from model_builds.documents.leases import hold
from model_builds.documents.pruned_versions import is_pruned, refuse_pruned
from model_builds.errors import ModelError
from model_builds.store import Store
from model_builds.versions.manifests import read_manifest

if TYPE_CHECKING:
    from clients import Artifacts, Parameters
    from invariants import Invariants
    from scheduler import Scheduler

BUCKET = "artifacts"
SOURCE, SERVE = "/p/source", "/p/serve"
READY = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
#: States of a stack that the next deployment creates.
ABSENT = ("", "ROLLBACK_COMPLETE")
#: Seconds of a build, and of the rest of an update.
_DURATIONS = (3, 1, 8, 16)
#: First values of the byte that ends an update by an alarm, and of the one that makes its rollback need a person.
_ALARM_FROM, _STUCK_FROM = 232, 248


@dataclasses.dataclass(frozen=True)
class Values:
    """Inputs of a deployment: the two parameters, and the template."""

    source: str
    serve: str
    revision: int


@dataclasses.dataclass(frozen=True)
class Version:
    """A published version of a stack's model."""

    upload: str
    manifest_key: str
    sha256: str

    @property
    def entry(self) -> dict[str, str]:
        """Description of the version in a delivery's parameters."""
        return {"bucket": BUCKET, "manifestKey": self.manifest_key, "manifestSha256": self.sha256}

    @property
    def files(self) -> list[str]:
        """Keys of its objects."""
        return [self.manifest_key, self.manifest_key.replace("manifest.json", "model.tflite")]


class Stack:
    """A stack. Its values and its version are those of the last deployment that succeeded."""

    def __init__(self, name: str) -> None:
        self.name, self.prefix = name, f"model-{name}"
        self.id = f"arn:aws:cloudformation:eu-west-1:111122223333:stack/{name}/1"
        self.status = ""
        self.values: Values | None = None
        self.version: Version | None = None
        #: Values that are being deployed, and the last update, as `LastUpdatedTime`.
        self.target: Values | None = None
        self.updated = ""
        self.events: list[dict[str, Any]] = []
        #: Time until which a look shows what was before an update.
        self.stale_until = 0.0
        self.stale: dict[str, Any] = {}

    def told(self, resource: str, kind: str, status: str, reason: str = "") -> None:
        """Add an event, the newest first."""
        about = {"LogicalResourceId": resource, "ResourceType": kind, "StackId": self.id}
        physical = self.id if resource == self.name else resource
        more = {"PhysicalResourceId": physical, "ResourceStatus": status, "ResourceStatusReason": reason}
        self.events.insert(0, about | more)

    def changes(self, status: str) -> None:
        """Change the status, with its event."""
        self.status = status
        if not status.endswith("IN_PROGRESS"):
            self.target = None
        self.told(self.name, "AWS::CloudFormation::Stack", status)

    def described(self) -> dict[str, Any]:
        """Return what CloudFormation says of it."""
        values = (None if "ROLLBACK" in self.status else self.target) or self.values
        resolved = {SOURCE: values.source, SERVE: values.serve} if values else {}
        outputs = []
        if self.version is not None:
            value = json.dumps({"delivery": SERVE, "model": self.prefix, **self.version.entry})
            outputs = [{"OutputKey": "ModelBuildDeliveredModel0A1B2C3D", "OutputValue": value}]
        return {
            "StackName": self.name,
            "StackStatus": self.status,
            "RoleARN": "arn:aws:iam::111122223333:role/execution",
            "Parameters": [
                {"ParameterKey": name.replace("/", ""), "ParameterValue": name, "ResolvedValue": value}
                for name, value in resolved.items()
            ],
            "Capabilities": ["CAPABILITY_IAM"],
            **({"LastUpdatedTime": self.updated} if self.updated else {}),
            **({"Outputs": outputs} if outputs else {}),
        }


class CloudFormation(Client):
    """The stacks. A refused model fails an update, and so does an alarm, by chance."""

    def __init__(
        self,
        scheduler: Scheduler,
        artifacts: Artifacts,
        parameters: Parameters,
        invariants: Invariants,
        names: list[str],
    ) -> None:
        super().__init__(scheduler)
        self.stacks = {name: Stack(name) for name in names}
        #: Versions by stack, upload and template.
        self.versions: dict[tuple[str, str, int], Version] = {}
        #: Uploads that the gate refuses.
        self.refused: set[str] = set()
        #: Number of updates that an alarm ended.
        self.alarms = 0
        self.is_calm = False
        self._artifacts, self._parameters, self._invariants = artifacts, parameters, invariants

    def describe_stacks(self, **given: Any) -> dict[str, Any]:
        """Describe one stack by its ID, for the functions."""
        self.scheduler.pause()
        return {"Stacks": [stack.described() for stack in self.stacks.values() if stack.id == given["StackName"]]}

    def describe_stack_events(self, **given: Any) -> dict[str, Any]:
        """Return the events of a stack, the newest first."""
        self.scheduler.pause()
        found = [stack for stack in self.stacks.values() if given["StackName"] in {stack.id, stack.name}]
        return {"StackEvents": [event for stack in found for event in stack.events]}

    def asked(self, revision: int) -> Values:
        """Return the values that a deployment has that begins now."""
        return Values(self._parameters.values[SOURCE], self._parameters.values[SERVE], revision)

    def deploy(self, stack: Stack, values: Values, stale_seconds: int = 0) -> None:
        """Begin a creation or an update, of which looks may not show anything at first."""
        self._invariants.begins(stack, values)
        stack.stale = stack.described()
        stack.target = values
        if stack.values is not None:
            stack.updated = f"update {len(stack.events)}"
            stack.stale_until = self.scheduler.now + stale_seconds
        stack.changes("CREATE_IN_PROGRESS" if stack.values is None else "UPDATE_IN_PROGRESS")
        self.scheduler.begin(f"deployment of {stack.name}", lambda: self._deploy(stack, values))

    def _deploy(self, stack: Stack, values: Values) -> None:
        chance = 0 if self.is_calm else self.scheduler.choices.byte()
        kind = "CREATE" if stack.values is None else "UPDATE"
        self._wait()
        try:
            version = self._build(stack, values)
            self._wait()
            if chance >= _ALARM_FROM:
                self.alarms += 1
                raise ModelError("the alarm Errors went off")
        except ModelError as error:
            stack.told("Model", "Custom::TensorFlowModel", f"{kind}_FAILED", str(error))
            self._roll_back(stack, is_stuck=chance >= _STUCK_FROM)
            return
        stack.values, stack.version = values, version
        self._invariants.serves(stack, version)
        if kind == "UPDATE":
            stack.changes("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            self.scheduler.pause(2)
        stack.changes(f"{kind}_COMPLETE")

    def _roll_back(self, stack: Stack, *, is_stuck: bool) -> None:
        if stack.values is None:
            stack.changes("ROLLBACK_IN_PROGRESS")
            self._wait()
            stack.changes("ROLLBACK_COMPLETE")
            return
        stack.changes("UPDATE_ROLLBACK_IN_PROGRESS")
        self._wait()
        if is_stuck:
            stack.changes("UPDATE_ROLLBACK_FAILED")
            self.scheduler.pause(600)  # until a person continues the rollback
            stack.changes("UPDATE_ROLLBACK_IN_PROGRESS")
        stack.version = self._build(stack, stack.values)
        self._invariants.keeps(stack, stack.version)
        stack.changes("UPDATE_ROLLBACK_COMPLETE")

    def _wait(self) -> None:
        self.scheduler.pause(_DURATIONS[self.scheduler.choices.below(len(_DURATIONS))])

    def _build(self, stack: Stack, values: Values) -> Version:
        """Return the version of these values, as the custom resource of the build does."""
        version = self._named(stack, values) or self._built(stack, values)
        self.hold(stack, version)
        refuse_pruned(Store(BUCKET), version.manifest_key)
        return version

    def _named(self, stack: Stack, values: Values) -> Version | None:
        for entry in [] if values.serve == "built" else json.loads(values.serve):
            if entry["manifestKey"].startswith(f"{stack.prefix}/"):
                manifest, sha256 = read_manifest(Store(BUCKET), entry["manifestKey"], entry["manifestSha256"])
                return Version(manifest["upload"], entry["manifestKey"], sha256)
        return None

    def _built(self, stack: Stack, values: Values) -> Version:
        found = self.versions.get((stack.name, values.source, values.revision))
        if found is not None and not is_pruned(Store(BUCKET), found.manifest_key):
            return found
        self._wait()
        if values.source in self.refused:
            raise ModelError(f"the gate refused {values.source}")
        return self.publish(stack, values)

    def hold(self, stack: Stack, version: Version) -> None:
        """Write the lease of a stack."""
        properties = {"Bucket": BUCKET, "Lease": "true"}
        event = {"StackId": stack.id, "LogicalResourceId": "Model", "ResourceProperties": properties}
        hold(event, version.manifest_key)

    def publish(self, stack: Stack, values: Values) -> Version:
        """Publish the version of some values."""
        directory = f"{stack.prefix}/litert"
        numbers = [int(key.split("/")[2]) for key in self._artifacts.objects if key.startswith(f"{directory}/")]
        number = 1 + max(numbers, default=0)
        manifest = json.dumps({"schemaVersion": 1, "upload": values.source, "buildId": f"build-{number}"}).encode()
        self._artifacts.put(f"{directory}/{number}/model.tflite", b"model")
        self._artifacts.put(f"{directory}/{number}/manifest.json", manifest)
        sha256 = hashlib.sha256(manifest).hexdigest()
        version = Version(values.source, f"{directory}/{number}/manifest.json", sha256)
        self.versions[stack.name, values.source, values.revision] = version
        return version
