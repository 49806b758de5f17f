"""``python -m examples``: run every story in a fresh folder, show it, and say whether it went as told."""

import shutil
import sys
from pathlib import Path

from examples.stories import run, steps, stories


def main() -> int:
    """Run the stories; 0 when all printed what their READMEs say."""
    wrong = 0
    for story in stories():
        folder = Path(".demo") / story.name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(story, folder)
        title = (story / "README.md").read_text("utf-8").splitlines()[0].lstrip("# ")
        print(f"\n=== {title}\n")
        for step in steps(story / "README.md"):
            printed = run(step.command, folder.resolve())
            print(f"$ {step.command}\n{printed.rstrip()}\n")
            if not step.fits(printed):
                wrong += 1
                print(f"!!! expected:\n{step.expected}")
    print(
        f"{len(stories())} stories, " + ("all as told" if not wrong else f"{wrong} commands went otherwise")
    )
    return 1 if wrong else 0


sys.exit(main())
