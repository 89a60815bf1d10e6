/* SPDX-License-Identifier: MIT */
/* What the documents do not know: mistakes that a server may still make once theirs are cured. */
#include "lab/experiments.h"

#define ASK        "GET /hello HTTP/1.0\r\n\r\n"
#define ASK_MORE   "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n" /* and keep the connection */
#define HTTP_RIGHT "HTTP/1.1 200 OK"

const struct experiment experiments_beyond[] = {
	{
		.name = "stolen-child",
		.title = "waitpid(-1) takes a child that belongs to a library",
		.load = "Five clients ask; each answer needs a helper, and the status it ends with.",
		.server = { "--work", "100" },
		.brood = { "./lab/handlers.so:helper", "-m", "thread" },
		.waves = { { .count = 5, .apart_ms = 40, .request = ASK, .then = WAVE_ENDS } },
		.says = "42, status 3",
		.watch_ms = 3000,
		.settle_ms = 200,
		.symptoms = { { FIGURE_WRONG, 5, 0 } },
		.also = { FIGURE_ZOMBIES, FIGURE_PROCESSES },
		.why = "The handler of SIGCHLD waits for any child, and so for the one that popen has started: "
		       "pclose comes too "
		       "late, and the status is lost. brood waits for its own children alone, each by its "
		       "descriptor, even "
		       "where handlers run in threads of the process that waits.",
		.cure_file = "src/process/child.c",
		.cure_function = "child_reap",
	},
	{
		.name = "reused-pid",
		.title = "kill, by a number that belongs to somebody else by now",
		.load = "A client comes when the child of the one before it has just ended.",
		.server = { "--work", "1000" },
		.brood = { "hello", "--delay", "1s", "--request-timeout", "1500ms" },
		.waves = { { .count = 2, .in_turn = true, .apart_ms = 50, .request = ASK, .then = WAVE_ENDS } },
		.answer = HTTP_RIGHT,
		.watch_ms = 4000,
		.settle_ms = 200,
		.symptoms = { { FIGURE_UNANSWERED, 1, 0 } },
		.also = { FIGURE_PROCESSES },
		.why = "Who ended in time is still in the table of those to kill, and its number has gone to the "
		       "next child, which "
		       "is killed in the middle of its work. A pidfd means one process for ever: what brood sends to "
		       "a child "
		       "that has ended reaches nobody.",
		.cure_file = "src/process/child.c",
		.cure_function = "child_signal",
	},
	{
		.name = "emfile-spin",
		.title = "out of descriptors: accept fails, poll says try again",
		.load = "150 clients ask and stay, under a limit of about 104 descriptors.",
		.server = { "--more-descriptors", "100", "--more-processes", "200" },
		.brood = { "hello", "--workers", "1000", "--idle-timeout", "300ms" },
		.waves = { { .count = 150, .apart_ms = 2, .request = ASK_MORE, .then = WAVE_STAYS } },
		.answer = HTTP_RIGHT,
		.watch_ms = 3500,
		.settle_ms = 1000,
		.symptoms = { { FIGURE_CPU_WANTED, 60, 25 } },
		.also = { FIGURE_CPU, FIGURE_DESCRIPTORS, FIGURE_QUEUE, FIGURE_SLOWEST },
		.why = "A client that cannot be accepted stays in the queue, so that poll returns at once, and "
		       "accept fails again, "
		       "thousands of times a second. brood takes its listeners out of the loop, tries again after a "
		       "pause that "
		       "grows, or as soon as somebody leaves, and says so once.",
		.cure_file = "src/core/accept.c",
		.cure_function = "enter_backoff",
	},
	{
		.name = "herd",
		.title = "eight processes wake up for each client, seven in vain",
		.load = "100 clients ask, one after another.",
		.server = { "--more-descriptors", "100" },
		.brood = { "hello", "-m", "prefork", "--workers", "8" },
		.waves = { { .count = 100, .in_turn = true, .apart_ms = 10, .request = ASK, .then = WAVE_ENDS } },
		.answer = HTTP_RIGHT,
		.watch_ms = 6000,
		.settle_ms = 100,
		.symptoms = { { FIGURE_WAKE_UPS, 500, 400 } },
		.also = { FIGURE_PROCESSES, FIGURE_CPU },
		.why = "Each of the processes asks its own epoll for the same listener, and the kernel wakes them "
		       "all. brood's "
		       "workers ask with EPOLLEXCLUSIVE, or wait in accept itself, where the kernel wakes one.",
		.cure_file = "src/core/gate.c",
		.cure_function = "add_listeners",
	},
	{
		.name = "stray-child",
		.title = "a child returns into its parent's accept loop",
		.load = "Six clients send what is no request; then four ask.",
		.brood = { "./lab/handlers.so:stray" },
		.waves = { { .count = 6, .apart_ms = 50, .request = "HELO\r\n\r\n", .then = WAVE_ENDS },
			{ .start_ms = 500, .count = 4, .request = ASK, .then = WAVE_ENDS } },
		.watch_ms = 3000,
		.settle_ms = 400,
		.symptoms = { { FIGURE_LEFT_OVER, 6, 0 } },
		.also = { FIGURE_PROCESSES, FIGURE_ZOMBIES },
		.why = "The way out for a bad request leads the child back into the loop of its parent, and each "
		       "such client "
		       "leaves one more process that accepts. The handler beside it makes the same mistake; brood "
		       "sees that the "
		       "process which returned from it is not its worker, ends it, and says so.",
		.cure_file = "src/core/life.c",
		.cure_function = "end_stray_child",
	},
	{
		.name = "double-flush",
		.title = "stdio's buffer is copied by fork, and flushed twice",
		.load = "Eight clients ask; the log has a line for each.",
		.brood = { "./lab/handlers.so:buffered" },
		.waves = { { .count = 8, .apart_ms = 20, .request = ASK, .then = WAVE_ENDS } },
		.answer = HTTP_RIGHT,
		.watch_ms = 3000,
		.settle_ms = 300,
		.symptoms = { { FIGURE_SAID_TWICE, 8, 0 } },
		.also = { FIGURE_PROCESSES },
		.why = "What is in the buffer when fork is called is in both processes afterwards, and exit flushes "
		       "it in both. "
		       "brood's workers leave without the parent's work at exit, also when a handler calls exit.",
		.cure_file = "src/model/held.c",
		.cure_function = "exit_hook",
	},
	{
		.name = "equal-random",
		.title = "children with the same random numbers",
		.load = "Eight clients ask for a session each.",
		.brood = { "./lab/handlers.so:session" },
		.waves = { { .count = 8, .apart_ms = 20, .request = ASK, .then = WAVE_ENDS } },
		.answer = HTTP_RIGHT,
		.watch_ms = 3000,
		.settle_ms = 200,
		.symptoms = { { FIGURE_REPEATED, 7, 0 } },
		.also = { FIGURE_PROCESSES },
		.why = "srandom was called once, before fork, and each child goes on from the same state. A handler "
		       "of brood has a "
		       "moment for that, start, which runs whenever a worker's memory begins.",
		.cure_file = "src/core/host.c",
		.cure_function = "host_worker_start",
	},
	{
		.name = "short-backlog",
		.title = "a queue for one: connecting takes seconds",
		.load = "Ten clients ask at once; each costs 50 ms of work.",
		.server = { "--work", "50" },
		.brood = { "hello", "--delay", "50ms" },
		.waves = { { .count = 10, .request = ASK, .then = WAVE_ENDS } },
		.answer = HTTP_RIGHT,
		.watch_ms = 4500,
		.settle_ms = 100,
		.symptoms = { { FIGURE_CONNECTING, 900, 600 } },
		.also = { FIGURE_SLOWEST, FIGURE_CPU },
		.why = "When the queue is full the kernel drops who wants to connect, without a word, and the client "
		       "tries again "
		       "after a second. brood's queue has room for 4096, so that waiting is short, and counted.",
		.cure_file = "src/transport/open_inet.c",
		.cure_function = "open_socket",
	},
	{
		.name = "forked-lock",
		.title = "fork while another thread holds a lock",
		.load = "Five clients ask; each answer needs memory of a library's.",
		.brood = { "./lab/handlers.so:locked", "-m", "thread" },
		.waves = { { .count = 5, .apart_ms = 30, .request = ASK, .then = WAVE_ENDS } },
		.answer = HTTP_RIGHT,
		.watch_ms = 2000,
		.settle_ms = 200,
		.symptoms = { { FIGURE_UNANSWERED, 4, 0 } },
		.also = { FIGURE_PROCESSES, FIGURE_LEFT_OVER, FIGURE_CPU },
		.why = "fork copies the lock, and not the thread that would unlock it: the child waits for ever, and "
		       "so does its "
		       "client. Where threads are wanted, brood's model thread serves clients by threads alone, and "
		       "forks none "
		       "of them.",
		.cure_file = "src/model/thread.c",
		.cure_function = "thread_place",
	},
	{ .name = NULL },
};
