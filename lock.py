"""Writes what an installation consists of: ``requirements.lock``, ``sbom.cdx.json`` and ``docs/licences.md``.

Run by ``make lock``, which installs uv for it. The lock is for every platform and Python from 3.11 on;
licences are read from the packages that are installed here.
"""

import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parent
LOCK, SBOM, LICENCES = ROOT / "requirements.lock", ROOT / "sbom.cdx.json", ROOT / "docs" / "licences.md"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+?)(?: ; (.*?))? \\$", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def pins(text: str) -> dict[str, tuple[str, list[str]]]:
    """Read a lock: package -> version and SHA-256 of its files."""
    found = list(_PIN.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    return {
        match[1]: (match[2], _HASH.findall(text[match.end() : end]))
        for match, end in zip(found, ends, strict=True)
    }


def licence(name: str) -> str:
    """Name the licence that a package states; empty where it is not installed here or states none."""
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return ""
    if about.get("License-Expression"):
        return str(about["License-Expression"])
    marks = [line for line in about.get_all("Classifier") or () if line.startswith("License :: ")]
    short = str(about.get("License") or "").strip().splitlines()
    stated = [mark.rpartition(" :: ")[2] for mark in marks if mark.count(" :: ") > 1]
    return stated[0] if stated else short[0][:60] if short else ""


def bill(found: dict[str, tuple[str, list[str]]]) -> str:
    """Write the bill of materials, CycloneDX 1.6; the same for the same lock."""
    components = []
    for name, (version, _) in found.items():
        stated = licence(name)
        component = {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
        }
        if stated:
            component["licenses"] = [{"license": {"name": stated}}]  # type: ignore[assignment]
        components.append(component)
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "flexkg", "licenses": [_OURS]}},
        "components": components,
    }
    return json.dumps(document, indent=1) + "\n"


_OURS = {"license": {"id": "Apache-2.0"}}


def page(found: dict[str, tuple[str, list[str]]]) -> str:
    """Write the list of licences."""
    rows = [
        f"| {name} | {version} | {licence(name) or 'see its page'} |" for name, (version, _) in found.items()
    ]
    head = (
        "# Licences of what an installation consists of\n\nMade by `make lock` from `requirements.lock`;"
        " FlexKG itself is under Apache-2.0. Browser bundles: `api/static/vendor/`.\n\n"
        "| package | version | licence |\n|---|---|---|\n"
    )
    return head + "\n".join(rows) + "\n"


def main() -> int:
    """Resolve, and write the three files; gives the exit code."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--python-version", "3.11"]
    done = subprocess.run([*command, "pyproject.toml"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr.strip())
        return 2
    LOCK.write_text(done.stdout, "utf-8")
    found = pins(done.stdout)
    SBOM.write_text(bill(found), "utf-8")
    LICENCES.write_text(page(found), "utf-8")
    print(f"{len(found)} packages locked")
    return 0


if __name__ == "__main__":
    sys.exit(main())
