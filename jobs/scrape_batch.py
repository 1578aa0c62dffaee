"""A batch as a Ray job: ``ray job submit --working-dir . -- python jobs/scrape_batch.py --urls urls.txt``.

The options are those of ``tlray scrape``; ``--urls`` names a list. The driver's log shows progress lines. The job fails (exit 1)
when items died, so that ``ray job status`` says so; what was fetched is kept, and ``tlray retry`` tries the rest again.
"""

from __future__ import annotations

import sys

from tlray.cli import run
from tlray.cli.ending import leave_within

DIED = 3


def arguments_of(given: list[str]) -> list[str]:
    """Return the arguments of ``tlray scrape``: what ``--urls`` names stands for itself."""
    arguments = ["scrape"]
    names_list = False
    for argument in given:
        if names_list or argument.startswith("--urls="):
            arguments.append(argument.removeprefix("--urls="))
            names_list = False
        elif argument == "--urls":
            names_list = True
        else:
            arguments.append(argument)
    return arguments


if __name__ == "__main__":
    code = run(arguments_of(sys.argv[1:]))
    code = 1 if code == DIED else code
    leave_within(code)
    sys.exit(code)
