/* SPDX-License-Identifier: MIT */
/* The rows of end_reasons.def by number. Invariant: any number is answered; one without a row is UNKNOWN's. */
#include "contract/end_reason.h"

struct row {
	const char *name;
	const char *sentence;
	enum end_kind kind;
};

static const struct row rows[] = {
#define END(id, text, kind_of, words) [END_##id] = { .name = text, .sentence = words, .kind = END_KIND_##kind_of },
#include "contract/end_reasons.def"
#undef END
};

static const struct row *row_of(unsigned int reason)
{
	return &rows[reason < END_REASONS ? reason : END_UNKNOWN];
}

const char *end_reason_name(unsigned int reason)
{
	return row_of(reason)->name;
}

const char *end_reason_sentence(unsigned int reason)
{
	return row_of(reason)->sentence;
}

enum end_kind end_reason_kind(unsigned int reason)
{
	return row_of(reason)->kind;
}
