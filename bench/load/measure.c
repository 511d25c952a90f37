#include "measure.h"

#include "fail.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static uint64_t read_clock(clockid_t clock)
{
    struct timespec time;
    if (clock_gettime(clock, &time) < 0)
        fail("the server has ended");
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t now_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

double own_cpu_s(void)
{
    return (double)read_clock(CLOCK_PROCESS_CPUTIME_ID) * 1e-9;
}

double server_cpu_s(pid_t server)
{
    clockid_t clock;
    if (!server)
        return 0;
    /* The same account as utime + stime of /proc/PID/stat, without its ticks of 10 ms. */
    if (clock_getcpuclockid(server, &clock) != 0)
        fail("no processor clock of the server, process %d", (int)server);
    return (double)read_clock(clock) * 1e-9;
}

double server_memory_bytes(pid_t server)
{
    char path[64];
    unsigned long pages = 0;
    if (!server)
        return 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)server);
    FILE *file = fopen(path, "r");
    if (!file || fscanf(file, "%*u %lu", &pages) != 1)
        fail("cannot read %s", path);
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

double histogram_quantile_ms(const struct histogram *histogram, double quantile)
{
    uint64_t wanted = (uint64_t)(quantile * (double)histogram->total), seen = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (histogram->counts[i] && seen >= wanted)
            return (double)((64 + (uint64_t)i % 64) << (i / 64)) * 1e-6;
    }
    return 0;
}
