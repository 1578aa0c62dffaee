"""How fast, how small, next to what others make of the same work? ``python -m benchmarks`` or ``make bench``.

One file a question: `cpu_per_page.py`, `submit_list.py`, `memory.py`, `parse_page.py`, `eta.py`, `frontier.py`,
`adaptive.py`, …; `questions.py` names them, and a new one is added there. `pages.py` and `nginx.py` are the site,
`weak_site.py` is one of a hidden capacity, `core_loop.py` drives the pure core alone, `process_tree.py` weighs
programs, `peers/` are the programs we compare with, `tlray_program.py` is tlray as a program that can be weighed.
`report.py` writes the table of docs/performance.md, `plot.py` its plots.
"""
