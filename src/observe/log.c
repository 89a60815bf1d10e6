/* SPDX-License-Identifier: MIT */
/*
 * Where lines go and what becomes of those that cannot. Invariant: log_write neither waits nor fails; a line is
 * written whole or counted as lost, and what a target took of a torn one does not glue to the next.
 */
#include "observe/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "observe/log_target.h"
#include "observe/log_time.h"

/* How often a FIFO without reader is tried. */
#define RETRY_NS NS_PER_SEC

void log_init(struct log *log)
{
	*log = (struct log){ .max = BROOD_INFO, .fd = -1, .fd_shared = -1 };
}

void log_fini(struct log *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
	log->path = NULL;
	log_rotation_free(log->rotation);
	log->rotation = NULL;
	log->retry_ns = 0;
}

static int refuse(struct sentence *why, const char *path, int error)
{
	if (error == -ELOOP)
		return sentence_set(
			why, error, "cannot log to %s: it is a symbolic link, which is not followed", path);
	if (error == -EOPNOTSUPP)
		return sentence_set(
			why, error, "cannot log to %s: it is a socket or a device without a driver", path);
	return sentence_set(why, error, "cannot log to %s: %s", path, strerror(-error));
}

static int open_stderr(struct log *log, struct sentence *why)
{
	enum log_target target;
	int fd;
	int r = log_target_share(STDERR_FILENO, &fd, &target);

	/* Whoever closed stderr wants to read nothing. */
	if (r == -EBADF)
		return 0;
	if (r < 0)
		return refuse(why, "stderr", r);
	log->target = target;
	log->fd = fd;
	log->fd_shared = STDERR_FILENO;
	return 0;
}

int log_open(struct log *log, const char *path, struct sentence *why)
{
	enum log_target target = LOG_TARGET_FILE;
	int fd = -1;
	int r;

	if (!path)
		return open_stderr(log, why);
	r = log_target_open(path, &fd, &target);
	if (r < 0 && r != -ENXIO)
		return refuse(why, path, r);
	log->path = path;
	log->target = target;
	log->fd = fd;
	log->rotation = log_rotation_new();
	return 0;
}

/* The number stays: threads may be writing to it, and forked children know it. Takes fd. */
static int replace(struct log *log, int fd, enum log_target target)
{
	int r = 0;

	log->target = target;
	log->torn = false;
	if (log->fd < 0) {
		log->fd = fd;
		return 0;
	}
	if (dup3(fd, log->fd, O_CLOEXEC) < 0)
		r = -errno;
	close(fd);
	return r;
}

int log_reopen(struct log *log, struct sentence *why)
{
	enum log_target target;
	int fd, r;

	if (!log->path)
		return 0;
	r = log_target_open(log->path, &fd, &target);
	if (r == -ENXIO)
		return 0;
	if (r == 0)
		r = replace(log, fd, target);
	if (r < 0)
		return refuse(why, log->path, r);
	log_rotation_note(log->rotation, log->fd);
	log_rotation_is_new(log->rotation, &log->rotations);
	return 0;
}

int log_adopt(struct log *log, int fd)
{
	enum log_target target;
	int r = log_target_kind(fd, &target);

	log_rotation_is_new(log->rotation, &log->rotations);
	if (r < 0)
		close(fd);
	return r < 0 ? r : replace(log, fd, target);
}

/* In a process that nobody told: a worker. */
static void follow_rotation(struct log *log)
{
	int fd;

	if (!log_rotation_is_new(log->rotation, &log->rotations))
		return;
	fd = log_rotation_open(log->rotation, log->path);
	if (fd >= 0)
		log_adopt(log, fd);
}

/* A FIFO that had no reader may have one now. Of many threads one tries. */
static bool retry_open(struct log *log)
{
	int64_t due = log->retry_ns, now = clock_now_ns();
	enum log_target target;
	int fd;

	if (!log->path || now < due || !atomic_compare_exchange_strong(&log->retry_ns, &due, now + RETRY_NS))
		return false;
	if (log_target_open(log->path, &fd, &target) < 0)
		return false;
	log->target = target;
	log->fd = fd;
	return true;
}

/* One line or several whole ones. block[0] is kept free for the newline that ends a torn line. How much was taken. */
static size_t write_block(struct log *log, char *block, size_t size)
{
	bool torn = log->torn;
	size_t begin = torn ? 0 : 1;
	ssize_t n;

	if (log->fd < 0 && !retry_open(log))
		return 0;
	block[0] = '\n';
	n = log_target_write(log->fd, log->target, block + begin, 1 + size - begin);
	if (n <= 0)
		return 0;
	/* What ends in a newline leaves nothing to repair: all of it, or no more than the newline of the torn one. Not written
	 * to in vain: after a fork that costs a copy of the page (docs/decisions/fork-cost.md). */
	if (torn != (block[begin + (size_t)n - 1] != '\n'))
		log->torn = !torn;
	return (size_t)n - (torn ? 1 : 0);
}

static bool write_line(struct log *log, char *block, size_t size)
{
	return write_block(log, block, size) == size;
}

static void count_lost(struct log *log, int pid, uint64_t lines)
{
	if (lines == 0)
		return;
	log->lost_by = pid;
	log->lost += lines;
	log->lost_ever += lines;
}

