#include "traffic.h"

#include "fail.h"
#include "frames.h"
#include "options.h"

#include <stdlib.h>

struct traffic traffic;

/* Where each message has a number of its own, as long as what stands for it. */
#define SERIAL "{serial}"
#define SERIAL_LENGTH 8

struct slot {
    uint64_t said_at;
    int missing;
};

struct speaker {
    struct client *client;
    int audience;
    uint64_t said, complete;
    char *frames; /* one encoded message, `window` times */
    size_t frame_length, text_begin;
    bool has_serial;
    size_t serial_at;
    /* By message number modulo window. A slot is free again in time: each client hears in order, so messages complete in
       order. */
    struct slot *slots;
};

static struct speaker *speakers;
static int speaker_count;

static void encode_message(struct speaker *speaker)
{
    char *words = client_words(speaker->client, options.say);
    size_t length = strlen(words);
    speaker->frames = malloc((length + FRAME_OVERHEAD) * (size_t)options.window);
    speaker->frame_length = frame_encode(speaker->frames, OP_TEXT, words, length);
    speaker->text_begin = speaker->frame_length - length;
    const char *serial = strstr(words, SERIAL);
    speaker->has_serial = serial != NULL;
    speaker->serial_at = serial ? (size_t)(serial - words) : 0;
    for (int i = 1; i < options.window; i++)
        memcpy(speaker->frames + speaker->frame_length * (size_t)i, speaker->frames, speaker->frame_length);
    free(words);
}

void traffic_prepare(struct client *who, struct client **audience, int size)
{
    if (!speakers)
        speakers = calloc((size_t)options.members + 1, sizeof *speakers); /* stays in its place: clients point into it */
    struct speaker *speaker = &speakers[speaker_count++];
    speaker->client = who;
    speaker->audience = size;
    speaker->slots = calloc((size_t)options.window, sizeof *speaker->slots);
    encode_message(speaker);
    for (int i = 0; i < size; i++)
        audience[i]->hears = speaker;
    traffic.heard = options.heard;
    traffic.heard_length = strlen(options.heard);
}

static void number_frame(struct speaker *speaker, size_t index, uint64_t number)
{
    char digits[SERIAL_LENGTH];
    for (int i = SERIAL_LENGTH - 1; i >= 0; i--, number /= 10)
        digits[i] = (char)('0' + number % 10);
    char *text = speaker->frames + speaker->frame_length * index + speaker->text_begin;
    frame_rewrite(text, speaker->serial_at, digits, SERIAL_LENGTH);
}

static void say(struct speaker *speaker, uint64_t limit)
{
    size_t count = 0;
    uint64_t now = now_ns();
    while (traffic.said < limit && speaker->said - speaker->complete < (uint64_t)options.window) {
        if (speaker->has_serial)
            number_frame(speaker, count, traffic.said);
        speaker->slots[speaker->said++ % (uint64_t)options.window] = (struct slot){now, speaker->audience};
        traffic.said++;
        count++;
    }
    if (count)
        client_write(speaker->client, speaker->frames, speaker->frame_length * count);
}

void traffic_say(uint64_t limit)
{
    for (int i = 0; i < speaker_count; i++)
        say(&speakers[i], limit);
}

void traffic_heard(struct client *client, uint64_t now)
{
    struct speaker *speaker = client->hears;
    if (client->received == speaker->said)
        fail("connection %d heard more messages than were said", client->index);
    struct slot *slot = &speaker->slots[client->received++ % (uint64_t)options.window];
    histogram_add(&traffic.latencies, now - slot->said_at);
    traffic.deliveries++;
    if (--slot->missing == 0) {
        speaker->complete++;
        traffic.complete++;
    }
}
