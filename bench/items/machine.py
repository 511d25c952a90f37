"""What the machine takes by itself: measured in each round of every run, beside everything else."""

from bench.item import Column, Figures, Item, number
from bench.rig import Rig
from bench.subject import Script, Subject


def _measure(rig: Rig, _subject: Subject) -> Figures:
    return rig.probe_machine()


# It is no server: nothing is started, and it takes part in this table alone.
THIS_MACHINE = Subject(
    key="machine",
    label="This machine",
    role="limit",
    command=lambda _: [],
    scripts={"machine": Script()},
)

MACHINE = Item(
    key="machine",
    title="What the machine itself takes",
    kind="machine",
    measure=_measure,
    columns=(
        Column("fdatasync_p50_ms", "fdatasync p50 ms", number, better=None),
        Column("fdatasync_p99_ms", "p99 ms", number, better=None),
        Column("send_us", "µs a send()", number, better=None),
        Column("call_us", "µs a system call", number, better=None),
    ),
    note="fdatasync after 4 KB more in a file where the servers have their databases; send() of 64 "
    "bytes over loopback TCP; the call is getppid(). The row “C limit” is the C loop.",
)
