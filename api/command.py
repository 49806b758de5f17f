"""The command ``flexkg``: what runs first, so that Ctrl-C is calm while the rest is still loading."""

import sys


def main() -> None:
    """Load the command line and run it; exit code 130 after Ctrl-C, whenever it comes."""
    try:
        from kg.cli import main as run

        run()
    except KeyboardInterrupt:
        print("flexkg: interrupted", file=sys.stderr)
        sys.exit(130)
