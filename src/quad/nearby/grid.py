"""How closely others see where somebody is: cells on the Earth's surface."""

import math
from typing import Final

from quad.nearby.model import Position

_METRES_A_DEGREE: Final = 111_320


class Grid:
    """Rows and columns of cells about `size_m` high and wide; 0 is no grid at all.

    Nobody learns more of another's place than its cell: whatever compares it with something sees
    the cell's centre.
    """

    def __init__(self, size_m: float) -> None:
        self.size_m = size_m
        self._row = size_m / _METRES_A_DEGREE
        # From the centre to any point of the same cell, generously: at a pole cells are wedges.
        self.reach_m = 2 * size_m

    def centre(self, position: Position) -> Position:
        """The centre of the cell that holds the position."""
        if not self.size_m:
            return position
        latitude = _middle(position.latitude, self._row)
        latitude = max(-90.0, min(90.0, latitude))  # the last row may reach beyond the pole
        column = self.size_m / (_METRES_A_DEGREE * math.cos(math.radians(latitude)))
        if column >= 360:
            return Position(latitude, 0.0)
        longitude = _middle(position.longitude, column)
        if not -180 <= longitude <= 180:  # the last column, beyond the antimeridian
            longitude -= math.copysign(360, longitude)
        return Position(latitude, longitude)

    def widened(self, radius_m: float) -> float:
        """A radius within which one may ask: one below the grid would tell where in its cell."""
        return max(radius_m, self.size_m)


def _middle(value: float, step: float) -> float:
    return (math.floor(value / step) + 0.5) * step
