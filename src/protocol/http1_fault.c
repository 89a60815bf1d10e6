/* SPDX-License-Identifier: MIT */
/* The rows of http1_faults.def by number. Invariant: any number is answered; one without a row as a bad request. */
#include "protocol/http1.h"

struct row {
	unsigned int status;
	const char *section;
	const char *sentence;
};

static const struct row rows[] = {
	[HTTP1_FINE] = { 400, "RFC 9110, 15.5.1", "no fault" },
#define FAULT(name, status, section, sentence) [HTTP1_##name] = { status, section, sentence },
#include "protocol/http1_faults.def"
#undef FAULT
};

static const struct row *row_of(enum http1_fault fault)
{
	return &rows[fault < HTTP1_FAULTS ? fault : HTTP1_FINE];
}

unsigned int http1_fault_status(enum http1_fault fault)
{
	return row_of(fault)->status;
}

const char *http1_fault_section(enum http1_fault fault)
{
	return row_of(fault)->section;
}

const char *http1_fault_sentence(enum http1_fault fault)
{
	return row_of(fault)->sentence;
}
