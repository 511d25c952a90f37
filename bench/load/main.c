/*
 * The load generator of the bench: one thread, epoll, many Socket.IO connections. It measures the server from outside:
 * rates by the wall clock, processor time and memory by the operating system, and says how busy it was itself.
 */
#include "client.h"
#include "fail.h"
#include "measure.h"
#include "options.h"
#include "traffic.h"

#include <stdio.h>
#include <stdlib.h>

static struct client **leaders, **members;

/* Both processors' accounts at one moment; the difference of two is an interval. */
struct moment {
    double at, server_cpu, home_cpu, own_cpu;
};

static struct moment moment_now(void)
{
    return (struct moment){(double)now_ns() * 1e-9, server_cpu_s(options.server), server_cpu_s(options.home), own_cpu_s()};
}

static struct moment since(struct moment start)
{
    struct moment end = moment_now();
    return (struct moment){end.at - start.at, end.server_cpu - start.server_cpu, end.home_cpu - start.home_cpu,
                           end.own_cpu - start.own_cpu};
}

static void turn(double deadline_at, const char *what)
{
    clients_turn(50);
    if ((double)now_ns() * 1e-9 > deadline_at)
        fail("not within %.0f s: %s (%d members connected, %d joined; %lu messages said, %lu heard by all)",
             options.deadline, what, progress.members_connected, progress.members_entered,
             (unsigned long)traffic.said, (unsigned long)traffic.complete);
}

static double deadline_from_now(void)
{
    return (double)now_ns() * 1e-9 + options.deadline;
}

static void serve_for(double seconds)
{
    double end = (double)now_ns() * 1e-9 + seconds;
    while ((double)now_ns() * 1e-9 < end)
        clients_turn(10);
}

/* ---- entering ---- */

static void open_leaders(void)
{
    double deadline = deadline_from_now();
    if (mode_is("echo"))
        return;
    leaders = calloc((size_t)options.groups, sizeof *leaders);
    for (int i = 0; i < options.groups; i++) {
        leaders[i] = client_open(i, true);
        while (progress.leaders_entered + options.ramp <= i)
            turn(deadline, "leaders enter");
    }
    while (progress.leaders_entered < options.groups)
        turn(deadline, "leaders enter");
}

static void open_members(int until)
{
    double deadline = deadline_from_now();
    const int *done = mode_is("storm") ? &progress.members_connected : &progress.members_entered;
    while (*done < until) {
        while (progress.members_opened < until && progress.members_opened - *done < options.ramp) {
            int index = progress.members_opened;
            members[index] = client_open(index, false);
        }
        turn(deadline, "members enter");
    }
}

/* ---- reports ---- */

static void report_latencies(const struct histogram *latencies)
{
    printf("\"p50_ms\":%.4f,\"p95_ms\":%.4f,\"p99_ms\":%.4f,", histogram_quantile_ms(latencies, 0.50),
           histogram_quantile_ms(latencies, 0.95), histogram_quantile_ms(latencies, 0.99));
}

static void report_interval(struct moment interval)
{
    printf("\"seconds\":%.6f,\"server_cpu_s\":%.6f,\"home_cpu_s\":%.6f,\"load_cpu_s\":%.6f", interval.at, interval.server_cpu,
           interval.home_cpu, interval.own_cpu);
}

/* ---- modes ---- */

static void drain(double deadline)
{
    while (traffic.complete < traffic.said)
        turn(deadline, "all messages are heard by all");
}

static void say_for(double seconds)
{
    double end = (double)now_ns() * 1e-9 + seconds, deadline = end + options.deadline;
    while ((double)now_ns() * 1e-9 < end) {
        traffic_say(UINT64_MAX);
        turn(deadline, "messages are heard");
    }
}

