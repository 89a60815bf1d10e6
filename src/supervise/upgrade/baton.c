/* SPDX-License-Identifier: MIT */
/* Invariant: the reader never goes beyond the text, and takes no descriptor twice or of another kind than it should be. */
#include "supervise/upgrade/baton.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/clone.h"
#include "protocol/escapes.h"

#define FIRST_RECORD "brood-baton"
#define EMPTY_WORD   "\\"
#define SEALS        (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int append(int **list, size_t *count, int fd)
{
	int *longer = realloc(*list, (*count + 1) * sizeof *longer);

	if (!longer)
		return -ENOMEM;
	longer[(*count)++] = fd;
	*list = longer;
	return 0;
}

static void keep(struct baton_writer *writer, int fd)
{
	if (append(&writer->kept, &writer->kept_count, fd) < 0)
		writer->error = -ENOMEM;
}

/* ---- Writing ---- */

int baton_begin(struct baton_writer *writer)
{
	int fd = memfd_create("brood-baton", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
	int r = -errno;

	if (!out) {
		if (copy >= 0)
			close(copy);
		if (fd >= 0)
			close(fd);
		return r;
	}
	*writer = (struct baton_writer){ .out = out, .fd = fd };
	keep(writer, fd);
	fprintf(out, FIRST_RECORD " %d", BATON_VERSION);
	return 0;
}

void baton_record(struct baton_writer *writer, const char *name)
{
	fprintf(writer->out, "\n%s", name);
}

void baton_text(struct baton_writer *writer, const char *text)
{
	const char *at = text ? text : "";

	fputc(' ', writer->out);
	if (!*at)
		fputs(EMPTY_WORD, writer->out);
	for (; *at; at++) {
		unsigned char byte = (unsigned char)*at;

		if (byte > ' ' && byte < 0x7f && byte != '\\')
			fputc(byte, writer->out);
		else
			fprintf(writer->out, "\\x%02x", byte);
	}
}

void baton_number(struct baton_writer *writer, int64_t number)
{
	fprintf(writer->out, " %" PRId64, number);
}

void baton_fd(struct baton_writer *writer, int fd)
{
	if (fd >= 0)
		keep(writer, fd);
	baton_number(writer, fd < 0 ? -1 : fd);
}

int baton_end(struct baton_writer *writer)
{
	bool failed;

	fputc('\n', writer->out);
	failed = ferror(writer->out);
	failed = fclose(writer->out) != 0 || failed;
	writer->out = NULL;
	if (failed && writer->error == 0)
		writer->error = -EIO;
	if (fcntl(writer->fd, F_ADD_SEALS, SEALS) < 0 && writer->error == 0)
		writer->error = -errno;
	return writer->error;
}

void baton_hold(const struct baton_writer *writer, bool hold)
{
	for (size_t i = 0; i < writer->kept_count; i++)
		fcntl(writer->kept[i], F_SETFD, hold ? 0 : FD_CLOEXEC);
}

bool baton_keeps(const struct baton_writer *writer, int fd)
{
	for (size_t i = 0; i < writer->kept_count; i++)
		if (writer->kept[i] == fd)
			return true;
	return false;
}

void baton_pass_on(struct baton_writer *writer, const struct baton_reader *reader)
{
	for (size_t i = 0; i < reader->taken_count; i++)
		keep(writer, reader->taken[i]);
}

void baton_discard(struct baton_writer *writer)
{
	if (writer->out)
		fclose(writer->out);
	close(writer->fd);
	free(writer->kept);
	*writer = (struct baton_writer){ .fd = -1 };
}

/* ---- Reading ---- */

static int read_all(int fd, char **ret_text, size_t *ret_size)
{
	struct stat status;
	char *text;

	if (fstat(fd, &status) < 0)
		return -errno;
	if ((fcntl(fd, F_GET_SEALS) & SEALS) != SEALS)
		return -EPERM;
	if (status.st_size < 1 || status.st_size > BATON_SIZE_MAX)
		return -EFBIG;
	text = malloc((size_t)status.st_size + 1);
	if (!text)
		return -ENOMEM;
	if (pread(fd, text, (size_t)status.st_size, 0) != status.st_size) {
		free(text);
		return -EIO;
	}
	text[status.st_size] = '\0';
	*ret_text = text;
	*ret_size = (size_t)status.st_size;
	return 0;
}

int baton_open(int fd, struct baton_reader *ret_reader, struct sentence *why)
{
	struct baton_reader reader = { 0 };
	const char *name;
	int r = read_all(fd, &reader.text, &reader.size);

	if (r < 0)
		return sentence_set(why, r, "descriptor %d is not what a supervisor leaves to its successor", fd);
	close(fd);
	reader.next_line = reader.text;
	name = baton_next(&reader);
	if (!name || strcmp(name, FIRST_RECORD) != 0 || baton_take_number(&reader, 1, INT32_MAX) != BATON_VERSION ||
		reader.failed) {
		free(reader.text);
		return sentence_set(why, -EPROTO, "what the former supervisor left is of another version");
	}
	*ret_reader = reader;
	return 0;
}

void baton_close(struct baton_reader *reader)
{
	free(reader->text);
	free(reader->taken);
	*reader = (struct baton_reader){ 0 };
}

/* The next word, and the one after that. */
static char *cut(char **at, char separator)
{
	char *word = *at, *end;

	if (!word || !*word)
		return NULL;
	end = strchr(word, separator);
	if (end)
		*end++ = '\0';
	*at = end;
	return word;
}

const char *baton_next(struct baton_reader *reader)
{
	reader->line = cut(&reader->next_line, '\n');
	return reader->line ? cut(&reader->line, ' ') : NULL;
}

const char *baton_take_text(struct baton_reader *reader)
{
	char *word = cut(&reader->line, ' ');
	size_t size;

	if (word && strcmp(word, EMPTY_WORD) == 0)
		return "";
	if (!word || escapes_decode(word, word, &size, NULL) < 0 || memchr(word, '\0', size)) {
		reader->failed = true;
		return "";
	}
	word[size] = '\0';
	return word;
}

int64_t baton_take_number(struct baton_reader *reader, int64_t min, int64_t max)
{
	const char *word = cut(&reader->line, ' ');
	long long number;
	char *end;

	errno = 0;
	number = word ? strtoll(word, &end, 10) : 0;
	if (word && *word && !isspace((unsigned char)*word) && *end == '\0' && errno == 0 && number >= min &&
		number <= max)
		return number;
	reader->failed = true;
	return min;
}

static bool is_kind(int fd, enum baton_kind kind)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return false;
	switch (kind) {
	case BATON_SOCKET:
		return S_ISSOCK(status.st_mode);
	case BATON_PIPE:
		return S_ISFIFO(status.st_mode);
	case BATON_FILE:
		return S_ISREG(status.st_mode);
	case BATON_PIDFD:
		/* Of nothing else can one wait. */
		return clone_pidfd_signal(fd, 0) != -EBADF;
	case BATON_MEMORY:
		return S_ISREG(status.st_mode) && fcntl(fd, F_GET_SEALS) >= 0;
	case BATON_ANY:
		break;
	}
	return true;
}

int baton_take_fd(struct baton_reader *reader, enum baton_kind kind)
{
	int fd = (int)baton_take_number(reader, -1, INT32_MAX);

	if (fd < 0)
		return -1;
	/* Taken before, it would be close-on-exec. */
	if (fd <= STDERR_FILENO || fcntl(fd, F_GETFD) != 0 || !is_kind(fd, kind) ||
		append(&reader->taken, &reader->taken_count, fd) < 0) {
		reader->failed = true;
		return -1;
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}
