/* SPDX-License-Identifier: MIT */
/*
 * fd://N and fd://NAME. The socket itself tells what it is: family, type, and by SO_ACCEPTCONN whether it listens
 * or is a connection already. Names are those of the LISTEN_FDS convention: descriptors from 3 on, named in
 * LISTEN_FDNAMES, meant for the process LISTEN_PID. Invariant: nothing about the socket that others share is
 * changed, but for what UDP packets are reported with.
 */
#include "transport/open_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/conn.h"
#include "transport/open_inet.h"

#define LISTEN_FIRST   3
#define LISTEN_MAX     4096
#define NAMES_TOLD_MAX 160

#define PID_VARIABLE   "LISTEN_PID"
#define COUNT_VARIABLE "LISTEN_FDS"
#define NAMES_VARIABLE "LISTEN_FDNAMES"

/* -1 if text is no number from 0 to INT_MAX. */
static int parse_number(const char *text)
{
	char *end;
	long number;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	number = strtol(text, &end, 10);
	return *end != '\0' || errno != 0 || number > INT32_MAX ? -1 : (int)number;
}

static int option(int fd, int name)
{
	int value = 0;
	socklen_t size = sizeof value;

	return getsockopt(fd, SOL_SOCKET, name, &value, &size) < 0 ? -errno : value;
}

static int find_family(int domain, int type, enum listener_family *ret_family)
{
	static const struct {
		int domain, type;
		enum listener_family family;
	} kinds[] = {
		{ AF_INET, SOCK_STREAM, LISTENER_TCP },
		{ AF_INET6, SOCK_STREAM, LISTENER_TCP },
		{ AF_INET, SOCK_DGRAM, LISTENER_UDP },
		{ AF_INET6, SOCK_DGRAM, LISTENER_UDP },
		{ AF_UNIX, SOCK_STREAM, LISTENER_UNIX },
		{ AF_UNIX, SOCK_DGRAM, LISTENER_UNIXGRAM },
		{ AF_VSOCK, SOCK_STREAM, LISTENER_VSOCK },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (kinds[i].domain == domain && kinds[i].type == type) {
			*ret_family = kinds[i].family;
			return 0;
		}
	}
	return -EOPNOTSUPP;
}

/* A stream that neither listens nor is connected would only ever fail. */
static int find_connected(struct open_job *job, int fd, int type, bool *ret_connected)
{
	union conn_address peer;
	socklen_t size = sizeof peer;

	*ret_connected = false;
	if (type != SOCK_STREAM || option(fd, SO_ACCEPTCONN) > 0)
		return 0;
	if (getpeername(fd, &peer.any, &size) < 0)
		return open_job_refuse(job, -EINVAL, "descriptor %d neither listens nor is connected", fd);
	*ret_connected = true;
	return 0;
}

static int open_number(struct open_job *job, int fd)
{
	int type = option(fd, SO_TYPE), domain = option(fd, SO_DOMAIN);
	enum listener_family family;
	struct listener *listener;
	bool connected;
	int r;

	if (type == -EBADF)
		return open_job_refuse(job, -EBADF, "descriptor %d is not open", fd);
	if (type < 0)
		return open_job_refuse(job, -ENOTSOCK, "descriptor %d is not a socket", fd);
	if (find_family(domain, type, &family) < 0)
		return open_job_refuse(job, -EOPNOTSUPP, "descriptor %d is a socket of a kind not known here", fd);
	r = find_connected(job, fd, type, &connected);
	if (r < 0)
		return r;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return open_job_failed(job, -errno);
	listener = open_job_add(job, fd, family, &r);
	if (!listener)
		return r;
	listener->shared = true;
	listener->connected = connected;
	if (family == LISTENER_UDP)
		open_inet_report(fd, (sa_family_t)domain, NULL);
	return 0;
}

/* How many were handed over to this process; 0 if the variables are missing or meant for another one. */
static int handed_over(void)
{
	const char *pid = getenv(PID_VARIABLE), *count = getenv(COUNT_VARIABLE);
	int number = count ? parse_number(count) : 0;

	if (!pid || parse_number(pid) != getpid() || number < 0)
		return 0;
	return number < LISTEN_MAX ? number : LISTEN_MAX;
}

