/* SPDX-License-Identifier: MIT */
/* Reading a directory waits for a disk: brood_offload. It is written row by row, so a large one needs memory for its
 * names alone. */
#include "files/files_list.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/files_open.h"
#include "files/files_text.h"

#define NAME_SIZE (NAME_MAX + 2) /* a slash behind it, and the NUL */
#define ROW_SIZE  (FILES_TEXT_URL(NAME_SIZE) + FILES_TEXT_HTML(NAME_SIZE) + 32)
#define PAGE_SIZE 8192 /* bytes of the page written at once */

struct listing {
	const struct files_root *root;
	const char *path;
	char **names;
	size_t count;
	bool is_cut;
	int result;
};

struct page {
	struct brood_http *http;
	size_t used;
	char text[PAGE_SIZE];
};

/* ---- Reading ---- */

/* What would be a 404 is not shown, as far as the directory itself knows. */
static bool is_shown(const struct files_root *root, const struct dirent *entry)
{
	if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
		return false;
	if (entry->d_name[0] == '.' && !root->hidden)
		return false;
	return entry->d_type == DT_REG || entry->d_type == DT_DIR || entry->d_type == DT_LNK ||
	       entry->d_type == DT_UNKNOWN;
}

static int add_name(struct listing *listing, const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);
	char *name;

	if (listing->count == FILES_LIST_ENTRIES) {
		listing->is_cut = true;
		return 0;
	}
	name = malloc(size + 2);
	if (!name)
		return -ENOMEM;
	memcpy(name, entry->d_name, size + 1);
	if (entry->d_type == DT_DIR)
		memcpy(name + size, "/", 2);
	listing->names[listing->count++] = name;
	return 0;
}

static int read_names(struct listing *listing, DIR *directory)
{
	const struct dirent *entry;
	int r = 0;

	while (r == 0 && !listing->is_cut && (errno = 0, entry = readdir(directory)) != NULL)
		if (is_shown(listing->root, entry))
			r = add_name(listing, entry);
	if (r == 0 && !listing->is_cut)
		r = -errno;
	return r;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_directory(struct listing *listing)
{
	struct files_found found;
	DIR *directory;
	int r = files_open(listing->root, listing->path, false, &found);

	if (r < 0)
		return r;
	directory = S_ISDIR(found.status.st_mode) ? fdopendir(found.fd) : NULL;
	if (!directory) {
		r = S_ISDIR(found.status.st_mode) ? -errno : -ENOTDIR;
		close(found.fd);
		return r;
	}
	r = read_names(listing, directory);
	closedir(directory);
	if (r == 0)
		qsort(listing->names, listing->count, sizeof *listing->names, compare_names);
	/* It was opened without the right to read it. */
	return r == -EBADF ? -EACCES : r;
}

static void read_all(void *arg)
{
	struct listing *listing = arg;

	listing->names = calloc(FILES_LIST_ENTRIES, sizeof *listing->names);
	listing->result = listing->names ? read_directory(listing) : -ENOMEM;
}

static void free_names(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->names[i]);
	free(listing->names);
}

/* ---- Writing ---- */

static int flush(struct page *page)
{
	int r = page->used > 0 ? brood_http_write(page->http, page->text, page->used) : 0;

	page->used = 0;
	return r;
}

static int put(struct page *page, const char *text)
{
	size_t size = strlen(text);
	int r = size > sizeof page->text - page->used ? flush(page) : 0;

	if (r < 0)
		return r;
	if (size > sizeof page->text)
		return brood_http_write(page->http, text, size);
	memcpy(page->text + page->used, text, size);
	page->used += size;
	return 0;
}

/* "./": else a name like "javascript:x" would be an address of its own. */
static int put_row(struct page *page, const char *name)
{
	char row[ROW_SIZE], *end = stpcpy(row, "<li><a href=\"./");

	end = files_text_url(name, end);
	end = stpcpy(end, "\">");
	end = files_text_html(name, end);
	strcpy(end, "</a>\n");
	return put(page, row);
}

static int put_title(struct page *page)
{
	const char *path = brood_http_path(page->http);
	char *title = malloc(FILES_TEXT_HTML(strlen(path)));
	int r;

	if (!title)
		return -ENOMEM;
	files_text_html(path, title);
	r = put(page, "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>");
	if (r == 0)
		r = put(page, title);
	if (r == 0)
		r = put(page, "</title>\n<h1>");
	if (r == 0)
		r = put(page, title);
	if (r == 0)
		r = put(page, "</h1>\n<ul>\n");
	free(title);
	return r;
}

static int write_page(struct brood_http *http, const struct listing *listing)
{
	struct page page;
	int r = brood_http_begin(http, 200, "text/html; charset=utf-8", BROOD_HTTP_UNKNOWN);

	page.http = http;
	page.used = 0;
	if (r == 0)
		r = put_title(&page);
	if (r == 0 && listing->path[0])
		r = put(&page, "<li><a href=\"../\">../</a>\n");
	for (size_t i = 0; r == 0 && i < listing->count; i++)
		r = put_row(&page, listing->names[i]);
	if (r == 0)
		r = put(&page, listing->is_cut ? "</ul>\n<p>There are more.\n" : "</ul>\n");
	return r < 0 ? r : flush(&page);
}

int files_list(struct brood_http *http, const struct files_root *root, const char *path)
{
	struct listing listing = { .root = root, .path = path };
	int r = brood_offload(brood_http_conn(http), read_all, &listing);

	if (r == 0)
		r = listing.result;
	if (r == 0)
		r = write_page(http, &listing);
	free_names(&listing);
	return r;
}
