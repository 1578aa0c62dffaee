"""``tlray import --url``: files are sent to a running service, and become a batch there."""

from __future__ import annotations

import math
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from tlray.cli.command_end import INCOMPLETE
from tlray.cli.intake_summary import print_received
from tlray.cli.service_options import service
from tlray.cli.submit import SendingLines, receipt_lines
from tlray.cli.watch import follow_to_end
from tlray.errors import Interrupted, UsageError
from tlray.io.client.send_files import send_files


def import_at_service(
    url: str,
    files: Sequence[Path],
    *,
    home: Path | None,
    new: dict[str, Any],
    reading: dict[str, str],
    as_json: bool,
) -> None:
    """Send files and follow their batch to its end; exit code 3 if some were not sent or hold no set."""
    refused: list[str] = []

    def tell(name: str, reason: str) -> None:
        refused.append(reason)
        sys.stderr.write(f"not sent: {name.encode('utf-8', 'replace').decode()!r}: {reason}\n")

    with service(url, home=home) as client:
        sending = SendingLines("files")
        try:
            receipt = send_files(
                client, files, new=new, reading=reading, key=secrets.token_hex(16), max_wait_s=math.inf,
                on_refused=tell, on_sent=sending.tell,
            )  # fmt: skip
        except KeyboardInterrupt:
            raise Interrupted("") from None
        finally:
            sending.close()
        if receipt is None:
            raise UsageError(f"no file there that can be sent: {refused[0] if refused else 'they are empty'}")
        rejected, duplicates = receipt_lines(receipt)
        print_received(
            receipt["batch_id"], receipt["total"], receipt["n_rejected"], receipt["duplicates"], rejected, duplicates,
            hint="GET /api/v1/batch/ID/lines has all", warnings=(),
        )  # fmt: skip
        follow_to_end(client, receipt["batch_id"], as_json=as_json)
    if refused:
        raise typer.Exit(INCOMPLETE)
