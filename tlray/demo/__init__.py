"""The bundled demo site: pages in the real markup, invented content, a server that misbehaves on request.

Read in this order: `sets.py` (what a set is made of), `rows.py` (its rows), `truth.py` (what a parser ought
to read), `page.py` (what it gets to read; `row_markup.py`, `name_markup.py`, `players.py`, `text_rows.py`,
`chrome.py` are its parts), `blocks.py` (what the site sends instead); `plan.py` (which sets, ids, URLs),
`faults.py`, `guard.py`, `robots.py` (who misbehaves how), `answer.py` (what one request gets), `wire.py`
(how that is sent), `server.py` (`DemoSites`, `serve_demo`), `arrivals.py` (who came when), `static.py`.

Nothing of Ray, nothing of the rest of tlray: a test of tlray against the demo proves something.
"""
