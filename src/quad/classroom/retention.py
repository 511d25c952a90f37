"""What classroom forgets when nobody has used it for long; see `quad.retention`."""

from typing import Final

from quad.classroom.entering.tables import count_unused_teachers
from quad.classroom.pictures.tables import count_unused as count_unused_pictures
from quad.classroom.tables import count_unused
from quad.retention import Kind

CLASSES: Final = Kind(
    name="classroom.classes",
    what="classes that nobody has been in",
    setting="classes_unused_days",
    count=count_unused,
)
KEYS: Final = Kind(
    name="classroom.keys",
    what="keys of teachers who have no class",
    setting="classes_unused_days",
    count=count_unused_teachers,
)
PICTURES: Final = Kind(
    name="classroom.pictures",
    what="pictures that no task shows",
    setting="pictures_unused_days",
    count=count_unused_pictures,
)
KINDS: Final = (CLASSES, KEYS, PICTURES)
