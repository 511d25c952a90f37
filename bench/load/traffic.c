#include "traffic.h"

#include "fail.h"
#include "frames.h"
#include "options.h"

#include <stdlib.h>

struct traffic traffic;

static struct client *speaker;
static int audience;
static char *frames; /* one encoded message, `window` times */
static size_t frame_length;

/* By message number modulo window. A slot is free again in time: each client hears in order, so messages complete in order. */
static struct slot {
    uint64_t said_at;
    int missing;
} *slots;

void traffic_prepare(struct client *who, int listeners)
{
    speaker = who;
    audience = listeners;
    slots = calloc((size_t)options.window, sizeof *slots);
    traffic.heard = options.heard;
    traffic.heard_length = strlen(options.heard);

    char *words = client_words(speaker, options.say);
    size_t length = strlen(words);
    frames = malloc((length + FRAME_OVERHEAD) * (size_t)options.window);
    frame_length = frame_encode(frames, OP_TEXT, words, length);
    for (int i = 1; i < options.window; i++)
        memcpy(frames + frame_length * (size_t)i, frames, frame_length);
    free(words);
}

void traffic_say(uint64_t limit)
{
    size_t count = 0;
    uint64_t now = now_ns();
    while (traffic.said < limit && traffic.said - traffic.complete < (uint64_t)options.window) {
        slots[traffic.said++ % (uint64_t)options.window] = (struct slot){now, audience};
        count++;
    }
    if (count)
        client_write(speaker, frames, frame_length * count);
}

void traffic_heard(struct client *client, uint64_t now)
{
    if (client->received == traffic.said)
        fail("connection %d heard more messages than were said", client->index);
    struct slot *slot = &slots[client->received++ % (uint64_t)options.window];
    histogram_add(&traffic.latencies, now - slot->said_at);
    traffic.deliveries++;
    if (--slot->missing == 0)
        traffic.complete++;
}
