"""The client's side: find or start Ray and a coordinator, call it, watch it, end it.

Nothing that runs inside a coordinator or a task.
"""
