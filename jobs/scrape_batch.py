"""A batch as a Ray job: ``ray job submit --working-dir . -- python jobs/scrape_batch.py --urls urls.txt``.

The options are those of ``tlray scrape``; ``--urls`` names a list. The first line of the driver's log says where results go:
into a home on the node that runs this script, which knows nothing of the submitter's ``TLRAY_HOME``. Then come progress
lines; the job's metadata hold the batch's id and counts. The job fails (exit 1) when items died, so that ``ray job status``
says so; what was fetched is kept, and ``tlray retry`` tries the rest again.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from tlray.cli import run
from tlray.cli.command_end import leave_within
from tlray.errors import TlrayError
from tlray.settings import read_settings

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


def place_line(given: list[str]) -> str | None:
    """Return the line that says where results go; None where the settings are wrong, which the command says."""
    home, is_next = None, False
    for argument in given:
        if is_next or argument.startswith("--home="):
            home = Path(argument.removeprefix("--home="))
        is_next = argument == "--home"
    try:
        settings = read_settings(home=home)
    except TlrayError:
        return None
    if settings.home.is_relative_to(Path.cwd()):
        why = "which Ray removes with the job's working directory: give an absolute path"
    elif home is not None:
        why = "as --home says"
    elif os.environ.get("TLRAY_HOME"):
        why = "as TLRAY_HOME says in the job's environment"
    else:
        why = 'its default; choose another with --home DIR, or --runtime-env-json \'{"env_vars": {"TLRAY_HOME": "DIR"}}\''
    return f"results go to {settings.home} on the node {socket.gethostname()}, {why}\n"


if __name__ == "__main__":
    sys.stderr.write(place_line(sys.argv[1:]) or "")
    sys.stderr.flush()
    code = run(arguments_of(sys.argv[1:]))
    code = 1 if code == DIED else code
    leave_within(code)
    sys.exit(code)
