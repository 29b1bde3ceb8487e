"""One execution environment: a process that has loaded a handler and answers one event at a time."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TextIO

INIT_LIMIT = 60.0
"""Seconds that loading the handler may take. AWS allows 10 and then tries again within the function's timeout; the
embedded AWS shares its machine with builds."""

_END_OF_LOG = "\0end of log"
_POLL = 0.05
_LOG_LIMIT = 10.0  # seconds for what is still in the pipe; a process that left the sandbox may keep it open
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Outcome:
    """The result of an invocation.

    Attributes:
        payload: the handler's value, or AWS's error object.
        failed: whether it is an error.
        log: what the function printed.
        reusable: whether the process can answer another event.
        peak_mebibytes: the most memory that the process has used.
        milliseconds: that the handler took; None where it was not reached.
    """

    payload: Any
    failed: bool
    log: str
    reusable: bool
    peak_mebibytes: int = 0
    milliseconds: float | None = None


@dataclass
class Worker:
    """A running execution environment.

    Attributes:
        specification: for `sandbox.py`.
        environment: the process's whole environment.
        first_line: what the runtime reads before the events.
        sandbox: the script that makes the file system.
        directory: private to this environment; holds its /tmp.
    """

    specification: dict[str, Any]
    environment: dict[str, str]
    first_line: dict[str, Any]
    sandbox: Path
    directory: Path
    _process: subprocess.Popen[str] | None = None
    _replies: queue.Queue[str | None] = field(default_factory=queue.Queue)
    _log: queue.Queue[str] = field(default_factory=queue.Queue)
    _log_end: TextIO | None = None
    _init_log: str = ""

    replies_on_stdout: ClassVar[bool] = True
    """The standard output holds answers; otherwise it is part of the log."""

    def start(self) -> Outcome | None:
        """Starts the process and loads the handler.

        Returns:
            None when it is ready, else how loading failed.
        """
        log, log_end = os.pipe()
        self._log_end = os.fdopen(log_end, "w", encoding="utf-8")
        threading.Thread(target=self._read_log, args=[log], daemon=True).start()
        self._process = subprocess.Popen(  # noqa: S603 - our own script, in the function's sandbox
            [sys.executable, "-I", "-S", str(self.sandbox), json.dumps(self.specification)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if self.replies_on_stdout else log_end,
            stderr=log_end,
            env=self.environment,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        threading.Thread(target=self._read_replies, daemon=True).start()
        self._send(self.first_line)
        try:
            reply = self._wait(INIT_LIMIT, memory_limit=None)
        except TimeoutError:
            return self._exited("Sandbox.Timedout", f"the handler was not loaded within {INIT_LIMIT:.0f} seconds")
        if reply is not None and reply.get("status") == "ready":
            self._init_log = self._printed()
            return None
        if reply is None:
            return self._exited("Runtime.ExitError", "Runtime exited before the handler was loaded")
        return self._error(reply)

    def invoke(self, event: Any, context: dict[str, Any], timeout: float, memory_mebibytes: int) -> Outcome:
        """Sends one event and waits for its answer.

        Args:
            event: the caller's payload.
            context: what the handler's context shows.
            timeout: the function's, in seconds.
            memory_mebibytes: the function's memory; a process that holds more is killed, as on AWS.
        """
        self._send({"event": event, "ctx": context})
        try:
            reply = self._wait(timeout, memory_limit=memory_mebibytes)
        except TimeoutError:
            message = f"{time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime())} {context['request_id']} "
            message += f"Task timed out after {timeout:.2f} seconds"
            return self._exited("Sandbox.Timedout", message)
        except MemoryError:
            return self._exited("Runtime.OutOfMemory", "Runtime exited with error: signal: killed")
        if reply is None:
            return self._exited("Runtime.ExitError", f"RequestId: {context['request_id']} Error: Runtime exited")
        if reply["status"] != "ok":
            return self._error(reply)
        return Outcome(reply.get("result"), False, self._printed_with_init(), True, self._peak())

    @property
    def alive(self) -> bool:
        """Tells whether it can answer another event."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ends the process and everything that it started."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout, self._log_end):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()

    def _send(self, message: dict[str, Any]) -> None:
        process = self._process
        if process is None or process.stdin is None:
            return
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()

    def _wait(self, seconds: float, memory_limit: int | None) -> dict[str, Any] | None:
        deadline = time.monotonic() + seconds
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError
            try:
                line = self._replies.get(timeout=min(_POLL, remaining))
            except queue.Empty:
                if memory_limit is not None and self._held() > memory_limit:
                    raise MemoryError from None
                continue
            if line is None:
                return None
            with contextlib.suppress(ValueError):
                reply = json.loads(line)
                if isinstance(reply, dict) and "status" in reply:
                    return reply

    def _error(self, reply: dict[str, Any]) -> Outcome:
        trace = reply.get("trace")
        payload: dict[str, Any] = {"errorMessage": reply.get("error", ""), "errorType": reply.get("errorType")}
        if trace is not None:
            # Node.js: the first line of the trace is "TypeError: ...".
            lines = trace.splitlines() or ["Error"]
            payload["errorType"] = lines[0].split(":")[0].strip() or "Error"
            payload["trace"] = lines
        elif "stackTrace" in reply:
            payload["stackTrace"] = reply["stackTrace"]
        payload["errorType"] = payload["errorType"] or "Error"
        kind = str(payload["errorType"])
        reusable = not kind.startswith("Runtime.") or kind == "Runtime.MarshalError"
        return Outcome(payload, True, self._printed_with_init(), reusable, self._peak())

    def _exited(self, kind: str, message: str) -> Outcome:
        peak = self._peak()
        self.stop()
        log = self._printed_with_init()
        return Outcome({"errorType": kind, "errorMessage": message}, True, f"{log}\n{message}".strip(), False, peak)

    def _status(self, name: str) -> int:
        """A figure of the process in mebibytes, from /proc."""
        if self._process is None:
            return 0
        with contextlib.suppress(OSError, ValueError):
            for line in Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii").splitlines():
                if line.startswith(f"{name}:"):
                    return int(line.split()[1]) * 1024 // _MEBIBYTE
        return 0

    def _held(self) -> int:
        """Memory of its own: less than what AWS counts, so that nothing is killed that AWS would let live."""
        return self._status("RssAnon")

    def _peak(self) -> int:
        return self._status("VmHWM")

    def _read_replies(self) -> None:
        process = self._process
        if process and process.stdout:
            with contextlib.suppress(ValueError, OSError):
                for line in process.stdout:
                    self._replies.put(line)
        self._replies.put(None)

    def _read_log(self, log: int) -> None:
        with os.fdopen(log, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                text, mark, _ = line.rstrip("\n").partition(_END_OF_LOG)
                if text or not mark:
                    self._log.put(text)
                if mark:
                    self._log.put(_END_OF_LOG)
        self._log.put(_END_OF_LOG)

    def _printed_with_init(self) -> str:
        """Returns the output since the last call; the first one includes that of loading the handler."""
        init, self._init_log = self._init_log, ""
        return "\n".join(part for part in (init, self._printed()) if part)

    def _printed(self) -> str:
        """Returns the output since the last call.

        What the function printed before its answer is in the pipe when the answer arrives: a mark written then follows
        all of it. The end of the pipe is marked too.
        """
        if self._log_end:
            with contextlib.suppress(OSError, ValueError):  # closed: the environment was stopped
                self._log_end.write(f"{_END_OF_LOG}\n")
                self._log_end.flush()
        return "\n".join(iter(self._next_line, _END_OF_LOG))

    def _next_line(self) -> str:
        try:
            return self._log.get(timeout=_LOG_LIMIT)
        except queue.Empty:
            return _END_OF_LOG
