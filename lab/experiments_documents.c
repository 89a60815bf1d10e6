/* SPDX-License-Identifier: MIT */
/*
 * The documents' mistakes, in the order in which document 004 meets them, then those of the others. Each load is the
 * document's, scaled to seconds; thresholds leave room for a busy machine of two cores.
 */
#include "lab/experiments.h"

#define ASK        "GET /hello HTTP/1.0\r\n\r\n"
#define HTTP_RIGHT "HTTP/1.1 200 OK"

const struct experiment experiments_documents[] = {
	{
		.name = "3a",
		.document = "004",
		.title = "one client at a time: a silent one keeps all waiting",
		.load = "One client connects and says nothing; four others ask.",
		.brood = { "hello" },
		.waves = { { .count = 1, .then = WAVE_STAYS },
			{ .start_ms = 200, .count = 4, .request = ASK, .then = WAVE_ENDS } },
		.answer = HTTP_RIGHT,
		.watch_ms = 2000,
		.settle_ms = 300,
		.symptoms = { { FIGURE_UNANSWERED, 4, 0 }, { FIGURE_QUEUE, 4, 3 } },
		.also = { FIGURE_SLOWEST, FIGURE_PROCESSES },
		.why = "The server reads from one client until it has spoken, and nobody looks at the others "
		       "meanwhile: the "
		       "kernel has connected them, and they wait in its queue. brood gives each client a process of "
		       "its "
		       "own, so that a silent one waits alone.",
		.cure_file = "src/model/fork.c",
		.cure_function = "fork_place",
	},
	{
		.name = "3b",
		.document = "004",
		.title = "the server sleeps, and everybody sleeps with it",
		.load = "Four clients ask at once; each costs half a second of work.",
		.server = { "--work", "500" },
		.brood = { "hello", "--delay", "500ms" },
		.waves = { { .count = 4, .request = ASK, .then = WAVE_ENDS } },
		.answer = HTTP_RIGHT,
		.watch_ms = 4000,
		.settle_ms = 200,
		.symptoms = { { FIGURE_SLOWEST, 1400, 1200 } },
		.also = { FIGURE_QUEUE, FIGURE_PROCESSES },
		.why = "Time that is spent on one client is added to the wait of all who come after it. In brood "
		       "each "
		       "client's time runs in a process of its own, and all of them sleep at once.",
		.cure_file = "src/model/fork.c",
		.cure_function = "run_child",
	},
	{
		.name = "3c",
		.document = "004",
		.title = "a child for each client, and nobody waits for them",
		.load = "Forty clients ask, one after another, and all leave.",
		.server = { "--work", "100", "--more-processes", "100" },
		.brood = { "hello", "--delay", "100ms" },
		.waves = { { .count = 40, .apart_ms = 15, .request = ASK, .then = WAVE_ENDS } },
		.answer = HTTP_RIGHT,
		.watch_ms = 4000,
		.settle_ms = 400,
		.child_for_each = true,
		.symptoms = { { FIGURE_ZOMBIES, 40, 0 } },
		.also = { FIGURE_SIGNALS_SENT, FIGURE_SIGNALS_HANDLED, FIGURE_PROCESSES },
		.why = "A process that has ended keeps its place in the kernel's table until its parent asks how it "
		       "ended, and "
		       "this parent never asks. brood holds each child by a descriptor, its pidfd, and asks as soon "
		       "as that "
		       "becomes readable.",
		.cure_file = "src/process/child.c",
		.cure_function = "child_reap",
	},
	{
		.name = "3d",
		.document = "004",
		.title = "duplicates are not closed: curl hangs, then EMFILE",
		.load = "300 clients ask and wait for the end of their answer, under a limit of about 256 "
			"descriptors.",
		.server = { "--more-descriptors", "252", "--more-processes", "400" },
		.brood = { "hello" },
		.waves = { { .count = 300, .apart_ms = 5, .request = ASK, .then = WAVE_ENDS } },
		.answer = HTTP_RIGHT,
		.watch_ms = 5000,
		.settle_ms = 300,
		.child_for_each = true,
		.symptoms = { { FIGURE_HANGING, 100, 10 }, { FIGURE_ENDED, 1, 0 } },
		.also = { FIGURE_DESCRIPTORS, FIGURE_ZOMBIES_MOST },
		.why = "A connection ends when its last descriptor is closed, and the parent keeps one of each: the "
		       "client has "
		       "its answer and hangs, until accept fails with \"Too many open files\" and the server dies of "
		       "it. A "
		       "child of brood ends its connection by shutdown, which reaches through all duplicates, and "
		       "what the "
		       "parent holds is closed with the client's record.",
		.cure_file = "src/core/end.c",
		.cure_function = "end_connection",
	},
	{
		.name = "3d-fork",
		.program = "3d",
		.document = "004",
		.title = "the same, until no process can be made any more",
		.load = "150 clients ask, under a limit of 100 processes.",
		.server = { "--more-descriptors", "252", "--more-processes", "100" },
		.brood = { "hello" },
		.waves = { { .count = 150, .apart_ms = 5, .request = ASK, .then = WAVE_ENDS } },
		.answer = HTTP_RIGHT,
		.watch_ms = 5000,
		.settle_ms = 300,
		.child_for_each = true,
		.symptoms = { { FIGURE_ZOMBIES_MOST, 90, 20 }, { FIGURE_ENDED, 1, 0 } },
		.also = { FIGURE_SIGNALS_SENT, FIGURE_SIGNALS_HANDLED, FIGURE_PROCESSES },
		.why = "A zombie counts as a process, and when the limit is reached fork fails with \"Resource "
		       "temporarily "
		       "unavailable\": the server ends, and nobody is served. Children of brood that have ended are "
		       "waited for at "
		       "once, so that only those count that still work.",
		.cure_file = "src/process/child.c",
		.cure_function = "child_reap",
	},
	{
		.name = "3e",
		.document = "004",
		.title = "SIGCHLD without SA_RESTART: accept fails with EINTR",
		.load = "One client asks; when its child has ended, three more.",
		.server = { "--work", "300" },
		.brood = { "hello", "--delay", "300ms" },
		.waves = { { .count = 1, .request = ASK, .then = WAVE_ENDS },
			{ .start_ms = 900, .count = 3, .request = ASK, .then = WAVE_ENDS } },
		.answer = HTTP_RIGHT,
		.watch_ms = 4000,
		.settle_ms = 300,
		.child_for_each = true,
		.symptoms = { { FIGURE_ENDED, 1, 0 }, { FIGURE_UNANSWERED, 3, 0 } },
		.also = { FIGURE_PROCESSES },
		.why = "The first child that ends interrupts accept, and the server takes that for the end of the "
		       "world. The "
		       "ends of brood's children send no signal at all: they make a descriptor readable, like "
		       "everything else "
		       "that its loop waits for.",
		.cure_file = "src/process/child.c",
		.cure_function = "child_spawn",
	},
	{
		.name = "3f",
		.document = "004",
		.title = "one wait for each signal, but signals do not queue",
		.load = "128 clients ask at once; their children end at the same time.",
		.server = { "--work", "200", "--more-processes", "200", "--more-descriptors", "200" },
		.brood = { "hello", "--delay", "200ms", "--workers", "128" },
		.waves = { { .count = 128, .request = ASK, .then = WAVE_ENDS } },
		.answer = HTTP_RIGHT,
		.watch_ms = 4000,
		.settle_ms = 500,
		.child_for_each = true,
		.symptoms = { { FIGURE_ZOMBIES, 1, 0 } },
		.also = { FIGURE_SIGNALS_SENT, FIGURE_SIGNALS_HANDLED, FIGURE_PROCESSES },
		.why = "While one SIGCHLD is pending the kernel forgets all others, so that one wait for each signal "
		       "leaves some "
		       "children behind. brood counts no signals: each child has its own descriptor, and each is "
		       "asked.",
		.cure_file = "src/model/held.c",
		.cure_function = "held_ready",
	},
	{
		.name = "3g",
		.document = "004",
		.title = "a child for everybody who comes, without a bound",
		.load = "100 clients connect and say nothing; then three ask.",
		.server = { "--more-processes", "64", "--more-descriptors", "252" },
		.brood = { "hello", "--workers", "40", "--first-byte-timeout", "400ms" },
		.waves = { { .count = 100, .apart_ms = 2, .then = WAVE_STAYS },
			{ .start_ms = 700, .count = 3, .request = ASK, .then = WAVE_ENDS } },
		.answer = HTTP_RIGHT,
		.watch_ms = 5000,
		.settle_ms = 300,
		.child_for_each = true,
		.symptoms = { { FIGURE_ENDED, 1, 0 }, { FIGURE_UNANSWERED, 3, 0 } },
		.also = { FIGURE_PROCESSES, FIGURE_QUEUE, FIGURE_ZOMBIES },
		.why = "Silent clients cost nothing to make, and each takes a process, until fork fails and ends the "
		       "service for "
		       "everybody. brood has a bound on workers, at which clients wait in the kernel's queue, and a "
		       "time until "
		       "which a client must have spoken.",
		.cure_file = "src/core/accept.c",
		.cure_function = "enter_full",
	},
	{
		.name = "calc",
		.document = "000",
		.title = "the end of input taken for data: a child spins",
		.load = "Three clients send \"2+3\" without a newline and leave.",
		.brood = { "calc", "--delay", "300ms" },
		.waves = { { .count = 3, .apart_ms = 50, .request = "2+3", .then = WAVE_LEAVES },
			{ .start_ms = 200, .count = 2, .apart_ms = 100, .request = "2+3\n", .then = WAVE_ANSWERS } },
		.answer = "5\r\n",
		.watch_ms = 3000,
		.settle_ms = 1000,
		.symptoms = { { FIGURE_CPU_WANTED, 60, 25 }, { FIGURE_LEFT_OVER, 3, 0 } },
		.also = { FIGURE_CPU, FIGURE_PROCESSES },
		.why = "recv returns 0 when the client has gone, and the server, which waits for a newline, asks "
		       "again, and again. "
		       "brood_readline tells the end of input from an empty line, and gives what is left of the last "
		       "one.",
		.cure_file = "src/core/stream_api.c",
		.cure_function = "brood_readline",
	},
	{
		.name = "calc-log",
		.program = "calc",
		.document = "000",
		.title = "a log line from a signal handler: waiting for oneself",
		.load = "Five clients ask, each ten milliseconds five more, 1200 in all.",
		.server = { "--work", "0", "--more-descriptors", "252", "--more-processes", "400" },
		.brood = { "calc" },
		.waves = { { .count = 1200,
			.at_once = 5,
			.apart_ms = 10,
			.request = "2+3\n",
			.then = WAVE_ANSWERS } },
		.answer = "5\r\n",
		.watch_ms = 4500,
		.settle_ms = 300,
		.symptoms = { { FIGURE_UNANSWERED, 3, 0 } },
		.also = { FIGURE_QUEUE, FIGURE_CPU },
		.why = "The signal comes while the server writes a line of its log, and the handler wants to write "
		       "one, too: it waits "
		       "for a lock that only the code it has interrupted can give back. A handler of brood's only "
		       "remembers its "
		       "signal and wakes the loop, which says what there is to say.",
		.cure_file = "src/process/signals.c",
		.cure_function = "take_signal",
	},
	{
		.name = "echo",
		.document = "001",
		.title = "children are reaped when the next client comes",
		.load = "Ten clients ask and leave; then nobody comes.",
		.server = { "--work", "200" },
		.brood = { "echo", "--stamp", "--delay", "200ms" },
		.waves = { { .count = 10, .apart_ms = 15, .request = "hi", .then = WAVE_ANSWERS } },
		.answer = "Echo=>",
		.watch_ms = 4000,
		.settle_ms = 500,
		.child_for_each = true,
		.symptoms = { { FIGURE_ZOMBIES, 8, 0 } },
		.also = { FIGURE_SIGNALS_SENT, FIGURE_SIGNALS_HANDLED, FIGURE_PROCESSES },
		.why = "The server looks for ended children right after accept, so that the last crowd of the "
		       "evening stays as "
		       "zombies until the first client of the morning. brood's loop waits for clients and for the "
		       "ends of "
		       "children in the same call.",
		.cure_file = "src/model/held.c",
		.cure_function = "held_ready",
	},
	{
		.name = "tool",
		.document = "003",
		.title = "no status line, and an empty request kills",
		.load = "One client asks; one connects and leaves; two more ask.",
		.brood = { "hello" },
		.waves = { { .count = 1, .request = "GET /Zhuibing HTTP/1.0\r\n\r\n", .then = WAVE_ENDS },
			{ .start_ms = 200, .count = 1, .request = "", .then = WAVE_LEAVES },
			{ .start_ms = 500, .count = 2, .request = "GET /Dan HTTP/1.0\r\n\r\n", .then = WAVE_ENDS } },
		.answer = HTTP_RIGHT,
		.watch_ms = 2500,
		.settle_ms = 200,
		.symptoms = { { FIGURE_WRONG, 1, 0 }, { FIGURE_ENDED, 1, 0 } },
		.also = { FIGURE_QUEUE },
		.why = "The answer begins with an empty line, which no client can take for HTTP/1.1, and the second "
		       "word of a "
		       "request is used without a look whether there is one. brood reads requests by a grammar that "
		       "has a "
		       "refusal for everything it does not know, and writes the status line itself.",
		.cure_file = "src/protocol/http1.c",
		.cure_function = "http1_parse",
	},
	{ .name = NULL },
};
