"""RabbitMQ (AMQP 0-9-1): the consumer of batch requests, the publisher of requests, the publisher of events.

No Ray, no HTTP; what to do with a message is decided in `tlray.core.messaging`.
"""
