"""What holds for all tests: whoever starts them may ignore hang-ups (nohup), and processes inherit that."""

from __future__ import annotations

import signal

signal.signal(signal.SIGHUP, signal.SIG_DFL)
