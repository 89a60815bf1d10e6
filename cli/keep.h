/* SPDX-License-Identifier: MIT */
/*
 * Memory of the command: whatever the command line and the files are turned into lives until the command ends, and is
 * freed at once. There is no sensible way on without memory while parsing a few lines: keep_* never fail, they end
 * the command (exit 71).
 */
#ifndef CLI_KEEP_H
#define CLI_KEEP_H

#include <stddef.h>

struct keep {
	struct keep_block *blocks;
};

void *keep_alloc(struct keep *keep, size_t size); /* zeroed, aligned for any type */
char *keep_text(struct keep *keep, const char *text);
__attribute__((format(printf, 2, 3))) char *keep_printf(struct keep *keep, const char *format, ...);
void keep_fini(struct keep *keep);

#endif
