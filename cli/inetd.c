/* SPDX-License-Identifier: MIT */
/*
 * Decides what becomes of the standard descriptors. inetd gives the client's socket as all three of them, systemd often
 * as 0 and 1: a log line or a handler's printf must not end up in the conversation. A connected socket is one client,
 * served once; a listening one is a listener like any other.
 */
#include "cli/inetd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static int refuse(const char *reason, struct sentence *why)
{
	return sentence_set(why, EX_USAGE, "--inetd %s", reason);
}

static bool is_socket(int fd, struct stat *ret_status)
{
	return fstat(fd, ret_status) == 0 && S_ISSOCK(ret_status->st_mode);
}

static bool is_same(int fd, const struct stat *socket)
{
	struct stat status;

	return fstat(fd, &status) == 0 && status.st_dev == socket->st_dev && status.st_ino == socket->st_ino;
}

static int move_away(const struct stat *socket, int *ret_fd)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0 || nothing < 0)
		return -errno;
	for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; standard++)
		if (is_same(standard, socket) && dup2(nothing, standard) < 0)
			return -errno;
	close(nothing);
	*ret_fd = fd;
	return 0;
}

int inetd_take(struct args *args, struct sentence *why)
{
	struct stat socket;
	int r;

	if (!is_socket(STDIN_FILENO, &socket))
		return refuse("needs a socket as standard input, as inetd and systemd give one", why);
	r = move_away(&socket, &args->inetd_fd);
	if (r < 0)
		return sentence_set(why, EX_OSERR, "--inetd: cannot take the socket: %s", strerror(-r));
	return 0;
}

int inetd_settle(struct args *args, struct keep *keep, struct sentence *why)
{
	const struct option *listen = options_find("listen");
	struct arg *arg, **end = &args->given;

	if (args->config)
		return refuse("cannot stand beside --config: name the one HANDLER that the socket is for", why);
	if (!args->handler && !args_gives(args, options_find("route")))
		return refuse("needs the HANDLER that the socket is for, as in: brood serve --inetd echo", why);
	if (args_gives(args, listen))
		return refuse("cannot stand beside --listen: leave one of them out", why);
	while (*end)
		end = &(*end)->next;
	arg = keep_alloc(keep, sizeof *arg);
	*arg = (struct arg){ .option = listen, .text = keep_printf(keep, "fd://%d", args->inetd_fd) };
	*end = arg;
	return 0;
}
