"""What students' programs and checks came to, in their own browsers."""
