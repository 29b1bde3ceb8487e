"""Starts the embedded AWS from the command line, and ends it without leaving anything behind."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedded_aws.ec2.systemd.image import CannotBootError, built
from embedded_aws.eks.real_nodes.choice import CHOICES, NoRealNodesError, choose, why_no_real_nodes
from embedded_aws.host.namespaces import why_not
from embedded_aws.host.pythons import all_pythons
from embedded_aws.host.tools import find_uv
from embedded_aws.patching import PatchError, replaced_names, used_names
from embedded_aws.pins import MINISTACK_VERSION, WrongMiniStackError, check_ministack
from embedded_aws.settings import (
    CODEBUILD_CONCURRENCY,
    LAMBDA_CONCURRENCY,
    Settings,
    default_cache_directory,
    default_node_modules,
    default_state_directory,
    prepare_environment,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_log = logging.getLogger("embedded_aws")

UNAVAILABLE = 69
"""The exit code where the embedded AWS cannot run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the embedded AWS until SIGTERM, SIGINT or SIGHUP, or until its caller is no more.

    Returns:
        The exit code: 0 after it was ended, 69 where it cannot run.
    """
    options = _parser().parse_args(arguments)
    reason = why_not()
    if reason and not options.check:
        print(reason, file=sys.stderr)
        return UNAVAILABLE
    try:
        nodes = choose(options.nodes)
    except NoRealNodesError as error:
        print(f"the embedded AWS cannot start with --nodes real: {error}", file=sys.stderr)
        return UNAVAILABLE
    from embedded_aws.server import EmbeddedAws, listen

    try:
        check_ministack()
        listener = listen(0 if options.check else options.port)
    except (WrongMiniStackError, OSError) as error:
        print(f"the embedded AWS cannot start: {error}", file=sys.stderr)
        return UNAVAILABLE
    state = options.state or default_state_directory()
    state.mkdir(parents=True, exist_ok=True)
    run_directory = Path(tempfile.mkdtemp(prefix="embedded-aws-", dir=state)).resolve()
    run_directory.chmod(0o711)  # builds have processes of other users
    try:
        settings = Settings(
            port=listener.getsockname()[1],
            run_directory=run_directory,
            cache_directory=(options.cache or default_cache_directory()).resolve(),
            node_modules=default_node_modules(),
            lambda_concurrency=options.lambda_concurrency,
            codebuild_concurrency=options.codebuild_concurrency,
            role_delay=options.role_delay,
            stale_answers=options.stale_answers,
            shift_scale=options.shift_scale,
            object_age=options.object_age,
            instances=options.instances,
            calls=options.calls,
            shared_directories=tuple(path.resolve() for path in options.share),
            real_nodes=nodes.real,
        )
        prepare_environment(settings, "INFO" if options.verbose else "WARNING")
        _configure_logging(options.log)
        if options.nodes != "simulated":
            _log.info("nodes are %s", nodes.description)
        embedded = EmbeddedAws(settings)
        if options.check:
            print(json.dumps(_facts(settings, reason), indent=2))
            return UNAVAILABLE if reason else 0
        # asyncio.run would wait for the threads of MiniStack: a state machine in a Wait state sleeps there.
        asyncio.new_event_loop().run_until_complete(_serve(embedded, listener, options, nodes.description))
    except (PatchError, CannotBootError) as error:
        print(f"the embedded AWS cannot start: {error}", file=sys.stderr)
        return UNAVAILABLE
    finally:
        # rm is faster than shutil: a build that was ended may leave an installed TensorFlow.
        subprocess.run(["/bin/rm", "-rf", str(run_directory)], check=False)  # noqa: S603 - our own directory
    # The caller may have closed the other end of the pipe already.
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    # MiniStack's threads wait for nothing that matters now.
    os._exit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m embedded_aws", description="An embedded AWS on the loopback interface."
    )
    parser.add_argument("--port", type=int, default=4566, help="the port; 0 for any free one (default: 4566)")
    parser.add_argument(
        "--state", type=Path, help="a directory for working files, which go at the end (default: on uv's file system)"
    )
    parser.add_argument(
        "--cache", type=Path, help="a directory for packages that stay (default: embedded-aws in the user's cache)"
    )
    parser.add_argument(
        "--ready-file",
        type=Path,
        help="a file that gets endpoint, port, account, Region, process id and what runs pods, as JSON",
    )
    parser.add_argument(
        "--log", type=Path, help="a file for the log, builds' and functions' included (default: the standard error)"
    )
    parser.add_argument(
        "--calls",
        type=Path,
        help="a file for every request of a role that IAM judged, as lines of JSON (default: none)",
    )
    parser.add_argument(
        "--end-with-stdin",
        action="store_true",
        help="end when the standard input does: a pipe's other end closes with its caller, even when that is killed",
    )
    parser.add_argument(
        "--lambda-concurrency",
        type=int,
        default=LAMBDA_CONCURRENCY,
        metavar="N",
        help=f"the account's concurrent executions; new accounts of AWS have 10 (default: {LAMBDA_CONCURRENCY})",
    )
    parser.add_argument(
        "--codebuild-concurrency",
        type=int,
        default=CODEBUILD_CONCURRENCY,
        metavar="N",
        help=f"builds that run at a time, the others wait; new accounts may have 1 (default: {CODEBUILD_CONCURRENCY})",
    )
    parser.add_argument(
        "--role-delay",
        type=float,
        default=0,
        metavar="SECONDS",
        help="how long a new role cannot be used, as on AWS (default: 0)",
    )
    parser.add_argument(
        "--stale-answers",
        action="store_true",
        help="let CloudFormation answer once, after each update, with the stack as it was before (default: no)",
    )
    parser.add_argument(
        "--shift-scale",
        type=float,
        default=1,
        metavar="FACTOR",
        help="how long CodeDeploy's intervals take: with 0.05 a minute takes three seconds (default: 1)",
    )
    parser.add_argument(
        "--object-age",
        type=float,
        default=0,
        metavar="SECONDS",
        help="how much older than they are objects in S3 appear, for what depends on their age (default: 0)",
    )
    parser.add_argument(
        "--instances",
        choices=("namespaces", "systemd", "auto"),
        default="namespaces",
        help="how instances boot: in namespaces with a stand-in for systemd, under systemd itself, or under systemd "
        "where this machine can (default: namespaces)",
    )
    parser.add_argument(
        "--share",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="a directory that instances under systemd can read at /opt/host/DIR; may be given again",
    )
    parser.add_argument(
        "--nodes",
        choices=CHOICES,
        default="simulated",
        help="what runs a cluster's pods: processes of this machine; kubelets and containers, which need root and the "
        "programs of `npm run test:nodes`; or these where this machine can (default: simulated)",
    )
    parser.add_argument("--verbose", action="store_true", help="log MiniStack's own work too")
    parser.add_argument("--check", action="store_true", help="print what this machine offers, as JSON, and end")
    return parser


async def _serve(embedded: Any, listener: Any, options: argparse.Namespace, nodes: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    if options.end_with_stdin:
        threading.Thread(target=_wait_for_end_of_input, args=(loop, stop), daemon=True).start()
    ready_file: Path | None = options.ready_file

    def ready() -> None:
        settings = embedded.settings
        if ready_file:
            facts = {
                "endpoint": settings.endpoint,
                "port": settings.port,
                "account": settings.account,
                "region": settings.region,
                "pid": os.getpid(),
                "nodes": nodes,
            }
            partial = ready_file.with_suffix(".partial")
            partial.write_text(json.dumps(facts), encoding="utf-8")
            partial.replace(ready_file)  # at once: a reader finds it complete
        print(f"ready {settings.endpoint}", flush=True)

    await embedded.serve(listener, stop, ready)


def _wait_for_end_of_input(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    loop.call_soon_threadsafe(stop.set)


def _configure_logging(path: Path | None) -> None:
    handler: logging.Handler = (
        logging.FileHandler(path, encoding="utf-8") if path else logging.StreamHandler(sys.stderr)
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    # Configure logging before MiniStack is imported: its own basicConfig then changes nothing.
    logging.basicConfig(level=os.environ["LOG_LEVEL"], handlers=[handler], force=True)
    logging.getLogger("embedded_aws").setLevel(logging.INFO)
    logging.captureWarnings(capture=True)


def _facts(settings: Settings, reason: str | None) -> dict[str, Any]:
    uv = find_uv()
    return {
        "ministack": MINISTACK_VERSION,
        "replaced": replaced_names(),
        "used": used_names(),
        "namespaces": reason or "ok",
        "systemd": _why_no_systemd(settings) or "ok",
        "nodes": why_no_real_nodes() or "ok",
        "pythons": {python.minor: str(python.executable) for python in all_pythons()},
        "node": shutil.which("node"),
        "uv": str(uv) if uv else None,
        "nodeSdk": str(settings.node_modules) if settings.node_modules else None,
    }


def _why_no_systemd(settings: Settings) -> str | None:
    try:
        built(settings.cache_directory)
    except CannotBootError as error:
        return str(error)
    return None
