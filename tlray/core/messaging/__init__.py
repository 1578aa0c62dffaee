"""Messages of a broker: what to do with a batch request, how a queue is declared, what an event says.

No broker: `tlray.io.broker` talks to one.
"""
