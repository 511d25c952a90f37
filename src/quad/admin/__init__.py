"""The administrator of the whole server: who it is, and what they see and change in all systems."""

from quad.admin.system import AdminSystem, Systems

__all__ = ["AdminSystem", "Systems"]
