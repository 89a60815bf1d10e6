/* SPDX-License-Identifier: MIT */
#include "load/crew.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "load/drive.h"

static size_t shared_size(const struct crew *crew)
{
	return (size_t)crew->plan->processes * sizeof *crew->outcomes;
}

__attribute__((noreturn)) static void be_child(struct crew *crew, int process, pid_t parent)
{
	/* Who died between fork and prctl is told of by nobody. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(EX_OSERR);
	drive_run(crew->plan, process, crew->start_ns, crew->stop, &crew->outcomes[process]);
	_exit(0);
}

static int start_child(struct crew *crew, int process)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		be_child(crew, process, parent);
	crew->pids[process] = pid;
	crew->started++;
	crew->alive++;
	return 0;
}

static int open_shared(struct crew *crew)
{
	void *outcomes;

	crew->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (crew->stop < 0)
		return -errno;
	outcomes = mmap(NULL, shared_size(crew), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (outcomes == MAP_FAILED)
		return -errno;
	crew->outcomes = outcomes;
	return 0;
}

int crew_start(struct crew *crew, const struct plan *plan, struct sentence *why)
{
	int r;

	*crew = (struct crew){ .plan = plan };
	r = open_shared(crew);
	crew->start_ns = clock_now_ns();
	for (int i = 0; i < plan->processes && r == 0; i++)
		r = start_child(crew, i);
	if (r == 0)
		return 0;
	crew_fini(crew);
	return sentence_set(why, EX_OSERR, "cannot start the processes of the load: %s", strerror(-r));
}

void crew_stop(struct crew *crew)
{
	eventfd_write(crew->stop, 1);
}

static void reap(struct crew *crew, int process, int options)
{
	int status = 0;

	if (crew->pids[process] == 0 || waitpid(crew->pids[process], &status, options) != crew->pids[process])
		return;
	crew->pids[process] = 0;
	crew->alive--;
	if (!WIFEXITED(status) && !crew->outcomes[process].trouble.text[0])
		sentence_set(&crew->outcomes[process].trouble, 0, "a process of the load was ended by signal %d",
			WTERMSIG(status));
}

void crew_reap(struct crew *crew)
{
	for (int i = 0; i < crew->started; i++)
		reap(crew, i, WNOHANG);
}

void crew_sum(const struct crew *crew, struct outcome *ret_sum)
{
	memset(ret_sum, 0, sizeof *ret_sum);
	for (int i = 0; i < crew->started; i++)
		outcome_merge(ret_sum, &crew->outcomes[i]);
}

static void kill_all(struct crew *crew)
{
	for (int i = 0; i < crew->started; i++) {
		if (crew->pids[i] == 0)
			continue;
		kill(crew->pids[i], SIGKILL);
		reap(crew, i, 0);
	}
}

void crew_fini(struct crew *crew)
{
	if (crew->outcomes) {
		kill_all(crew);
		munmap(crew->outcomes, shared_size(crew));
	}
	if (crew->stop >= 0)
		close(crew->stop);
	*crew = (struct crew){ .stop = -1 };
}
