"""The service for Ray Serve's own commands: ``serve run serve_app:app``, ``serve deploy deploy/serve.yaml``, ``serve build``.

Settings are the environment's (docs/settings.md), on the cluster the ``env_vars`` of the runtime environment;
``TLRAY_REPLICAS`` says how many replicas.
"""

import sys

from tlray.errors import TlrayError
from tlray.service.deployment import application, is_in_worker
from tlray.settings import read_settings

try:
    app = application(read_settings())
except TlrayError as error:
    if is_in_worker():  # `serve deploy` builds the application in a task: `serve status` shows what it raises
        raise error.with_traceback(None) from None
    sys.stderr.write(f"tlray: {error}\n")
    raise SystemExit(error.exit_code) from None
