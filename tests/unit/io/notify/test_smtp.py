"""A mail as it is written: one line a header, whatever a batch is called."""

from __future__ import annotations

import pytest

from tlray.io.notify.smtp import MailServer, message


@pytest.mark.parametrize(
    "subject", ["post\nBcc: x@example.org", "post\r\n\r\nbody", "post\0\x1b[2J", "x" * 900]
)
def test_a_subject_is_one_line_and_no_header_of_its_own(subject: str) -> None:
    mail = message("msg_1", "ada@example.org", subject, "text", sender="sets@example.org", at=0.0)
    assert sorted(mail.keys()) == sorted({*mail.keys()})
    assert mail["Bcc"] is None
    assert mail["Subject"].isprintable()
    assert len(mail["Subject"]) <= 200
    assert mail.get_content() == "text\n"


@pytest.mark.parametrize(
    ("url", "needs_tls"),
    [
        ("smtp://mail.example.org", False),
        ("smtp://user:secret@mail.example.org:587", True),
        ("smtp://user:secret@127.0.0.1:25", False),  # it does not leave this machine
        ("smtps://user:secret@mail.example.org", False),  # it is TLS from the start
    ],
)
def test_a_password_leaves_this_machine_over_tls_only(url: str, needs_tls: bool) -> None:
    server = MailServer.of_url(url, "sets@example.org")
    assert server.requires_tls is needs_tls
    assert "secret" not in repr(server)
