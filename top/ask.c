/* SPDX-License-Identifier: MIT */
/* Decides how long a brood may take to answer, and how much it may say. */
#include "top/ask.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"

#define EXIT_FAILED 1
#define PATIENCE_MS 2000
#define ANSWER_MAX  (64 * 1024 * 1024) /* some hundred thousand workers */
#define PART        65536

static int dial(const char *path, int *ret_fd, struct sentence *why)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, error;

	if (strlen(path) >= sizeof address.sun_path)
		return sentence_set(why, EX_USAGE, "--control: a socket's path has at most %zu bytes",
			sizeof address.sun_path - 1);
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return sentence_set(why, EXIT_FAILED, "no socket: %s", strerror(errno));
	if (connect(fd, (const void *)&address, sizeof address) == 0) {
		*ret_fd = fd;
		return 0;
	}
	error = errno;
	close(fd);
	if (error == ENOENT || error == ECONNREFUSED || error == ENOTDIR)
		return sentence_set(why, EX_UNAVAILABLE,
			"nobody listens at %s; is brood running, and with this --control?", path);
	if (error == EACCES)
		return sentence_set(why, EXIT_FAILED, "%s is for root and for the user who started that brood", path);
	return sentence_set(why, EXIT_FAILED, "cannot connect to %s: %s", path, strerror(error));
}

/* 1: something came; 0: the end; -errno. */
static int read_more(int fd, char **answer, size_t *size, size_t *capacity, int64_t until_ns)
{
	struct pollfd source = { .fd = fd, .events = POLLIN };
	char *more;
	int ready;
	ssize_t n;

	if (*capacity - *size < PART) {
		if (*capacity >= ANSWER_MAX)
			return -EFBIG;
		*capacity = *capacity > 0 ? *capacity * 2 : 2 * PART;
		more = realloc(*answer, *capacity + 1);
		if (!more)
			return -ENOMEM;
		*answer = more;
	}
	ready = poll(&source, 1, clock_ms_until(until_ns, clock_now_ns()));
	if (ready == 0)
		return -ETIMEDOUT;
	if (ready < 0)
		return errno == EINTR ? 1 : -errno;
	n = recv(fd, *answer + *size, *capacity - *size, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 1 : -errno;
	*size += (size_t)n;
	return n > 0;
}

static int read_answer(int fd, char **ret_answer, size_t *ret_size)
{
	int64_t until_ns = clock_now_ns() + PATIENCE_MS * NS_PER_MS;
	size_t size = 0, capacity = 0;
	char *answer = NULL;
	int r;

	do
		r = read_more(fd, &answer, &size, &capacity, until_ns);
	while (r > 0);
	if (r < 0) {
		free(answer);
		return r;
	}
	answer[size] = '\0';
	*ret_answer = answer;
	*ret_size = size;
	return 0;
}

/* "ok", and what was asked for; or "failed: why not". */
static int judge(char *answer, size_t size, struct sentence *why)
{
	static const char ok[] = "ok\n", failed[] = "failed: ";

	if (strncmp(answer, ok, strlen(ok)) == 0) {
		memmove(answer, answer + strlen(ok), size - strlen(ok) + 1);
		return 0;
	}
	answer[strcspn(answer, "\n")] = '\0';
	if (strncmp(answer, failed, strlen(failed)) == 0)
		return sentence_set(why, EXIT_FAILED, "%.400s", answer + strlen(failed));
	return sentence_set(why, EXIT_FAILED, "what listens there is no brood");
}

int ask(const char *path, const char *question, char **ret_answer, struct sentence *why)
{
	char line[128], *answer;
	size_t size;
	int fd = -1, r, status = dial(path, &fd, why);

	if (status != 0)
		return status;
	snprintf(line, sizeof line, "%s\n", question);
	/* Should it hang up at once, it has said why. */
	send(fd, line, strlen(line), MSG_NOSIGNAL);
	r = read_answer(fd, &answer, &size);
	close(fd);
	if (r < 0)
		return sentence_set(why, EXIT_FAILED, "brood does not answer: %s", strerror(-r));
	status = judge(answer, size, why);
	if (status == 0)
		*ret_answer = answer;
	else
		free(answer);
	return status;
}
