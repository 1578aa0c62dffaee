"""The web page: views rendered by Jinja2, the sign-in, and the static files. `docs/page.md` says how to add a view.

Views call what the routes of the API call. No rule of its own.
"""