/* Fan-out, relay and echo: the same, with other speakers and audiences. */
static void run_messages(void)
{
    if (mode_is("fanout"))
        traffic_prepare(leaders[0], members, options.members);
    else if (mode_is("relay"))
        traffic_prepare(members[0], leaders, 1);
    for (int i = 0; mode_is("echo") && i < options.members; i++)
        traffic_prepare(members[i], &members[i], 1);
    say_for(options.warmup);

    traffic.latencies = (struct histogram){0};
    uint64_t complete = traffic.complete, deliveries = traffic.deliveries;
    struct moment start = moment_now();
    say_for(options.seconds);
    struct moment interval = since(start);
    complete = traffic.complete - complete;
    deliveries = traffic.deliveries - deliveries;
    struct histogram latencies = traffic.latencies;

    drain(deadline_from_now()); /* every message must arrive, also those that are not in the figures */
    if (!deliveries)
        fail("nothing was heard in %.1f s", options.seconds);
    printf("\"said\":%lu,\"messages\":%lu,\"deliveries\":%lu,", (unsigned long)traffic.said, (unsigned long)complete,
           (unsigned long)deliveries);
    report_latencies(&latencies);
    report_interval(interval);
}

static double memory_each(double now, double primed)
{
    return (now - primed) / (options.members - options.prime);
}

static void run_idle(double memory_primed, double home_primed)
{
    serve_for(options.settle);
    struct moment start = moment_now();
    serve_for(options.seconds);
    struct moment interval = since(start);
    double memory = server_memory_bytes(options.server), home = server_memory_bytes(options.home);
    printf("\"memory_bytes\":%.0f,\"memory_bytes_each\":%.1f,\"home_memory_bytes_each\":%.1f,", memory,
           memory_each(memory, memory_primed), memory_each(home, home_primed));
    report_interval(interval);
}

static void run_storm(void)
{
    serve_for(options.settle); /* what connecting left behind is not the storm's */
    double deadline = deadline_from_now();
    struct moment start = moment_now();
    for (int i = 0; i < options.members; i++)
        client_enter(members[i]);
    while (progress.members_entered < options.members)
        turn(deadline, "members join");
    struct moment joined = since(start);
    serve_for(options.settle); /* what the server does after the last answer is */
    struct moment all = since(start);
    printf("\"joined_s\":%.6f,", joined.at);
    report_interval(all);
}

/* One half of the stall: `count` messages; returns the server's highest memory meanwhile. */
static double say_count(long count)
{
    uint64_t limit = traffic.said + (uint64_t)count;
    double deadline = deadline_from_now(), peak = 0;
    uint64_t next_look = 0;
    while (traffic.complete < limit) {
        traffic_say(limit);
        turn(deadline, "messages are heard");
        if (now_ns() < next_look)
            continue;
        double memory = server_memory_bytes(options.server);
        peak = memory > peak ? memory : peak;
        next_look = now_ns() + 2000000;
    }
    return peak;
}

static void run_stall(void)
{
    int audience = options.members - 1;
    struct client *stalled = members[audience];
    traffic_prepare(leaders[0], members, audience);
    say_count(options.count / 10 + 1);

    traffic.latencies = (struct histogram){0};
    double before = say_count(options.count);
    printf("\"reading\":{\"memory_peak_bytes\":%.0f,", before);
    report_latencies(&traffic.latencies);

    traffic.latencies = (struct histogram){0};
    client_stop_reading(stalled);
    double memory = server_memory_bytes(options.server);
    struct moment start = moment_now();
    double peak = say_count(options.count);
    struct moment interval = since(start);
    printf("\"messages\":%ld},\"stalled\":{\"memory_start_bytes\":%.0f,\"memory_peak_bytes\":%.0f,", options.count, memory, peak);
    report_latencies(&traffic.latencies);
    printf("\"messages\":%ld},", options.count);
    report_interval(interval);
}

int main(int argc, char **argv)
{
    options_parse(argc, argv);
    clients_prepare();
    members = calloc((size_t)options.members, sizeof *members);

    struct moment start = moment_now();
    open_leaders();
    open_members(options.prime);
    serve_for(options.prime ? options.settle : 0);
    double memory_primed = server_memory_bytes(options.server), home_primed = server_memory_bytes(options.home);
    struct moment primed = moment_now();
    open_members(options.members);
    struct moment connecting = since(options.prime ? primed : start);

    printf("{\"mode\":\"%s\",\"members\":%d,\"connecting\":{\"connections\":%d,", options.mode, options.members,
           options.members - options.prime + (options.prime ? 0 : progress.leaders_entered));
    report_interval(connecting);
    printf("},");
    if (mode_is("idle"))
        run_idle(memory_primed, home_primed);
    else if (mode_is("storm"))
        run_storm();
    else if (mode_is("stall"))
        run_stall();
    else
        run_messages();
    puts("}");
    return 0;
}
