"""The messages between kubelet and a driver of volumes, with the fields that are used here.

See csi.proto of the Container Storage Interface, and pluginregistration.proto of kubelet.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

#: Values of enumerations: an access mode, and a capability of nodes.
MULTI_NODE_READER_ONLY = 3
VOLUME_MOUNT_GROUP = 6

#: Fields of each message with their numbers and types; a field without a type is text.
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "Empty": {},
    "PluginInfo": {"type": (1, ""), "name": (2, ""), "endpoint": (3, ""), "supported_versions": (4, "repeated")},
    "RegistrationStatus": {"error": (2, "")},
    "NodeGetInfoResponse": {"node_id": (1, "")},
    "NodeCapability": {"type": (1, "number")},
    "NodeServiceCapability": {"rpc": (1, "NodeCapability")},
    "NodeGetCapabilitiesResponse": {"capabilities": (1, "repeated NodeServiceCapability")},
    "AccessMode": {"mode": (1, "number")},
    "MountVolume": {"mount_flags": (2, "repeated"), "volume_mount_group": (3, "")},
    "VolumeCapability": {"mount": (2, "MountVolume"), "access_mode": (3, "AccessMode")},
    "NodePublishVolumeRequest": {
        "volume_id": (1, ""),
        "target_path": (4, ""),
        "volume_capability": (5, "VolumeCapability"),
        "readonly": (6, "truth"),
        "volume_context": (8, "map"),
    },
    "NodeUnpublishVolumeRequest": {"target_path": (2, "")},
}
_ENTRY = {"key": (1, ""), "value": (2, "")}
_PACKAGE = "embedded_aws.csi"
_SCALARS = {
    "": FieldDescriptorProto.TYPE_STRING,
    "number": FieldDescriptorProto.TYPE_INT32,
    "truth": FieldDescriptorProto.TYPE_BOOL,
}


def _message(name: str, fields: dict[str, tuple[int, str]]) -> DescriptorProto:
    message = DescriptorProto(name=name)
    for field, (number, kind) in fields.items():
        is_list = kind == "map" or kind.startswith("repeated")
        label = FieldDescriptorProto.LABEL_REPEATED if is_list else FieldDescriptorProto.LABEL_OPTIONAL
        added = message.field.add(name=field, number=number, label=label)
        item = kind.removeprefix("repeated").strip()
        if kind == "map":
            # Describe a map as a list of entries, as on the wire.
            entry = _message("".join(part.title() for part in field.split("_")) + "Entry", _ENTRY)
            entry.options.map_entry = True
            message.nested_type.append(entry)
            added.type, added.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{_PACKAGE}.{name}.{entry.name}"
        elif item in _SCALARS:
            added.type = _SCALARS[item]
        else:
            added.type, added.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{_PACKAGE}.{item}"
    return message


def _classes() -> dict[str, Any]:
    file = FileDescriptorProto(name="embedded_aws/csi.proto", package=_PACKAGE, syntax="proto3")
    file.message_type.extend(_message(name, fields) for name, fields in _MESSAGES.items())
    pool = DescriptorPool()
    pool.Add(file)
    return {name: GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES}


_CLASSES = _classes()

Empty = _CLASSES["Empty"]
NodeGetCapabilitiesResponse = _CLASSES["NodeGetCapabilitiesResponse"]
PluginInfo = _CLASSES["PluginInfo"]
RegistrationStatus = _CLASSES["RegistrationStatus"]
NodeGetInfoResponse = _CLASSES["NodeGetInfoResponse"]
NodePublishVolumeRequest = _CLASSES["NodePublishVolumeRequest"]
NodeUnpublishVolumeRequest = _CLASSES["NodeUnpublishVolumeRequest"]
