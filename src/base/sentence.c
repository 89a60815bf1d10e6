/* SPDX-License-Identifier: MIT */
#include "base/sentence.h"

#include <stdarg.h>
#include <stdio.h>

int sentence_set(struct sentence *why, int error, const char *format, ...)
{
	va_list args;

	if (why) {
		va_start(args, format);
		vsnprintf(why->text, sizeof why->text, format, args);
		va_end(args);
	}
	return error;
}
