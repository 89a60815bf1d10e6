/* SPDX-License-Identifier: MIT */
/*
 * brood: write a handler for one client; brood makes it a concurrent network service.
 *
 * This is the whole face of the library: declare (struct brood_service), choose (enum brood_model),
 * run (brood_main, or brood_new … brood_run inside a program of your own).
 *
 * Conventions. Functions return 0 (or a count) on success and a negative errno on failure. Times are
 * milliseconds and say so in their names; 0 means "the default", BROOD_OFF means "none". Pointers are
 * borrowed for the duration of the call unless a comment says "takes" or "copies". Nothing here prints,
 * exits or logs by itself, except brood_main.
 *
 * ABI: struct brood_service only grows at its end; brood_main and brood_add pass its size along and
 * the library takes what an older caller did not know as zero.
 */
#ifndef BROOD_BROOD_H
#define BROOD_BROOD_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BROOD_API               __attribute__((visibility("default")))
#define BROOD_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* "None", for every limit and deadline whose zero means "the default". */
#define BROOD_OFF (-1)

/* handle's third answer: call me again when this client sends something. Until then the connection
 * belongs to brood and needs no stack. Streams only. */
#define BROOD_AGAIN 1

/* A handler may use this much stack in every model; .stack_kib asks for more. */
#define BROOD_STACK_KIB 64

struct brood;      /* an engine: services, listeners, one loop */
struct brood_conn; /* one accepted stream, or one datagram and its sender */
struct brood_http; /* one HTTP request (brood/http.h) */

/* How connections are spread. `app` is copied by fork and shared by threads. */
enum brood_model {
	BROOD_FORK = 0,      /* a process for each client (default; at most 40) */
	BROOD_ITERATIVE = 1, /* one client after another, in the service process */
	BROOD_THREAD = 2,    /* a bounded pool of threads in the service process (64) */
	BROOD_PREFORK = 3,   /* standing processes, there before their clients are (8) */
	BROOD_EVENT = 4,     /* standing processes, each with a loop and a fiber for each request (one per core) */
};

/* What a standing worker is to its next client. */
enum brood_fresh {
	BROOD_REUSED = 0,  /* the process that served others before */
	BROOD_ONESHOT = 1, /* a process as if new, forked before its one client came */
};

enum brood_level {
	BROOD_ERROR = 0,
	BROOD_WARN = 1,
	BROOD_INFO = 2,
	BROOD_DEBUG = 3,
};

/* Which deadline brood_conn_deadline changes. */
enum brood_deadline {
	BROOD_DEADLINE_FIRST_BYTE, /* accept → the client's first byte */
	BROOD_DEADLINE_IDLE,       /* any later wait for the client to send */
	BROOD_DEADLINE_REQUEST,    /* one call of handle */
	BROOD_DEADLINE_WRITE,      /* any wait for the client to take what we send */
	BROOD_DEADLINE_TOTAL,      /* accept → end */
};

/* How a connection ended; given to finish, and one line of the log. */
struct brood_end {
	const char *reason;  /* name of its row in the table of end reasons: "finished", "first-byte-timeout" … */
	int error;           /* 0, or the negative errno behind the reason */
	uint64_t bytes_in;   /* received from the client */
	uint64_t bytes_out;  /* handed to the kernel for the client */
	uint64_t requests;   /* calls of handle */
	int64_t duration_ms; /* since accept */
};

/* One option of a handler's own (`brood serve HANDLER --name VALUE`). The command allocates
 * .options_size zeroed bytes, writes each value at .offset and passes them as `app`. */
enum brood_option_kind {
	BROOD_OPTION_FLAG,   /* bool */
	BROOD_OPTION_MS,     /* int: "500ms", "5s", "1m" */
	BROOD_OPTION_NUMBER, /* int, 0 … INT_MAX */
	BROOD_OPTION_STRING, /* const char *: lives as long as the service */
	BROOD_OPTION_WORD, /* the same, written without a name behind the handler's, and required; .name says what it is */
};

struct brood_option {
	const char *name; /* without the dashes */
	const char *help; /* one line */
	enum brood_option_kind kind;
	size_t offset;
};

