/*
 * The limit: what a server costs that does nothing but pass messages on. One thread, epoll, one send() per subscriber and
 * message. It speaks just enough WebSocket, Engine.IO and Socket.IO for the load generator, checks nothing, and is a
 * yardstick, not a server to use.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES (1 << 20)
#define MOST_PEERS 65536

/* The answer to the key of RFC 6455, section 1.3, which is the one that the load generator sends. */
#define UPGRADE                                                                        \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
#define OPEN "0{\"sid\":\"limit\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}"

static struct peer {
    bool upgraded;
    char *carry;
    size_t carried;
} peers[MOST_PEERS];

static int subscribers[MOST_PEERS], subscriber_count, leader;
static char buffer[READ_BYTES], out[READ_BYTES];

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void send_all(int fd, const char *data, size_t length)
{
    while (length) {
        ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            struct pollfd writable = {.fd = fd, .events = POLLOUT};
            poll(&writable, 1, -1);
            continue;
        }
        if (sent < 0)
            return; /* the peer has gone; its next read says so */
        data += sent;
        length -= (size_t)sent;
    }
}

/* Encodes `name` and `rest` as one text frame into `out`; returns its size. */
static size_t encode(const char *name, const char *rest, size_t rest_length)
{
    size_t name_length = strlen(name), length = name_length + rest_length, head = 2;
    out[0] = (char)0x81;
    if (length < 126) {
        out[1] = (char)length;
    } else {
        out[1] = 126;
        out[2] = (char)(length >> 8);
        out[3] = (char)length;
        head = 4;
    }
    memcpy(out + head, name, name_length);
    memcpy(out + head + name_length, rest, rest_length);
    return head + length;
}

static void answer(int fd, const char *text)
{
    send_all(fd, out, encode(text, "", 0));
}

static bool is(const char *text, size_t length, const char *prefix, const char **rest, size_t *rest_length)
{
    size_t prefix_length = strlen(prefix);
    if (length < prefix_length || memcmp(text, prefix, prefix_length) != 0)
        return false;
    *rest = text + prefix_length;
    *rest_length = length - prefix_length;
    return true;
}

static void take_text(int fd, const char *text, size_t length)
{
    const char *rest;
    size_t rest_length;
    if (is(text, length, "42[\"say\"", &rest, &rest_length)) {
        size_t size = encode("42[\"said\"", rest, rest_length);
        for (int i = 0; i < subscriber_count; i++)
            send_all(subscribers[i], out, size);
    } else if (is(text, length, "42[\"tell\"", &rest, &rest_length)) {
        send_all(leader, out, encode("42[\"told\"", rest, rest_length));
    } else if (is(text, length, "42[\"join\"", &rest, &rest_length)) {
        subscribers[subscriber_count++] = fd;
        answer(fd, "42[\"joined\",{}]");
    } else if (is(text, length, "42[\"lead\"", &rest, &rest_length)) {
        leader = fd;
        answer(fd, "42[\"led\",{}]");
    } else if (is(text, length, "40", &rest, &rest_length)) {
        answer(fd, "40{\"sid\":\"limit\"}");
    }
}

/* Takes one masked frame of less than 64 KB; returns its size, 0 when its end has not come. */
static size_t take_frame(int fd, char *data, size_t available)
{
    unsigned char *header = (unsigned char *)data;
    if (available < 6)
        return 0;
    size_t head = 6, length = header[1] & 0x7F;
    if (length == 126) {
        length = (size_t)header[2] << 8 | header[3];
        head = 8;
    }
    if (head > available || length > available - head)
        return 0;
    for (size_t i = 0; i < length; i++)
        data[head + i] ^= (char)header[head - 4 + (i & 3)];
    if ((header[0] & 0x0F) == 1)
        take_text(fd, data + head, length);
    return head + length;
}

static size_t take_upgrade(int fd, struct peer *peer, const char *data, size_t length)
{
    const char *end = memmem(data, length, "\r\n\r\n", 4);
    if (!end)
        return 0;
    peer->upgraded = true;
    send_all(fd, UPGRADE, strlen(UPGRADE));
    answer(fd, OPEN);
    return (size_t)(end - data) + 4;
}

static void forget(int fd)
{
    for (int i = 0; i < subscriber_count; i++)
        if (subscribers[i] == fd)
            subscribers[i--] = subscribers[--subscriber_count];
    free(peers[fd].carry);
    peers[fd] = (struct peer){0};
    close(fd);
}

static void receive(int fd)
{
    struct peer *peer = &peers[fd];
    if (peer->carried)
        memcpy(buffer, peer->carry, peer->carried);
    ssize_t got = recv(fd, buffer + peer->carried, READ_BYTES - peer->carried, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        forget(fd);
        return;
    }
    size_t length = peer->carried + (size_t)got, used = 0, took = 1;
    if (!peer->upgraded)
        used = take_upgrade(fd, peer, buffer, length);
    while (peer->upgraded && took) {
        took = take_frame(fd, buffer + used, length - used);
        used += took;
    }
    peer->carried = length - used;
    if (!peer->carried)
        return;
    peer->carry = realloc(peer->carry, peer->carried);
    memcpy(peer->carry, buffer + used, peer->carried);
}

static int listen_at(int port)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4096) < 0)
        die("listen");
    return listener;
}

static void watch(int poller, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0)
        die("epoll");
}

static void welcome(int poller, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), on = 1;
    if (fd < 0 || fd >= MOST_PEERS)
        die("accept");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(poller, fd);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: limit PORT\n", stderr);
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    int listener = listen_at(atoi(argv[1])), poller = epoll_create1(0);
    watch(poller, listener);
    for (;;) {
        struct epoll_event events[1024];
        int ready = epoll_wait(poller, events, 1024, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd == listener)
                welcome(poller, listener);
            else
                receive(events[i].data.fd);
        }
    }
}
