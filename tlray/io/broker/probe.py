"""A trial of a broker: what tlray does there, in a queue that only this connection sees and that is gone with it."""

from __future__ import annotations

import secrets

from aio_pika import Message

from tlray.errors import BrokerRefuses, BrokerUnavailable
from tlray.io.broker.address import BrokerAddress
from tlray.io.broker.connection import LOST, connect, refused, version_of

STEP_S = 3.0


async def probe(address: BrokerAddress) -> str:
    """Connect, declare, publish, take and delete; return the broker's version, `BrokerRefuses` or `BrokerUnavailable`."""
    name = f"tlray.doctor-{secrets.token_hex(8)}"
    connection = await connect(address, "tlray doctor")
    try:
        channel = await connection.channel(publisher_confirms=True)
        queue = await channel.declare_queue(name, exclusive=True, auto_delete=True, timeout=STEP_S)
        await channel.default_exchange.publish(Message(b"tlray"), name, timeout=STEP_S)
        await queue.get(no_ack=True, fail=False, timeout=STEP_S)
        await queue.delete(timeout=STEP_S)
        return version_of(connection)
    except (BrokerRefuses, BrokerUnavailable):
        raise
    except LOST as error:
        refusal = refused(error, address, "queues whose names begin with tlray")
        raise refusal or BrokerUnavailable(str(address), "the connection was lost") from None
    finally:
        await connection.close()
