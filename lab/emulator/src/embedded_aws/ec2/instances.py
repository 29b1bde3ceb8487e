"""Starts instances from launch templates and ends them with the embedded AWS."""

from __future__ import annotations

import base64
import logging
from typing import TYPE_CHECKING, Any

from ministack.services import ec2

from embedded_aws.ec2 import stock
from embedded_aws.ec2.machine import ACCOUNT_CREDENTIALS, Host, Machine
from embedded_aws.ec2.systemd.image import image_for
from embedded_aws.ec2.systemd.machine import Disk, SystemdMachine
from embedded_aws.ec2.systemd.metadata import Identity
from embedded_aws.iam.sessions import role_of_profile, session_of

if TYPE_CHECKING:
    from embedded_aws.host.plane import Plane
    from embedded_aws.settings import Settings

_TERMINATED = {"Code": 48, "Name": "terminated"}

_log = logging.getLogger("embedded_aws.ec2")


class Instances:
    """The instances that run, by id."""

    def __init__(self, settings: Settings, plane: Plane) -> None:
        self._settings, self._plane = settings, plane
        self._running: dict[str, Machine] = {}
        self._image = image_for(settings.instances, settings.cache_directory)

    def launch(self, specification: dict[str, Any], subnet: str, tags: list[dict[str, str]]) -> Machine:
        """Starts one instance, and does not wait for its boot.

        Args:
            specification: a launch template's id or name, and its version.
            subnet: for EC2's record.
            tags: for EC2's record.

        Raises:
            ValueError: there is no such launch template or version.
        """
        data = launch_template_data(specification)
        user_data = data.get("UserData", "")
        [record] = ec2._launch_instances_internal(
            image_id=data.get("ImageId", ""),
            instance_type=data.get("InstanceType", ""),
            subnet_id=subnet,
            count=1,
            user_data=user_data,
            sg_ids=list(data.get("SecurityGroupIds") or []),
        )
        name: str = record["InstanceId"]
        ec2._tags[name] = tags
        machine = self._boot(record, data, base64.b64decode(user_data).decode() if user_data else "")
        self._running[name] = machine
        return machine

    def _boot(self, record: dict[str, Any], data: dict[str, Any], script: str) -> Machine:
        name, settings = record["InstanceId"], self._settings
        role = role_of_profile(data.get("IamInstanceProfile") or {})
        credentials = session_of(role, name) if role else ACCOUNT_CREDENTIALS
        host = Host(
            None if self._image else stock.python(),
            None if self._image else stock.aws_command(settings.cache_directory, settings.run_directory),
            settings.port,
            self._plane,
            disk=f"{_volume_gibibytes(data)}g",
            credentials=credentials,
        )
        directory = settings.subdirectory("instances") / name

        def on_line(line: str) -> None:
            _log.info("%s: %s", name, line)

        if self._image is None:
            return Machine(name, script or "#!/bin/sh\n", directory, host, on_line)
        options = data.get("MetadataOptions") or {}
        identity = Identity(
            instance_id=name,
            image_id=str(data.get("ImageId", "")),
            instance_type=str(data.get("InstanceType", "")),
            region=settings.region,
            zone=str((record.get("Placement") or {}).get("AvailabilityZone") or f"{settings.region}a"),
            account=settings.account,
            address=str(record["PrivateIpAddress"]),
            user_data=script,
            role=role.rsplit("/", 1)[-1] if role else "",
            credentials=credentials if role else {},
            token_required=options.get("HttpTokens", "required") == "required",
            hop_limit=int(options.get("HttpPutResponseHopLimit", 2)),
        )
        return SystemdMachine(identity, directory, host, Disk(self._image, settings.shared_directories), on_line)

    def end(self, machine: Machine) -> None:
        """Terminates one instance."""
        machine.end()
        self._running.pop(machine.instance_id, None)
        record = ec2._instances.get(machine.instance_id)
        if record:
            record["State"] = dict(_TERMINATED)

    def close(self) -> None:
        """Ends all."""
        for machine in list(self._running.values()):
            machine.end()


def launch_template_data(specification: dict[str, Any]) -> dict[str, Any]:
    """Returns the data of a version of a launch template.

    Raises:
        ValueError: there is no such launch template or version.
    """
    wanted, version = specification.get("LaunchTemplateId"), str(specification.get("Version", "$Default"))
    name = specification.get("LaunchTemplateName")
    for template in ec2._launch_templates.values():
        if wanted == template["LaunchTemplateId"] or (not wanted and name == template["LaunchTemplateName"]):
            number = {"$Default": template["DefaultVersionNumber"], "$Latest": template["LatestVersionNumber"]}
            for known in template["Versions"]:
                if str(known["VersionNumber"]) == str(number.get(version, version)):
                    found: dict[str, Any] = known["LaunchTemplateData"]
                    return found
    raise ValueError(f"There is no version {version} of the launch template {wanted or name}")


def _volume_gibibytes(data: dict[str, Any]) -> int:
    sizes = [mapping["Ebs"]["VolumeSize"] for mapping in data.get("BlockDeviceMappings") or [] if "Ebs" in mapping]
    return int(sizes[0]) if sizes else 8
