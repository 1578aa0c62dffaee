"""A world in virtual time: the real engine, judge, gates and pacing over sites and tasks that misbehave.

Everything that decides is the real code. What is simulated is what lies around it: the clock (`clock.py`), the
journal (`journal.py`: in memory; `writer.py`: one writer, every write takes a while), the coordinator's and the
limiter's actors (`coordinator.py`, `limiter.py`), the tasks (`task.py`: they die, hang, lose answers) and the
sites (`site.py`). Coroutines are generators, which yield how long they wait, or a write. After every event the
engine's invariants are checked (`world.py`); a begun fetch that breaks a promise raises (`promises.py`).

Measured in such worlds: the estimate of what is left (`eta.py`), an automatic rate at a site of hidden capacity
(`weak_site.py`), and the pure core alone at full throttle (`crowd.py`). Tests import ``simulated``, benchmarks
``tests.unit.core.simulated``; so the modules name each other relatively.
"""

from .site import Site
from .world import Chances, World

__all__ = ["Chances", "Site", "World"]
