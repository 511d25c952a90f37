#ifndef FAIL_H
#define FAIL_H

/* Says why on stderr and exits with 1: a measurement that went wrong must not look like a slow one. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