static uint64_t count_lines(const char *text, size_t size)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	return lines;
}

void log_batch_flush(struct log *log, struct log_batch *batch)
{
	size_t taken;

	if (batch->used == 0)
		return;
	taken = write_block(log, batch->block, batch->used);
	count_lost(log, batch->pid, count_lines(batch->block + 1 + taken, batch->used - taken));
	batch->used = 0;
}

/* True: it will be written with others. */
static bool put_into_batch(struct log *log, struct log_batch *batch, const char *line, size_t size)
{
	/* A datagram socket takes each write for a line. */
	if (!batch || (log->lost > 0 && !log->is_foreign) || log->target == LOG_TARGET_SOCKET)
		return false;
	if (batch->used + size > LOG_LINE_MAX)
		log_batch_flush(log, batch);
	memcpy(batch->block + 1 + batch->used, line, size);
	batch->used += size;
	return true;
}

static int64_t realtime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

void log_own(struct log *log)
{
	log->lost_ever = 0;
	log->zone_by = getpid();
	log_time_learn_zone(realtime_ns(), &log->zone);
}

/* Every line lost is said once: by the process that lost it, not by the children that inherit its count. */
static void report_lost(struct log *log, char *block, int pid)
{
	struct log_record record = { .level = BROOD_WARN };
	char message[48];
	struct buf text;
	uint64_t lost;
	size_t size;

	if (log->lost_by != pid)
		log->lost = 0;
	lost = atomic_exchange(&log->lost, 0);
	if (lost == 0)
		return;
	buf_init(&text, message, sizeof message);
	buf_putu(&text, lost);
	buf_puts(&text, lost == 1 ? " line lost" : " lines lost");
	record.message = message;
	size = log_encode(log, &record, realtime_ns(), pid, block + 1);
	if (!write_line(log, block, size))
		log->lost += lost;
}

static void write_record(struct log *log, const struct log_record *record, char *block)
{
	size_t size;
	int pid = record->batch ? record->batch->pid : getpid();

	if (log->fd < 0 && log->fn) {
		size = log_encode(log, record, realtime_ns(), pid, block + 1);
		log->fn(log->fn_arg, record->level, block + 1, size);
		return;
	}
	follow_rotation(log);
	if (log->lost > 0) {
		if (record->batch)
			log_batch_flush(log, record->batch);
		report_lost(log, block, pid);
	}
	size = log_encode(log, record, realtime_ns(), pid, block + 1);
	if (put_into_batch(log, record->batch, block + 1, size))
		return;
	/* Still lost lines: the target refused to say so a moment ago. */
	if (log->lost > 0 || !write_line(log, block, size))
		count_lost(log, pid, 1);
}

/* ---- Lines of others ---- */

static void pass_to_function(struct log *log, const char *lines, size_t size)
{
	for (size_t at = 0; at < size;) {
		size_t line = (size_t)((const char *)memchr(lines + at, '\n', size - at) - (lines + at)) + 1;

		log->fn(log->fn_arg, BROOD_INFO, lines + at, line);
		at += line;
	}
}

/* Not on the stack of those who have nothing to report. */
static __attribute__((noinline)) void report_lost_before(struct log *log, struct log_batch *batch, int pid)
{
	char block[LOG_SCRATCH_SIZE];

	if (batch)
		log_batch_flush(log, batch);
	report_lost(log, block, pid);
}

/* A datagram socket takes each write for a line. The byte before each is the newline of the one before. */
static size_t write_lines(struct log *log, char *block, size_t size)
{
	size_t at = 0;

	if (log->target != LOG_TARGET_SOCKET)
		return write_block(log, block, size);
	while (at < size) {
		size_t line = (size_t)((char *)memchr(block + 1 + at, '\n', size - at) - (block + at));

		if (!write_line(log, block + at, line))
			break;
		at += line;
	}
	return at;
}

void log_pass(struct log *log, struct log_batch *batch, char *block, size_t size)
{
	int pid = batch ? batch->pid : getpid();
	size_t taken = 0;

	if (log->fd < 0 && log->fn) {
		pass_to_function(log, block + 1, size);
		return;
	}
	if (log->fd < 0 && !log->path)
		return;
	follow_rotation(log);
	if (log->lost > 0 && !log->is_foreign)
		report_lost_before(log, batch, pid);
	if (put_into_batch(log, batch, block + 1, size))
		return;
	if (log->lost == 0 || log->is_foreign)
		taken = write_lines(log, block, size);
	count_lost(log, pid, count_lines(block + 1 + taken, size - taken));
}

uint64_t log_take_lost(struct log *log)
{
	return atomic_exchange(&log->lost, 0);
}

/* A function of its own, so that those who bring their scratch do not pay for pages of stack: see LOG_SCRATCH_SIZE. */
static __attribute__((noinline)) void write_on_stack(struct log *log, const struct log_record *record)
{
	char block[LOG_SCRATCH_SIZE];

	write_record(log, record, block);
}

void log_write(struct log *log, const struct log_record *record)
{
	if (record->level > log->max || (log->fd < 0 && !log->fn && !log->path))
		return;
	if (record->scratch)
		write_record(log, record, record->scratch);
	else
		write_on_stack(log, record);
}
