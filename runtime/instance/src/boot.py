"""Downloads a published model and its server to this machine, and waits until the model answers.

Runs on Amazon Linux 2023 with only the programs of its image: Python 3.9, the AWS CLI, systemd. The arguments are the
settings file and the available seconds. Exits with 0 when the model answers and the machine receives requests;
otherwise with 1 and one sentence on standard error. It is idempotent.
"""

from __future__ import annotations

import errno
import hashlib
import json
import random
import shutil
import ssl
import subprocess
import sys
import tarfile
import time
import urllib.request
import zipfile
import zlib
from http.client import HTTPException
from pathlib import Path
from typing import Any, Dict, List

Files = Dict[str, Any]
UNIT = "model-server.service"
#: Directory of the model in a LiteRT archive, and the prefix by which its manifest names these files.
IN_LAYER = "ml/model/"
LAYER = "layer.zip!/"
#: Maximum delay of the server by starting the programs that report to CloudWatch.
SENDERS_SECONDS = 30
#: CPU features that TensorFlow uses instead of the required one, here for bfloat16.
ALTERNATIVES = {"bf16": {"avx512_bf16", "amx_bf16"}}
#: Interval at which an instance polls the load balancer, varied by a fifth, because AWS throttles an account's calls.
POLL_SECONDS = 10.0
#: TLS context for the server on this machine: the name in its certificate does not matter.
UNVERIFIED = ssl.create_default_context()
UNVERIFIED.check_hostname = False
UNVERIFIED.verify_mode = ssl.CERT_NONE
MISSING = ("(404)", "NoSuchKey", "NoSuchBucket", "NoSuchVersion")
FORBIDDEN = ("(403)", "AccessDenied")


class BootError(Exception):
    """The reason, in one sentence, why this machine does not serve."""


def main(path: str, seconds: str) -> None:
    settings = json.loads(Path(path).read_text())
    deadline = time.monotonic() + int(seconds)
    try:
        boot(settings, deadline)
    except Exception as error:  # An unverified server must not answer, whatever went wrong.
        stop_for_good()
        sys.exit(sentence(error))
    try:
        wait_in_service(settings, deadline)
    except BootError as error:
        # Keep a verified server running: whether it receives requests depends on the load balancer.
        sys.exit(str(error))
    print(f"model {settings['model']} version {settings['version']} answers")


def stop_for_good() -> None:
    """Stop the server now and after a reboot, without the unit's own wait for open requests."""
    for arguments in (["disable", "--now", "--no-block"], ["kill", "--signal=KILL"]):
        subprocess.run(["systemctl", *arguments, UNIT], check=False, capture_output=True)


def sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "the disk is full: give the instances a larger volumeSize"
    if isinstance(error, (BootError, OSError)):
        return str(error)
    return f"unexpected error during boot, {type(error).__name__}: {error}"


def boot(settings: Any, deadline: float) -> None:
    """Download and start server and model, and return when the right version answers."""
    root = Path(settings["modelDirectory"])
    work = root / ".incoming"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    manifest = read_manifest(settings, work, deadline)
    changed = check_processor(settings, manifest)
    for file in settings["serverFiles"]:
        changed |= bring(file, work, deadline)
    changed |= bring_model(settings, manifest, root / settings["version"], work, deadline)
    systemctl("daemon-reload")
    start_senders(settings, work, deadline)
    shutil.rmtree(work)
    start_server("restart" if changed else "start")
    wait(settings, deadline)


def read_manifest(settings: Any, work: Path, deadline: float) -> Any:
    path = fetch(settings["bucket"], settings["manifestKey"], settings["manifestSha256"], work, deadline)
    return json.loads(path.read_text())


def bring(given: Any, work: Path, deadline: float) -> bool:
    """Install a program or library; return whether it was missing or different."""
    program = Path(given["path"])
    if program.is_file() and digest(program) == given["sha256"]:
        return False
    path = fetch(given["bucket"], given["key"], given["sha256"], work, deadline)
    path.chmod(0o755)
    program.parent.mkdir(parents=True, exist_ok=True)
    incoming = program.with_suffix(".incoming")
    shutil.move(path, incoming)
    incoming.replace(program)
    return True


def start_senders(settings: Any, work: Path, deadline: float) -> None:
    """Start the reports to CloudWatch before the server, so that even a crash at start is logged.

    Without them the server still serves.
    """
    soon = min(deadline, time.monotonic() + SENDERS_SECONDS)
    try:
        changed = [bring(program, work, soon) for program in settings["senderPrograms"]]
        for unit in settings["senders"]:
            systemctl("enable", unit)
            systemctl("restart" if any(changed) else "start", unit)
    except (BootError, OSError) as error:
        print(f"CloudWatch is not told of the server: {error}", flush=True)


