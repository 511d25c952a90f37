#include "options.h"

#include "fail.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options options = {
    .host = "127.0.0.1",
    .path = "/socket.io/",
    .groups = 1,
    .ramp = 64,
    .hello = "", .greeted = "", .lead = "", .led = "", .capture = "", .join = "", .joined = "", .say = "", .heard = "",
    .window = 1,
    .seconds = 5,
    .warmup = 1,
    .settle = 1,
    .deadline = 60,
};

static const char HELP[] =
    "usage: load MODE --port PORT [options]\n"
    "\n"
    "Modes\n"
    "  fanout   the leader says, every member hears\n"
    "  relay    the first member says, the leader hears\n"
    "  echo     every member says, and hears its own; there is no leader\n"
    "  idle     all are joined; hold them for --seconds\n"
    "  storm    all are connected; then all join at once\n"
    "  stall    fanout of --count messages twice; the second time one more member does not read\n"
    "\n"
    "Where       --host 127.0.0.1  --port N  --path /socket.io/  --server PID\n"
    "            --home-port N --home PID  (leaders are there, and every member of --spread N; counted apart)\n"
    "Who         --members N  --groups 1  --ramp 64  --prime 0\n"
    "What        --lead TEXT --led PREFIX --capture TEXT  --join TEXT --joined PREFIX\n"
    "            --hello TEXT --greeted PREFIX  (a WebSocket without Engine.IO and Socket.IO)\n"
    "            --say TEXT --heard PREFIX      ({room}, {i} and {serial} are replaced)\n"
    "How much    --window 1  --seconds 5  --warmup 1  --settle 1  --count N  --deadline 60\n"
    "\n"
    "The answer is one JSON object on stdout.\n";

enum { TEXT, WHOLE, LONG, REAL };

static const struct {
    const char *name;
    int kind;
    void *target;
} FLAGS[] = {
    {"host", TEXT, &options.host},       {"path", TEXT, &options.path},
    {"port", WHOLE, &options.port},      {"server", WHOLE, &options.server},
    {"home-port", WHOLE, &options.home_port}, {"home", WHOLE, &options.home},
    {"spread", WHOLE, &options.spread},
    {"members", WHOLE, &options.members}, {"groups", WHOLE, &options.groups},
    {"prime", WHOLE, &options.prime},    {"ramp", WHOLE, &options.ramp},
    {"hello", TEXT, &options.hello},     {"greeted", TEXT, &options.greeted},
    {"lead", TEXT, &options.lead},       {"led", TEXT, &options.led},
    {"capture", TEXT, &options.capture}, {"join", TEXT, &options.join},
    {"joined", TEXT, &options.joined},   {"say", TEXT, &options.say},
    {"heard", TEXT, &options.heard},     {"window", WHOLE, &options.window},
    {"seconds", REAL, &options.seconds}, {"warmup", REAL, &options.warmup},
    {"settle", REAL, &options.settle},   {"deadline", REAL, &options.deadline},
    {"count", LONG, &options.count},
};
#define FLAG_COUNT (sizeof FLAGS / sizeof *FLAGS)

bool mode_is(const char *mode)
{
    return strcmp(options.mode, mode) == 0;
}

static void store(int flag, char *value)
{
    switch (FLAGS[flag].kind) {
    case TEXT: *(const char **)FLAGS[flag].target = value; break;
    case WHOLE: *(int *)FLAGS[flag].target = atoi(value); break;
    case LONG: *(long *)FLAGS[flag].target = atol(value); break;
    case REAL: *(double *)FLAGS[flag].target = atof(value); break;
    }
}

static void check(void)
{
    static const char *const modes[] = {"fanout", "relay", "echo", "idle", "storm", "stall"};
    bool known = false;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        known = known || mode_is(modes[i]);
    if (!known)
        fail("unknown mode \"%s\"", options.mode);
    if (options.port <= 0 || options.members <= 0 || options.groups <= 0 || options.window <= 0)
        fail("--port, --members, --groups and --window must be above 0");
    if (!mode_is("idle") && !mode_is("storm") && (!*options.say || !*options.heard))
        fail("%s needs --say and --heard", options.mode);
    if (options.groups > 1 && *options.say)
        fail("messages are measured in one group");
    if (mode_is("stall") && (options.count <= 0 || options.members < 2))
        fail("stall needs --count and at least two members");
    if (options.prime >= options.members)
        fail("--prime must be below --members");
}

void options_parse(int argc, char **argv)
{
    struct option flags[FLAG_COUNT + 2] = {{0}};
    for (size_t i = 0; i < FLAG_COUNT; i++)
        flags[i] = (struct option){FLAGS[i].name, required_argument, NULL, (int)i};
    flags[FLAG_COUNT] = (struct option){"help", no_argument, NULL, 'h'};

    for (int flag; (flag = getopt_long(argc, argv, "h", flags, NULL)) != -1;) {
        if (flag == 'h') {
            fputs(HELP, stdout);
            exit(0);
        }
        if (flag == '?')
            exit(2);
        store(flag, optarg);
    }
    if (optind != argc - 1)
        fail("one mode is needed; see --help");
    options.mode = argv[optind];
    check();
}
