"""The service for Ray Serve's own commands: ``serve run serve_app:app``, ``serve deploy deploy/serve.yaml``, ``serve build``.

Settings are the environment's (docs/settings.md), on the cluster the ``env_vars`` of the runtime environment;
``TLRAY_REPLICAS`` says how many replicas. Where TLRAY_AMQP names a broker, ``serve_app:consumer`` takes batch requests from it.
"""

import sys

from tlray.errors import TlrayError
from tlray.service.deployment import application, is_in_worker
from tlray.service.queue_deployment import queue_application
from tlray.settings import read_settings

try:
    settings = read_settings()
    app = application(settings)
    if settings.amqp is not None:
        consumer = queue_application(settings)
except TlrayError as error:
    if is_in_worker():  # `serve deploy` builds the application in a task: `serve status` shows what it raises
        raise error.with_traceback(None) from None
    sys.stderr.write(f"tlray: {error}\n")
    raise SystemExit(error.exit_code) from None
