"""Turtles that draw in a browser, under the names that beginners know from Python's own module.

A drawing is there at once: speed, tracing and waiting for a click are understood and change
nothing.
"""

import json
import math
from collections.abc import Callable
from typing import Any

from _quad_screen import draw as _show  # type: ignore[import-not-found]

_LIMIT = 20_000
_NOTHING_TO_DO = {
    "bgpic", "delay", "done", "exitonclick", "listen", "mainloop", "onclick", "onkey", "onkeypress",
    "onkeyrelease", "onscreenclick", "ontimer", "register_shape", "screensize", "setup",
    "setworldcoordinates", "shape", "shapesize", "speed", "title", "tracer", "turtlesize", "update",
    "bye", "undo", "setundobuffer", "resizemode",
}  # fmt: skip

Point = tuple[float, float]


class TurtleGraphicsError(Exception):
    """A turtle cannot do that."""


class Vec2D(tuple[float, float]):
    """A position, with which one can reckon."""

    def __new__(cls, x: float, y: float) -> "Vec2D":
        """`x` grows to the right, `y` upwards."""
        return super().__new__(cls, (x, y))

    def __add__(self, other: Any) -> "Vec2D":
        return Vec2D(self[0] + other[0], self[1] + other[1])

    def __sub__(self, other: Any) -> "Vec2D":
        return Vec2D(self[0] - other[0], self[1] - other[1])

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Vec2D):
            return self[0] * other[0] + self[1] * other[1]
        return Vec2D(self[0] * other, self[1] * other)

    __rmul__ = __mul__

    def __neg__(self) -> "Vec2D":
        return Vec2D(-self[0], -self[1])

    def __abs__(self) -> float:
        return math.hypot(*self)

    def __repr__(self) -> str:
        return f"({self[0]:.2f},{self[1]:.2f})"


class _Canvas:
    """What all turtles draw on."""

    def __init__(self) -> None:
        self.colour_mode = 1.0
        self.background = "white"
        self.turtles: list[Turtle] = []
        self._count = 0

    def draw(self, kind: str, **values: object) -> None:
        self._count += 1
        if self._count > _LIMIT:
            raise TurtleGraphicsError(f"a drawing has {_LIMIT:,} strokes at most")
        _show(json.dumps({"kind": kind, **values}))

    def clear(self) -> None:
        self._count = 0
        self.draw("clear")
        for turtle in self.turtles:
            turtle.show_self()

    def colour(self, *given: Any) -> str:
        """A colour as browsers write it."""
        value = given[0] if len(given) == 1 else given
        if isinstance(value, str):
            return value.replace(" ", "").lower()
        if len(value) != 3 or not all(0 <= part <= self.colour_mode for part in value):
            raise TurtleGraphicsError(f"bad color sequence: {value!r}")
        return "#" + "".join(f"{round(255 * part / self.colour_mode):02x}" for part in value)


_canvas = _Canvas()


