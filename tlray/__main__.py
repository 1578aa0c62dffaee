"""``python -m tlray`` is the same as ``tlray``."""

from tlray.cli import main

if __name__ == "__main__":
    main()
