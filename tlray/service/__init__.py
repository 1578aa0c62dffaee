"""The HTTP API on Ray Serve: `app` joins the routes, `deployment` runs it, `serve` is the command's side.

No truth of its own: what a replica says it asks the coordinator, through `tlray.service.backend.gateway`.
"""

from tlray.io.process.plain_log import keep_logs_plain

keep_logs_plain()