/*
 * A handler: the moments that you write. All but handle may be NULL.
 *
 *   load → [ start → { verify → setup → handle … → finish }… → stop ]… → unload
 *
 * load, unload, tick, idle run in the service process; all others in the worker: the service process
 * itself (iterative), a forked child (fork), a standing process (prefork, event), a thread (thread). A handler must be
 * reentrant.
 */
struct brood_handler {
	/* Once, before the service is multiplied. May replace *app. <0: the service does not become ready. */
	int (*load)(void **app);
	void (*unload)(void *app);

	/* Whenever a worker's memory begins and ends: once for iterative, once per thread, once per process
	 * otherwise. Reseed randomness and open per-worker handles here. <0: a failed start. */
	int (*start)(void *app);
	void (*stop)(void *app);

	/* First of all, for each connection. 0: serve it; anything else: refused-by-verify, and nothing
	 * else is called for it. */
	int (*verify)(struct brood_conn *conn, void *app);

	/* <0 from setup or handle: error(errno) once, and the reason is handler-failed. finish is called
	 * exactly when setup returned 0 (or there is no setup). */
	int (*setup)(struct brood_conn *conn, void *app);
	int (*handle)(struct brood_conn *conn, void *app);
	void (*finish)(struct brood_conn *conn, void *app, const struct brood_end *end);
	void (*error)(struct brood_conn *conn, void *app, int error);

	void (*tick)(void *app); /* each second */
	void (*idle)(void *app); /* no new connection for .idle_ms */

	/* For `brood serve`: what --help prints, and where it listens when nobody says. */
	const char *summary;
	const char *demo_listen;
	const struct brood_option *options; /* ended by a row without name */
	size_t options_size;

	/* 1: clients speak first. Until one has, event needs no stack for it, and verify and setup wait, too. */
	long client_first;

	/* Instead of handle: answers one HTTP request (BROOD_HTTP in brood/http.h). */
	int (*http)(struct brood_http *http, void *app);

	void *reserved[6]; /* zero */
};

/*
 * What is served, where, and within which bounds. Zero is the default everywhere.
 * Borrowed strings must live until brood_free (brood_main: until it returns).
 */
struct brood_service {
	const char *name;   /* for logs; default: "service" */
	const char *listen; /* URLs, separated by spaces: tcp://host:port udp://… unix:/path unix:@name
				 * unixgram:… vsock://cid:port fd://N fd://NAME, settings as ?mode=0660 */
	enum brood_model model;
	int workers;       /* fork: children at once, 40; thread: ignored unless 1; iterative: 1 */
	int threads;       /* thread: 64 */
	int backlog;       /* 4096 */
	int max_packet;    /* bytes of a datagram taken; 65507 */
	int stack_kib;     /* BROOD_STACK_KIB at least */
	size_t state_size; /* zeroed bytes for each connection, see brood_conn_state */
	void *app;         /* given to every moment */

	int first_byte_timeout_ms; /* 30 s */
	int idle_timeout_ms;       /* 5 min */
	int request_timeout_ms;    /* off */
	int write_timeout_ms;      /* 30 s */
	int total_timeout_ms;      /* off */
	int linger_ms;             /* close: how long to read and discard; 1 s */
	int drain_timeout_ms;      /* 30 s */
	int load_timeout_ms;       /* 30 s; under brood_main */
	int kill_after_ms;         /* 5 s: from a missed deadline to its worker's end; off: none is ever ended */
	int idle_ms;               /* off */

	const void *refusal; /* bytes sent to a stream client that cannot be served */
	size_t refusal_size;
	const void *last_words; /* bytes sent when a worker died, or is late, before any of its answer left */
	size_t last_words_size;

	struct brood_handler handler;

	/* prefork. workers is 8 there; or a pool that breathes between workers_min and workers_max. */
	enum brood_fresh fresh;
	int workers_min;
	int workers_max;
	int workers_spare;      /* idle ones kept ready; default: a quarter of workers_max */
	int max_requests;       /* calls of handle before a worker is replaced, give or take a tenth; off */
	int recycle_memory_kib; /* resident, beyond which a worker is replaced after the request; off */
	int max_memory_kib;     /* of data that a worker may have at all (RLIMIT_DATA); off. fork, too */

