/* SPDX-License-Identifier: MIT */
#include "http/route.h"

#include <errno.h>
#include <string.h>

#include <brood/http.h>

#include "protocol/http1_field.h"

static int refuse(struct sentence *why, const char *text, const char *reason)
{
	return sentence_set(why, -EINVAL, "route '%.80s': %s", text, reason);
}

static bool is_name(const char *text, size_t size)
{
	return http1_field_name_valid(text, size);
}

/* {name} or {name=default} */
static int parse_capture(struct route_segment *segment, const char *text, struct sentence *why)
{
	const char *equals;

	segment->is_capture = true;
	segment->text++;
	segment->size -= 2;
	equals = memchr(segment->text, '=', segment->size);
	if (equals) {
		segment->fallback = equals + 1;
		segment->fallback_size = segment->size - (size_t)(equals + 1 - segment->text);
		segment->size = (size_t)(equals - segment->text);
	}
	if (!is_name(segment->text, segment->size))
		return refuse(why, text, "a {name} is of letters, digits, '-' and '_'");
	return 0;
}

static int parse_segment(struct route *route, const char *at, size_t size, const char *text, struct sentence *why)
{
	struct route_segment *segment = &route->segments[route->count];

	if (route->count == ROUTE_SEGMENTS)
		return refuse(why, text, "it has more than 16 segments");
	*segment = (struct route_segment){ .text = at, .size = size };
	route->count++;
	if (size == 0)
		return refuse(why, text, "it has an empty segment");
	if (at[0] == '{' && at[size - 1] == '}')
		return parse_capture(segment, text, why);
	if (memchr(at, '{', size) || memchr(at, '}', size))
		return refuse(why, text, "a {name} stands for a whole segment");
	if ((size == 1 && at[0] == '.') || (size == 2 && memcmp(at, "..", 2) == 0))
		return refuse(why, text, "paths are without '.' and '..' when they are looked at");
	return 0;
}

static int parse_path(struct route *route, const char *path, const char *text, struct sentence *why)
{
	while (*path) {
		size_t size = strcspn(++path, "/");
		int r;

		if (size == 0 && !path[0]) {
			route->subtree = true;
			return 0;
		}
		r = parse_segment(route, path, size, text, why);
		if (r < 0)
			return r;
		path += size;
	}
	return 0;
}

static int check_captures(const struct route *route, const char *text, struct sentence *why)
{
	size_t count = 0;

	for (size_t i = 0; i < route->count; i++) {
		const struct route_segment *segment = &route->segments[i];

		if (segment->fallback && (i + 1 < route->count || route->subtree))
			return refuse(why, text, "only the last segment may have a default");
		count += segment->is_capture;
		if (count > BROOD_HTTP_CAPTURES)
			return refuse(why, text, "it has more than 8 {name}s");
		for (size_t k = 0; segment->is_capture && k < i; k++)
			if (route->segments[k].is_capture && route->segments[k].size == segment->size &&
				memcmp(route->segments[k].text, segment->text, segment->size) == 0)
				return refuse(why, text, "it has two {name}s that are the same");
	}
	return 0;
}

int route_parse(const char *text, struct route *ret_route, struct sentence *why)
{
	const char *path = strchr(text, '/'), *blank = strchr(text, ' ');
	struct route route = { 0 };
	int r;

	if (strlen(text) > ROUTE_TEXT_MAX)
		return refuse(why, text, "it has more than 255 bytes");
	if (!path)
		return refuse(why, text, "a path begins with '/'");
	if (blank && blank < path) {
		route.method = text;
		route.method_size = (size_t)(blank - text);
		if (!is_name(route.method, route.method_size) || path != blank + 1)
			return refuse(why, text, "write 'METHOD /path', with one blank between them");
	} else if (path != text) {
		return refuse(why, text, "a path begins with '/'");
	}
	r = parse_path(&route, path, text, why);
	if (r == 0)
		r = check_captures(&route, text, why);
	if (r == 0)
		*ret_route = route;
	return r;
}

static int compare_texts(const struct route_segment *a, const struct route_segment *b)
{
	if (a->is_capture || b->is_capture)
		return a->is_capture - b->is_capture;
	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	return memcmp(a->text, b->text, a->size);
}

int route_compare(const struct route *a, const struct route *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++) {
		int order = compare_texts(&a->segments[i], &b->segments[i]);

		if (order != 0)
			return order;
	}
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->subtree - b->subtree;
}

bool route_same_method(const struct route *a, const struct route *b)
{
	return a->method_size == b->method_size && (!a->method || memcmp(a->method, b->method, a->method_size) == 0);
}

void route_split(char *path, struct route_path *ret_path)
{
	char *slash = path;

	ret_path->count = 0;
	while (slash) {
		char *segment = slash + 1;

		*slash = '\0';
		slash = strchr(segment, '/');
		if (ret_path->count < ROUTE_PATH_SEGMENTS)
			ret_path->segments[ret_path->count] = segment;
		ret_path->count++;
	}
}

static bool fits_segment(const struct route_segment *segment, const char *text)
{
	if (segment->is_capture)
		return text[0] != '\0' || segment->fallback;
	return strncmp(text, segment->text, segment->size) == 0 && text[segment->size] == '\0';
}

/* "/hi" and "/hi/" for "/hi/{name=World}". */
static bool ends_in_default(const struct route *route)
{
	return route->count > 0 && route->segments[route->count - 1].fallback;
}

bool route_fits_path(const struct route *route, const struct route_path *path)
{
	size_t wanted = route->count;

	if (ends_in_default(route) && path->count == wanted - 1)
		wanted--;
	else if (!route->subtree && wanted == 0)
		return false;
	if (route->subtree ? path->count <= wanted : path->count != wanted)
		return false;
	for (size_t i = 0; i < wanted; i++)
		if (!fits_segment(&route->segments[i], path->segments[i]))
			return false;
	return true;
}

bool route_lacks_slash(const struct route *route, const struct route_path *path)
{
	if (!route->subtree || path->count != route->count)
		return false;
	for (size_t i = 0; i < route->count; i++)
		if (!fits_segment(&route->segments[i], path->segments[i]))
			return false;
	return true;
}

bool route_fits_method(const struct route *route, const char *method)
{
	if (!route->method)
		return true;
	if (route->method_size == 3 && memcmp(route->method, "GET", 3) == 0 && strcmp(method, "HEAD") == 0)
		return true;
	return strncmp(method, route->method, route->method_size) == 0 && method[route->method_size] == '\0';
}
