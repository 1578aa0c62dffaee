"""A process that has loaded the demo, and forks a site whenever it is asked for one: ``python demo_nursery.py FD``.

A message at the socket ``FD`` is a site's arguments as JSON, with a socket that becomes its stdin and stdout. A site ends when
that is closed, and the nursery when ``FD`` is.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys

from tlray.demo.__main__ import main


def serve(asked: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a site
    while True:
        text, sockets, _, _ = socket.recv_fds(asked, 65_536, 1)
        if not text:
            return
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            asked.close()
            for stream in (0, 1):
                os.dup2(sockets[0], stream)
            os.close(sockets[0])
            raise SystemExit(main(json.loads(text)))
        os.close(sockets[0])


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
