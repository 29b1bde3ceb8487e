"""The host's settings for package indexes, proxies and certificates, as a build needs them.

A build gets a home directory of its own, so that it cannot lean on what happens to lie in the user's. How this
machine reaches a package index is no part of the build, though: those settings, and the caches that make an
install quick, are passed on.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_PREFIXES = ("PIP_", "UV_", "SSL_")
_NAMES = (
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "AWS_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "LANG",
    "LC_ALL",
    "TZ",
)
# Variables that would point an installer at the environment that runs the embedded AWS.
_NOT_PASSED_ON = (
    "UV_PROJECT_ENVIRONMENT",
    "UV_PYTHON",
    "UV_SYSTEM_PYTHON",
    "PIP_PREFIX",
    "PIP_TARGET",
    "PIP_USER",
    "PIP_PYTHON",
)

_WHEELS = Path(sys.prefix).parent / "uv" / "wheels"


def index_environment() -> dict[str, str]:
    """The variables that a build inherits from this machine."""
    passed = {
        name: value
        for name, value in os.environ.items()
        if name not in _NOT_PASSED_ON and (name in _NAMES or name.startswith(_PREFIXES))
    }
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    passed.setdefault("UV_CACHE_DIR", str(caches / "uv"))
    passed.setdefault("PIP_CACHE_DIR", str(caches / "pip"))
    passed.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    for name, path in _configuration_files():
        if name not in passed and path.is_file():
            passed[name] = str(path)
    if passed.get("UV_OFFLINE", "0").lower() not in {"", "0", "false"}:
        # pip has no such setting. What a build installs by it is uv, whose wheel the set-up keeps.
        passed.setdefault("PIP_NO_INDEX", "1")
        passed["PIP_FIND_LINKS"] = f"{passed.get('PIP_FIND_LINKS', '')} {_WHEELS.as_uri()}".strip()
    return passed


def _configuration_files() -> list[tuple[str, Path]]:
    """Files below the user's home that an installer would have read there."""
    home = Path.home()
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    return [
        ("PIP_CONFIG_FILE", config / "pip" / "pip.conf"),
        ("PIP_CONFIG_FILE", home / ".pip" / "pip.conf"),
        ("UV_CONFIG_FILE", config / "uv" / "uv.toml"),
        ("NETRC", home / ".netrc"),
    ]
