"""Runs one side once, and asks the system how much memory it needed: the same way for every side."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading


class Failed(Exception):
    """One sentence about a run that gave no figures."""


class DeviceMemory:
    """Watches the first GPU's memory while a run lasts; the figure is what came on top of the state before.

    Nothing else may use the GPU meanwhile. nvidia-smi is asked five times a second, in a process of its own.
    """

    COMMAND = ["nvidia-smi", "--id=0", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]

    def __init__(self):
        before = subprocess.run(self.COMMAND, stdout=subprocess.PIPE, text=True, check=True).stdout
        self.before = self.most = int(before.split()[0])
        self.watcher = subprocess.Popen([*self.COMMAND, "--loop-ms=200"], stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.watcher.stdout:
            if line.strip().isdigit():
                self.most = max(self.most, int(line))

    def stop(self):
        """The bytes."""
        self.watcher.terminate()
        self.watcher.wait()
        self.reader.join()
        self.watcher.stdout.close()
        return (self.most - self.before) * 2**20


def watches_device():
    return shutil.which("nvidia-smi") is not None


def run(command, environment=None, log_in_output=False, device_memory=False):
    """(everything printed, peak resident bytes, device bytes or None). Raises Failed on any other exit than 0.

    The peak is ru_maxrss of wait4 for this very child and what it waited for: what time(1) prints.
    `log_in_output`: what goes to standard error belongs to the output.
    """
    words = [str(c) for c in command]
    with tempfile.TemporaryFile("w+", errors="replace") as out, tempfile.TemporaryFile("w+", errors="replace") as log:
        watch = DeviceMemory() if device_memory else None
        try:
            child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out,
                                     stderr=subprocess.STDOUT if log_in_output else log,
                                     env={**os.environ, **(environment or {})})
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        except OSError as error:
            raise Failed(f"{words[0]} cannot be started: {error.strerror}") from error
        finally:
            device = watch.stop() if watch else None
        out.seek(0)
        log.seek(0)
        text = out.read()
        if child.returncode != 0:
            last = [line for line in (log.read() or text).splitlines() if line.strip()][-1:]
            raise Failed(f"{words[0]} ended with status {child.returncode}: {''.join(last)}")
    return text, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024), device


def report(text):
    """The JSON object that a side printed; other lines before it are somebody's chatter."""
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            return json.loads(line)
    raise Failed("a run printed no JSON")
