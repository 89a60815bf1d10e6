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
	return 0;
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
	if (r < 0)
		return refuse(why, log->path, r);
	log->target = target;
	log->torn = false;
	if (log->fd < 0) {
		log->fd = fd;
		return 0;
	}
	/* The number stays: threads may be writing to it, and forked children know it. */
	r = dup3(fd, log->fd, O_CLOEXEC) < 0 ? -errno : 0;
	close(fd);
	return r < 0 ? refuse(why, log->path, r) : 0;
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

/* block[0] is kept free for the newline that ends a torn line. */
static bool write_line(struct log *log, char *block, size_t size)
{
	bool torn = log->torn;
	size_t begin = torn ? 0 : 1;
	ssize_t n;

	if (log->fd < 0 && !retry_open(log))
		return false;
	block[0] = '\n';
	n = log_target_write(log->fd, log->target, block + begin, 1 + size - begin);
	if (n == (ssize_t)(1 + size - begin)) {
		if (torn)
			log->torn = false;
		return true;
	}
	/* Of a torn line that got its newline and no more, nothing is left to repair. */
	if (n > 0)
		log->torn = !(torn && n == 1);
	return false;
}

static int64_t realtime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

void log_own(struct log *log)
{
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
	int pid = getpid();

	if (log->fd < 0 && log->fn) {
		size = log_encode(log, record, realtime_ns(), pid, block + 1);
		log->fn(log->fn_arg, record->level, block + 1, size);
		return;
	}
	if (log->lost > 0)
		report_lost(log, block, pid);
	size = log_encode(log, record, realtime_ns(), pid, block + 1);
	/* Still lost lines: the target refused to say so a moment ago. */
	if (log->lost > 0 || !write_line(log, block, size)) {
		log->lost_by = pid;
		log->lost++;
	}
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
