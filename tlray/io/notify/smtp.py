"""Delivery of an e-mail: plain text to one address, by the operator's SMTP server.

``smtp://user:password@mail.example.org:587`` (STARTTLS where the server has it; a password is sent to
another machine over TLS only), ``smtps://…:465`` (TLS from the start).
"""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

import aiosmtplib

from tlray.core.access.same_origin import is_loopback
from tlray.core.notify.notification import Delivery

TIMEOUT_S = 20.0
CHECK_S = 6.0
_PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailServer:
    """The SMTP server."""

    host: str
    port: int
    sender: str
    is_tls: bool = False
    user: str | None = None
    password: str | None = None

    @property
    def requires_tls(self) -> bool:
        """True if a password goes to another machine: then only over TLS."""
        return self.user is not None and not self.is_tls and not is_loopback(self.host)

    def __repr__(self) -> str:
        return f"<MailServer {self.host}:{self.port}>"  # the password stays out of logs

    @classmethod
    def of_url(cls, url: str, sender: str) -> MailServer:
        """Read ``smtp://user:password@host:port``; ValueError says what is wrong, without the password."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("write smtp://host:port or smtps://user:password@host:port")
        user, password = (None if v is None else unquote(v) for v in (parts.username, parts.password))
        port = parts.port or _PORTS[parts.scheme]
        return cls(parts.hostname, port, sender, parts.scheme == "smtps", user or None, password)


def message(notice_id: str, to: str, subject: str, text: str, *, sender: str, at: float) -> EmailMessage:
    """Return a mail; its Message-ID is the notification's, so that a second copy is recognised."""
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, to
    mail["Subject"] = " ".join("".join(c if c.isprintable() else " " for c in subject).split())[:200]
    mail["Message-ID"] = f"<{notice_id}@{sender.rpartition('@')[2].rstrip('>')}>"
    mail["Date"] = formatdate(at)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    return mail


async def check(server: MailServer) -> tuple[str | None, bool]:
    """Greet a server, switch to TLS where it has it, and log in; return why it cannot be used, and whether TLS is on."""
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        use_tls=server.is_tls,
        start_tls=True if server.requires_tls else None,
        timeout=CHECK_S,
    )
    try:
        async with client:
            await client.ehlo()
            return None, client.get_transport_info("sslcontext") is not None
    except aiosmtplib.SMTPAuthenticationError as error:
        return f"wrong user or password ({error.code})", False
    except aiosmtplib.SMTPResponseException as error:
        return f"it answers {error.code}" if error.code > 0 else "what listens there is no mail server", False
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        return _why_not(error), False


def _why_not(error: Exception) -> str:
    """Return why a server cannot be used, from the words of the library."""
    text = (str(error).splitlines() or [type(error).__name__])[0]
    if isinstance(error, aiosmtplib.SMTPTimeoutError):
        return f"no answer within {CHECK_S:g} s"
    if "certificate" in text.lower():
        reason = text.partition("certificate verify failed: ")[2].partition(" (_ssl")[0]
        return f"its certificate is not trusted: {reason or text}"
    return next((reason for words, reason in _REASONS if words in text), text)


_REASONS = (
    ("AUTH extension is not supported", "it takes no login"),
    ("STARTTLS extension not supported", "it has no STARTTLS"),
    ("[SSL", "it speaks no TLS at this port"),
)
"""Words of the library, and the reason."""


async def send(mail: EmailMessage, server: MailServer) -> Delivery:
    """Send one mail and return the result."""
    try:
        await aiosmtplib.send(
            mail,
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.is_tls,
            start_tls=True if server.requires_tls else None,
            timeout=TIMEOUT_S,
        )
    except aiosmtplib.SMTPRecipientsRefused as error:
        refused = error.recipients[0]
        return Delivery(
            refused.code, f"recipient refused: {refused.message}", is_hopeless=refused.code >= 500
        )
    except aiosmtplib.SMTPResponseException as error:
        return Delivery(error.code, error.message)
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        return Delivery(None, str(error).splitlines()[0] if str(error) else type(error).__name__)
    return Delivery(250, "", is_delivered=True)
