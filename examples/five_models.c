/* SPDX-License-Identifier: MIT */
/*
 * One object file, greeter.c's, under all five models at once: a service for each, on a port of its own.
 *
 *	./five_models [PORT]		PORT and the four behind it; 7101 unless said, 0: the kernel chooses
 *	printf 'ann\nbob\n' | socat - TCP:127.0.0.1:7101
 *
 * brood_main serves one service, so there is a child for each. Whichever ends takes the others along.
 */
#include <brood/brood.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern const struct brood_handler brood_handler; /* greeter.c */

#define FIRST_PORT 7101
#define MODELS     (sizeof models / sizeof *models)

static const struct {
	const char *name;
	enum brood_model model;
} models[] = {
	{ "fork", BROOD_FORK },
	{ "iterative", BROOD_ITERATIVE },
	{ "thread", BROOD_THREAD },
	{ "prefork", BROOD_PREFORK },
	{ "event", BROOD_EVENT },
};

static int serve(size_t i, int first_port)
{
	char listen[64];

	snprintf(listen, sizeof listen, "tcp://127.0.0.1:%d", first_port ? first_port + (int)i : 0);
	return brood_main(&(struct brood_service){
		.name = models[i].name,
		.listen = listen,
		.model = models[i].model,
		.handler = brood_handler,
	});
}

/* Signals are blocked here, to be waited for. A child gets them as we found them. */
static pid_t start(size_t i, int first_port, const sigset_t *mask)
{
	pid_t parent = getpid(), child = fork();

	if (child != 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	sigprocmask(SIG_SETMASK, mask, NULL);
	exit(serve(i, first_port));
}

/* The worst of their exit statuses. */
static int wait_for(const pid_t children[])
{
	int worst = 0;

	for (size_t i = 0; i < MODELS; i++) {
		int status = 0;

		if (children[i] > 0 && waitpid(children[i], &status, 0) == children[i])
			status = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
		else
			status = EXIT_FAILURE;
		worst = status > worst ? status : worst;
	}
	return worst;
}

int main(int argc, char **argv)
{
	int first_port = argc > 1 ? atoi(argv[1]) : FIRST_PORT;
	pid_t children[MODELS];
	sigset_t signals, before;
	int signal = 0;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, &before);
	for (size_t i = 0; i < MODELS; i++)
		children[i] = start(i, first_port, &before);
	sigwait(&signals, &signal);
	for (size_t i = 0; i < MODELS; i++)
		if (children[i] > 0)
			kill(children[i], signal == SIGCHLD ? SIGTERM : signal);
	return wait_for(children);
}
