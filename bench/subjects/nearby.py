"""People nearby: Quad's index, and the geodesic to everyone. No server is started for these."""

import sys

from bench.subject import Script, Subject

NEARBY = Subject(
    key="quad-nearby",
    label="Quad nearby",
    role="ours",
    command=lambda _: [sys.executable, "-m", "bench.neighbours"],
    scripts={"radius": Script()},
)

EVERYONE = Subject(
    key="everyone",
    label="Ask everyone",
    role="peer",
    command=lambda _: [sys.executable, "-m", "bench.neighbours", "--everyone"],
    scripts={"radius": Script(say="--everyone")},
)