def start_server(operation: str) -> None:
    systemctl("enable", UNIT)
    try:
        systemctl(operation, UNIT)
    except BootError as error:
        # systemctl only says that the unit failed, for example with a program for another processor: the log says why.
        raise BootError(f"the server does not start: {journal()}") from error


def bring_model(settings: Any, manifest: Any, target: Path, work: Path, deadline: float) -> bool:
    litert = settings["format"] == "litert"
    files = layer_files(manifest) if litert else {file["path"]: file for file in manifest["files"]}
    # The LiteRT server reads the digests of its files from it.
    beside = {"manifest.json": {"sha256": settings["manifestSha256"]}} if litert else {}
    if target.is_dir():
        if not differences(target, {**files, **beside}):
            return False
        shutil.rmtree(target)
    need, free = 2 * sum(file["size"] for file in files.values()), shutil.disk_usage(work).free
    if need > free:
        raise BootError(f"the model needs {need} bytes of disk to unpack and {free} are free: enlarge volumeSize")
    archive = fetch(settings["bucket"], settings["archiveKey"], settings["archiveSha256"], work, deadline)
    unpacked = work / "model"
    (unpack_layer if litert else unpack)(archive, unpacked, files)
    archive.unlink()
    for name in beside:
        shutil.move(work / settings["manifestSha256"], unpacked / name)
    wrong = differences(unpacked, {**files, **beside})
    if wrong:
        raise BootError(f"the archive {settings['archiveKey']} is not what the manifest says: {'; '.join(wrong[:5])}")
    unpacked.replace(target)
    return True


def layer_files(manifest: Any) -> Files:
    """Return the files of a LiteRT model, which is published as the layer of a function."""
    start = LAYER + IN_LAYER
    return {file["path"][len(start) :]: file for file in manifest["files"] if file["path"].startswith(start)}


def unpack_layer(archive: Path, target: Path, files: Files) -> None:
    """Unpack the model's files that the manifest names, and refuse everything else."""
    target.mkdir()
    try:
        with zipfile.ZipFile(archive) as content:
            for member in content.infolist():
                name = member.filename[len(IN_LAYER) :]
                if not member.filename.startswith(IN_LAYER) or name not in files:
                    raise BootError(f"the archive holds {member.filename!r}, which the manifest does not name")
                with content.open(member) as source, (target / name).open("wb") as copy:
                    shutil.copyfileobj(source, copy, 1 << 20)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise BootError(f"the archive cannot be unpacked: {error}") from error
    make_readable(target)


def unpack(archive: Path, target: Path, files: Files) -> None:
    """Unpack the regular files that the manifest names, and reject everything else."""
    try:
        with tarfile.open(archive, "r:gz") as content:
            for member in content:
                if not member.isfile() or member.name not in files:
                    raise BootError(f"the archive holds {member.name!r}, which the manifest does not name")
                path = target / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                source = content.extractfile(member)
                with path.open("wb") as copy:
                    shutil.copyfileobj(source, copy, 1 << 20)  # type: ignore[arg-type]  # files have content
    except (tarfile.TarError, EOFError, ValueError, zlib.error) as error:
        raise BootError(f"the archive cannot be unpacked: {error}") from error
    make_readable(target)


def make_readable(target: Path) -> None:
    """Let the server's own user read the files."""
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


def differences(directory: Path, files: Files) -> list[str]:
    present = {path.relative_to(directory).as_posix(): path for path in directory.rglob("*") if path.is_file()}
    wrong = [f"{name} is missing" for name in sorted(set(files) - set(present))]
    wrong += [f"{name} does not belong" for name in sorted(set(present) - set(files))]
    for name in sorted(set(files) & set(present)):
        actual = digest(present[name])
        if actual != files[name]["sha256"]:
            wrong.append(f"{name} has the SHA-256 {actual}, expected {files[name]['sha256']}")
    return wrong


def digest(path: Path) -> str:
    value = hashlib.sha256()
    with path.open("rb") as content:
        for chunk in iter(lambda: content.read(1 << 20), b""):
            value.update(chunk)
    return value.hexdigest()


def aws(arguments: List[str], deadline: float) -> subprocess.CompletedProcess[str]:
    """Call the AWS CLI, and treat a missed deadline as a failure."""
    command = ["aws", *arguments, "--cli-connect-timeout", "5", "--cli-read-timeout", "30"]
    left = max(1.0, deadline - time.monotonic())
    try:
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=left)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no answer within {left:.0f} s")


