/* SPDX-License-Identifier: MIT */
/*
 * A line of the access log, from the facts of one request: pure, without a clock or an allocation. Whatever the client sent, it is
 * one line of at most LOG_LINE_MAX bytes, complete in its format; texts that are too long are cut, and show it.
 */
#ifndef OBSERVE_ACCESS_LINE_H
#define OBSERVE_ACCESS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/log.h"

enum access_format {
	ACCESS_NONE,
	ACCESS_COMMON,
	ACCESS_COMBINED,
	ACCESS_COMBINED_PLUS, /* … duration and queue wait in microseconds, pid, and a reason if there was no answer */
	ACCESS_JSON,
};

/* How much of each text is written: bytes of the line. All of them and what stands between fit into one. */
#define ACCESS_TARGET_MAX 1792
#define ACCESS_FIELD_MAX  608 /* Referer, User-Agent */
#define ACCESS_WORD_MAX   128 /* method, peer, service */
#define ACCESS_CUT        "[cut]"

#define ACCESS_UNKNOWN    (-1) /* a number that nobody knows */

/* As it was sent; text[size] is a NUL, there may be more before it. text NULL: unknown. */
struct access_text {
	const char *text;
	size_t size;
};

struct access_facts {
	int64_t began_ns; /* since 1970 */
	const char *peer; /* as address_text writes it */
	const char *service;
	struct access_text method, target;
	struct access_text raw; /* of a request line that could not be read: instead of those two */
	bool target_is_cut;     /* already */
	int minor;              /* HTTP/1.minor, or ACCESS_UNKNOWN */
	unsigned int status;    /* 0: the client got no answer */
	int64_t bytes;          /* of the answer's body, or ACCESS_UNKNOWN */
	struct access_text referer, agent;
	int64_t duration_us;
	int64_t queue_us; /* or ACCESS_UNKNOWN */
	int worker;
	const char *reason; /* of status 0: name of an end reason; else NULL */
};

/* The second last written: most lines share theirs with the one before. Of one thread; zeroed at first. */
struct access_stamp {
	int64_t second; /* and one more, so that 0 is none */
	char text[32];  /* "21/Nov/2026:09:22:33 +0000" */
};

/* ACCESS_NONE: there is no format of that name (NULL). */
enum access_format access_line_format(const char *name);

/* Its size, with the newline. */
size_t access_line(char line[LOG_LINE_MAX + 1], enum access_format format, const struct access_facts *facts,
	struct access_stamp *stamp);

#endif
