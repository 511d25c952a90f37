"""Classroom: a teacher sees the code, the progress and the questions of a class, live."""

from quad.classroom.system import ClassroomSystem

__all__ = ["ClassroomSystem"]
