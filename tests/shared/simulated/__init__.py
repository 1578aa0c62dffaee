"""A world in virtual time: the real coordinator, limiters and scrape tasks over simulated actors, nodes and sites.

What runs is the code of `tlray.cluster` and `tlray.core`, with the real SQLite journal. What is simulated lies behind the ports
of `tlray.cluster.ports.coordinator` and `tlray.cluster.ports.task`: the clock (`loop.py`), processes that can be killed
(`lives.py`), actor calls that take a random time, come late or twice (`calls.py`), the journal's thread (`journal.py`), the
parts (`parts.py`), the scrape tasks' processes (`tasks.py`), and the network with its sites (`network.py`, `site.py`).
`world.py` puts them together: what there is (`stage.py`), what starts and dies (`processes.py`), how time goes on
(`course.py`), what users do (`users.py`).

After every step of the loop the invariants are checked (`promises.py`); `chaos.py` makes a story of random events from a seed,
runs it, and shrinks one that fails to the few events that are needed. ``make chaos ARGS="simulated --seeds 0 20000"`` runs many.

Measured in such worlds: the estimate of the time left (`eta.py`), and an automatic rate at a site of hidden capacity
(`weak_site.py`). `crowd.py` is the pure core alone, at full throttle.
"""

from .site import Site
from .world import Chances, World

__all__ = ["Chances", "Site", "World"]