class Turtle:
    """One turtle: it starts in the middle, looks to the right and draws in black."""

    def __init__(
        self, shape: str = "classic", undobuffersize: int = 0, visible: bool = True
    ) -> None:
        del shape, undobuffersize
        self._id = len(_canvas.turtles)
        self._circle = 360.0
        self._is_shown = visible
        self._start()
        _canvas.turtles.append(self)
        self.show_self()

    def _start(self) -> None:
        self._at = Vec2D(0.0, 0.0)
        self._angle = 0.0  # in degrees, to the left
        self._is_down = True
        self._width = 1.0
        self._pen = self._fill = "black"
        self._filled: list[Point] | None = None
        self._strokes: list[tuple[list[float], str, float]] = []

    # Moving

    def forward(self, distance: float) -> None:
        """Go on in the direction of the nose."""
        turn = math.radians(self._angle)
        self._go(self._at + Vec2D(math.cos(turn), math.sin(turn)) * distance)

    def back(self, distance: float) -> None:
        """Go backwards without turning."""
        self.forward(-distance)

    def right(self, angle: float) -> None:
        """Turn to the right."""
        self.left(-angle)

    def left(self, angle: float) -> None:
        """Turn to the left."""
        self._angle = (self._angle + self._degrees(angle)) % 360
        self.show_self()

    def goto(self, x: Any, y: float | None = None) -> None:
        """Go to a position, given as two numbers or as one pair."""
        self._go(Vec2D(*x) if y is None else Vec2D(x, y))

    def setx(self, x: float) -> None:
        """Go to this x."""
        self.goto(x, self._at[1])

    def sety(self, y: float) -> None:
        """Go to this y."""
        self.goto(self._at[0], y)

    def setheading(self, angle: float) -> None:
        """Turn to a direction: 0 is to the right, 90 upwards."""
        self._angle = self._degrees(angle) % 360
        self.show_self()

    def home(self) -> None:
        """Go back to the middle and look to the right."""
        self.goto(0, 0)
        self.setheading(0)

    def circle(self, radius: float, extent: float | None = None, steps: int | None = None) -> None:
        """Walk around a centre that is `radius` to the left, all the way or by `extent`."""
        angle = 360.0 if extent is None else self._degrees(extent)
        count = steps or max(4, min(120, int(abs(radius * angle) / 360) + 12))
        part = angle / count
        length = 2 * radius * math.sin(math.radians(part / 2))
        sign = 1 if radius >= 0 else -1
        start = self._angle
        path: list[Point] = [self._at]
        for index in range(count):
            turn = math.radians(start + sign * part * (index + 0.5))
            stride = Vec2D(math.cos(turn), math.sin(turn)) * (sign * length)
            path.append(Vec2D(*path[-1]) + stride)
        self._walk(path)
        self._angle = (start + sign * angle) % 360
        self.show_self()

    def dot(self, size: float | None = None, *color: Any) -> None:
        """Draw a full circle where the turtle is."""
        x, y = self._at
        colour = _canvas.colour(*color) if color else self._pen
        across = max(self._width + 4, 2 * self._width) if size is None else size
        _canvas.draw("dot", x=x, y=y, size=across, colour=colour)

    def stamp(self) -> int:
        """Leave a picture of the turtle."""
        turn = math.radians(self._angle)
        ahead, aside = Vec2D(math.cos(turn), math.sin(turn)), Vec2D(-math.sin(turn), math.cos(turn))
        corners = [self._at, self._at - ahead * 9 + aside * 5, self._at - ahead * 9 - aside * 5]
        points = [part for corner in corners for part in corner]
        _canvas.draw("fill", points=points, colour=self._fill)
        return self._id

    # Where it is

    def position(self) -> Vec2D:
        """Where the turtle is."""
        return self._at

    def xcor(self) -> float:
        """How far to the right of the middle."""
        return self._at[0]

    def ycor(self) -> float:
        """How far above the middle."""
        return self._at[1]

    def heading(self) -> float:
        """Where it looks: 0 is to the right, 90 upwards."""
        return self._angle * self._circle / 360

    def towards(self, x: Any, y: float | None = None) -> float:
        """The direction of a position or of another turtle."""
        way = _place(x, y) - self._at
        return math.degrees(math.atan2(way[1], way[0])) % 360 * self._circle / 360

    def distance(self, x: Any, y: float | None = None) -> float:
        """How far a position or another turtle is."""
        return abs(_place(x, y) - self._at)

    def degrees(self, fullcircle: float = 360.0) -> None:
        """Measure angles so that a whole turn is `fullcircle`."""
        self._circle = fullcircle

    def radians(self) -> None:
        """Measure angles in radians."""
        self._circle = 2 * math.pi

    # The pen

    def pendown(self) -> None:
        """Draw while moving."""
        self._is_down = True

    def penup(self) -> None:
        """Move without drawing."""
        self._is_down = False

    def isdown(self) -> bool:
        """Whether it draws while moving."""
        return self._is_down

    def pensize(self, width: float | None = None) -> float | None:
        """How thick lines are; with a number, from now on."""
        if width is None:
            return self._width
        self._width = width
        return None

    def pencolor(self, *color: Any) -> str | None:
        """The colour of lines; with a colour, from now on."""
        if not color:
            return self._pen
        self._pen = _canvas.colour(*color)
        self.show_self()
        return None

    def fillcolor(self, *color: Any) -> str | None:
        """The colour of what is filled; with a colour, from now on."""
        if not color:
            return self._fill
        self._fill = _canvas.colour(*color)
        return None

    def color(self, *color: Any) -> tuple[str, str] | None:
        """Both colours; one colour for both, or two."""
        if not color:
            return self._pen, self._fill
        pen, fill = color if len(color) == 2 else (color, color)
        self.pencolor(*_parts(pen))
        self.fillcolor(*_parts(fill))
        return None

    def begin_fill(self) -> None:
        """What is drawn from here on is the edge of something full."""
        self._filled = [self._at]
        self._strokes = []

    def end_fill(self) -> None:
        """Fill it."""
        if self._filled is None:
            return
        points, strokes = self._filled, self._strokes
        self._filled = None
        _canvas.draw("fill", points=[part for point in points for part in point], colour=self._fill)
        # The edge lies over what it surrounds.
        for path, colour, width in strokes:
            _canvas.draw("line", points=path, colour=colour, width=width)

    def filling(self) -> bool:
        """Whether something is being filled."""
        return self._filled is not None

    def write(
        self,
        arg: object,
        move: bool = False,
        align: str = "left",
        font: Any = ("Arial", 8, "normal"),
    ) -> None:
        """Write a text where the turtle is."""
        del move
        x, y = self._at
        text, size = str(arg), float(font[1])
        width = (
            {"left": 0.0, "center": 0.3, "right": 0.6}.get(align.lower(), 0.0) * size * len(text)
        )
        _canvas.draw("text", x=x - width, y=y, size=size, colour=self._pen, text=text)

    # The turtle itself

    def showturtle(self) -> None:
        """Show the turtle itself."""
        self._is_shown = True
        self.show_self()

    def hideturtle(self) -> None:
        """Draw without showing the turtle itself."""
        self._is_shown = False
        _canvas.draw("hidden", id=self._id)

    def isvisible(self) -> bool:
        """Whether the turtle itself is shown."""
        return self._is_shown

    def clear(self) -> None:
        """Wipe the drawing; the turtle stays where it is."""
        _canvas.clear()

    def reset(self) -> None:
        """Wipe the drawing, and start anew in the middle."""
        self._start()
        _canvas.clear()

    def getscreen(self) -> "Screen":
        """The screen that it draws on."""
        return Screen()

    def _go(self, to: Vec2D) -> None:
        self._walk([self._at, to])
        self.show_self()

    def _walk(self, path: list[Point]) -> None:
        if self._filled is not None:
            self._filled.extend(path[1:])
        self._at = Vec2D(*path[-1])
        if not self._is_down:
            return
        points = [part for point in path for part in point]
        _canvas.draw("line", points=points, colour=self._pen, width=self._width)
        if self._filled is not None:
            self._strokes.append((points, self._pen, self._width))

    def show_self(self) -> None:
        """Tell where it is now, if it is shown."""
        if self._is_shown:
            x, y = self._at
            _canvas.draw("turtle", id=self._id, x=x, y=y, heading=self._angle, colour=self._pen)

    def _degrees(self, angle: float) -> float:
        return angle * 360 / self._circle

    fd = forward
    bk = backward = back
    rt = right
    lt = left
    setpos = setposition = goto
    seth = setheading
    pos = position
    pd = down = pendown
    pu = up = penup
    width = pensize
    st = showturtle
    ht = hideturtle


