/* SPDX-License-Identifier: MIT */
/*
 * What a supervisor leaves to the image that is executed in its place, and how that one takes it up: in this order, since
 * it is read as it comes. Texts are borrowed from the legacy.
 */
#ifndef SUPERVISE_LEGACY_H
#define SUPERVISE_LEGACY_H

#include <stddef.h>
#include <sys/types.h>

#include "base/sentence.h"
#include "contract/listener.h"
#include "supervise/upgrade/baton.h"

#define LEGACY_SOCKETS 8
#define LEGACY_ASKERS  16

struct supervisor;

/* Who asked the other image, for what, and waits. */
enum legacy_asked {
	LEGACY_UPGRADE,      /* for this one */
	LEGACY_RELOAD,       /* which it is as well, unless it fails */
	LEGACY_NEXT_UPGRADE, /* where this one failed: asked for since it began */
	LEGACY_NOTHING_YET,  /* it was not heard */
};

struct legacy_asker {
	enum legacy_asked asked;
	int fd;
};

/* A listener of the supervisor's own. */
struct legacy_socket {
	const char *owner; /* "control", "status"; NULL: somebody has it */
	struct listener listener;
};

struct legacy {
	char *raw; /* all of it, as it came */
	struct baton_reader reader;
	const char *record; /* the next one's name, or NULL */
	bool taken_up;      /* all of it: from now on what is told is what the supervisor has */

	const char *failed;  /* the other image could not go on, and why; or NULL */
	const char *source;  /* text of the file that those in office were read from; or NULL */
	const char *binary;  /* path of what was executed at first */
	const char *version; /* of the brood that wrote this */
	int back_fd;         /* the binary that wrote this */

	struct legacy_socket sockets[LEGACY_SOCKETS];
	size_t socket_count;
	struct legacy_asker askers[LEGACY_ASKERS];
	size_t asker_count;
	bool reload_wanted, upgrade_wanted; /* by somebody, who need not wait */
	pid_t status_pid;                   /* the status process: not needed any more */
	int status_pidfd;
	int status_memory_fd;          /* what it was told by, see status_shared.h; -1: nothing */
	const char *control_directory; /* made for the control socket, or "" */
};

/* Everything that is to be kept; nothing has changed. back_fd: this binary. failed: NULL, or why this image cannot go on. */
int legacy_write(struct supervisor *supervisor, int back_fd, const char *failed, struct baton_writer *writer);

/* Takes fd, if it is one. 0, or -errno with a sentence. */
int legacy_open(int fd, struct legacy *ret_legacy, struct sentence *why);
void legacy_close(struct legacy *legacy); /* the memory alone */

/* Before it was taken up: the same once more, with the reason. What was taken of it is open still. 0 or -errno. */
int legacy_copy(const struct legacy *legacy, const char *failed, struct baton_writer *writer);

/* The supervisor's own: lifeline, pid file, counts; and what else is in struct legacy. */
int legacy_take(struct legacy *legacy, struct supervisor *supervisor, struct sentence *why);

/* Up to max sockets of an owner. How many; 0: none were left. */
size_t legacy_sockets(struct legacy *legacy, const char *owner, struct listener *ret_listeners, size_t max);

/* There is no way back: closes what nobody asked for. */
void legacy_drop(struct legacy *legacy);

/* The services with their listeners and processes. Those in office become the generation in office: of the supervisor's
 * configuration where we failed to hand over to another image, else of one that is known by what was told alone. */
int legacy_take_services(struct legacy *legacy, struct supervisor *supervisor, struct sentence *why);

/* Shared by the files legacy_*.c. What is still in it is told again if we go back. */
void legacy_take_listener(struct baton_reader *reader, struct listener *listener);
#define LEGACY_ROLE_IN_OFFICE 0
#define LEGACY_ROLE_RETIRED   1

#endif
