/* SPDX-License-Identifier: MIT */
/*
 * Decides where chunks begin and end, a byte at a time: a chunk's line has some three bytes, and may be cut anywhere.
 * Invariant: a chunk of size n is n bytes and CRLF, and no byte passes that the grammar does not have: a lone LF in
 * an extension has hidden requests from proxies. Called by whoever reads a body.
 *
 *   SIZE → [NAME_BEGINS → NAME → VALUE_BEGINS → VALUE or QUOTED …] → LINE_FEED → DATA → DATA_END → DATA_FEED → SIZE
 *   after a size of 0: TRAILER → TRAILER_NAME → TRAILER_VALUE → TRAILER_FEED → TRAILER …; its end: LAST_FEED → OVER
 */
#include "protocol/http1_chunked.h"

#include <errno.h>
#include <string.h>

#include "protocol/http1_scan.h"

enum state {
	SIZE,
	SIZE_BLANK,
	NAME_BEGINS, /* of an extension, behind ';' */
	NAME,
	NAME_BLANK,
	VALUE_BEGINS, /* behind '=' */
	VALUE,
	VALUE_BLANK,
	QUOTED,
	QUOTED_PAIR, /* behind a backslash */
	QUOTED_ENDED,
	LINE_FEED,
	DATA,
	DATA_END,
	DATA_FEED,
	TRAILER,
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_FEED,
	LAST_FEED,
	OVER,
};

enum kind { OTHER, TOKEN, BLANK, SEMICOLON, EQUALS, QUOTE, BACKSLASH, RETURN, CONTROL, KINDS };

/* A chunk's line behind the digits of its size (RFC 9112, 7.1.1). 0, which is SIZE, refuses: no line comes back to
 * it. Blanks must be let pass between two parts of an extension; at the end of a line nothing asks for that. */
static const uint8_t next_state[][KINDS] = {
	[SIZE] = { [BLANK] = SIZE_BLANK, [SEMICOLON] = NAME_BEGINS, [RETURN] = LINE_FEED },
	[SIZE_BLANK] = { [BLANK] = SIZE_BLANK, [SEMICOLON] = NAME_BEGINS },
	[NAME_BEGINS] = { [TOKEN] = NAME, [BLANK] = NAME_BEGINS },
	[NAME] = { [TOKEN] = NAME,
		[BLANK] = NAME_BLANK,
		[EQUALS] = VALUE_BEGINS,
		[SEMICOLON] = NAME_BEGINS,
		[RETURN] = LINE_FEED },
	[NAME_BLANK] = { [BLANK] = NAME_BLANK, [EQUALS] = VALUE_BEGINS, [SEMICOLON] = NAME_BEGINS },
	[VALUE_BEGINS] = { [TOKEN] = VALUE, [BLANK] = VALUE_BEGINS, [QUOTE] = QUOTED },
	[VALUE] = { [TOKEN] = VALUE, [BLANK] = VALUE_BLANK, [SEMICOLON] = NAME_BEGINS, [RETURN] = LINE_FEED },
	[VALUE_BLANK] = { [BLANK] = VALUE_BLANK, [SEMICOLON] = NAME_BEGINS },
	[QUOTED] = { [OTHER] = QUOTED,
		[TOKEN] = QUOTED,
		[BLANK] = QUOTED,
		[SEMICOLON] = QUOTED,
		[EQUALS] = QUOTED,
		[QUOTE] = QUOTED_ENDED,
		[BACKSLASH] = QUOTED_PAIR },
	[QUOTED_PAIR] = { [OTHER] = QUOTED,
		[TOKEN] = QUOTED,
		[BLANK] = QUOTED,
		[SEMICOLON] = QUOTED,
		[EQUALS] = QUOTED,
		[QUOTE] = QUOTED,
		[BACKSLASH] = QUOTED },
	[QUOTED_ENDED] = { [BLANK] = VALUE_BLANK, [SEMICOLON] = NAME_BEGINS, [RETURN] = LINE_FEED },
};

/* They decide framing and host, which the head has decided already (RFC 9110, 6.5.1). */
static const char forbidden_trailers[][sizeof "transfer-encoding"] = { "content-length", "host",
	"transfer-encoding" };

#define FORBIDDEN_TRAILERS (sizeof forbidden_trailers / sizeof forbidden_trailers[0])

static enum kind kind_of(char byte)
{
	switch (byte) {
	case ' ':
	case '\t':
		return BLANK;
	case ';':
		return SEMICOLON;
	case '=':
		return EQUALS;
	case '"':
		return QUOTE;
	case '\\':
		return BACKSLASH;
	case '\r':
		return RETURN;
	default:
		if (!http1_scan_is(byte, HTTP1_SCAN_TEXT))
			return CONTROL;
		return http1_scan_is(byte, HTTP1_SCAN_TOKEN) ? TOKEN : OTHER;
	}
}

static enum http1_fault add_digit(struct http1_chunked *chunked, char byte)
{
	unsigned int digit = byte <= '9' ? (unsigned int)(byte - '0') : (unsigned int)((byte | 0x20) - 'a') + 10;

	if (chunked->left > (INT64_MAX >> 4))
		return HTTP1_CHUNK_TOO_LARGE;
	chunked->left = chunked->left << 4 | digit;
	return HTTP1_FINE;
}

static enum http1_fault take_chunk_line(struct http1_chunked *chunked, char byte)
{
	uint32_t before = chunked->line;
	uint8_t next;

