/* SPDX-License-Identifier: MIT */
/* The command line of brood-load. Options may stand anywhere; what contradicts itself is refused. */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/sentence.h"
#include "load/reply.h"

#define OPTIONS_CLIENTS         16  /* connections at once */
#define OPTIONS_CLIENTS_OPEN    256 /* with --rate: a request shall not have to wait for a client */
#define OPTIONS_CLIENTS_MAX     4000000
#define OPTIONS_DURATION_MS     5000
#define OPTIONS_DURATION_MAX_MS (24 * 3600 * 1000)
#define OPTIONS_SLOW_MS         1000
#define OPTIONS_PROCESSES_MAX   256
#define OPTIONS_RATE_MAX        100000000
#define OPTIONS_MESSAGE_MAX     (16 * 1024 * 1024)

struct options {
	const char *url;     /* borrowed from argv, as the next */
	const char *message; /* as it was written; NULL: not given */
	enum reply_kind answer;
	int answer_size;
	int clients, processes; /* processes 0: as many as are needed */
	int conns, requests;    /* of each client, over each connection; 0: any number */
	int rate;               /* per second; 0: a closed loop */
	int duration_ms;        /* 0: until all connections were made */
	int timeout_ms;         /* 0: not given */
	int slow_ms;            /* between two bytes; 0: a message is sent at once */
	int abort_percent;
	bool hold, json, help;
};

/* argv: what follows the command's name. 0, or EX_USAGE with a sentence. */
int options_read(char **argv, struct options *ret_options, struct sentence *why);

void options_help(void);

#endif
