/* SPDX-License-Identifier: MIT */
/*
 * The contract suite: models × transports × cases. Every cell runs in a process (and process group) of its own,
 * several at a time, since most of them wait for a deadline. A model is one row; a case is one row.
 *
 *	contract MODEL [PART-OF-A-CELL'S-NAME]		run (MODEL `all`: every one of them)
 *
 * Promises are measured in milliseconds, and machines are shared: what failed in the crowd is tried once more, alone. What then
 * passes stays named as failed above, so that it is not forgotten.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cell.h"

#define AT_ONCE      6
#define CELL_SECONDS 60 /* the last resort; every wait inside of a cell has its own end */
#define OUTPUT_SIZE  65536
#define AGAIN_MAX    10 /* cells that are tried again: more of them are no accident */
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct model_row models[] = {
	{
		.name = "fork",
		.model = BROOD_FORK,
		.bound = offsetof(struct brood_service, workers),
		.isolated = true,
		.processes = true,
		.expires = true,
		.forks = true,
		.refusal = "refused-no-process",
		.overtime = "worker-killed",
	},
	{
		.name = "prefork",
		.model = BROOD_PREFORK,
		.bound = offsetof(struct brood_service, workers),
		.isolated = true,
		.processes = true,
		.ahead = true,
		.expires = true,
		.forks = true,
		.overtime = "worker-killed",
	},
	{
		.name = "oneshot",
		.model = BROOD_PREFORK,
		.fresh = BROOD_ONESHOT,
		.bound = offsetof(struct brood_service, workers),
		.isolated = true,
		.processes = true,
		.ahead = true,
		.expires = true,
		.forks = true,
		.overtime = "worker-killed",
	},
	{
		.name = "kept", /* the same, each made by a keeper */
		.model = BROOD_PREFORK,
		.fresh = BROOD_ONESHOT,
		.last_words = "last words",
		.bound = offsetof(struct brood_service, workers),
		.isolated = true,
		.processes = true,
		.ahead = true,
		.expires = true,
		.forks = true,
		.overtime = "worker-killed",
	},
	{
		.name = "event",
		.model = BROOD_EVENT,
		.bound = offsetof(struct brood_service, max_conns),
		.processes = true,
		.many = true,
		.ahead = true,
		.expires = true,
		.overtime = "worker-killed",
	},
	{
		.name = "iterative",
		.model = BROOD_ITERATIVE,
		.forks = true,
	},
	{
		.name = "thread",
		.model = BROOD_THREAD,
		.bound = offsetof(struct brood_service, threads),
		.expires = true,
		.refusal = "refused-no-thread",
		.overtime = "written-off",
	},
};

static const struct transport_row transports[] = {
	{ "tcp4", "tcp://127.0.0.1:0", AF_INET, false },
	{ "tcp6", "tcp://[::1]:0", AF_INET6, false },
	{ "unix", "unix:", AF_UNIX, false },
	{ "udp", "udp://127.0.0.1:0", AF_INET, true },
	{ "unixgram", "unixgram:", AF_UNIX, true },
};

static const struct contract_case *const tables[] = {
	cases_bytes,
	cases_ending,
	cases_again,
	cases_moment,
	cases_deadline,
	cases_aside,
	cases_offload,
	cases_peer,
	cases_datagram,
	cases_bound,
	cases_fault,
	cases_dead,
	cases_fork,
	cases_standing,
	cases_pool,
	cases_limits,
	cases_drain,
	cases_embedding,
};

struct job {
	struct cell cell;
	const struct contract_case *row;
	pid_t pid; /* 0: free */
	FILE *output;
	long long started_ms;
};

static struct job jobs[AT_ONCE];
static struct job again[AGAIN_MAX]; /* the first that failed in the crowd */
static int started, passed, failed;

static void name_of(const struct job *job, char name[256])
{
	snprintf(name, 256, "%s/%s/%s", job->cell.model->name, job->cell.transport->name, job->row->name);
}

static _Noreturn void run_cell(struct job *job)
{
	setpgid(0, 0);
	dup2(fileno(job->output), STDOUT_FILENO);
	dup2(fileno(job->output), STDERR_FILENO);
	alarm(CELL_SECONDS);
	cell_begin(&job->cell);
	job->row->run(&job->cell);
	cell_end(&job->cell);
	fflush(stdout);
	_exit(EXIT_SUCCESS);
}

