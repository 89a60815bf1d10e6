/* SPDX-License-Identifier: MIT */
/* What a server says on its standard output and standard error: the port it listens on, its last line, lines it says twice. Pure. */
#ifndef LAB_SPEECH_H
#define LAB_SPEECH_H

#include <stddef.h>
#include <stdint.h>

#define SPEECH_LINE      256
#define SPEECH_LINES_MAX 4096 /* remembered, to tell those that come twice */

struct speech {
	int port;               /* 0: has not said yet */
	char last[SPEECH_LINE]; /* complete line that is not empty; what does not print is '?' */
	int64_t lines, twice;

	char line[SPEECH_LINE]; /* not complete yet */
	size_t size;
	uint64_t known[SPEECH_LINES_MAX];
	size_t known_count;
};

void speech_init(struct speech *speech);
void speech_hear(struct speech *speech, const char *text, size_t size);

#endif
