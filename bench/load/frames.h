/* WebSocket frames (RFC 6455, 5.2), as much of them as a client needs that sends and counts text. */
#ifndef FRAMES_H
#define FRAMES_H

#include <stddef.h>
#include <stdint.h>

enum opcode { OP_TEXT = 0x1, OP_BINARY = 0x2, OP_CLOSE = 0x8, OP_PING = 0x9, OP_PONG = 0xA };

#define FRAME_OVERHEAD 14 /* the longest header: 2 + 8 of length + 4 of mask */

struct frame {
    unsigned opcode;
    const char *text;
    size_t length;
    size_t total; /* header and payload */
};

/* Encodes one masked frame into `out` (length + FRAME_OVERHEAD bytes must fit); returns its size. */
size_t frame_encode(char *out, unsigned opcode, const char *text, size_t length);

/* Writes other text of the same length into a frame whose text begins at `begin`, `at` bytes behind that. */
void frame_rewrite(char *begin, size_t at, const char *text, size_t length);

/* Reads the server's frame at `data`; 0 when it is not complete yet. Inline: it runs millions of times a second. */
static inline int frame_read(const char *data, size_t available, struct frame *frame)
{
    const unsigned char *header = (const unsigned char *)data;
    if (available < 2)
        return 0;
    size_t head = 2, length = header[1] & 0x7F;
    if (length == 126) {
        if (available < 4)
            return 0;
        length = (size_t)header[2] << 8 | header[3];
        head = 4;
    } else if (length == 127) {
        if (available < 10)
            return 0;
        length = 0;
        for (int i = 2; i < 10; i++)
            length = length << 8 | header[i];
        head = 10;
    }
    if (length > available - head)
        return 0;
    *frame = (struct frame){header[0] & 0x0F, data + head, length, head + length};
    return 1;
}

#endif
