/* SPDX-License-Identifier: MIT */
#include "protocol/http1_types.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "protocol/http1_token.h"

struct type {
	char extension[12];
	char name[76];
};

static const struct type types[] = {
	{ "html", "text/html" },
	{ "css", "text/css" },
	{ "js", "text/javascript" },
	{ "mjs", "text/javascript" },
	{ "json", "application/json" },
	{ "png", "image/png" },
	{ "jpg", "image/jpeg" },
	{ "jpeg", "image/jpeg" },
	{ "svg", "image/svg+xml" },
	{ "webp", "image/webp" },
	{ "gif", "image/gif" },
	{ "ico", "image/vnd.microsoft.icon" },
	{ "avif", "image/avif" },
	{ "woff2", "font/woff2" },
	{ "woff", "font/woff" },
	{ "ttf", "font/ttf" },
	{ "otf", "font/otf" },
	{ "txt", "text/plain" },
	{ "htm", "text/html" },
	{ "xhtml", "application/xhtml+xml" },
	{ "xml", "application/xml" },
	{ "md", "text/markdown" },
	{ "csv", "text/csv" },
	{ "ics", "text/calendar" },
	{ "map", "application/json" },
	{ "jsonld", "application/ld+json" },
	{ "webmanifest", "application/manifest+json" },
	{ "wasm", "application/wasm" },
	{ "pdf", "application/pdf" },
	{ "rtf", "application/rtf" },
	{ "epub", "application/epub+zip" },
	{ "atom", "application/atom+xml" },
	{ "rss", "application/rss+xml" },
	{ "gz", "application/gzip" },
	{ "zip", "application/zip" },
	{ "tar", "application/x-tar" },
	{ "bz2", "application/x-bzip2" },
	{ "xz", "application/x-xz" },
	{ "zst", "application/zstd" },
	{ "7z", "application/x-7z-compressed" },
	{ "tif", "image/tiff" },
	{ "tiff", "image/tiff" },
	{ "bmp", "image/bmp" },
	{ "mp3", "audio/mpeg" },
	{ "m4a", "audio/mp4" },
	{ "ogg", "audio/ogg" },
	{ "opus", "audio/ogg" },
	{ "flac", "audio/flac" },
	{ "wav", "audio/x-wav" },
	{ "mp4", "video/mp4" },
	{ "webm", "video/webm" },
	{ "ogv", "video/ogg" },
	{ "mov", "video/quicktime" },
	{ "odt", "application/vnd.oasis.opendocument.text" },
	{ "ods", "application/vnd.oasis.opendocument.spreadsheet" },
	{ "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
	{ "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
};

const char *http1_types_extension(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');

	return dot && dot > name ? dot + 1 : "";
}

const char *http1_types_of(const char *path)
{
	const char *extension = http1_types_extension(path);
	size_t size = strlen(extension);

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (http1_token_is(extension, size, types[i].extension))
			return types[i].name;
	return HTTP1_TYPES_UNKNOWN;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next word of the line at *at, which ends behind it; its size, 0 at the end or before a comment. */
static size_t next_word(const char *line, size_t size, size_t *at, const char **ret_word)
{
	size_t begin;

	while (*at < size && is_blank(line[*at]))
		++*at;
	begin = *at;
	*ret_word = line + begin;
	if (begin < size && line[begin] == '#')
		return 0;
	while (*at < size && !is_blank(line[*at]))
		++*at;
	return *at - begin;
}

static bool is_type(const char *word, size_t size)
{
	size_t main_size = http1_token_size(word, size);

	if (main_size == 0 || main_size + 1 >= size || word[main_size] != '/')
		return false;
	return http1_token_size(word + main_size + 1, size - main_size - 1) == size - main_size - 1;
}

static bool has_control(const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (((unsigned char)line[i] < ' ' && !is_blank(line[i])) || line[i] == '\x7f')
			return true;
	return false;
}

int http1_types_line(const char *line, size_t size, http1_types_fn *found, void *arg)
{
	const char *type, *extension;
	size_t at = 0, type_size, extension_size;
	int r = 0;

	type_size = next_word(line, size, &at, &type);
	if (type_size == 0)
		return 0;
	if (!is_type(type, type_size) || has_control(line, size))
		return -EINVAL;
	while (r == 0 && (extension_size = next_word(line, size, &at, &extension)) > 0)
		r = found(arg, type, type_size, extension, extension_size);
	return r;
}
