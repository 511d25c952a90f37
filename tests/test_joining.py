"""What a node is called among the others."""

import socket

from quad.joining import make_session
from quad.settings import ClusterSettings, NodeSettings, Settings


def test_workers_share_an_address_and_have_names_of_their_own() -> None:
    settings = Settings(
        cluster=ClusterSettings(name="campus"), node=NodeSettings(name="quad-1", generation=3)
    )
    first, second = (make_session(settings, "http://127.0.0.1:8000", n) for n in (1, 2))
    assert (first.node, second.node) == ("quad-1/1", "quad-1/2")
    assert (first.cluster, first.generation) == ("campus", 3)
    assert make_session(settings, "http://127.0.0.1:8000").node == "quad-1"


def test_without_a_name_it_is_the_machines_and_its_port() -> None:
    assert (
        make_session(Settings(), "http://127.0.0.1:8000").node
        == (f"{socket.gethostname()}:8000"[-60:])
    )
