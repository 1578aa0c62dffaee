"""``python -m tlray`` is the same as ``tlray``."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C while it is loaded ends it without a word, as later."""
    try:
        from tlray.cli import main as run  # noqa: PLC0415
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
