/* SPDX-License-Identifier: MIT */
/* The enum of end_reasons.def, and how to ask a row for its texts. */
#ifndef CONTRACT_END_REASON_H
#define CONTRACT_END_REASON_H

enum end_kind { END_KIND_OK, END_KIND_CLIENT, END_KIND_HANDLER, END_KIND_REFUSED, END_KIND_SERVER };

enum end_reason {
#define END(name, text, kind, sentence) END_##name,
#include "contract/end_reasons.def"
#undef END
	END_REASONS
};

/* Both take any value: what a worker left in shared memory is not to be trusted. */
const char *end_reason_name(unsigned int reason);
const char *end_reason_sentence(unsigned int reason);
enum end_kind end_reason_kind(unsigned int reason);

#endif