class Screen:
    """What is behind the turtles."""

    def bgcolor(self, *color: Any) -> str | None:
        """The colour of the sheet; with a colour, from now on."""
        if not color:
            return _canvas.background
        _canvas.background = _canvas.colour(*color)
        _canvas.draw("background", colour=_canvas.background)
        return None

    def colormode(self, cmode: float | None = None) -> float | None:
        """How large the parts of a colour are: up to 1.0, or up to 255."""
        if cmode is None:
            return _canvas.colour_mode
        if cmode not in (1, 255):
            raise TurtleGraphicsError("the color mode is 1.0 or 255")
        _canvas.colour_mode = float(cmode)
        return None

    def clear(self) -> None:
        """Wipe the drawing."""
        _canvas.clear()

    def turtles(self) -> list[Turtle]:
        """All turtles."""
        return list(_canvas.turtles)

    def window_width(self) -> int:
        """How wide the sheet is."""
        return 400

    def window_height(self) -> int:
        """How high the sheet is."""
        return 400

    clearscreen = reset = resetscreen = clear


def _place(x: Any, y: float | None) -> Vec2D:
    if isinstance(x, Turtle):
        return x.position()
    return Vec2D(*x) if y is None else Vec2D(x, y)


def _parts(color: Any) -> tuple[Any, ...]:
    """A colour as the arguments of a method."""
    if isinstance(color, tuple):
        return color
    return (color,)


def _nothing(*_values: object, **_named: object) -> None:
    """Beginners' programs call it; here it changes nothing."""


def _of_first(name: str) -> Callable[..., Any]:
    """A function that asks the first turtle, which appears when it is needed."""

    def ask(*values: Any, **named: Any) -> Any:
        turtle = _canvas.turtles[0] if _canvas.turtles else Turtle()
        return getattr(turtle, name)(*values, **named)

    ask.__name__ = ask.__qualname__ = name
    ask.__doc__ = getattr(Turtle, name).__doc__
    return ask


for _name in _NOTHING_TO_DO:
    for _kind in (Turtle, Screen):
        setattr(_kind, _name, _nothing)
for _name in [name for name in vars(Screen) if not name.startswith("_") and name != "clear"]:
    globals()[_name] = getattr(Screen(), _name)
for _name in [name for name in vars(Turtle) if not name.startswith("_")]:
    globals().setdefault(_name, _of_first(_name))
globals()["reset"] = _of_first("reset")
Pen = RawTurtle = RawPen = Turtle

__all__ = [
    name
    for name in globals()
    if not name.startswith("_") and name not in ("json", "math", "Callable", "Any", "Point")
]
