#include "frames.h"

#include <string.h>

/* Any key is legal; a fixed one lets a message be encoded once and sent a million times. */
static const unsigned char MASK[4] = {0x51, 0x75, 0x61, 0x64};

size_t frame_encode(char *out, unsigned opcode, const char *text, size_t length)
{
    unsigned char *at = (unsigned char *)out;
    *at++ = 0x80 | opcode;
    if (length < 126) {
        *at++ = 0x80 | length;
    } else if (length < 65536) {
        *at++ = 0x80 | 126;
        *at++ = length >> 8;
        *at++ = length;
    } else {
        *at++ = 0x80 | 127;
        for (int shift = 56; shift >= 0; shift -= 8)
            *at++ = (uint64_t)length >> shift;
    }
    memcpy(at, MASK, 4);
    at += 4;
    for (size_t i = 0; i < length; i++)
        at[i] = text[i] ^ MASK[i & 3];
    return (size_t)((char *)at - out) + length;
}

void frame_rewrite(char *begin, size_t at, const char *text, size_t length)
{
    for (size_t i = at; i < at + length; i++)
        begin[i] = *text++ ^ MASK[i & 3];
}
