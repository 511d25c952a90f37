/* What is asked of the load generator; `load --help` prints it. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <sys/types.h>

struct options {
    const char *mode;
    const char *host, *path;
    int port;
    pid_t server;
    int home_port; /* where the leaders are, if that is another server; and where every `spread`th member is */
    pid_t home;    /* its account is kept apart */
    int spread;

    int members; /* connections that are not leaders */
    int groups;  /* each has one leader; members are dealt out to them in turn */
    int prime;   /* idle: how many members are there before memory is first read */
    int ramp;    /* how many may be connecting at once */

    /* What is said. "{room}" stands for the number found in the leader's answer, "{i}" for the member's index,
       "{serial}" in `say` for a number that no other message has. */
    const char *hello, *greeted; /* instead of Engine.IO's and Socket.IO's handshake */
    const char *lead, *led; /* the leader's text after CONNECT, and how the answer begins */
    const char *capture;    /* the number after this in that answer is the room */
    const char *join, *joined;
    const char *say, *heard;

    int window; /* messages in flight */
    double seconds, warmup, settle, deadline;
    long count; /* stall: messages in each half */
};

extern struct options options;

void options_parse(int argc, char **argv);
bool mode_is(const char *mode);

#endif
