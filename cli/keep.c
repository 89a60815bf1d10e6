/* SPDX-License-Identifier: MIT */
#include "cli/keep.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct keep_block {
	struct keep_block *next;
	alignas(max_align_t) char memory[];
};

void *keep_alloc(struct keep *keep, size_t size)
{
	struct keep_block *block = calloc(1, sizeof *block + size);

	if (!block) {
		fputs("brood: out of memory while reading the configuration\n", stderr);
		exit(EX_OSERR);
	}
	block->next = keep->blocks;
	keep->blocks = block;
	return block->memory;
}

char *keep_text(struct keep *keep, const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(keep_alloc(keep, size), text, size);
}

char *keep_printf(struct keep *keep, const char *format, ...)
{
	va_list args, again;
	char *text;
	int size;

	va_start(args, format);
	va_copy(again, args);
	size = vsnprintf(NULL, 0, format, args);
	text = keep_alloc(keep, (size_t)(size < 0 ? 0 : size) + 1);
	vsnprintf(text, (size_t)(size < 0 ? 0 : size) + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}

void keep_fini(struct keep *keep)
{
	while (keep->blocks) {
		struct keep_block *block = keep->blocks;

		keep->blocks = block->next;
		free(block);
	}
}
