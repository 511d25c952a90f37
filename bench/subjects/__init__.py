"""The rows of the tables, in their order. A new one is a file here and a line below."""

from bench.subject import Subject
from bench.subjects.alert import ALERT, ALERT_UNKEPT, FLASK_SOCKETIO
from bench.subjects.chat import CHAT, CHAT_PLAIN
from bench.subjects.limit import LIMIT
from bench.subjects.nearby import EVERYONE, NEARBY
from bench.subjects.node import NODE_SOCKETIO
from bench.subjects.nodes import AT_HOME, AWAY, AWAY_RABBITMQ
from bench.subjects.python import PYTHON_SOCKETIO
from bench.subjects.quad import CLASSROOM, ENGINE
from bench.subjects.stored import NODE_STORED, PYTHON_STORED

SUBJECTS: tuple[Subject, ...] = (
    CLASSROOM,
    ENGINE,
    LIMIT,
    NODE_SOCKETIO,
    PYTHON_SOCKETIO,
    ALERT,
    ALERT_UNKEPT,
    FLASK_SOCKETIO,
    CHAT,
    NODE_STORED,
    PYTHON_STORED,
    CHAT_PLAIN,
    NEARBY,
    EVERYONE,
    AT_HOME,
    AWAY,
    AWAY_RABBITMQ,
)
