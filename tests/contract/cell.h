/* SPDX-License-Identifier: MIT */
/*
 * One cell of the matrix: a model, a transport, a case. A cell is a process (the client, which also judges) with one
 * child, the engine's process: an embedding program by the public face alone. Whatever goes wrong ends the cell.
 * After each cell nothing may be left of the engine: no child, no descriptor, no file.
 */
#ifndef CONTRACT_CELL_H
#define CONTRACT_CELL_H

#include <brood/brood.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/types.h>

/* Far longer than anything takes; a wait this long is a failure. */
#define PATIENCE_MS 20000

/* What a model promises. A new model is a new row in matrix.c. */
struct model_row {
	const char *name;
	enum brood_model model;
	enum brood_fresh fresh;
	const char *last_words; /* of services that have none of their own, or NULL */
	size_t bound;           /* offsetof the setting that bounds it, or 0: serves one at a time */
	bool isolated;          /* a handler harms its own client alone */
	bool processes;         /* … or at most those of its worker, which is a process of its own */
	bool many;              /* a worker serves many at once, in one thread of control */
	bool ahead;             /* workers are there before their clients */
	bool expires;           /* a handler that ignores its deadline loses its connection */
	bool forks;             /* brood_fork works */
	const char *refusal;    /* reason when no worker can be made, or NULL: it never needs one */
	const char *overtime;   /* reason when a handler never comes back, or NULL: the process is stuck with it */
};

struct transport_row {
	const char *name;
	const char *url; /* Unix sockets: followed by a path in the cell's own directory */
	int family;
	bool datagram;
};

#define WITNESS_COUNTERS 16
#define WITNESS_TEXT     4096

/* What happens in the engine's process, its threads and children, as the judging process sees it: shared memory.
 * It is the `app` of every service, unless a case says otherwise. */
struct witness {
	_Atomic int count[WITNESS_COUNTERS]; /* each case gives them their meaning */
	_Atomic int go;                      /* handlers may be waiting for it: witness_wait */
	_Atomic int letters;
	char order[WITNESS_TEXT]; /* one letter per moment: witness_say */
	char text[WITNESS_TEXT];

	/* The last finish. */
	atomic_flag finishing;
	_Atomic int finished;
	char reason[32];
	int error;
	unsigned long long bytes_in, bytes_out, requests;
	long long duration_ms;

	/* The engine's process about itself. */
	_Atomic int started; /* 1: yes; -errno: no, and why */
	_Atomic int result;  /* what brood_run returned */
	_Atomic int over;
	char why[512];
	char url[4][256];
	int descriptors_before, descriptors_after;
	int children_after;
};

struct cell {
	const struct model_row *model;
	const struct transport_row *transport;
	struct witness *witness;
	char directory[64]; /* made by matrix.c; empty again in the end */
	char url[160];
	pid_t engine; /* 0: none, or over */
	int log_fd;

	/* For a case to set before cell_serve. */
	int (*drive)(struct cell *cell, struct brood *engine); /* in place of brood_run; in the engine's process */
	void (*prepare)(struct cell *cell);                    /* in the engine's process, before brood_new */
	bool fails;                                            /* brood_run is expected to answer < 0 */
	bool hoards;                                           /* its handler leaves open what it opens */
	bool leaks;                                            /* stuck threads: nothing can be freed */
	int takes;                                             /* descriptors it was given, and closes */
};

#define KIND_STREAMS   1
#define KIND_DATAGRAMS 2
#define KIND_BOTH      (KIND_STREAMS | KIND_DATAGRAMS)

struct contract_case {
	const char *name; /* a claim: the function's name */
	int kinds;
	void (*run)(struct cell *cell);
	bool (*where)(const struct cell *cell); /* NULL: everywhere. Elsewhere what is claimed cannot even happen */
};

extern const struct contract_case cases_again[], cases_aside[], cases_bound[], cases_bytes[], cases_datagram[],
	cases_dead[], cases_deadline[], cases_drain[], cases_embedding[], cases_ending[], cases_fault[], cases_fork[],
	cases_limits[], cases_moment[], cases_offload[], cases_peer[], cases_pool[], cases_standing[];

#define CASE(kinds, function) CASE_WHERE(NULL, kinds, function)
#define CASE_WHERE(predicate, kinds, function)        \
	{                                             \
#function, kinds, function, predicate \
	}

/* For `where`. */
bool cell_is_inet4(const struct cell *cell);
bool cell_is_unix(const struct cell *cell);
bool cell_is_bounded(const struct cell *cell);    /* has workers beside the engine's loop */
bool cell_is_isolated(const struct cell *cell);   /* workers are processes, each with one client at a time */
bool cell_has_processes(const struct cell *cell); /* workers are processes */
bool cell_has_control(const struct cell *cell);   /* a handler has a thread of control to itself */
bool cell_is_shared(const struct cell *cell);     /* workers share the engine's process, beside its loop */

/* matrix.c calls these around a case. */
void cell_begin(struct cell *cell);
void cell_end(struct cell *cell);

/* Remove what a process that died could not remove. */
void cell_clean(const struct cell *cell);

/* Start an engine with this service; model, listen, app and name are filled in where missing. */
void cell_serve(struct cell *cell, const struct brood_service *service);

/* As many clients at once, in the words of the model. Iterative: one. Returns the bound. */
int cell_bound(struct cell *cell, struct brood_service *service, int bound);

void cell_signal(struct cell *cell);   /* SIGTERM: brood_stop, in a signal handler */
void cell_join(struct cell *cell);     /* wait for the engine's process and judge what it left */
void cell_stop(struct cell *cell);     /* both */
int cell_join_dead(struct cell *cell); /* it is expected to die: its wait status */

const char *cell_log(struct cell *cell); /* all lines so far */
bool cell_logged(struct cell *cell, const char *text);
unsigned long cell_log_number(struct cell *cell, const char *key); /* of " key=N" in its last line */

/* For handlers. */
void witness_say(struct witness *witness, char letter);
void witness_wait(const struct witness *witness, int go); /* sleeps until go is at least that */
void witness_finish(struct brood_conn *conn, void *app, const struct brood_end *end);
int witness_hear(struct brood_conn *conn);            /* everything that is said, to the end of input; 0 or -errno */
int witness_echo(struct brood_conn *conn, void *app); /* until the end of input */

/* Judging. */
_Noreturn void cell_fail(const char *file, int line, const char *format, ...) BROOD_PRINTF(3, 4);
long long cell_now_ms(void);
void cell_sleep_ms(int ms);

#define CHECK(condition)                                                 \
	do {                                                             \
		if (!(condition))                                        \
			cell_fail(__FILE__, __LINE__, "%s", #condition); \
	} while (0)

#define CHECK_INT(value, wanted)                                                                        \
	do {                                                                                            \
		long long value_ = (value), wanted_ = (wanted);                                         \
		if (value_ != wanted_)                                                                  \
			cell_fail(__FILE__, __LINE__, "%s is %lld, not %lld", #value, value_, wanted_); \
	} while (0)

#define CHECK_TEXT(value, wanted) cell_check_text(__FILE__, __LINE__, #value, (value), (wanted))

#define WAIT_FOR(condition)                                                             \
	do {                                                                            \
		long long until_ = cell_now_ms() + PATIENCE_MS;                         \
		while (!(condition)) {                                                  \
			if (cell_now_ms() > until_)                                     \
				cell_fail(__FILE__, __LINE__, "never: %s", #condition); \
			cell_sleep_ms(1);                                               \
		}                                                                       \
	} while (0)

void cell_check_text(const char *file, int line, const char *what, const char *value, const char *wanted);

#endif
