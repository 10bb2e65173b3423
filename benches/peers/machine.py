"""What a measurement was made on: the machine, the system, the versions, the commit."""

import datetime
import os
import platform
import shutil
import subprocess
from pathlib import Path


def said(command, folder=None):
    """The first line of what a program prints, or None where it is not there or fails."""
    if shutil.which(str(command[0])) is None:
        return None
    result = subprocess.run([str(c) for c in command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            text=True)
    lines = result.stdout.strip().splitlines()
    return lines[0].strip() if result.returncode == 0 and lines else None


def cpu():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.lower().startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return said(["sysctl", "-n", "machdep.cpu.brand_string"]) or platform.processor() or platform.machine()


def system():
    try:
        return f"{platform.freedesktop_os_release()['PRETTY_NAME']} {platform.machine()}"
    except (OSError, AttributeError, KeyError):
        return f"{platform.system()} {platform.release()} {platform.machine()}"


def commit(root):
    short = said(["git", "rev-parse", "--short", "HEAD"], root)
    if short is None:
        return "unknown"
    changed = said(["git", "status", "--porcelain", "--untracked-files=no"], root)
    return f"{short} with changes" if changed else short


def describe(root, threads, versions):
    """`threads` 0 means that nobody was limited to fewer than the cores there are."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cpu": cpu(),
        "cores": min(threads, available) if threads else available,
        "cores_available": available,
        "memory_gb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9,
        "system": system(),
        "gpu": said(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]),
        "date": datetime.date.today().isoformat(),
        "commit": commit(root),
        "versions": {"Python": platform.python_version(), **versions},
    }
