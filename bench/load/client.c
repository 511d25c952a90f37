#define _GNU_SOURCE
#include "client.h"

#include "fail.h"
#include "frames.h"
#include "measure.h"
#include "options.h"
#include "traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

/* One buffer for all: a read takes whatever a socket holds, and hundreds of frames with it. */
#define READ_BYTES (8 << 20)
/* A source address has about 28,000 ports to give; beyond that the next of 127.0.0.0/8 is used. */
#define CLIENTS_PER_ADDRESS 25000

struct progress progress;

static int poller;
static char *read_buffer;
static long *rooms;
static struct sockaddr_in server_address;

/* At home are the leaders, and some of the members. */
static int port_of(const struct client *client)
{
    bool is_at_home = client->leads || (options.spread && client->index % options.spread == 0);
    return is_at_home && options.home_port ? options.home_port : options.port;
}

void clients_prepare(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < (rlim_t)(options.members + options.groups + 16))
        fail("%d connections, but only %lu open files are allowed", options.members, (unsigned long)limit.rlim_cur);

    server_address = (struct sockaddr_in){.sin_family = AF_INET};
    if (inet_pton(AF_INET, options.host, &server_address.sin_addr) != 1)
        fail("\"%s\" is no IPv4 address", options.host);
    poller = epoll_create1(0);
    read_buffer = malloc(READ_BYTES);
    rooms = calloc((size_t)options.groups, sizeof *rooms);
}

static void watch(struct client *client, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = client};
    if (epoll_ctl(poller, operation, client->fd, &event) < 0)
        fail("epoll: %s", strerror(errno));
}

struct client *client_open(int index, bool leads)
{
    static int opened;
    struct client *client = calloc(1, sizeof *client);
    client->index = index;
    client->leads = leads;
    client->group = index % options.groups;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (client->fd < 0)
        fail("socket: %s", strerror(errno));

    int on = 1;
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct sockaddr_in source = {.sin_family = AF_INET};
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(opened++ / CLIENTS_PER_ADDRESS));
    setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(client->fd, (struct sockaddr *)&source, sizeof source) < 0)
        fail("bind: %s", strerror(errno));
    server_address.sin_port = htons((uint16_t)port_of(client));
    if (connect(client->fd, (struct sockaddr *)&server_address, sizeof server_address) < 0 && errno != EINPROGRESS)
        fail("connect: %s", strerror(errno));
    watch(client, EPOLL_CTL_ADD, EPOLLOUT);
    if (!leads)
        progress.members_opened++;
    return client;
}

void client_stop_reading(struct client *client)
{
    watch(client, EPOLL_CTL_DEL, 0);
}

/* ---- out ---- */

static void keep_unsent(struct client *client, const char *data, size_t length)
{
    client->unsent = realloc(client->unsent, client->unsent_length + length);
    memcpy(client->unsent + client->unsent_length, data, length);
    client->unsent_length += length;
}

