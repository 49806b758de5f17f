"""Fetches the browser bundles that ``api/static/vendor/vendor.json`` names, by npm, unchanged.

Run by ``make vendor``. A file whose checksum is not the one that is written down there is refused; with
``--write`` the checksums are written anew, to be read in the diff.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent / "api" / "static" / "vendor"
LIST = FOLDER / "vendor.json"


def main(write: bool) -> int:
    """Fetch every package; gives the exit code."""
    npm = shutil.which("npm")
    if npm is None:
        print("make vendor needs npm: install Node.js")
        return 2
    packages = json.loads(LIST.read_text("utf-8"))
    for package in packages:
        with tempfile.TemporaryDirectory() as work:
            name = f"{package['name']}@{package['version']}"
            packed = subprocess.run(
                [npm, "pack", "--silent", name], cwd=work, capture_output=True, text=True, check=True
            )
            with tarfile.open(Path(work) / packed.stdout.strip()) as archive:
                for file in package["files"]:
                    member = archive.extractfile(f"package/{file['from']}")
                    data = member.read() if member else b""
                    digest = hashlib.sha256(data).hexdigest()
                    if write:
                        file["sha256"] = digest
                    elif digest != file["sha256"]:
                        print(f"{name}: {file['from']} has the checksum {digest}, not {file['sha256']}")
                        return 1
                    target = FOLDER / file["to"]
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(data)
        print(f"{name}: {len(package['files'])} files")
    if write:
        LIST.write_text(json.dumps(packages, indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:]))
