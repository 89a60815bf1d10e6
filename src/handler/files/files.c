/* SPDX-License-Identifier: MIT */
/*
 * files: a directory over HTTP. A path is a file beneath it, a directory its index page. Nothing outside is ever
 * opened, whatever the path, the links and the renames (files_open.c); no answer says where the directory is. Uses
 * the public headers alone.
 */
#include <brood/http.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "files/files_list.h"
#include "files/files_open.h"
#include "files/files_root.h"
#include "files/files_text.h"

#define MIME_TYPES    "/etc/mime.types"
#define DEFAULT_INDEX "index.html"
#define ETAG_SIZE     64 /* two numbers in hex, a suffix, quotes */

/* Who writes a file twice within the grain of its time stamp leaves two contents with one tag: so long it is weak. */
#define SETTLED_NS 2000000000LL
#define NS_PER_S   1000000000LL

extern const struct brood_handler files_handler;

/* Where a client likes two as much, the first is sent: its files are smaller as a rule. */
static const struct files_coding all_codings[FILES_SIBLINGS] = {
	{ "br", ".br" },
	{ "zstd", ".zst" },
	{ "gzip", ".gz" },
};

/* ---- Load ---- */

static int read_options(struct files_root *root, const struct files_options *options)
{
	root->fd = open(options->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root->fd < 0)
		return -errno;
	root->list = options->list;
	root->hidden = options->hidden;
	root->index = options->index ? options->index : DEFAULT_INDEX;
	if (options->cache_ms > 0)
		snprintf(root->cache_control, sizeof root->cache_control, "max-age=%d", options->cache_ms / 1000);
	return files_open_probe(root);
}

static void files_unload(void *app)
{
	struct files_root *root = app;

	if (root->fd >= 0)
		close(root->fd);
	brood_http_types_close(root->types);
	free(root);
}

static int files_load(void **app)
{
	const struct files_options *options = *app;
	struct files_root *root;
	int r;

	if (!options || !options->directory)
		return -EINVAL;
	root = calloc(1, sizeof *root);
	if (!root)
		return -ENOMEM;
	root->fd = -1;
	r = read_options(root, options);
	if (r < 0) {
		files_unload(root);
		return r;
	}
	/* Without it the library's own table has to do. */
	brood_http_types_open(MIME_TYPES, &root->types);
	*app = root;
	return 0;
}

/* ---- Find ---- */

struct search {
	const struct files_root *root;
	const char *name;
	const struct files_coding *codings[FILES_SIBLINGS]; /* as the client likes them, NULL behind the last */
	bool cached;
	struct files_found found;
	int result;
};

static void search_now(void *arg)
{
	struct search *search = arg;

	search->result = files_open(search->root, search->name, search->cached, &search->found);
	if (search->result < 0 || !S_ISREG(search->found.status.st_mode))
		return;
	search->result =
		files_open_sibling(search->root, search->name, search->cached, search->codings, &search->found);
	if (search->result < 0)
		close(search->found.fd);
}

/* Mostly the kernel knows all names by heart, and then this takes a microsecond; else it may take a disk. */
static int find(struct brood_http *http, struct search *search)
{
	int r;

	search->cached = search->root->has_cached;
	if (search->cached) {
		search_now(search);
		if (search->result != -EAGAIN)
			return search->result;
	}
	search->cached = false;
	r = brood_offload(brood_http_conn(http), search_now, search);
	return r < 0 ? r : search->result;
}

/* Those that the client likes no less than the file as it is, the best first. */
static void choose_codings(struct brood_http *http, struct search *search)
{
	unsigned int least, weights[FILES_SIBLINGS];
	int count = 0;

	if (!brood_http_field(http, "Accept-Encoding", 0))
		return;
	least = brood_http_accepts(http, "identity");
	for (int i = 0; i < FILES_SIBLINGS; i++) {
		unsigned int weight = brood_http_accepts(http, all_codings[i].name);
		int at = count;

		if (weight == 0 || weight < least)
			continue;
		for (; at > 0 && weights[at - 1] < weight; at--) {
			weights[at] = weights[at - 1];
			search->codings[at] = search->codings[at - 1];
		}
		weights[at] = weight;
		search->codings[at] = &all_codings[i];
		count++;
	}
}

/* ---- Answer ---- */

static int answer_method(struct brood_http *http)
{
	int r = brood_http_set(http, "Allow", "GET, HEAD, OPTIONS");

	if (r < 0)
		return r;
	if (strcmp(brood_http_method(http), "OPTIONS") == 0)
		return brood_http_answer(http, 204, NULL, NULL, 0);
	return brood_http_say(http, 405, NULL);
}

/* To a client all that cannot be a file here is the same. */
static int answer_error(struct brood_http *http, int error)
{
	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
	case -EISDIR:
	case -ENAMETOOLONG:
	case -EXDEV: /* out of the root */
	case -ELOOP:
	case -ENXIO: /* a socket */
	case -ENODEV:
		return brood_http_say(http, 404, NULL);
	case -EACCES:
	case -EPERM:
		return brood_http_say(http, 403, NULL);
	case -EMFILE:
	case -ENFILE:
	case -ENOMEM:
	case -EAGAIN:
		return brood_http_say(http, 503, NULL);
	default:
		return error;
	}
}

