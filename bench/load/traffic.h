/* Messages in flight: who has heard which, how long it took, and when the next may be said. */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include "client.h"
#include "measure.h"

#include <string.h>

/* Of all speakers together. */
struct traffic {
    uint64_t said, complete, deliveries;
    struct histogram latencies; /* per delivery */
    /* The prefix of the frames that count. */
    const char *heard;
    size_t heard_length;
};
extern struct traffic traffic;

/* Lets `who` speak to an audience of so many; each of them must hear a message for it to be complete. */
void traffic_prepare(struct client *who, struct client **audience, int size);

/* Every speaker says as many messages as the window allows, in one write; none beyond `limit` said in all. */
void traffic_say(uint64_t limit);
void traffic_heard(struct client *client, uint64_t now);

static inline bool traffic_matches(const char *text, size_t length)
{
    return length >= traffic.heard_length && memcmp(text, traffic.heard, traffic.heard_length) == 0;
}

#endif