	if (byte == '\n')
		return HTTP1_BARE_LF;
	if (byte != '\r' && ++chunked->line > HTTP1_CHUNK_LINE_MAX)
		return HTTP1_CHUNK_LINE_TOO_LONG;
	if (chunked->state == SIZE && http1_scan_is(byte, HTTP1_SCAN_HEX))
		return add_digit(chunked, byte);
	next = next_state[chunked->state][kind_of(byte)];
	if (next == 0 || before == 0)
		return chunked->state <= SIZE_BLANK ? HTTP1_BAD_CHUNK_SIZE : HTTP1_BAD_EXTENSION;
	if (byte != '\r' && ++chunked->extensions > HTTP1_EXTENSIONS_MAX)
		return HTTP1_EXTENSIONS_TOO_LONG;
	chunked->state = next;
	return HTTP1_FINE;
}

/* A byte of the name of a trailer: which of the forbidden ones may it still be? */
static void narrow(struct http1_chunked *chunked, char byte)
{
	for (size_t i = 0; i < FORBIDDEN_TRAILERS; i++) {
		const char *name = forbidden_trailers[i];

		if (chunked->line >= strlen(name) || http1_scan_small(byte) != name[chunked->line])
			chunked->forbidden &= ~(1u << i);
	}
	chunked->line++;
}

static bool is_forbidden(const struct http1_chunked *chunked)
{
	for (size_t i = 0; i < FORBIDDEN_TRAILERS; i++)
		if (chunked->forbidden & 1u << i && chunked->line == strlen(forbidden_trailers[i]))
			return true;
	return false;
}

static enum http1_fault begin_trailer(struct http1_chunked *chunked, char byte)
{
	if (byte == '\r') {
		chunked->state = LAST_FEED;
		return HTTP1_FINE;
	}
	if (byte == '\n')
		return HTTP1_BARE_LF;
	if (!http1_scan_is(byte, HTTP1_SCAN_TOKEN))
		return http1_scan_blank(byte) ? HTTP1_FOLD : HTTP1_BAD_NAME;
	if (++chunked->trailer_fields > HTTP1_TRAILER_FIELDS)
		return HTTP1_TOO_MANY_FIELDS;
	chunked->line = 0;
	chunked->forbidden = (1u << FORBIDDEN_TRAILERS) - 1;
	narrow(chunked, byte);
	chunked->state = TRAILER_NAME;
	return HTTP1_FINE;
}

static enum http1_fault take_trailer_name(struct http1_chunked *chunked, char byte)
{
	if (byte == ':') {
		chunked->state = TRAILER_VALUE;
		return is_forbidden(chunked) ? HTTP1_FORBIDDEN_TRAILER : HTTP1_FINE;
	}
	if (!http1_scan_is(byte, HTTP1_SCAN_TOKEN))
		return http1_scan_blank(byte) ? HTTP1_BLANK_BEFORE_COLON : HTTP1_BAD_NAME;
	narrow(chunked, byte);
	return chunked->line > HTTP1_NAME_MAX ? HTTP1_NAME_TOO_LONG : HTTP1_FINE;
}

static enum http1_fault take_trailer(struct http1_chunked *chunked, char byte)
{
	if ((chunked->state != TRAILER || byte != '\r') && ++chunked->trailers > HTTP1_TRAILERS_MAX)
		return HTTP1_TRAILERS_TOO_LONG;
	if (chunked->state == TRAILER)
		return begin_trailer(chunked, byte);
	if (chunked->state == TRAILER_NAME)
		return take_trailer_name(chunked, byte);
	if (byte == '\n')
		return HTTP1_BARE_LF;
	if (byte == '\r')
		chunked->state = TRAILER_FEED;
	else if (!http1_scan_is(byte, HTTP1_SCAN_TEXT))
		return HTTP1_BAD_VALUE;
	return HTTP1_FINE;
}

/* What must follow CR. */
static enum http1_fault take_feed(struct http1_chunked *chunked, char byte)
{
	if (byte != '\n')
		return HTTP1_BARE_CR;
	switch (chunked->state) {
	case LINE_FEED:
		chunked->state = chunked->left > 0 ? DATA : TRAILER;
		break;
	case DATA_FEED:
		chunked->line = 0;
		chunked->state = SIZE;
		break;
	case TRAILER_FEED:
		chunked->trailers++;
		chunked->state = TRAILER;
		break;
	case LAST_FEED:
		chunked->over = true;
		chunked->state = OVER;
		break;
	}
	return HTTP1_FINE;
}

static enum http1_fault take(struct http1_chunked *chunked, char byte)
{
	switch (chunked->state) {
	case DATA_END:
		chunked->state = DATA_FEED;
		return byte == '\r' ? HTTP1_FINE : HTTP1_BAD_CHUNK_END;
	case LINE_FEED:
	case DATA_FEED:
	case TRAILER_FEED:
	case LAST_FEED:
		return take_feed(chunked, byte);
	case TRAILER:
	case TRAILER_NAME:
	case TRAILER_VALUE:
		return take_trailer(chunked, byte);
	default:
		return take_chunk_line(chunked, byte);
	}
}

void http1_chunked_begin(struct http1_chunked *chunked)
{
	*chunked = (struct http1_chunked){ .state = SIZE };
}

ssize_t http1_chunked_next(struct http1_chunked *chunked, const char *data, size_t size, uint64_t *ret_body)
{
	size_t at = 0;

	while (!chunked->fault && at < size && chunked->state != DATA && chunked->state != OVER)
		chunked->fault = take(chunked, data[at++]);
	if (chunked->fault)
		return -EBADMSG;
	*ret_body = chunked->state == DATA ? chunked->left : 0;
	return (ssize_t)at;
}

void http1_chunked_took(struct http1_chunked *chunked, uint64_t size)
{
	chunked->left -= size;
	if (chunked->state == DATA && chunked->left == 0)
		chunked->state = DATA_END;
}
