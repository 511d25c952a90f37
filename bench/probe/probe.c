/*
 * What the machine itself takes at the least, whoever asks: a system call that does nothing, send() of 64 bytes over loopback
 * TCP, and an append to a file in DIRECTORY that is then on the disk, as a database commits. One JSON object on stdout.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MOST_SAMPLES 500
/* A slow disk is not asked for longer than this. */
#define LONGEST_NS 1000000000u
/* What one page takes in SQLite's write-ahead log. */
#define APPEND_BYTES (24 + 4096)
#define SEND_BYTES 64
/* What is sent must fit into the socket's buffer, for nobody reads meanwhile. */
#define SENDS_A_SAMPLE 64
#define CALLS_A_SAMPLE 1000

static double samples[MOST_SAMPLES];

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

static double quantile(int count, double wanted)
{
    qsort(samples, (size_t)count, sizeof *samples, compare);
    return samples[(int)(wanted * (count - 1) + 0.5)];
}

static void measure_disk(const char *directory)
{
    static char page[APPEND_BYTES];
    char path[4096];
    snprintf(path, sizeof path, "%s/probe", directory);
    int file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0)
        die(path);
    int count = 0;
    for (uint64_t began = now_ns(); count < MOST_SAMPLES && now_ns() - began < LONGEST_NS; count++) {
        memset(page, count, sizeof page);
        uint64_t start = now_ns();
        if (write(file, page, sizeof page) != sizeof page || fdatasync(file) < 0)
            die("fdatasync");
        samples[count] = (double)(now_ns() - start) * 1e-6;
    }
    close(file);
    unlink(path);
    printf("\"fdatasync_p50_ms\":%.5f,\"fdatasync_p99_ms\":%.5f,", quantile(count, 0.5), quantile(count, 0.99));
}

static void connect_loopback(int *sender, int *reader)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        die("listen");
    *sender = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(*sender, (struct sockaddr *)&address, size) < 0 || (*reader = accept(listener, NULL, NULL)) < 0)
        die("connect");
    setsockopt(*sender, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    close(listener);
}

static void measure_send(void)
{
    int sender, reader;
    char message[SEND_BYTES] = {0}, read[SEND_BYTES * SENDS_A_SAMPLE];
    connect_loopback(&sender, &reader);
    for (int i = 0; i < MOST_SAMPLES; i++) {
        uint64_t start = now_ns();
        for (int j = 0; j < SENDS_A_SAMPLE; j++)
            if (send(sender, message, sizeof message, MSG_NOSIGNAL) != sizeof message)
                die("send");
        samples[i] = (double)(now_ns() - start) * 1e-3 / SENDS_A_SAMPLE;
        if (recv(reader, read, sizeof read, MSG_WAITALL) != sizeof read)
            die("recv");
    }
    close(sender);
    close(reader);
    printf("\"send_us\":%.4f,", quantile(MOST_SAMPLES, 0.5));
}

static void measure_call(void)
{
    for (int i = 0; i < MOST_SAMPLES; i++) {
        uint64_t start = now_ns();
        for (int j = 0; j < CALLS_A_SAMPLE; j++)
            syscall(SYS_getppid);
        samples[i] = (double)(now_ns() - start) * 1e-3 / CALLS_A_SAMPLE;
    }
    printf("\"call_us\":%.4f", quantile(MOST_SAMPLES, 0.5));
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: probe DIRECTORY\n", stderr);
        return 2;
    }
    putchar('{');
    measure_disk(argv[1]);
    measure_send();
    measure_call();
    puts("}");
    return 0;
}
