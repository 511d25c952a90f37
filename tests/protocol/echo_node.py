"""`python -m tests.protocol.echo_node`: the echo server of examples/ as one node of several."""

import asyncio
from argparse import Namespace

import uvloop

from examples.echo_server import make_engines, make_parser, options_of
from quad.bus.links import Links
from quad.bus.urls import open_bus
from quad.cluster.crossing import Crossing
from quad.cluster.places import Places, tag_of
from quad.cluster.requests import Requests
from quad.cluster.tunnels import Tunnels
from quad.realtime import Host, listen, stop_signal

_SECRET = b"of these nodes alone"


async def main(arguments: Namespace) -> None:
    """Serve until stopped."""
    me: int = arguments.number
    others = [number for number in range(1, arguments.count + 1) if number != me]
    bus = open_bus(arguments.bus, cluster=arguments.cluster, me=me)
    links = Links(bus, me, _SECRET)
    engines = make_engines(options_of(arguments))
    for engine in engines.values():
        engine.sid_prefix = tag_of(me)
    # All that these servers know is sessions.
    places = Places(
        me, engine_paths=frozenset(engines), key_of=lambda scope: None, home_of=lambda key: None
    )
    requests, tunnels = Requests(links), Tunnels(links)
    host = Host(engines, elsewhere=Crossing(places, requests, tunnels))
    requests.serve(host)
    tunnels.serve(host.upgrade)
    for node in others:
        places.add(node)
        links.connect(node)
    await links.start()
    with stop_signal() as stopped:
        async with listen(host, port=arguments.port) as url:
            await _until_heard(links, others)
            print(f"Listening on {url}", flush=True)
            await stopped.wait()
    tunnels.close()
    await requests.aclose()
    await links.aclose()


async def _until_heard(links: Links, others: list[int]) -> None:
    while any(links.silence_s(node) > 1 for node in others):
        await asyncio.sleep(0.02)  # links tell nobody of a beat


if __name__ == "__main__":
    parser = make_parser()
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--bus", required=True)
    parser.add_argument("--cluster", required=True)
    uvloop.run(main(parser.parse_args()))
