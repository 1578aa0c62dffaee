"""Words that all other rooms use: states, outcomes, URLs, hosts, durations, quality.

No decision about a batch or a domain, and no import of another room of the core.
"""
