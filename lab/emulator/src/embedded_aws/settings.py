"""Settings of one running embedded AWS: its address, account, directories and quotas."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from embedded_aws.host.index_environment import index_environment

ACCOUNT = "123456789012"
REGION = "us-east-1"

LAMBDA_CONCURRENCY = 1000
"""AWS's default quota of concurrent executions. New accounts begin with 10."""

CODEBUILD_CONCURRENCY = 60
"""AWS's default quota of concurrent builds of small Linux environments. New accounts may begin with 1."""

# Variables of the user's shell that would send MiniStack, a build or a function to a real account.
_FOREIGN = (
    "AWS_ENDPOINT_URL",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
)


@dataclass(frozen=True)
class Settings:
    """One running embedded AWS.

    Attributes:
        port: the loopback port it listens on.
        run_directory: working files; removed at the end.
        cache_directory: what is worth keeping between runs; safe to delete.
        node_modules: the AWS SDK that Node.js functions see, or None.
        account: the account that answers.
        region: the Region of the functions and builds.
        codebuild_concurrency: builds that may run at a time.
        role_delay: seconds until a new role can be used.
        stale_answers: whether CloudFormation answers once with a stack as it was before an update.
        lambda_concurrency: concurrent executions that the account may have.
        shift_scale: how long a minute of a deployment of CodeDeploy takes, in minutes.
        instances: how instances boot: `namespaces`, `systemd`, or `auto`, which is systemd where this machine can.
        object_age: how many seconds older than they are objects appear.
        calls: a file for every request of a role that IAM judged, or None.
        shared_directories: directories of this machine that instances under systemd can read, below /opt/host.
        real_nodes: whether clusters have real nodes, instead of pods that are processes of this machine.
    """

    port: int
    run_directory: Path
    cache_directory: Path
    node_modules: Path | None
    account: str = ACCOUNT
    region: str = REGION
    lambda_concurrency: int = LAMBDA_CONCURRENCY
    codebuild_concurrency: int = CODEBUILD_CONCURRENCY
    role_delay: float = 0
    stale_answers: bool = False
    shift_scale: float = 1
    instances: str = "namespaces"
    shared_directories: tuple[Path, ...] = ()
    real_nodes: bool = False
    object_age: float = 0
    calls: Path | None = None

    @property
    def endpoint(self) -> str:
        """Address of every service."""
        return f"http://127.0.0.1:{self.port}"

    def subdirectory(self, name: str) -> Path:
        """A directory below the working files, made when it is missing."""
        path = self.run_directory / name
        path.mkdir(parents=True, exist_ok=True)
        return path


def prepare_environment(settings: Settings, log_level: str) -> None:
    """Sets the variables that MiniStack reads when it is imported."""
    for name in _FOREIGN:
        os.environ.pop(name, None)
    os.environ.update(
        GATEWAY_PORT=str(settings.port),
        BIND_HOST="127.0.0.1",
        MINISTACK_HOST="localhost",
        MINISTACK_ACCOUNT_ID=settings.account,
        MINISTACK_REGION=settings.region,
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",  # noqa: S106 - a placeholder: the embedded AWS checks no signature
        AWS_REGION=settings.region,
        AWS_DEFAULT_REGION=settings.region,
        AWS_EC2_METADATA_DISABLED="true",
        LOG_LEVEL=log_level,
        LAMBDA_EXECUTOR="local",
        PERSIST_STATE="0",
        S3_PERSIST="0",
        # MiniStack would open ports of its own for these two.
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
    )


def default_cache_directory() -> Path:
    """Directory that caches substituted packages between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "embedded-aws"


#: Directory for temporary files that need not be in memory, on every Linux (Filesystem Hierarchy Standard 5.15).
_KEPT_TEMPORARY = Path("/var/tmp")  # noqa: S108 - a directory is made in it


def default_state_directory() -> Path:
    """Directory of working files, from where a build can link packages if it is on the file system of uv's cache.

    Elsewhere it copies them: TensorFlow takes 1.5 GB, in memory if the temporary directory is a tmpfs. A home comes
    last, because other users may not enter it, and a build opens a model as another user.
    """
    temporary = Path(tempfile.gettempdir())
    cache = _device(Path(index_environment()["UV_CACHE_DIR"]))
    places = (temporary, _KEPT_TEMPORARY, default_cache_directory() / "runs")
    return next((place for place in places if _device(place) == cache), temporary)


def _device(path: Path) -> int:
    """The file system that a path is on, or will be on once it is made."""
    return next(place for place in (path, *path.parents) if place.exists()).stat().st_dev


def default_node_modules() -> Path | None:
    """`lab/emulator/sdk/node_modules`, once `npm ci` has made it."""
    path = Path(__file__).resolve().parents[2] / "sdk" / "node_modules"
    return path if path.is_dir() else None
