"""The messages between kubelet and a driver of volumes, with the fields that are used here.

See csi.proto of the Container Storage Interface, and pluginregistration.proto of kubelet.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

#: For each message, the fields with their numbers and types: text where none is given.
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "Empty": {},
    "PluginInfo": {"type": (1, ""), "name": (2, ""), "endpoint": (3, ""), "supported_versions": (4, "repeated")},
    "RegistrationStatus": {"error": (2, "")},
    "NodeGetInfoResponse": {"node_id": (1, "")},
    "MountVolume": {"mount_flags": (2, "repeated")},
    "VolumeCapability": {"mount": (2, "MountVolume")},
    "NodePublishVolumeRequest": {
        "volume_id": (1, ""),
        "target_path": (4, ""),
        "volume_capability": (5, "VolumeCapability"),
        "volume_context": (8, "map"),
    },
    "NodeUnpublishVolumeRequest": {"target_path": (2, "")},
}
_ENTRY = {"key": (1, ""), "value": (2, "")}
_PACKAGE = "embedded_aws.csi"


def _message(name: str, fields: dict[str, tuple[int, str]]) -> DescriptorProto:
    message = DescriptorProto(name=name)
    for field, (number, kind) in fields.items():
        is_list = kind in {"repeated", "map"}
        label = FieldDescriptorProto.LABEL_REPEATED if is_list else FieldDescriptorProto.LABEL_OPTIONAL
        added = message.field.add(name=field, number=number, label=label, type=FieldDescriptorProto.TYPE_STRING)
        if kind == "map":
            # To the wire and to its descriptor, a map is a list of entries.
            entry = _message("".join(part.title() for part in field.split("_")) + "Entry", _ENTRY)
            entry.options.map_entry = True
            message.nested_type.append(entry)
            added.type, added.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{_PACKAGE}.{name}.{entry.name}"
        elif kind not in {"", "repeated"}:
            added.type, added.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
    return message


def _classes() -> dict[str, Any]:
    file = FileDescriptorProto(name="embedded_aws/csi.proto", package=_PACKAGE, syntax="proto3")
    file.message_type.extend(_message(name, fields) for name, fields in _MESSAGES.items())
    pool = DescriptorPool()
    pool.Add(file)
    return {name: GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES}


_CLASSES = _classes()

Empty = _CLASSES["Empty"]
PluginInfo = _CLASSES["PluginInfo"]
RegistrationStatus = _CLASSES["RegistrationStatus"]
NodeGetInfoResponse = _CLASSES["NodeGetInfoResponse"]
NodePublishVolumeRequest = _CLASSES["NodePublishVolumeRequest"]
NodeUnpublishVolumeRequest = _CLASSES["NodeUnpublishVolumeRequest"]
