"""What a measurement was made on: without it a figure says nothing."""

import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")


def describe_machine() -> dict[str, str | int | float]:
    """Processor, cores, what else was running, system and versions."""
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count() or 1,
        "load": round(os.getloadavg()[0], 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "rust": rust_version(),
        "ringfence": version("ringfence"),
    }


def cpu_name() -> str:
    """The name that the processor gives itself."""
    if CPU_INFO.exists():
        named = re.search(r"^model name\s*:\s*(.+)$", CPU_INFO.read_text(encoding="utf-8"), re.MULTILINE)
        if named:
            return named[1]
    return platform.processor() or platform.machine()


def rust_version() -> str:
    """The compiler that would build the native core now."""
    compiler = shutil.which("rustc")
    if compiler is None:
        return "none"
    told = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    return told.stdout.split()[1]
