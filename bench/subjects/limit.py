"""The limit: a C loop that sends each message to each subscriber, and nothing else."""

from bench.subject import Subject, plain_scripts

_SCRIPTS = plain_scripts()

LIMIT = Subject(
    key="limit",
    label="C limit",
    role="limit",
    command=lambda site: [str(site.limit), str(site.port)],
    # It keeps nothing per connection and sends no heartbeat: the rest would say nothing.
    scripts={kind: _SCRIPTS[kind] for kind in ("fanout", "relay")},
)
