/* Connections: WebSocket, then Engine.IO 4, then Socket.IO 5, up to being joined; then frames in and out. */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum stage {
    CONNECTING, /* TCP */
    UPGRADING,  /* waits for 101 */
    OPENING,    /* waits for Engine.IO's open packet */
    GREETING,   /* waits for Socket.IO's answer to CONNECT, or for the one to `hello` */
    CONNECTED,
    ENTERING, /* waits for the answer to `lead` or `join` */
    ENTERED,
};

struct speaker;

struct client {
    int fd;
    enum stage stage;
    int index; /* among the members; of a leader, its group */
    int group;
    bool leads;
    struct speaker *hears; /* whose messages are measured where they arrive here; or NULL */
    uint64_t received; /* messages */
    char *carry;       /* the beginning of a frame whose end has not come */
    size_t carried;
    char *unsent; /* what the socket has not taken yet */
    size_t unsent_length;
};

/* How many are past CONNECT, and past joining. Leaders are not in `members_*`. */
struct progress {
    int members_opened, members_connected, members_entered, leaders_entered;
};
extern struct progress progress;

void clients_prepare(void);
struct client *client_open(int index, bool leads);

/* Says `lead` or `join`, as its part is; a client with nothing to say has entered at once. */
void client_enter(struct client *client);
void client_send_text(struct client *client, const char *text, size_t length);
void client_write(struct client *client, const char *frames, size_t length);

/* Leaves the client's data in the socket from now on. */
void client_stop_reading(struct client *client);

/* Replaces {room} and {i}; the result is to be freed. */
char *client_words(const struct client *client, const char *template);

/* Waits up to `timeout_ms` for the sockets and serves those that are ready. */
void clients_turn(int timeout_ms);

#endif
