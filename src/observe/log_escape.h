/* SPDX-License-Identifier: MIT */
/* Foreign bytes in log lines: one event stays one line, and JSON stays JSON. */
#ifndef OBSERVE_LOG_ESCAPE_H
#define OBSERVE_LOG_ESCAPE_H

#include <stdbool.h>

#include "base/buf.h"

enum log_escape {
	LOG_ESCAPE_MESSAGE, /* free text: controls and what is no UTF-8 become \xHH */
	LOG_ESCAPE_QUOTED,  /* between double quotes: also the quote and the backslash */
	LOG_ESCAPE_JSON,    /* inside of a JSON string: \u00HH, and U+FFFD for what is no UTF-8 */
};

/* Append text, as much as fits whole: false if it was cut. Never half a character or half an escape. */
bool log_escape(struct buf *buf, const char *text, enum log_escape how);

/* The size of a text that needs neither quotes nor escapes as the value of key=value; 0: it does. */
size_t log_escape_word(const char *text);

/* Append size bytes that need no escape, or as many as fit: then false. */
bool log_escape_run(struct buf *buf, const void *data, size_t size);

#endif
