/* SPDX-License-Identifier: MIT */
/*
 * Media types from a file like /etc/mime.types: read once, by whoever serves files, and looked up by extension. What
 * is not in it is looked up in brood's own table. All memory is bounded by the size of the file, which is bounded,
 * too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/http_private.h"
#include "protocol/http1_types.h"

#define EXTENSION_MAX 32 /* bytes; who has longer ones is in no table */

/* Places in the text: pointers would not be known before all of it is split. */
struct row {
	uint32_t extension, type;
	uint32_t extension_size, type_size;
};

struct brood_http_types {
	char *text;
	size_t text_size;
	struct row rows[BROOD_HTTP_TYPES];
	size_t count;
};

static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used < size && (n = read(fd, text + used, size - used)) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		used += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)used;
}

static int read_file(struct brood_http_types *types, int fd)
{
	struct stat status;
	ssize_t size;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if (status.st_size > BROOD_HTTP_TYPES_SIZE)
		return -EFBIG;
	types->text = malloc((size_t)status.st_size + 1);
	if (!types->text)
		return -ENOMEM;
	size = read_all(fd, types->text, (size_t)status.st_size);
	if (size < 0)
		return (int)size;
	types->text_size = (size_t)size;
	types->text[size] = '\0';
	return 0;
}

static int open_and_read(struct brood_http_types *types, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int r;

	if (fd < 0)
		return -errno;
	r = read_file(types, fd);
	close(fd);
	return r;
}

static int add_row(void *arg, const char *type, size_t type_size, const char *extension, size_t extension_size)
{
	struct brood_http_types *types = arg;

	if (extension_size > EXTENSION_MAX)
		return 0;
	if (types->count == BROOD_HTTP_TYPES)
		return -EFBIG;
	types->rows[types->count++] = (struct row){
		.extension = (uint32_t)(extension - types->text),
		.type = (uint32_t)(type - types->text),
		.extension_size = (uint32_t)extension_size,
		.type_size = (uint32_t)type_size,
	};
	return 0;
}

/* A line that is wrong is left out: the rest of the file is of use. */
static int split_lines(struct brood_http_types *types)
{
	char *line = types->text, *end = types->text + types->text_size;
	int r = 0;

	while (line < end && r != -EFBIG) {
		char *next = memchr(line, '\n', (size_t)(end - line));

		next = next ? next + 1 : end;
		r = http1_types_line(line, (size_t)(next - line), add_row, types);
		line = next;
	}
	return r == -EFBIG ? r : 0;
}

static char to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Not earlier: while a line is split, blanks end its words. */
static void terminate_words(struct brood_http_types *types)
{
	for (size_t i = 0; i < types->count; i++) {
		const struct row *row = &types->rows[i];
		char *extension = types->text + row->extension;

		types->text[row->type + row->type_size] = '\0';
		extension[row->extension_size] = '\0';
		for (char *at = extension; *at; at++)
			*at = to_lower(*at);
	}
}

/* Of two lines for one extension the later one comes first, so that it is found. */
static int compare_rows(const void *a, const void *b, void *text)
{
	const struct row *one = a, *other = b;
	int r = strcmp((char *)text + one->extension, (char *)text + other->extension);

	return r ? r : (one->extension < other->extension) - (one->extension > other->extension);
}

int brood_http_types_open(const char *path, struct brood_http_types **ret_types)
{
	struct brood_http_types *types = calloc(1, sizeof *types);
	int r;

	if (!types)
		return -ENOMEM;
	r = open_and_read(types, path);
	if (r == 0)
		r = split_lines(types);
	if (r < 0) {
		brood_http_types_close(types);
		return r;
	}
	terminate_words(types);
	qsort_r(types->rows, types->count, sizeof *types->rows, compare_rows, types->text);
	*ret_types = types;
	return 0;
}

void brood_http_types_close(struct brood_http_types *types)
{
	if (!types)
		return;
	free(types->text);
	free(types);
}

/* The first row of that extension, or where it would be. */
static size_t find(const struct brood_http_types *types, const char *extension)
{
	size_t low = 0, high = types->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(types->text + types->rows[middle].extension, extension) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const char *brood_http_type_of(const struct brood_http_types *types, const char *path)
{
	const char *extension = http1_types_extension(path);
	char name[EXTENSION_MAX + 1];
	size_t size = strlen(extension), at;

	if (!types || size == 0 || size > EXTENSION_MAX)
		return http1_types_of(path);
	for (size_t i = 0; i <= size; i++)
		name[i] = to_lower(extension[i]);
	at = find(types, name);
	if (at < types->count && strcmp(types->text + types->rows[at].extension, name) == 0)
		return types->text + types->rows[at].type;
	return http1_types_of(path);
}
