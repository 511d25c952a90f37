/* What the operating system knows: clocks, processor time and memory, of this process and of the server. */
#ifndef MEASURE_H
#define MEASURE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

uint64_t now_ns(void);
double own_cpu_s(void);
double server_cpu_s(pid_t server);     /* user and system, all threads, to the nanosecond */
double server_memory_bytes(pid_t server); /* resident */

/* Latencies in nanoseconds, in buckets 1.6 % wide. */
#define HISTOGRAM_BUCKETS (64 * 60)
struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
};

static inline void histogram_add(struct histogram *histogram, uint64_t ns)
{
    ns |= 64; /* nothing that crosses a socket is faster; spares a branch */
    int exponent = 63 - __builtin_clzll(ns) - 6;
    histogram->counts[(size_t)exponent * 64 + ((ns >> exponent) & 63)]++;
    histogram->total++;
}

double histogram_quantile_ms(const struct histogram *histogram, double quantile);

#endif
