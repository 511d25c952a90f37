"""Sets of tasks as folders of Markdown, packed: a teacher can keep, edit and share them as files.

Nothing of this runs in the server's own process: strangers' Markdown and archives may cost time and
memory, and a process can be ended. `python -m quad.folders` is that process; it knows nothing of
the server, and so begins at once.
"""
