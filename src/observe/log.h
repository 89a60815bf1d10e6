/* SPDX-License-Identifier: MIT */
/*
 * The log: records become lines, a line is one write of at most LOG_LINE_MAX bytes, and a target that would
 * block or fails loses the line, never the service: lost lines are counted, and "N lines lost" is said
 * when it works again. Shared by processes (each has its copy after fork) and by threads (atomics only).
 */
#ifndef OBSERVE_LOG_H
#define OBSERVE_LOG_H

#include <stdatomic.h>

#include "base/sentence.h"
#include "contract/log.h"

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct log {
	enum brood_level max;
	enum log_format format;
	int fd;		 /* -1: fn */
	int fd_shared;	 /* the descriptor that fd was reopened from (stderr), or -1 */
	bool fd_socket;	 /* written by send(MSG_DONTWAIT) */
	const char *path; /* borrowed; NULL: stderr */
	brood_log_fn *fn;
	void *fn_arg;
	_Atomic uint64_t lost;
};

void log_init(struct log *log); /* to nowhere: fd -1, fn NULL, BROOD_INFO, text */
void log_fini(struct log *log); /* closes what log_open opened */

/* path NULL: stderr, through a descriptor of our own where the target may block (pipe, FIFO, terminal), so that the
 * flags of the shared one stay. A path: O_APPEND|O_CREAT|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC, mode 0640; a FIFO
 * without reader is no error, lines are lost until it has one. */
int log_open(struct log *log, const char *path, struct sentence *why);

/* Open path again (after rotation); on failure the old one stays. stderr: nothing to do. */
int log_reopen(struct log *log, struct sentence *why);

/* Encode and write. Never blocks, never fails. Cheap when record->level > log->max. */
void log_write(struct log *log, const struct log_record *record);

/* Only the encoding, for tests: bytes written into line (with newline; always valid UTF-8 in JSON). */
size_t log_encode(const struct log *log, const struct log_record *record, int64_t realtime_ns, int pid, char line[LOG_LINE_MAX]);

const char *log_level_name(enum brood_level level);
int log_level_parse(const char *name, enum brood_level *ret_level); /* 0 or -EINVAL */

#endif
