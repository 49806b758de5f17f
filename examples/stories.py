"""Runs the commands of a README and compares what they print.

A block that begins with three backticks and ``console`` holds commands, each after ``$ ``, and under each
what it prints. ``...`` in a line stands for any text, a line of only ``...`` for any lines. A command that
ends with another exit code than 0 says so in a last line ``[exit 1]``. A command that ends with ``<<'END'``
goes on to the line ``END``.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
_HERE_DOCUMENT = re.compile(r"<<'(\w+)'$")
_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Step:
    """One command and what it prints."""

    command: str
    expected: str

    def fits(self, printed: str) -> bool:
        """Whether what was printed is what the README says."""
        pattern = ""
        for line in self.expected.rstrip("\n").split("\n"):
            if line.strip() == "...":
                pattern += r"(?:.*\n)*?"
            else:
                pattern += ".*".join(re.escape(part) for part in line.rstrip().split("...")) + r"[ ]*\n"
        return re.fullmatch(pattern, printed.rstrip("\n") + "\n") is not None


def stories() -> list[Path]:
    """Folders of the stories, in order."""
    return sorted(path.parent for path in HERE.glob("[0-9]*/README.md"))


def steps(readme: Path) -> Iterator[Step]:
    """Commands of a README, in order."""
    for block in _BLOCK.findall(readme.read_text("utf-8")):
        for chunk in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = chunk.partition("\n")
            while command.endswith("\\"):
                more, _, expected = expected.partition("\n")
                command = command[:-1].rstrip() + " " + more.strip()
            if (here := _HERE_DOCUMENT.search(command)) and f"\n{here[1]}\n" in f"\n{expected}":
                text, _, expected = f"\n{expected}".partition(f"\n{here[1]}\n")
                command += f"{text}\n{here[1]}\n"
            yield Step(command, expected)


def run(command: str, folder: Path) -> str:
    """Run one command in a folder, with this environment's commands first; gives output and exit code."""
    bin_ = Path(sys.executable).parent
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env={
            "PATH": f"{bin_}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "COLUMNS": "120",
            "HOME": str(folder),
            "FLEXKG_CACHE": str(Path(tempfile.gettempdir()) / f"flexkg-stories-{os.getuid()}"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return done.stdout + (f"[exit {done.returncode}]\n" if done.returncode else "")
