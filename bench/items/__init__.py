"""The tables, in their order. A new one is a file here and a line below."""

from bench.item import Item
from bench.items.alert import ALERT_1, ALERT_64
from bench.items.board import BOARD, BOARD_SIZES
from bench.items.chat import CHAT
from bench.items.cluster import CLUSTER
from bench.items.fanout import WINDOW_1, WINDOW_64
from bench.items.growth import GROWTH
from bench.items.history import HISTORY
from bench.items.hostile import HOSTILE
from bench.items.idle import IDLE
from bench.items.join import JOIN
from bench.items.latency import LATENCY
from bench.items.radius import RADIUS
from bench.items.relay import RELAY
from bench.items.stall import STALL
from bench.items.storm import STORM

ITEMS: tuple[Item, ...] = (
    WINDOW_1,
    WINDOW_64,
    RELAY,
    LATENCY,
    IDLE,
    JOIN,
    STORM,
    GROWTH,
    STALL,
    ALERT_1,
    ALERT_64,
    CHAT,
    RADIUS,
    BOARD,
    BOARD_SIZES,
    HISTORY,
    *CLUSTER,
    *HOSTILE,
)