void client_write(struct client *client, const char *data, size_t length)
{
    if (client->unsent_length) {
        keep_unsent(client, data, length);
        return;
    }
    ssize_t sent = send(client->fd, data, length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
        fail("send: %s", strerror(errno));
    if (sent < 0)
        sent = 0;
    if ((size_t)sent == length)
        return;
    keep_unsent(client, data + sent, length - (size_t)sent);
    watch(client, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}

static void write_unsent(struct client *client)
{
    ssize_t sent = send(client->fd, client->unsent, client->unsent_length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
        fail("send: %s", strerror(errno));
    if (sent > 0) {
        client->unsent_length -= (size_t)sent;
        memmove(client->unsent, client->unsent + sent, client->unsent_length);
    }
    if (!client->unsent_length)
        watch(client, EPOLL_CTL_MOD, EPOLLIN);
}

static void send_frame(struct client *client, unsigned opcode, const char *text, size_t length)
{
    char small[256], *frame = length + FRAME_OVERHEAD > sizeof small ? malloc(length + FRAME_OVERHEAD) : small;
    client_write(client, frame, frame_encode(frame, opcode, text, length));
    if (frame != small)
        free(frame);
}

void client_send_text(struct client *client, const char *text, size_t length)
{
    send_frame(client, OP_TEXT, text, length);
}

/* Without Engine.IO and Socket.IO: the client speaks first. */
static bool is_raw(void)
{
    return *options.hello;
}

static void send_upgrade(struct client *client)
{
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error)
        fail("connect: %s", strerror(error));
    char request[1024];
    int length = snprintf(request, sizeof request,
                          "GET %s%s HTTP/1.1\r\n"
                          "Host: %s:%d\r\n"
                          "Upgrade: websocket\r\n"
                          "Connection: Upgrade\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                          "Sec-WebSocket-Version: 13\r\n\r\n",
                          options.path, is_raw() ? "" : "?EIO=4&transport=websocket", options.host, port_of(client));
    client->stage = UPGRADING;
    watch(client, EPOLL_CTL_MOD, EPOLLIN);
    client_write(client, request, (size_t)length);
}

char *client_words(const struct client *client, const char *template)
{
    size_t size = strlen(template) * 12 + 1; /* a number is at most 11 characters and replaces at least 3 */
    char *words = malloc(size), *out = words;
    while (*template) {
        if (strncmp(template, "{room}", 6) == 0) {
            out += sprintf(out, "%ld", rooms[client->group]);
            template += 6;
        } else if (strncmp(template, "{i}", 3) == 0) {
            out += sprintf(out, "%d", client->index);
            template += 3;
        } else {
            *out++ = *template++;
        }
    }
    *out = 0;
    return words;
}

static void entered(struct client *client)
{
    client->stage = ENTERED;
    if (client->leads)
        progress.leaders_entered++;
    else
        progress.members_entered++;
}

static void send_words(struct client *client, const char *template)
{
    char *words = client_words(client, template);
    client_send_text(client, words, strlen(words));
    free(words);
}

void client_enter(struct client *client)
{
    const char *template = client->leads ? options.lead : options.join;
    if (!*template) {
        entered(client);
        return;
    }
    client->stage = ENTERING;
    send_words(client, template);
}

/* ---- in ---- */

static bool begins(const struct frame *frame, const char *prefix)
{
    size_t length = strlen(prefix);
    return frame->length >= length && memcmp(frame->text, prefix, length) == 0;
}

static bool refuses(const struct frame *frame)
{
    return begins(frame, is_raw() ? "{\"type\":\"error\"" : "42[\"error\"");
}

static void capture_room(struct client *client, const struct frame *frame)
{
    size_t length = strlen(options.capture);
    if (!client->leads || !length)
        return;
    const char *found = memmem(frame->text, frame->length, options.capture, length);
    if (!found)
        fail("no %s in the answer to the leader: %.*s", options.capture, (int)frame->length, frame->text);
    rooms[client->group] = strtol(found + length, NULL, 10);
}

/* Steps of entering. Frames that are none of the awaited ones (a greeting, a list) are passed over. */
static void take_step(struct client *client, const struct frame *frame)
{
    if (client->stage == OPENING && begins(frame, "0{")) {
        client->stage = GREETING;
        client_send_text(client, "40", 2);
    } else if (client->stage == GREETING && begins(frame, is_raw() ? options.greeted : "40")) {
        client->stage = CONNECTED;
        if (client->leads)
            client_enter(client);
        else {
            progress.members_connected++;
            if (!mode_is("storm"))
                client_enter(client);
        }
    } else if (client->stage == ENTERING && begins(frame, client->leads ? options.led : options.joined)) {
        capture_room(client, frame);
        entered(client);
    } else if (refuses(frame) || begins(frame, "44")) {
        fail("refused: %.*s", (int)frame->length, frame->text);
    }
}

static void take_frame(struct client *client, const struct frame *frame, uint64_t now)
{
    if (client->hears && traffic_matches(frame->text, frame->length)) {
        traffic_heard(client, now);
        return;
    }
    if (frame->opcode == OP_CLOSE)
        fail("the server closed connection %d: %.*s", client->index,
             frame->length > 2 ? (int)frame->length - 2 : 0, frame->text + 2);
    if (frame->opcode == OP_PING)
        send_frame(client, OP_PONG, frame->text, frame->length);
    else if (frame->opcode == OP_TEXT && frame->length == 1 && *frame->text == '2')
        client_send_text(client, "3", 1);
    else if (client->stage < ENTERED)
        take_step(client, frame);
    else if (refuses(frame))
        fail("refused: %.*s", (int)frame->length, frame->text);
}

/* Returns how many bytes of the answer to the upgrade have been used; 0 when its end has not come. */
static size_t take_upgrade(struct client *client, const char *data, size_t length)
{
    const char *end = memmem(data, length, "\r\n\r\n", 4);
    if (!end)
        return 0;
    if (length < 12 || memcmp(data, "HTTP/1.1 101", 12) != 0)
        fail("not upgraded: %.*s", (int)length, data);
    client->stage = is_raw() ? GREETING : OPENING;
    if (is_raw())
        send_words(client, options.hello);
    return (size_t)(end - data) + 4;
}

static void keep_rest(struct client *client, const char *data, size_t length)
{
    client->carried = length;
    if (!length)
        return;
    client->carry = realloc(client->carry, length);
    memcpy(client->carry, data, length);
}

static void receive(struct client *client)
{
    if (client->carried)
        memcpy(read_buffer, client->carry, client->carried);
    if (client->carried == READ_BYTES)
        fail("a frame of more than %d bytes", READ_BYTES);
    ssize_t got = recv(client->fd, read_buffer + client->carried, READ_BYTES - client->carried, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0)
        fail("connection %d of %d ended: %s", client->index, options.members, got ? strerror(errno) : "closed by the server");

    uint64_t now = now_ns();
    size_t length = client->carried + (size_t)got, used = 0;
    if (client->stage == UPGRADING)
        used = take_upgrade(client, read_buffer, length);
    if (client->stage > UPGRADING) {
        struct frame frame;
        while (frame_read(read_buffer + used, length - used, &frame)) {
            used += frame.total;
            take_frame(client, &frame, now);
        }
    }
    if (used < length || client->carried)
        keep_rest(client, read_buffer + used, length - used);
}

void clients_turn(int timeout_ms)
{
    struct epoll_event events[1024];
    int ready = epoll_wait(poller, events, 1024, timeout_ms);
    if (ready < 0 && errno != EINTR)
        fail("epoll: %s", strerror(errno));
    for (int i = 0; i < ready; i++) {
        struct client *client = events[i].data.ptr;
        if (client->stage == CONNECTING) {
            send_upgrade(client);
            continue;
        }
        if (events[i].events & EPOLLOUT)
            write_unsent(client);
        if (events[i].events & ~(uint32_t)EPOLLOUT)
            receive(client);
    }
}