static void start_job(struct job *job, const struct cell *cell, const struct contract_case *row)
{
	*job = (struct job){ .cell = *cell, .row = row, .output = tmpfile(), .started_ms = cell_now_ms() };
	snprintf(job->cell.directory, sizeof job->cell.directory, "/tmp/brood-contract-XXXXXX");
	if (!job->output || !mkdtemp(job->cell.directory)) {
		perror("cannot make a file of its own for a cell");
		exit(EXIT_FAILURE);
	}
	fflush(stdout);
	job->pid = fork();
	if (job->pid == 0)
		run_cell(job);
	started++;
	if (job->pid < 0) {
		perror("fork");
		exit(EXIT_FAILURE);
	}
}

static void copy_output(FILE *output)
{
	char text[OUTPUT_SIZE];
	size_t n;

	rewind(output);
	while ((n = fread(text, 1, sizeof text, output)) > 0)
		fwrite(text, 1, n, stdout);
}

static void finish_job(struct job *job, int status)
{
	bool ok = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
	char name[256];

	name_of(job, name);
	/* Whatever a failed cell left running ends with it: the group is the cell's own. */
	kill(-job->pid, SIGKILL);
	cell_clean(&job->cell);
	rmdir(job->cell.directory);
	printf("%s %s (%lld ms)\n", ok ? "ok" : "FAILED", name, cell_now_ms() - job->started_ms);
	if (!ok) {
		copy_output(job->output);
		printf("    wait status 0x%x\n", status);
	}
	fflush(stdout);
	fclose(job->output);
	job->pid = 0;
	if (!ok && failed < AGAIN_MAX)
		again[failed] = *job;
	*(ok ? &passed : &failed) += 1;
}

/* One that is free; waits for one to end if all are at work. NULL if drain and none is. */
static struct job *wait_job(bool drain)
{
	int status, working = 0;
	pid_t pid;

	for (size_t i = 0; i < COUNT(jobs); i++) {
		if (jobs[i].pid == 0 && !drain)
			return &jobs[i];
		working += jobs[i].pid != 0;
	}
	if (working == 0)
		return NULL;
	pid = wait(&status);
	for (size_t i = 0; i < COUNT(jobs); i++) {
		if (pid > 0 && jobs[i].pid == pid) {
			finish_job(&jobs[i], status);
			return &jobs[i];
		}
	}
	return wait_job(drain);
}

static void run_row(const struct cell *cell, const struct contract_case *row, const char *part)
{
	struct job job = { .cell = *cell, .row = row };
	char name[256];

	name_of(&job, name);
	if (!(row->kinds & (cell->transport->datagram ? KIND_DATAGRAMS : KIND_STREAMS)) || !strstr(name, part))
		return;
	if (!row->where || row->where(cell))
		start_job(wait_job(false), cell, row);
}

static void run_model(const struct model_row *model, const char *part)
{
	for (size_t table = 0; table < COUNT(tables); table++)
		for (const struct contract_case *row = tables[table]; row->name; row++)
			for (size_t i = 0; i < COUNT(transports); i++)
				run_row(&(struct cell){ .model = model, .transport = &transports[i] }, row, part);
}

/* A cell that was alone has had its chance. */
static void try_again(void)
{
	int count = failed;

	if (count == 0 || count > AGAIN_MAX || started == 1)
		return;
	printf("%d failed and are tried again, one after the other\n", count);
	failed = 0;
	for (int i = 0; i < count; i++) {
		struct cell cell = { .model = again[i].cell.model, .transport = again[i].cell.transport };

		start_job(&jobs[0], &cell, again[i].row);
		wait_job(true);
	}
}

int main(int argc, char **argv)
{
	const char *wanted = argc > 1 ? argv[1] : "all";
	bool known = strcmp(wanted, "all") == 0;

	for (size_t i = 0; i < COUNT(models); i++) {
		if (strcmp(wanted, "all") != 0 && strcmp(wanted, models[i].name) != 0)
			continue;
		known = true;
		run_model(&models[i], argc > 2 ? argv[2] : "");
	}
	if (!known) {
		fprintf(stderr, "contract: there is no model %s\n", wanted);
		return EXIT_FAILURE;
	}
	while (wait_job(true))
		continue;
	try_again();
	/* Summed up in the words of cmocka, for those who count. */
	printf("[  PASSED  ] %d test(s).\n", passed);
	if (failed > 0)
		printf("[  FAILED  ] %d test(s), see above\n", failed);
	return failed > 0 || passed == 0;
}
