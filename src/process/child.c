/* SPDX-License-Identifier: MIT */
#include "process/child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "platform/clone.h"
#include "platform/direct.h"

/* fork(2) leaves handlers in place, and a handler of the parent's must not run in the child on the parent's
 * behalf. All signals are blocked around the fork, so that none is handled in between. */
static void reset_handlers(void)
{
	struct sigaction action;

	for (int sig = 1; sig < NSIG; sig++) {
		if (sigaction(sig, NULL, &action) < 0 || action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN)
			continue;
		action = (struct sigaction){ .sa_handler = SIG_DFL };
		sigaction(sig, &action, NULL);
	}
}

static int spawn_by_fork(struct child *ret_child)
{
	sigset_t all, before;
	int pidfd;
	pid_t pid;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		reset_handlers();
	else if (pid < 0)
		pid = -errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid <= 0)
		return pid;

	pidfd = clone_pidfd_open(pid);
	if (pidfd < 0) {
		/* Not to be held by descriptor: it must not live on unwatched. It has done nothing yet that counts. */
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return pidfd;
	}
	*ret_child = (struct child){ .pid = pid, .pidfd = pidfd };
	return 1;
}

int child_spawn(bool plain, struct child *ret_child)
{
	int pidfd;
	pid_t pid;

	if (plain || !clone_single_threaded())
		return spawn_by_fork(ret_child);
	pid = clone_process(&pidfd);
	/* Denied by a seccomp filter (EPERM, ENOSYS), or an old kernel that does not know the flags (EINVAL). */
	if (pid == -ENOSYS || pid == -EPERM || pid == -EINVAL)
		return spawn_by_fork(ret_child);
	if (pid <= 0)
		return pid;
	*ret_child = (struct child){ .pid = pid, .pidfd = pidfd };
	return 1;
}

int child_reap(const struct child *child, struct child_exit *ret_exit)
{
	struct child_exit ended = { .code = 0 };
	siginfo_t info;
	int r = clone_pidfd_wait(child->pidfd, &info, &ended.usage);

	if (r == 0)
		return -EAGAIN;
	/* ECHILD: an embedding program ignores SIGCHLD or waited for it first. It is over all the same. */
	if (r > 0) {
		ended.code = info.si_code;
		ended.status = info.si_status;
	}
	*ret_exit = ended;
	return 0;
}

int child_signal(const struct child *child, int sig)
{
	return clone_pidfd_signal(child->pidfd, sig);
}

void child_close(struct child *child)
{
	if (child->pidfd >= 0)
		close(child->pidfd);
	child->pidfd = -1;
}

int child_die_with_parent(pid_t parent, int sig)
{
	int r = direct_set_death_signal(sig);

	if (r < 0)
		return r;
	return direct_getppid() == parent ? 0 : -ECHILD;
}

/* Not by snprintf: this is called once per connection, and printf's frames reach into a further page of stack. */
const char *child_exit_text(const struct child_exit *ended, char *text, size_t size)
{
	struct buf buf;
	const char *name;

	buf_init(&buf, text, size);
	switch (ended->code) {
	case CLD_EXITED:
		buf_puts(&buf, "exit ");
		buf_puti(&buf, ended->status);
		break;
	case CLD_KILLED:
	case CLD_DUMPED:
		name = sigabbrev_np(ended->status);
		buf_puts(&buf, "signal ");
		buf_puti(&buf, ended->status);
		buf_puts(&buf, " (");
		buf_puts(&buf, name ? name : "?");
		buf_putc(&buf, ')');
		break;
	default:
		buf_puts(&buf, "unknown");
		break;
	}
	return text;
}