	/* Limits: 0 is none. Whoever is beyond one is refused: .refusal, an end record, a counter. Lists are blocks of
	 * addresses ("192.0.2.0/24 ::1 uid:1000 unix"), separated by blanks. */
	int max_clients;         /* at once, of the whole service */
	int max_per_source;      /* at once, of one source */
	int source_prefix4;      /* how many bits of an IPv4 address make a source; 32 */
	int source_prefix6;      /* of an IPv6 address; 64 */
	int source_rate_per_min; /* new clients of one source */
	int source_burst;        /* of those, at once; 10 */
	int penalty_crash_ms;    /* how long a source waits whose client crashed the handler */
	int penalty_timeout_ms;  /* … ran into a deadline */
	int penalty_blame_ms;    /* … was blamed (brood_conn_blame) */
	int penalty_max_ms;      /* they add up, to this; 10 min */
	int early_drop_from;     /* clients at once, from which some are refused at random … */
	int early_drop_percent;  /* … this many of a hundred, growing to all at max_clients */
	int reserved;            /* of max_clients, left to reserved_for */
	const char *reserved_for;
	int queue_timeout_ms; /* a client that waited longer to be accepted is refused */
	const char *allow;    /* nobody else */
	const char *deny;
	const char *exempt; /* from all limits but max_clients, allow and deny */
	int dry_run_limits; /* 1: only log and count who would have been refused */
	int min_rate;       /* bytes per second a client must send or take while it is waited for; off */

	/* Under brood_main and the command alone. */
	int lame_duck_ms;  /* after the order to stop: not ready any more, still accepting; off */
	const char *user;  /* name or number; dropped to before load */
	const char *group; /* default: the user's */
	const char *chroot;
	int no_new_privs;    /* BROOD_OFF: leave it; default: on */
	const char *rlimits; /* "nofile=1024 as=1G" */
	int oom_score_adj;   /* added to the supervisor's; default 200, BROOD_OFF: none */

	/* event. workers is one per core there. */
	int max_conns; /* at once, of each worker; 10,000, or as many as the limit of open files allows */

	/* Like last_words, which it replaces for a worker … */
	const void *late_words; /* … that is late */
	size_t late_words_size;
	const void *killed_words; /* … that somebody killed */
	size_t killed_words_size;

	/* HTTP (brood/http.h). */
	int head_timeout_ms;    /* from the first byte of a request to the end of its head; 20 s */
	int max_body_kib;       /* of a request; 8 MiB */
	const char *access_log; /* a line for each request: common, combined, combined+ or json; default: none */
	/* 1: what else is refused, because a proxy in front may read it otherwise. */
	int permit_bare_lf;            /* lines that end in LF alone */
	int permit_obsolete_fold;      /* fields that go on in the next line */
	int permit_blank_before_colon; /* "Name : value" */
	const char *access_log_file;   /* where its lines go; default: with those of the log */
};

/* ---- Run ------------------------------------------------------------------------------------- */

/*
 * Serve until told to stop: a supervisor, a service process, workers. Speaks on stderr. The service process starts with
 * descriptors 0, 1 and 2 alone: what the application needs open it opens in load.
 * Returns an exit status (sysexits.h): 0 stopped as asked, 64 usage, 69 address in use,
 * 70 gave up, 71 system error, 73 cannot create, 77 not permitted.
 * A macro of any number of arguments, so that a compound literal with its commas is one service.
 */
#define brood_main(...) brood_main_sized((__VA_ARGS__), sizeof *(__VA_ARGS__))
BROOD_API int brood_main_sized(const struct brood_service *service, size_t size);

/* An engine inside a program of your own: the calling process is the service process, and brood
 * installs nothing in it: no signal handler, mask, limit, nor thread unless the model is thread. */
BROOD_API struct brood *brood_new(void);
BROOD_API void brood_free(struct brood *engine); /* NULL is fine; ends what still runs */

