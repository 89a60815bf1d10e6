/* SPDX-License-Identifier: MIT */
#include "load/outcome.h"

void outcome_merge(struct outcome *sum, const struct outcome *more)
{
	outcome_add(&sum->requests, outcome_read(&more->requests));
	outcome_add(&sum->in_time, outcome_read(&more->in_time));
	outcome_add(&sum->connections, outcome_read(&more->connections));
	outcome_add(&sum->open, outcome_read(&more->open));
	outcome_add(&sum->bytes_in, outcome_read(&more->bytes_in));
	outcome_add(&sum->bytes_out, outcome_read(&more->bytes_out));
	outcome_add(&sum->aborted, outcome_read(&more->aborted));
	outcome_add(&sum->unfinished, outcome_read(&more->unfinished));
	for (unsigned int i = 0; i < OUTCOME_ERRORS; i++)
		outcome_add(&sum->errors[i], outcome_read(&more->errors[i]));
	if (more->ended_ns > sum->ended_ns)
		sum->ended_ns = more->ended_ns;
	if (more->connect_error)
		sum->connect_error = more->connect_error;
	if (more->trouble.text[0])
		sum->trouble = more->trouble;
	latencies_merge(&sum->latencies, &more->latencies);
}

uint64_t outcome_errors(const struct outcome *outcome)
{
	uint64_t errors = 0;

	for (unsigned int i = 0; i < OUTCOME_ERRORS; i++)
		errors += outcome_read(&outcome->errors[i]);
	return errors;
}

const char *outcome_error_name(enum outcome_error error)
{
	static const char *const names[OUTCOME_ERRORS] = {
		[OUTCOME_CONNECT] = "connect",
		[OUTCOME_REFUSED] = "refused",
		[OUTCOME_RESET] = "reset",
		[OUTCOME_CLOSED] = "closed",
		[OUTCOME_TIMEOUT] = "timeout",
		[OUTCOME_ANSWER] = "answer",
	};

	return names[error];
}
