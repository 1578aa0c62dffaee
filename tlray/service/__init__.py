"""The service: batches over HTTP, on Ray Serve. Replicas keep nothing; what they say they ask the coordinator.

`app` puts the routers together and knows no Ray; `gateway` is the way to the coordinator; `deployment` runs the app on Ray
Serve. A router file answers one concern, `problems` says every error in one shape (RFC 9457), `schemas` has the bodies.
"""

from tlray.io.process.plain_log import keep_logs_plain

keep_logs_plain()
