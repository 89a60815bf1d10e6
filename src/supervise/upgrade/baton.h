/* SPDX-License-Identifier: MIT */
/*
 * How one image of the supervisor tells the next what it has: text in a sealed memfd, a record on each line, words with a
 * blank between them. Descriptors are told by number: they stay open over the exec. The reader believes nothing: whatever is
 * not exactly what it asks for is an error, and a descriptor is of the kind that was asked for.
 */
#ifndef SUPERVISE_BATON_H
#define SUPERVISE_BATON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/sentence.h"

#define BATON_VERSION  2
#define BATON_SIZE_MAX (16 * 1024 * 1024)

struct baton_writer {
	FILE *out;
	int fd;
	int *kept; /* descriptors that were told: not to be closed by the exec */
	size_t kept_count;
	int error; /* of the first thing that went wrong */
};

int baton_begin(struct baton_writer *writer);
void baton_record(struct baton_writer *writer, const char *name);
void baton_text(struct baton_writer *writer, const char *text); /* NULL is "" */
void baton_number(struct baton_writer *writer, int64_t number);
void baton_fd(struct baton_writer *writer, int fd); /* -1: none */

/* Sealed. 0 or -errno. */
int baton_end(struct baton_writer *writer);

/* All descriptors that were told, and the baton's own, survive an exec, or do not. */
void baton_hold(const struct baton_writer *writer, bool hold);

/* Whether it was told already. */
bool baton_keeps(const struct baton_writer *writer, int fd);

/* Closes the baton, not what is told in it. */
void baton_discard(struct baton_writer *writer);

struct baton_reader {
	char *text; /* of all of it, cut into words as it is read */
	size_t size;
	char *line, *next_line; /* the record in hand, and what follows */
	bool failed;
	int *taken; /* descriptors, so far */
	size_t taken_count;
};

/* What was taken is told as it came: it is kept over the exec, too. */
void baton_pass_on(struct baton_writer *writer, const struct baton_reader *reader);

/* Takes fd, if it is a baton of any version. 0, or -errno with a sentence. */
int baton_open(int fd, struct baton_reader *ret_reader, struct sentence *why);
void baton_close(struct baton_reader *reader);

/* The next record's name; NULL: there is none. What is left of the last one is skipped. */
const char *baton_next(struct baton_reader *reader);

/* The next word of this record. Those that are not there, or not as asked for, set failed. */
const char *baton_take_text(struct baton_reader *reader);
int64_t baton_take_number(struct baton_reader *reader, int64_t min, int64_t max);

enum baton_kind { BATON_SOCKET, BATON_PIPE, BATON_FILE, BATON_PIDFD, BATON_MEMORY, BATON_ANY };

/* Close-on-exec from now on. -1: none. */
int baton_take_fd(struct baton_reader *reader, enum baton_kind kind);

#endif
