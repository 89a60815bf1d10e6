/* SPDX-License-Identifier: MIT */
/*
 * What every faulty server of the laboratory begins with: its command line, and the cage that keeps its mistake from
 * hurting anybody else. Contract with who starts it: BROOD_LAB=1, the options below, the line on standard output
 * "listening on tcp://127.0.0.1:PORT", and then a log of lines "[PID] …".
 */
#ifndef LAB_SERVERS_LABORATORY_H
#define LAB_SERVERS_LABORATORY_H

/* Options that do not apply to a server are accepted and ignored. */
struct laboratory {
	unsigned int port;             /* --port: 0, the default, lets the kernel choose */
	unsigned int seconds;          /* --seconds: the life of the server (30; at most 300) */
	unsigned int more_descriptors; /* --more-descriptors: than are open once it listens (32) */
	unsigned int more_processes;   /* --more-processes: than its user has when it starts (64) */
	unsigned int delay_ms;         /* --delay: between listen and the first accept, for a crowd to gather (0) */
	unsigned int work_ms;          /* --work: what one client costs, where the original sleeps */
};

/* First in main. Exits 64 outside the laboratory, and 69 or 71 where the cage cannot be closed. */
struct laboratory laboratory_enter(int argc, char **argv, unsigned int work_ms);

/* A blocking listener on loopback, announced; and from here on the limit of descriptors. */
int laboratory_listen(const struct laboratory *laboratory, int backlog);

/* To the end, whatever signals arrive. */
void laboratory_sleep(unsigned int milliseconds);

/* One line, by one write, with nothing buffered or locked: also for signal handlers. Leaves errno alone. */
void laboratory_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Where an original dies of an exception: "WHAT: Too many open files", and exit 1. */
_Noreturn void laboratory_fail(const char *what);

#endif