/* Encoded anew, and on this host: a path that begins with two slashes would name another one. */
static int redirect_to_slash(struct brood_http *http)
{
	const char *path = brood_http_path(http), *query = brood_http_query(http);
	char location[BROOD_HTTP_ANSWER_HEAD], *end;
	int r;

	if (path[1] == '/' || FILES_TEXT_URL(strlen(path)) + 2 + (query ? strlen(query) : 0) > sizeof location)
		return brood_http_say(http, 404, NULL);
	end = files_text_url(path, location);
	end = stpcpy(end, "/");
	if (query)
		stpcpy(stpcpy(end, "?"), query);
	r = brood_http_set(http, "Location", location);
	return r == -EMSGSIZE ? brood_http_say(http, 404, NULL) : r < 0 ? r : brood_http_say(http, 301, NULL);
}

static void format_etag(const struct files_found *found, char etag[ETAG_SIZE])
{
	const struct timespec *modified = &found->status.st_mtim;
	int64_t modified_ns = modified->tv_sec * NS_PER_S + modified->tv_nsec;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(etag, ETAG_SIZE, "%s\"%llx-%llx%s%s\"",
		now.tv_sec * NS_PER_S + now.tv_nsec - modified_ns < SETTLED_NS ? "W/" : "",
		(unsigned long long)found->status.st_size, (unsigned long long)modified_ns, found->coding ? "-" : "",
		found->coding ? found->coding->name : "");
}

static int send_file(struct brood_http *http, const struct search *search)
{
	const struct files_found *found = &search->found;
	char etag[ETAG_SIZE];
	struct brood_http_file file = {
		.fd = found->fd,
		.size = found->status.st_size,
		.etag = etag,
		.type = brood_http_type_of(search->root->types, search->name),
	};
	/* Always: whether there is another version may change at any time. */
	int r = brood_http_set(http, "Vary", "Accept-Encoding");

	/* A date to come would be of no use to anybody (RFC 9110, 8.8.2.1). */
	if (found->status.st_mtim.tv_sec <= time(NULL))
		file.modified_s = found->status.st_mtim.tv_sec;
	format_etag(found, etag);
	if (r == 0 && found->coding)
		r = brood_http_set(http, "Content-Encoding", found->coding->name);
	if (r == 0 && search->root->cache_control[0])
		r = brood_http_set(http, "Cache-Control", search->root->cache_control);
	return r < 0 ? r : brood_http_send_file(http, &file);
}

static int answer_path(struct brood_http *http, const struct files_root *root, const char *name)
{
	struct search search = { .root = root, .name = name };
	int r;

	choose_codings(http, &search);
	r = find(http, &search);
	if (r < 0)
		return r;
	if (S_ISDIR(search.found.status.st_mode))
		r = -EISDIR;
	else
		r = send_file(http, &search);
	close(search.found.fd);
	return r;
}

static int answer_directory(struct brood_http *http, const struct files_root *root, const char *path)
{
	char name[PATH_MAX];
	int size = snprintf(name, sizeof name, "%s%s", path, root->index), r;

	if (size < 0 || (size_t)size >= sizeof name)
		return -ENAMETOOLONG;
	r = answer_path(http, root, name);
	return r == -ENOENT && root->list ? files_list(http, root, path) : r;
}

static int files_answer(struct brood_http *http, void *app)
{
	const char *method = brood_http_method(http), *path = brood_http_rest(http);
	const struct files_root *root = app;
	size_t size = strlen(path);
	bool is_directory = size == 0 || path[size - 1] == '/';
	int r;

	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return answer_method(http);
	if (!root->hidden && files_text_is_hidden(path))
		return brood_http_say(http, 404, NULL);
	r = is_directory ? answer_directory(http, root, path) : answer_path(http, root, path);
	if (r == -EISDIR && !is_directory)
		return redirect_to_slash(http);
	return r < 0 && !brood_http_begun(http) ? answer_error(http, r) : r;
}

static const struct brood_option files_own_options[] = {
	{ "DIR", "the directory that is served", BROOD_OPTION_WORD, offsetof(struct files_options, directory) },
	{ "index", "the file that stands for its directory (index.html)", BROOD_OPTION_STRING,
		offsetof(struct files_options, index) },
	{ "list", "show directories without one as lists of links", BROOD_OPTION_FLAG,
		offsetof(struct files_options, list) },
	{ "cache", "clients may keep files so long without asking again (Cache-Control)", BROOD_OPTION_MS,
		offsetof(struct files_options, cache_ms) },
	{ "hidden", "serve files whose names begin with a dot, too", BROOD_OPTION_FLAG,
		offsetof(struct files_options, hidden) },
	{ 0 },
};

const struct brood_handler files_handler = {
	BROOD_HTTP(files_answer),
	.load = files_load,
	.unload = files_unload,
	.summary = "serves the files of a directory over HTTP",
	.demo_listen = "tcp://127.0.0.1:8888",
	.options = files_own_options,
	.options_size = sizeof(struct files_options),
};
