"""Clients of AWS, as far as the handlers use them: each method hands over before it does something."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scheduler import Scheduler

#: Time at which the clock of a schedule is zero, in seconds since 1970.
BEGINNING = 1_767_225_600.0


def failed(code: str, operation: str, message: str = "") -> ClientError:
    """Return AWS's answer that a request failed."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class Paginator:
    """Answers in one page."""

    def __init__(self, method: Callable[..., dict[str, Any]]) -> None:
        self._method = method

    def paginate(self, **given: Any) -> Iterator[dict[str, Any]]:
        """Yield the answer."""
        yield self._method(**given)


class Client:
    """Beginning of each client."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler

    def get_paginator(self, name: str) -> Paginator:
        """Return the pages of a method."""
        return Paginator(getattr(self, name))


class Artifacts(Client):
    """The bucket of published versions, which keeps only the newest version of an object."""

    def __init__(self, scheduler: Scheduler, on_delete: Callable[[str], None]) -> None:
        super().__init__(scheduler)
        self.objects: dict[str, tuple[bytes, float]] = {}
        self._on_delete = on_delete

    def put(self, key: str, body: bytes) -> None:
        """Write an object without a request."""
        self.objects[key] = body, BEGINNING + self.scheduler.now

    def list_objects_v2(self, **given: Any) -> dict[str, Any]:
        """List keys that begin alike."""
        self.scheduler.pause()
        found = sorted(key for key in self.objects if key.startswith(given["Prefix"]))[: given.get("MaxKeys")]
        return {
            "Contents": [
                {"Key": key, "Size": len(body), "LastModified": datetime.fromtimestamp(modified, UTC)}
                for key, (body, modified) in ((key, self.objects[key]) for key in found)
            ]
        }

    def list_object_versions(self, **given: Any) -> dict[str, Any]:
        """List the one version of each object."""
        found = self.list_objects_v2(**given)["Contents"]
        return {"Versions": [{"Key": item["Key"], "VersionId": "1"} for item in found]}

    def get_object(self, **given: Any) -> dict[str, Any]:
        """Return an object."""
        self.scheduler.pause()
        if given["Key"] not in self.objects:
            raise failed("NoSuchKey", "GetObject")
        body = self.objects[given["Key"]][0]
        return {"Body": io.BytesIO(body), "ETag": _etag(body)}

    def put_object(self, **given: Any) -> dict[str, Any]:
        """Write an object, if its condition holds."""
        self.scheduler.pause()
        existing = self.objects.get(given["Key"])
        is_wrong = ("IfNoneMatch" in given and existing is not None) or (
            "IfMatch" in given and (existing is None or _etag(existing[0]) != given["IfMatch"])
        )
        if is_wrong:
            raise failed("PreconditionFailed", "PutObject")
        self.put(given["Key"], given["Body"])
        return {}

    def delete_object(self, **given: Any) -> dict[str, Any]:
        """Delete an object."""
        self.scheduler.pause()
        self.objects.pop(given["Key"], None)
        self._on_delete(given["Key"])
        return {}


def _etag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


class _ParameterAlreadyExistsError(Exception):
    pass


class Parameters(Client):
    """Systems Manager, as the custom resource of the parameters and the pruning function use it."""

    exceptions = SimpleNamespace(ParameterAlreadyExists=_ParameterAlreadyExistsError)

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(scheduler)
        self.values: dict[str, str] = {}
        self._tags: dict[str, dict[str, str]] = {}

    def put_parameter(self, **given: Any) -> dict[str, Any]:
        """Create a parameter, or write it again where that is asked for."""
        self.scheduler.pause()
        if given["Name"] in self.values and not given["Overwrite"]:
            raise _ParameterAlreadyExistsError
        self.values[given["Name"]] = given["Value"]
        self.add_tags(given["Name"], given.get("Tags", []))
        return {"Version": 1}

    def get_parameter(self, **given: Any) -> dict[str, Any]:
        """Read a parameter."""
        self.scheduler.pause()
        return {"Parameter": {"Name": given["Name"], "Value": self.values[given["Name"]]}}

    def list_tags_for_resource(self, **given: Any) -> dict[str, Any]:
        """Read the tags of a parameter."""
        self.scheduler.pause()
        return {
            "TagList": [{"Key": key, "Value": value} for key, value in self._tags.get(given["ResourceId"], {}).items()]
        }

    def add_tags_to_resource(self, **given: Any) -> dict[str, Any]:
        """Write tags of a parameter."""
        self.scheduler.pause()
        self.add_tags(given["ResourceId"], given["Tags"])
        return {}

    def add_tags(self, name: str, tags: list[dict[str, str]]) -> None:
        """Write tags without a request."""
        self._tags.setdefault(name, {}).update({tag["Key"]: tag["Value"] for tag in tags})
