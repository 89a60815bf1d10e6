/* SPDX-License-Identifier: MIT */
/* One log record: what observe/log.c encodes as text or JSON. Everything is borrowed for the call. */
#ifndef CONTRACT_LOG_H
#define CONTRACT_LOG_H

#include <brood/brood.h>
#include <stddef.h>
#include <stdint.h>

enum log_field_kind { LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_UINT };

struct log_field {
	const char *key; /* [a-z0-9_]+ */
	enum log_field_kind kind;
	unsigned int key_size;
	union {
		const char *text; /* NULL: the field is left out. Escaped by the encoder */
		int64_t i;
		uint64_t u;
	};
};

/* k: a literal, whose size the compiler knows. */
#define LOG_KEY(k)     .key = "" k, .key_size = sizeof(k) - 1
#define LOG_TEXT(k, v) ((struct log_field){ LOG_KEY(k), .kind = LOG_FIELD_TEXT, .text = (v) })
#define LOG_INT(k, v)  ((struct log_field){ LOG_KEY(k), .kind = LOG_FIELD_INT, .i = (v) })
#define LOG_UINT(k, v) ((struct log_field){ LOG_KEY(k), .kind = LOG_FIELD_UINT, .u = (v) })

struct log_batch;

struct log_record {
	enum brood_level level;
	const char *service; /* or NULL: the supervisor */
	const char *message;
	const struct log_field *fields;
	size_t field_count;
	struct log_batch *batch; /* may wait there for others (observe/log.h), or NULL */
	char *scratch;           /* LOG_SCRATCH_SIZE bytes to encode in, or NULL: the stack */
};

#define LOG_LINE_MAX     4096
#define LOG_SCRATCH_SIZE (LOG_LINE_MAX + 1)

#endif
