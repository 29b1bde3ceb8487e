"""CodeBuild's StartBuild and StopBuild: starts and ends builds."""

from __future__ import annotations

import contextvars
import copy
import json
import logging
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import codebuild, iam

from embedded_aws.clients import EmbeddedClients
from embedded_aws.codebuild.execution import Execution, new_work_directory
from embedded_aws.codebuild.queueing import BuildQueue, QueueFullError
from embedded_aws.codebuild.record import BuildRecord, Identity, new_build
from embedded_aws.codebuild.request import BuildRequest, build_request
from embedded_aws.codebuild.roles import why_denied, why_not_usable
from embedded_aws.iam.sessions import session_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.settings import Settings

_log = logging.getLogger("embedded_aws.codebuild")
_TOKEN_SECONDS = 300  # how long CodeBuild remembers an idempotency token


class Builds:
    """CodeBuild's builds."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._running: dict[str, Execution] = {}
        self._tokens: dict[tuple[str, str, str], tuple[float, str, str]] = {}
        self._lock = threading.Lock()
        self._queue = BuildQueue(settings.codebuild_concurrency)

    def start(self, data: dict[str, Any]) -> Any:
        """StartBuild."""
        name = data.get("projectName", "")
        project = codebuild._projects.get(name)
        if project is None:
            return error_response_json("ResourceNotFoundException", f"Project cannot be found: {name}", 400)
        request = build_request(project, data)
        with self._lock:
            known = self._known(data)
            if known:
                return known
            reason = why_not_usable(request.project["serviceRole"], iam._roles)
            if reason:
                return error_response_json("InvalidInputException", reason, 400)
            build = self._new(name, request)
            reason = self._why_over_limit(request, build["id"])
            if reason:
                return error_response_json("AccountLimitExceededException", reason, 400)
            codebuild._builds[build["id"]] = build
            self._remember(data, build["id"])
        # MiniStack's stores know the account and Region of a request from its context.
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._execute, request, build), daemon=True).start()
        return json_response({"build": copy.deepcopy(build)})

    def stop(self, data: dict[str, Any]) -> Any:
        """StopBuild."""
        build = codebuild._builds.get(data.get("id", ""))
        if build is None:
            return error_response_json("ResourceNotFoundException", f"Build cannot be found: {data.get('id')}", 400)
        with self._lock:
            execution = self._running.get(build["id"])
        if execution is None and not build["buildComplete"]:
            self._queue.leave(build["id"])
            BuildRecord(build, codebuild._log_sink(build)).finish("STOPPED", {})
        if execution:
            execution.end("STOPPED")
            # AWS's answer shows the build stopped too, while its processes may still be ending.
            if isinstance(execution.record, BuildRecord):
                execution.record.finish("STOPPED", {})
        return json_response({"build": copy.deepcopy(build)})

    def close(self) -> None:
        """Ends every running build."""
        with self._lock:
            running = list(self._running.values())
        for execution in running:
            execution.end("STOPPED")

    def _why_over_limit(self, request: BuildRequest, build_id: str) -> str | None:
        limit = int(request.project.get("concurrentBuildLimit") or 0)
        name = request.project["name"]
        under_way = [
            build for build in codebuild._builds.values() if build["projectName"] == name and not build["buildComplete"]
        ]
        if limit and len(under_way) >= limit:
            return f"Cannot have more than {limit} concurrent builds for the project {name}"
        try:
            self._queue.join(build_id)
        except QueueFullError as error:
            return str(error)
        return None

    def _known(self, data: dict[str, Any]) -> Any:
        """The answer to a repeated request, or None for a new one."""
        token = data.get("idempotencyToken")
        if not token:
            return None
        since, digest, build_id = self._tokens.get(self._token_key(token), (0.0, "", ""))
        if time.monotonic() - since > _TOKEN_SECONDS or build_id not in codebuild._builds:
            return None
        if digest != _digest(data):
            message = "The idempotency token was used before with other parameters."
            return error_response_json("InvalidInputException", message, 400)
        return json_response({"build": copy.deepcopy(codebuild._builds[build_id])})

    def _remember(self, data: dict[str, Any], build_id: str) -> None:
        token = data.get("idempotencyToken")
        if token:
            self._tokens[self._token_key(token)] = (time.monotonic(), _digest(data), build_id)

    @staticmethod
    def _token_key(token: str) -> tuple[str, str, str]:
        return get_account_id(), get_region(), token

    def _new(self, name: str, request: BuildRequest) -> dict[str, Any]:
        build_id = f"{name}:{uuid.uuid4()}"
        identity = Identity(
            build_id=build_id,
            arn=codebuild._build_arn(build_id),
            number=1 + sum(1 for build in codebuild._builds.values() if build["projectName"] == name),
            initiator=f"{get_account_id()}/user",
            console=f"{self._settings.endpoint}/#logs:{build_id}",
        )
        return new_build(request, identity)

    def _execute(self, request: BuildRequest, build: dict[str, Any]) -> None:
        record = BuildRecord(build, codebuild._log_sink(build))
        try:
            if self._queue.wait(build["id"], build["queuedTimeoutInMinutes"] * 60):
                self._run(request, build, record)
            else:
                record.finish("TIMED_OUT", {})
        finally:
            self._queue.leave(build["id"])

    def _run(self, request: BuildRequest, build: dict[str, Any], record: BuildRecord) -> None:
        record.start()
        denied = why_denied(request.project["serviceRole"], build["arn"], self._settings.role_delay)
        if denied:
            record.refuse("ACCESS_DENIED", denied)
            return
        region, role = get_region(), request.project["serviceRole"]
        execution = None
        try:
            # Starting the build has checked that CodeBuild may assume the role.
            credentials = session_of(role, "AWSCodeBuild")
            variables = {**credentials, **self._variables(request, build, region)}
            clients = EmbeddedClients(self._settings, region, credentials)
            work = new_work_directory(self._settings.subdirectory("builds"))
            bytecode_cache = self._settings.cache_directory / "bytecode"
            execution = Execution(request, record, clients, variables, work, bytecode_cache)
            with self._lock:
                self._running[build["id"]] = execution
            status = execution.run()
            record.finish(status, execution.exported)
        except Exception:
            _log.exception("build %s", build["id"])
            record.finish("FAULT", {})
        finally:
            with self._lock:
                self._running.pop(build["id"], None)
            if execution:
                execution.clean()

    def _variables(self, request: BuildRequest, build: dict[str, Any], region: str) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self._settings.endpoint,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CI": "true",
            "CODEBUILD_CI": "true",
            "CODEBUILD_BUILD_ID": build["id"],
            "CODEBUILD_BUILD_ARN": build["arn"],
            "CODEBUILD_BUILD_NUMBER": str(build["buildNumber"]),
            "CODEBUILD_BUILD_IMAGE": request.project["environment"].get("image", ""),
            "CODEBUILD_BUILD_SUCCEEDING": "1",
            "CODEBUILD_INITIATOR": build["initiator"],
            "CODEBUILD_PROJECT_ARN": request.project["arn"],
            "CODEBUILD_KMS_KEY_ID": build.get("encryptionKey", ""),
            "CODEBUILD_LOG_PATH": build["logs"]["streamName"],
            "CODEBUILD_RESOLVED_SOURCE_VERSION": build.get("sourceVersion", ""),
            "CODEBUILD_SOURCE_VERSION": build.get("sourceVersion", ""),
            "CODEBUILD_START_TIME": str(int(build["startTime"] * 1000)),
        }


def with_build_limit(original: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """Keeps a project's own limit of concurrent builds, which MiniStack drops."""

    def write(data: dict[str, Any]) -> Any:
        answer = original(data)
        project = codebuild._projects.get(data.get("name", ""))
        if answer[0] >= 400 or project is None or "concurrentBuildLimit" not in data:
            return answer
        project["concurrentBuildLimit"] = data["concurrentBuildLimit"]
        return json_response({"project": copy.deepcopy(project)})

    return write


def _digest(data: dict[str, Any]) -> str:
    return json.dumps(data, sort_keys=True)