/* Copies *service, borrows its strings. Errors: -EINVAL and a sentence in brood_error. */
#define brood_add(engine, ...) brood_add_sized((engine), (__VA_ARGS__), sizeof *(__VA_ARGS__))
BROOD_API int brood_add_sized(struct brood *engine, const struct brood_service *service, size_t size);

/* Open the listeners and load the handlers without serving yet. brood_run and brood_run_once do it
 * by themselves; call it to learn the ports, or to fail early. */
BROOD_API int brood_start(struct brood *engine);

/* Serve until brood_stop and everything started is finished, or the drain deadline. */
BROOD_API int brood_run(struct brood *engine);

/* At most one pass over what is ready. timeout_ms: -1 waits, 0 never blocks.
 * 1: goes on; 0: stopped and finished; <0: failed. */
BROOD_API int brood_run_once(struct brood *engine, int timeout_ms);

/* An epoll descriptor with the engine's timers inside: readable means call brood_run_once.
 * Borrowed: do not close it. Starts the engine. */
BROOD_API int brood_fd(struct brood *engine);

/* Drain, then stop; a second call ends at once. Async-signal-safe, callable from any thread. */
BROOD_API void brood_stop(struct brood *engine);

/* The last failure in one sentence, or "". Lives until the next call on this engine. */
BROOD_API const char *brood_error(const struct brood *engine);

/* URL of the n-th listener as bound (with the kernel's port), or NULL. Lives as long as the engine. */
BROOD_API const char *brood_listening(const struct brood *engine, size_t n);

/* Where an embedded engine's log goes (nowhere by default). `line` ends in a newline, is at most 4,096
 * bytes and is borrowed. Called from the service process, from threads, and (for brood_logf) from
 * forked children. */
typedef void brood_log_fn(void *arg, enum brood_level level, const char *line, size_t size);
BROOD_API void brood_log_to(struct brood *engine, enum brood_level max, brood_log_fn *fn, void *arg);

BROOD_API const char *brood_version(void);

/* ---- One client ------------------------------------------------------------------------------ */

/* At least one byte, or 0 at the end of input, or -errno: -ETIMEDOUT when a deadline passed,
 * -ECONNRESET … A datagram reads like a stream that ends after it. */
BROOD_API ssize_t brood_read(struct brood_conn *conn, void *buf, size_t size);

/* One line with its newline, NUL-terminated; at the end of input what is left without one; then 0.
 * -EMSGSIZE: the line did not fit in size - 1 bytes and was discarded up to its newline. */
BROOD_API ssize_t brood_readline(struct brood_conn *conn, char *buf, size_t size);

/* All of it, unbuffered, or -errno. Datagrams: collected, sent as one when handle returns 0;
 * -EMSGSIZE beyond what one datagram holds. Writing 0 bytes sends an empty datagram. */
BROOD_API int brood_write(struct brood_conn *conn, const void *data, size_t size);
BROOD_API int brood_printf(struct brood_conn *conn, const char *format, ...) BROOD_PRINTF(2, 3);
BROOD_API int brood_vprintf(struct brood_conn *conn, const char *format, va_list args) BROOD_PRINTF(2, 0);

/* size bytes of file from offset; -ENODATA if the file ends before. Borrows fd. Streams only. */
BROOD_API int brood_sendfile(struct brood_conn *conn, int fd, off_t offset, size_t size);

/* Three endings. finish: no more from me (the client sees the end of input; reading goes on).
 * close: finish, then read and discard until the client ends or linger_ms, so that no answer is lost
 * to a reset. abort: now, with a reset. What handle leaves open is closed by brood. */
BROOD_API int brood_finish(struct brood_conn *conn);
BROOD_API int brood_close(struct brood_conn *conn);
BROOD_API void brood_abort(struct brood_conn *conn);

/* Who speaks, and to which address they spoke. The structs live as long as the connection.
 * IPv4-mapped IPv6 addresses are given as IPv4. Text: "127.0.0.1:5000", "[::1]:5000", "unix:/path",
 * "unix:" for a peer without name. */
