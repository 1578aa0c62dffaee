"""A world in virtual time: the real coordinator, limiters and scrape tasks over simulated actors, nodes and sites.

What runs is the code of `tlray.cluster` and `tlray.core`, with the real SQLite journal. What is simulated lies behind the ports
of `tlray.cluster.ports` and `task_ports`: the clock (`loop.py`), processes that can be killed (`lives.py`), actor
calls that take a random time, come late or twice (`calls.py`), the journal's thread (`journal.py`), the parts (`parts.py`), the
scrape tasks' processes (`tasks.py`), and the network with its sites (`network.py`, `site.py`).

After every step of the loop the invariants are checked (`promises.py`); `chaos.py` makes a story of random events from a seed,
runs it, and shrinks one that fails to the few events that are needed. ``make chaos ARGS="simulated --seeds 20000"`` runs many.
"""

from .site import Site
from .world import Chances, World

__all__ = ["Chances", "Site", "World"]
