"""Students' files on their way to the teacher."""
