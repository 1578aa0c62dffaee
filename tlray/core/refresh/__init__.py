"""Which known sets to fetch again, so that few polite fetches find many changes.

Here live the estimate of how often a set changes (`change_rate`) and the choice within a budget (`planner`). Pure: what is known
of each set is an argument; no journal, no catalogue.
"""
