"""The HTTP API on Ray Serve: `app` joins the routes, `deployment` is the Serve application, `serve` the process of the command.

Replicas hold no state: every answer comes from the coordinator, through `tlray.service.backend.gateway`.
"""

from tlray.io.process.plain_log import keep_logs_plain

keep_logs_plain()