def fetch(bucket: str, key: str, sha256: str, work: Path, deadline: float) -> Path:
    """Download one object, with retries: routes, endpoints and policies may become ready after this machine."""
    address, target = f"s3://{bucket}/{key}", work / "object"
    for attempt in range(1, 100):
        result = aws(["s3", "cp", "--no-progress", "--only-show-errors", address, str(target)], deadline)
        problem = " ".join((result.stderr + result.stdout).split())[-400:]
        if result.returncode == 0:
            break
        if any(text in problem for text in MISSING):
            raise BootError(f"there is no {address}: publish the model again ({problem})")
        if "Errno 28" in problem:
            raise OSError(errno.ENOSPC, problem)
        pause = min(2**attempt, 20)
        if attempt >= 12 or time.monotonic() + pause > deadline:
            hint = " (or there is no such object)" if any(text in problem for text in FORBIDDEN) else ""
            raise BootError(f"cannot read {address}{hint}, tried {attempt} times: {problem}")
        print(f"cannot read {address} yet: {problem}", flush=True)
        time.sleep(pause)
    actual = digest(target)
    if sha256 and actual != sha256:
        raise BootError(f"{address} has the SHA-256 {actual}, expected {sha256}: it is not what was published")
    named = work / actual
    target.replace(named)
    return named


def check_processor(settings: Any, manifest: Any) -> bool:
    needed = manifest["requirements"].get("cpuFeatures", [])
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    present = set(next((line for line in lines if line.startswith("flags")), "").split())
    lacking = [name for name in needed if not present & ALTERNATIVES.get(name, {name})]
    if lacking and settings["missingCpuFeatures"] == "refuse":
        raise BootError(f"the model needs a processor with {', '.join(lacking)}: choose another instanceType")
    # TensorFlow without oneDNN uses instructions that every processor has, only slower.
    environment = "TF_ENABLE_ONEDNN_OPTS=0\n" if lacking else ""
    path = Path(settings["environmentFile"])
    if path.is_file() and path.read_text() == environment:
        return False
    path.write_text(environment)
    return True


def wait(settings: Any, deadline: float) -> None:
    url = f"{settings['scheme']}://127.0.0.1:{settings['restPort']}/v1/models/{settings['model']}/metadata"
    while time.monotonic() < deadline:
        answer = ask(url)
        if answer == settings["version"]:
            return
        if answer:
            raise BootError(f"version {answer} answers instead of {settings['version']}")
        state = dict(line.split("=", 1) for line in systemctl("show", "-p", "ActiveState,NRestarts", UNIT).split())
        if state.get("ActiveState") == "failed" or int(state.get("NRestarts") or 0) >= 3:
            raise BootError(f"the server does not stay up: {journal()}")
        time.sleep(1)
    raise BootError(f"the model did not answer in time, give a longer bootTimeout or a larger instance: {journal()}")


def wait_in_service(settings: Any, deadline: float) -> None:
    """Wait until the load balancer sends requests to each port: only then may an update remove an old instance."""
    instance = Path("/var/lib/cloud/data/instance-id").read_text().strip()
    waiting, problem = dict(settings["targetGroups"]), ""
    while waiting and time.monotonic() < deadline:
        name, group = next(iter(waiting.items()))
        command = ["elbv2", "describe-target-health", "--target-group-arn", group, "--targets", f"Id={instance}"]
        command += ["--query", "TargetHealthDescriptions[].TargetHealth.State", "--output", "text"]
        result = aws(command, deadline)
        if problem and time.monotonic() >= deadline:
            break  # Keep the earlier answer: it says more than that this call was cut off.
        state = " ".join(result.stdout.split())[-300:]
        if result.returncode != 0:
            reason = " ".join(result.stderr.split())[-400:]
            problem = f"Elastic Load Balancing cannot be asked whether it sends requests here: {reason}"
        elif state == "healthy":
            del waiting[name]
            continue
        else:
            problem = f"the load balancer does not find this instance healthy for {name}: {state or 'unknown'}"
        pause = POLL_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311 - so that instances do not ask together
        time.sleep(max(0.0, min(pause, deadline - time.monotonic())))
    if waiting:
        raise BootError(f"the model answers, but {problem or 'no time was left to ask whether requests come here'}")


def ask(url: str) -> str:
    """Return the version that answers, or an empty text."""
    try:
        with urllib.request.urlopen(url, timeout=10, context=UNVERIFIED) as response:
            return str(json.load(response)["model_spec"]["version"])
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return ""


def journal() -> str:
    command = ["journalctl", "-u", UNIT, "-n", "8", "--no-pager", "-o", "cat"]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    return " | ".join(result.stdout.splitlines())[-1000:] or "its log is empty"


def systemctl(*arguments: str) -> str:
    result = subprocess.run(["systemctl", *arguments], check=False, capture_output=True, text=True)
    if result.returncode != 0:
        raise BootError(f"systemctl {' '.join(arguments)} failed: {' '.join(result.stderr.split())[-400:]}")
    return result.stdout


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
