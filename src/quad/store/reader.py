"""What has certainly reached a reader who may read on several devices. No I/O.

Entries have ids that grow in the order in which they are told. Every device is told everything;
it proves, now and then, that it has read up to some id. A connection that breaks may have lost
what it was told and had not proven, and nobody can say which device a later connection is. So:

- A new device is told everything that some device of the reader has not proven.
- A device that goes while others stay leaves behind what it was told and did not prove: a gap. A
  device that began after the last sign of life of the one that went is taken for the same one come
  back: once it has proven what it was told at its beginning, it has filled one gap.

Nothing is ever counted as received that was not proven; what is told twice is the price.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct


class Gap(NamedTuple):
    """The entries with `after < id <= upto`."""

    after: int
    upto: int

    def join(self, other: Gap | None) -> Gap:
        """The smallest gap that holds both."""
        if other is None:
            return self
        return Gap(min(self.after, other.after), max(self.upto, other.upto))


class Device:
    """One connection of a reader; made by `Reader.begin`.

    At its beginning it has to be told the entries up to `upto` that are in `gap` or after `after`.
    """

    __slots__ = ("after", "began", "gap", "heard", "is_spare", "proven", "upto")

    def __init__(self, after: int, gap: Gap | None, upto: int, began: int) -> None:
        self.after = after
        self.gap = gap
        self.upto = upto
        self.proven = after
        self.began = began
        self.heard = began
        # Whether it has caught up and may still be taken for one that goes.
        self.is_spare = False

    @property
    def has_caught_up(self) -> bool:
        """Whether everything that it was told at its beginning is proven."""
        return self.proven >= self.upto


class SavedDevice(Struct, frozen=True, array_like=True):
    """A device as it is at one moment."""

    after: int
    gap: Gap | None
    upto: int
    proven: int
    began: int
    heard: int
    is_spare: bool


class SavedReader(Struct, frozen=True, array_like=True):
    """A reader as it is at one moment, without its devices."""

    away: int
    gap: Gap | None
    gap_heard: int
    lost: int
    clock: int


class Reader:
    """One reader's position, and the devices that move it."""

    __slots__ = ("_away", "_clock", "_gap", "_gap_heard", "_lost", "devices")

    def __init__(self, position: int = 0, gap: Gap | None = None) -> None:
        self.devices: set[Device] = set()
        # The position while no device is there.
        self._away = position
        self._gap = gap
        # How many devices went and left a gap, and the last sign of life of any of them.
        self._lost = 1 if gap else 0
        self._gap_heard = 0
        # Counts what happens, to tell earlier from later.
        self._clock = 1

    @property
    def position(self) -> int:
        """Everything up to here, apart from the gap, has certainly been received."""
        return min((device.proven for device in self.devices), default=self._away)

    @property
    def gap(self) -> Gap | None:
        """What some device that went may have lost."""
        return self._gap

    @property
    def proven(self) -> int:
        """Everything up to here has certainly been received on all devices."""
        return self.position if self._gap is None else min(self.position, self._gap.after)

    def begin(self, upto: int) -> Device:
        """A device comes, when entries up to `upto` have been told to others."""
        device = Device(self.position, self._gap, upto, self._tick())
        self.devices.add(device)
        return device

    def prove(self, device: Device, position: int) -> None:
        """The device has certainly read everything that it was told up to `position`."""
        had_caught_up = device.has_caught_up and device.heard > device.began
        device.proven = max(device.proven, position)
        device.heard = self._tick()
        if device.has_caught_up and not had_caught_up:
            device.is_spare = True
            if self._gap is not None and device.began > self._gap_heard:
                self._fill(device)

    def end(self, device: Device, told: int) -> None:
        """The device has gone; it was told everything up to `told`, received or not."""
        self.devices.discard(device)
        if not self.devices:
            self._away = device.proven
        elif told > device.proven:
            self._leave_gap(device, told)

    def _leave_gap(self, device: Device, told: int) -> None:
        for other in self.devices:
            # It began at or before what the other has proven, and was told all of it.
            if other.is_spare and other.began > device.heard:
                other.is_spare = False
                return
        self._gap = Gap(device.proven, told).join(self._gap)
        self._gap_heard = max(self._gap_heard, device.heard)
        self._lost += 1

    def _fill(self, device: Device) -> None:
        device.is_spare = False
        self._lost -= 1
        if not self._lost:
            self._gap = None
            self._gap_heard = 0

    def _tick(self) -> int:
        self._clock += 1
        return self._clock

    # Moving to another process, which goes on with the same devices

    def saved(self) -> SavedReader:
        """All of it but the devices."""
        return SavedReader(self._away, self._gap, self._gap_heard, self._lost, self._clock)

    def restore(self, saved: SavedReader) -> None:
        """Be as it was elsewhere; the devices follow."""
        self._away, self._gap, self._gap_heard = saved.away, saved.gap, saved.gap_heard
        self._lost, self._clock = saved.lost, saved.clock

    def saved_device(self, device: Device) -> SavedDevice:
        """One of its devices."""
        return SavedDevice(
            device.after,
            device.gap,
            device.upto,
            device.proven,
            device.began,
            device.heard,
            device.is_spare,
        )

    def restore_device(self, saved: SavedDevice) -> Device:
        """A device goes on as it was elsewhere."""
        device = Device(saved.after, saved.gap, saved.upto, saved.began)
        device.proven, device.heard, device.is_spare = saved.proven, saved.heard, saved.is_spare
        self.devices.add(device)
        return device
