/* SPDX-License-Identifier: MIT */
/*
 * Decides who asks for names, and how long the answer is waited for. Asking loads whatever nsswitch.conf(5) lists, and
 * each library in a process makes all of its later forks dearer (measured: libnss_systemd alone by 35 us). So a child
 * asks, tells the answer through a pipe, and takes the libraries along when it ends, or is killed.
 */
#include "process/account.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/child.h"

/* One more than kept: the first one is the group itself. */
#define GROUPS_ASKED_MAX (ACCOUNT_GROUPS_MAX + 1)

struct answer {
	int error;
	struct sentence why;
	struct account account;
};

/* False if text is no number. The last id means "leave as is" to the kernel. */
static bool parse_id(const char *text, unsigned int *ret_id)
{
	unsigned long id;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	id = strtoul(text, &end, 10);
	if (*end != '\0' || errno != 0 || id >= UINT32_MAX)
		return false;
	*ret_id = (unsigned int)id;
	return true;
}

static int find_group(const char *group, gid_t *ret_gid, struct sentence *why)
{
	const struct group *entry;

	if (parse_id(group, ret_gid))
		return 0;
	errno = 0;
	entry = getgrnam(group);
	if (!entry && errno != 0 && errno != ENOENT)
		return sentence_set(why, -errno, "cannot look up the group %.80s: %s", group, strerror(errno));
	if (!entry)
		return sentence_set(why, -ENOENT, "there is no group %.80s", group);
	*ret_gid = entry->gr_gid;
	return 0;
}

static int find_groups(const char *name, struct account *account, struct sentence *why)
{
	gid_t groups[GROUPS_ASKED_MAX];
	int count = GROUPS_ASKED_MAX;

	if (getgrouplist(name, account->gid, groups, &count) < 0)
		return sentence_set(why, -E2BIG, "the user %.80s is in more than %d groups: choose another", name,
			ACCOUNT_GROUPS_MAX);
	for (int i = 0; i < count; i++)
		if (groups[i] != account->gid)
			account->groups[account->group_count++] = groups[i];
	return 0;
}

static int find(const char *user, const char *group, struct account *account, struct sentence *why)
{
	bool number = parse_id(user, &account->uid);
	const struct passwd *entry;
	int r;

	errno = 0;
	entry = number ? getpwuid(account->uid) : getpwnam(user);
	if (!entry && !number && errno != 0 && errno != ENOENT)
		return sentence_set(why, -errno, "cannot look up the user %.80s: %s", user, strerror(errno));
	if (!entry && !number)
		return sentence_set(why, -ENOENT, "there is no user %.80s", user);
	if (!entry && !group)
		return sentence_set(why, -ENOENT,
			"the user %.80s is not in the database: say which group, too, as in --group %.80s", user,
			user);
	if (entry) {
		account->uid = entry->pw_uid;
		account->gid = entry->pw_gid;
	}
	if (group) {
		r = find_group(group, &account->gid, why);
		if (r < 0)
			return r;
	}
	return entry ? find_groups(entry->pw_name, account, why) : 0;
}

static _Noreturn void answer(int fd, const char *user, const char *group)
{
	struct answer answer = { 0 };
	ssize_t n;

	answer.error = find(user, group, &answer.account, &answer.why);
	n = write(fd, &answer, sizeof answer); /* less than a pipe holds: whole or not at all */
	_exit(n == sizeof answer ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void reap(struct child *child)
{
	struct pollfd over = { .fd = child->pidfd, .events = POLLIN };
	struct child_exit ended;

	while (child_reap(child, &ended) == -EAGAIN)
		poll(&over, 1, -1);
	child_close(child);
}

/* False when it is too late. What the child writes comes whole, and its end is heard, too. */
static bool wait_for_answer(int fd)
{
	struct pollfd answered = { .fd = fd, .events = POLLIN };
	int64_t until_ns = clock_now_ns() + ACCOUNT_PATIENCE_MS * NS_PER_MS;
	int n;

	do
		n = poll(&answered, 1, clock_ms_until(until_ns, clock_now_ns()));
	while (n < 0 && errno == EINTR);
	return n != 0;
}

static int read_answer(int fd, struct answer *ret_answer)
{
	ssize_t n;

	if (!wait_for_answer(fd))
		return -ETIMEDOUT;
	do
		n = read(fd, ret_answer, sizeof *ret_answer);
	while (n < 0 && errno == EINTR);
	return n == sizeof *ret_answer ? 0 : -EIO;
}

static int start_asking(const char *user, const char *group, struct child *ret_child, int *ret_fd)
{
	pid_t self = getpid();
	int ends[2];
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	r = child_spawn(false, ret_child);
	if (r == 0 && child_die_with_parent(self, SIGKILL) == 0)
		answer(ends[1], user, group);
	if (r == 0)
		_exit(EXIT_FAILURE);
	close(ends[1]);
	if (r < 0)
		close(ends[0]);
	else
		*ret_fd = ends[0];
	return r < 0 ? r : 0;
}

int account_find(const char *user, const char *group, struct account *ret_account, struct sentence *why)
{
	struct answer answered;
	struct child child;
	int fd = -1;
	int r = start_asking(user, group, &child, &fd);

	if (r < 0)
		return sentence_set(why, r, "cannot look up the user %.80s: %s", user, strerror(-r));
	r = read_answer(fd, &answered);
	close(fd);
	if (r < 0)
		child_signal(&child, SIGKILL);
	reap(&child);
	if (r == -ETIMEDOUT)
		return sentence_set(why, r,
			"cannot look up the user %.80s: the user database did not answer within %d s", user,
			ACCOUNT_PATIENCE_MS / 1000);
	if (r < 0)
		return sentence_set(why, r, "cannot look up the user %.80s: the child that asked died", user);
	if (answered.error < 0)
		return sentence_set(why, answered.error, "%s", answered.why.text);
	*ret_account = answered.account;
	return 0;
}
