"""What to do about a reason: words of the reason, and the hint; the first row that fits counts.

The reasons are those of `tlray.io.redis.link`, `tlray.io.broker.connection`, `tlray.io.notify.smtp`,
`tlray.io.results.object_errors` and libpq. Names in braces are filled in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

Hints = Sequence[tuple[str, str]]


def hint_for(hints: Hints, reason: str, **names: str) -> str:
    """Return the hint for a reason, with names filled in; the last row fits all."""
    small = reason.lower()
    return next(hint for words, hint in hints if words in small).format(**names)


_ENCODED: Final = "(special characters as %XX)"
REDIS: Final[Hints] = (
    ("no such database", "name one that is there, such as 0: TLRAY_REDIS=redis://host:port/0"),
    (
        "none where one is needed",
        f"write the password into TLRAY_REDIS: redis://user:password@host {_ENCODED}",
    ),
    (
        "wrong user or password",
        f"correct user and password in TLRAY_REDIS {_ENCODED}; `ACL LIST` shows the users",
    ),
    (
        "the server has none",
        "leave the password out of TLRAY_REDIS, or set one there: `CONFIG SET requirepass PASSWORD`",
    ),
    (
        "lacks a right",
        "at Redis: ACL SETUSER {user} on ~tlray:* &tlray:* +@connection +@read +@write +@pubsub +@scripting +time -@dangerous",
    ),
    ("it is full", "give it more room: `CONFIG SET maxmemory 1gb` (0: no limit)"),
    ("it is a replica", "name the primary in TLRAY_REDIS, or `REPLICAOF NO ONE` there"),
    ("it is loading", "wait until Redis has read its data"),
    ("or later", "install a newer Redis"),
    (
        "tls fails",
        "rediss:// is for a port with TLS, redis:// for one without; ?ssl_ca_certs=FILE names the CA",
    ),
    ("refuses to write", "see the log of Redis, `INFO persistence` and `CONFIG GET min-replicas-to-write`"),
    (
        "answer",
        "see whether it hangs (`redis-cli PING`) and that this is its port; rediss:// is for one with TLS",
    ),
    ("", "see that this is the port of Redis; rediss:// is for one with TLS"),
)
_RIGHTS: Final = (
    r"`rabbitmqctl set_permissions -p {vhost} {user} '^tlray\.' '^(tlray\.|amq\.default)' '^tlray\.'`"
)
BROKER: Final[Hints] = (
    (
        "wrong password",
        (
            f"correct user and password in TLRAY_AMQP {_ENCODED}, or at the broker `rabbitmqctl change_password {{user}} PASS`"
            " (add_user, where it is missing); guest may connect from the broker's machine only"
        ),
    ),
    (
        "virtual host",
        (
            "correct the virtual host in TLRAY_AMQP (amqp://host/NAME; none is /), or at the broker"
            f" `rabbitmqctl add_vhost {{vhost}}` and {_RIGHTS}"
        ),
    ),
    ("may not use", f"at the broker {_RIGHTS}"),
    (
        "certificate",
        "name the file of its CA (?cafile=FILE in TLRAY_AMQP), and the host as its certificate has it",
    ),
    ("ssl", "amqps:// is for a port with TLS (5671), amqp:// for one without (5672)"),
    (
        "answer within",
        "see whether it hangs (`rabbitmqctl status`), and that amqps:// is used for a port with TLS",
    ),
    ("", "see that this is the port of RabbitMQ: 5672 for amqp://, 5671 for amqps://"),
)
MAIL: Final[Hints] = (
    (
        "wrong user or password",
        f"correct user and password in TLRAY_SMTP_URL {_ENCODED}; many providers want a password made for programs",
    ),
    (
        "certificate",
        (
            "name the host as its certificate has it, or let this machine trust its CA:"
            " `sudo cp CA.pem /usr/local/share/ca-certificates/mail.crt && sudo update-ca-certificates`"
        ),
    ),
    ("takes no login", "leave user and password out of TLRAY_SMTP_URL, or name a port that takes them (587)"),
    (
        "no starttls",
        (
            "a password goes over TLS only: name a port with STARTTLS (587), write smtps:// for one with TLS from the start"
            " (465), or leave user and password out"
        ),
    ),
    ("speaks no tls", "write smtp:// for this port: smtps:// is for one with TLS from the start (465)"),
    (
        "answer within",
        "see whether it hangs; a port with TLS from the start (465) wants smtps:// in TLRAY_SMTP_URL",
    ),
    ("it answers 4", "it refuses for a while: see its log, and try again later"),
    ("it answers 5", "it refuses this machine or this login: see its log, and TLRAY_SMTP_URL"),
    ("", "see that a mail server listens at this port; smtps:// is for one with TLS from the start (465)"),
)
STORAGE: Final[Hints] = (
    ("clock of this machine", "`sudo timedatectl set-ntp true`, or run chronyd"),
    ("answer in time", "see whether the server hangs, and that the endpoint is its S3 port"),
    ("fails with", "see the log of the server, and try again"),
    (
        "cannot be reached",
        "something listens there, so it is TLS: write http:// or https:// as the server wants it, with a trusted certificate",
    ),
    ("the connection to", "see whether the endpoint is to begin with http:// or with https://"),
    ("", "docs/storage.md lists the rights and variables"),
)
DATABASE: Final[Hints] = (
    (
        "password authentication failed",
        (
            f"correct user and password in TLRAY_JOURNAL {_ENCODED}, or as its administrator:"
            " ALTER ROLE {user} PASSWORD 'PASSWORD' (CREATE ROLE {user} LOGIN …, where it is missing)"
        ),
    ),
    (
        "no password supplied",
        "write the password into TLRAY_JOURNAL, postgresql://user:password@host, or into ~/.pgpass",
    ),
    (
        "pg_hba.conf",
        "let pg_hba.conf of the server take {user} from this machine, then SELECT pg_reload_conf()",
    ),
    (
        'role "',
        "correct the user in TLRAY_JOURNAL, or as its administrator: CREATE ROLE {user} LOGIN PASSWORD 'PASSWORD'",
    ),
    (
        'database "',
        (
            "correct the database in TLRAY_JOURNAL, or as its administrator:"
            " CREATE DATABASE {database} OWNER {user} ENCODING 'UTF8' TEMPLATE template0"
        ),
    ),
    (
        "permission denied",
        (
            "as its administrator: GRANT USAGE, CREATE ON SCHEMA {schema} TO {user}; GRANT ALL ON ALL TABLES IN SCHEMA {schema}"
            " TO {user}; GRANT ALL ON ALL SEQUENCES IN SCHEMA {schema} TO {user}"
        ),
    ),
    ("does not support ssl", "leave sslmode out of TLRAY_JOURNAL, or switch on TLS at the server (ssl = on)"),
    ("certificate", "name the file of its CA: ?sslmode=verify-full&sslrootcert=FILE in TLRAY_JOURNAL"),
    ("too many", "raise max_connections of the server, or end sessions (SELECT * FROM pg_stat_activity)"),
    ("starting up", "wait until the server has started"),
    ("answer", "see whether the server hangs: its log, its disk"),
    (
        "timeout",
        "see whether the server hangs, and that PostgreSQL listens at this port and no other program",
    ),
    ("", "see the log of the server, and TLRAY_JOURNAL"),
)
