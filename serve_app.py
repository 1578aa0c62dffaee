"""The service for Ray Serve's own command: ``serve run serve_app:app``, in the cluster at ``RAY_ADDRESS`` or one of its own.

Settings are the environment's (docs/settings.md); ``TLRAY_REPLICAS`` says how many replicas.
"""

import sys

from tlray.errors import TlrayError
from tlray.service.deployment import application
from tlray.settings import read_settings

try:
    app = application(read_settings())
except TlrayError as error:
    sys.stderr.write(f"tlray: {error}\n")
    raise SystemExit(error.exit_code) from None