BROOD_API const struct sockaddr *brood_peer(struct brood_conn *conn, socklen_t *ret_size);
BROOD_API const struct sockaddr *brood_local(struct brood_conn *conn, socklen_t *ret_size);
BROOD_API const char *brood_peer_text(struct brood_conn *conn);

/* Credentials of a Unix stream peer as of connect(2) (SO_PEERCRED, unix(7)); -EOPNOTSUPP elsewhere. */
struct brood_cred {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};
BROOD_API int brood_peer_cred(struct brood_conn *conn, struct brood_cred *ret_cred);

/* Size of the datagram being served, or -EOPNOTSUPP on a stream. */
BROOD_API ssize_t brood_packet_size(struct brood_conn *conn);

/* The .state_size bytes of this connection: zeroed at accept, freed by brood. NULL if none. */
BROOD_API void *brood_conn_state(struct brood_conn *conn);

/* Call fn(arg) when this connection ends, however it ends (short of a crash); last in, first out. */
BROOD_API int brood_defer(struct brood_conn *conn, void (*fn)(void *arg), void *arg);

/* Change a deadline of this connection, from now; ms or BROOD_OFF. */
BROOD_API int brood_conn_deadline(struct brood_conn *conn, enum brood_deadline which, int ms);

/* True once the service wants to stop, others wait for this worker, or it has served as many as it should: finish soon,
 * answer "last one". */
BROOD_API bool brood_conn_draining(struct brood_conn *conn);

/* One more field of the end record. Copies; at most 256 bytes in all, -ENOSPC beyond. */
BROOD_API int brood_conn_note(struct brood_conn *conn, const char *key, const char *value);

/* This client misbehaved: its end record says so (and penalties, once there are any). Copies. */
BROOD_API int brood_conn_blame(struct brood_conn *conn, const char *why);

/* A log line with this connection's service, pid and peer. brood_loggable tells whether anybody reads it. */
BROOD_API void brood_logf(struct brood_conn *conn, enum brood_level level, const char *format, ...)
	BROOD_PRINTF(3, 4);
BROOD_API bool brood_loggable(struct brood_conn *conn, enum brood_level level);

/* Wait; ends early with -ETIMEDOUT when a deadline of this connection passes, -ECANCELED when the
 * supervisor is gone. */
BROOD_API int brood_sleep(struct brood_conn *conn, int ms);

/* Wait until a descriptor of the handler's own (a data base, a pipe) is ready for events: POLLIN, POLLOUT or both.
 * Returns what it is ready for, as poll(2)'s revents (> 0; maybe POLLERR, POLLHUP), or -ETIMEDOUT after timeout_ms
 * (0: only look; BROOD_OFF: no limit of its own) or when a deadline of this connection passes, which the next call on
 * it tells; -EBADF; else as brood_sleep. Borrows fd. */
BROOD_API int brood_wait_fd(struct brood_conn *conn, int fd, short events, int timeout_ms);

/* Call fn(arg), which blocks: files, names of hosts, clients of data bases. Under event it runs in one of at most eight
 * threads of the worker, with 256 KiB of stack and all signals blocked, while others are served; elsewhere right here.
 * fn must not use conn, and shares all else with handlers that run meanwhile.
 * 0: it has returned. Nothing interrupts it and this call does not return before, since arg may be on its stack: a
 * deadline that passes meanwhile lets go of the client, and the next call tells. An fn that never returns keeps its
 * thread. <0: fn was not called: -EAGAIN if there is no thread to be had; else as brood_sleep. */
BROOD_API int brood_offload(struct brood_conn *conn, void (*fn)(void *arg), void *arg);

/* The connection as a stdio stream, buffered; flushed after each call of handle, closed by brood. NULL and
 * errno where the handler has no thread of control of its own. */
BROOD_API FILE *brood_file(struct brood_conn *conn);

/* Go on in a child: 0 in the child, which now owns the connection; 1 in the worker, whose handle should
 * return 0; or -errno (-EAGAIN: as many as .workers are out already). In handle, for streams, and models
 * with a thread of control of their own outside of threads: -EOPNOTSUPP elsewhere. */
BROOD_API int brood_fork(struct brood_conn *conn);

#ifdef __cplusplus
}
#endif
#endif
