/* SPDX-License-Identifier: MIT */
/*
 * The log: records become lines, a line is one write of at most LOG_LINE_MAX bytes, and a target that would
 * block or fails loses the line, never the service: lost lines are counted, and "N lines lost" is said
 * when it works again. Shared by threads (atomics only) and by processes: each has its copy after fork, with its
 * own count of what it lost itself.
 */
#ifndef OBSERVE_LOG_H
#define OBSERVE_LOG_H

#include <stdatomic.h>

#include "base/sentence.h"
#include "contract/log.h"
#include "observe/log_rotation.h"
#include "observe/log_time.h"

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* What fd is: how to write without blocking and without a signal. */
enum log_target {
	LOG_TARGET_FILE,     /* write(2) */
	LOG_TARGET_PIPE,     /* of our own O_NONBLOCK description: write(2), SIGPIPE held back */
	LOG_TARGET_SOCKET,   /* send(2) */
	LOG_TARGET_BLOCKING, /* could not be opened again: poll(2) first */
};

/* Lines that are written together, as many whole ones as LOG_LINE_MAX bytes hold: a burst of ends costs a few writes. */
struct log_batch {
	int pid; /* of the process: asking costs as much as a third of a line */
	size_t used;
	struct log_stamp stamp;
	char block[LOG_SCRATCH_SIZE];
};

struct log {
	enum brood_level max;
	enum log_format format;
	_Atomic int fd; /* -1: fn */
	int fd_shared;  /* the descriptor that fd was made from (stderr), or -1 */
	_Atomic enum log_target target;
	const char *path; /* borrowed; NULL: stderr */
	brood_log_fn *fn;
	void *fn_arg;
	_Atomic uint64_t lost;
	_Atomic uint64_t lost_ever;    /* the same, never set back: for counters */
	_Atomic int lost_by;           /* pid that counts: a forked child begins at 0 */
	_Atomic bool torn;             /* the target took part of a line: the next one begins with a newline */
	_Atomic int64_t retry_ns;      /* monotonic: not before then is a FIFO without reader tried again */
	_Atomic int64_t zone;          /* of local time, see log_time.h */
	struct log_rotation *rotation; /* of path, or NULL */
	_Atomic uint32_t rotations;    /* that this process knows of */
	_Atomic int zone_by;           /* pid that asks for it, see log_own; 0: anybody */
	bool is_foreign; /* its lines are not ours: what is lost is for others to tell (log_take_lost) */
};

void log_init(struct log *log); /* to nowhere: fd -1, fn NULL, BROOD_INFO, text */
void log_fini(struct log *log); /* closes what log_open opened */

/* path NULL: stderr, through a descriptor of our own where the target may block (pipe, FIFO, terminal), so that the
 * flags of the shared one stay. A path: O_APPEND|O_CREAT|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC, mode 0640; a FIFO
 * without reader is no error, lines are lost until it has one. */
int log_open(struct log *log, const char *path, struct sentence *why);

/* This process writes the log, while still single-threaded: processes forked from now on live with the time zone that it
 * knows, since libc's lock on it may be held in their copy for ever. */
void log_own(struct log *log);

/* Open path again (after rotation); on failure the old one stays. stderr: nothing to do. */
int log_reopen(struct log *log, struct sentence *why);

/* The same with a descriptor that somebody else opened. Takes fd, on failure too. 0 or -errno: then the old one stays. */
int log_adopt(struct log *log, int fd);

/* Encode and write. Never blocks, never fails. Cheap when record->level > log->max. */
void log_write(struct log *log, const struct log_record *record);

/* Lines that somebody else made: whole ones, in block[1 … size], at most LOG_LINE_MAX bytes; block[0] is the log's. They may wait
 * in batch (NULL: not), and are lost as others are. Whatever the log's level is: who asked for them wants them. */
void log_pass(struct log *log, struct log_batch *batch, char *block, size_t size);

/* What records with this batch left in it: lines of other processes may have come in between, no more is held back than
 * LOG_LINE_MAX bytes. */
void log_batch_flush(struct log *log, struct log_batch *batch);

/* Of a log that is foreign: lines lost since the last time. */
uint64_t log_take_lost(struct log *log);

/* Only the encoding, for tests: bytes written into line (with newline; always valid UTF-8 in JSON). */
size_t log_encode(
	struct log *log, const struct log_record *record, int64_t realtime_ns, int pid, char line[LOG_LINE_MAX]);

const char *log_level_name(enum brood_level level);
int log_level_parse(const char *name, enum brood_level *ret_level); /* 0 or -EINVAL */

#endif