static int refuse_all_names(struct open_job *job)
{
	const char *pid = getenv(PID_VARIABLE);

	if (pid && parse_number(pid) != getpid())
		return open_job_refuse(
			job, -ENOENT, "the descriptors of " PID_VARIABLE " are for process %.20s", pid);
	return open_job_refuse(job, -ENOENT,
		"no named descriptors were handed over (" PID_VARIABLE ", " COUNT_VARIABLE ", " NAMES_VARIABLE ")");
}

static int refuse_name(struct open_job *job, const char *names)
{
	char told[NAMES_TOLD_MAX];

	snprintf(told, sizeof told, "%s", names);
	for (char *colon = told; (colon = strchr(colon, ':'));)
		*colon = ' ';
	return open_job_refuse(job, -ENOENT, "no descriptor that was handed over has this name; there are: %s", told);
}

/* A copy listens: when it is closed, its number is soon another's, and the name must not lead there when it is asked for
 * again. Of a connected one there must be no second: its client would never see the end. */
static int open_handed_over(struct open_job *job, int fd)
{
	int r = open_number(job, fd);
	int copy;

	if (r < 0 || job->listeners[job->count - 1].connected)
		return r;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, LISTEN_FIRST);
	if (copy < 0) {
		job->count--;
		return open_job_failed(job, -errno);
	}
	job->listeners[job->count - 1].fd = copy;
	return 0;
}

static void close_copies(struct open_job *job)
{
	for (; job->count > 0; job->count--)
		if (!job->listeners[job->count - 1].connected)
			close(job->listeners[job->count - 1].fd);
}

/* Every descriptor of that name: one name may stand for several sockets. */
static int open_name(struct open_job *job)
{
	const char *all = getenv(NAMES_VARIABLE), *names = all;
	size_t wanted = strlen(job->url.host);
	int count = handed_over();

	if (count == 0 || !all)
		return refuse_all_names(job);
	for (int i = 0; i < count && job->count < job->max; i++) {
		size_t size = strcspn(names, ":");
		int r = 0;

		if (size == wanted && memcmp(names, job->url.host, size) == 0)
			r = open_handed_over(job, LISTEN_FIRST + i);
		if (r < 0) {
			close_copies(job);
			return r;
		}
		if (names[size] == '\0')
			break;
		names += size + 1;
	}
	return job->count == 0 ? refuse_name(job, all) : 0;
}

int open_fd(struct open_job *job)
{
	int fd = parse_number(job->url.host);
	int r = fd >= 0 ? open_number(job, fd) : open_name(job);

	/* What was not ours before is not ours to close when this fails. */
	if (r < 0)
		job->count = 0;
	return r;
}

/* 0: it is not open. */
static uint64_t inode_of(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

void open_fd_hold(struct open_fd_held *ret_held)
{
	int count = 0, told = handed_over();

	while (count < told && fcntl(LISTEN_FIRST + count, F_SETFD, FD_CLOEXEC) == 0)
		count++;
	*ret_held = (struct open_fd_held){ NULL, 0 };
	for (int i = 0; i < count && open_fd_hold_again(ret_held, LISTEN_FIRST + i) == 0; i++)
		continue;
}

int open_fd_hold_again(struct open_fd_held *held, int fd)
{
	int count = handed_over();

	if (fd < LISTEN_FIRST || fd >= LISTEN_FIRST + count)
		return -EINVAL;
	if (!held->inodes) {
		held->inodes = calloc((size_t)count, sizeof *held->inodes);
		if (!held->inodes)
			return -ENOMEM;
		held->count = (size_t)count;
	}
	held->inodes[fd - LISTEN_FIRST] = inode_of(fd);
	return 0;
}

int open_fd_next(const struct open_fd_held *held, int fd)
{
	for (size_t i = fd < LISTEN_FIRST ? 0 : (size_t)(fd - LISTEN_FIRST) + 1; i < held->count; i++)
		if (held->inodes[i] != 0 && inode_of(LISTEN_FIRST + (int)i) == held->inodes[i])
			return LISTEN_FIRST + (int)i;
	return -1;
}

void open_fd_let_go(struct open_fd_held *held)
{
	free(held->inodes);
	*held = (struct open_fd_held){ NULL, 0 };
}

void open_fd_forget(void)
{
	unsetenv(PID_VARIABLE);
	unsetenv(COUNT_VARIABLE);
	unsetenv(NAMES_VARIABLE);
}
