#include "traffic.h"

#include "fail.h"
#include "frames.h"
#include "options.h"

#include <stdlib.h>

struct traffic traffic;

static struct client *speaker;
static int audience;
static char *frames; /* one encoded message, `window` times */
static size_t frame_length, text_begin;

/* Where each message has a number of its own, as long as what stands for it. */
#define SERIAL "{serial}"
#define SERIAL_LENGTH 8
static bool has_serial;
static size_t serial_at;

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
    text_begin = frame_length - length;
    const char *serial = strstr(words, SERIAL);
    has_serial = serial != NULL;
    serial_at = has_serial ? (size_t)(serial - words) : 0;
    for (int i = 1; i < options.window; i++)
        memcpy(frames + frame_length * (size_t)i, frames, frame_length);
    free(words);
}

static void number_frame(size_t index, uint64_t number)
{
    char digits[SERIAL_LENGTH];
    for (int i = SERIAL_LENGTH - 1; i >= 0; i--, number /= 10)
        digits[i] = (char)('0' + number % 10);
    frame_rewrite(frames + frame_length * index + text_begin, serial_at, digits, SERIAL_LENGTH);
}

void traffic_say(uint64_t limit)
{
    size_t count = 0;
    uint64_t now = now_ns();
    while (traffic.said < limit && traffic.said - traffic.complete < (uint64_t)options.window) {
        if (has_serial)
            number_frame(count, traffic.said);
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
