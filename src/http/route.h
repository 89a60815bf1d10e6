/* SPDX-License-Identifier: MIT */
/* One route: "GET /hi/{name=World}", as brood/http.h describes it. Pure: no allocation, borrows its text. */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/sentence.h"

#define ROUTE_SEGMENTS 16
#define ROUTE_TEXT_MAX 255

struct route_segment {
	const char *text; /* what must stand there, or the name of a capture */
	size_t size;
	const char *fallback; /* of a capture: what if nothing stands there; NULL: then it does not match */
	size_t fallback_size;
	bool is_capture;
};

struct route {
	const char *method; /* NULL: any */
	size_t method_size;
	struct route_segment segments[ROUTE_SEGMENTS];
	size_t count;
	bool subtree; /* ends in '/' */
};

/* A path in pieces: "/a//b/" is "a", "", "b", "". */
#define ROUTE_PATH_SEGMENTS (ROUTE_SEGMENTS + 1)

struct route_path {
	const char *segments[ROUTE_PATH_SEGMENTS];
	size_t count; /* of all, also of those that found no room in segments */
};

/* 0, or -EINVAL with a sentence. */
int route_parse(const char *text, struct route *ret_route, struct sentence *why);

/* < 0: a is to be asked before b; 0: both fit the same paths, and (unless their methods differ) one is superfluous. */
int route_compare(const struct route *a, const struct route *b);
bool route_same_method(const struct route *a, const struct route *b);

/* Cuts path (which begins with '/') at its slashes, in place. */
void route_split(char *path, struct route_path *ret_path);

bool route_fits_path(const struct route *route, const struct route_path *path);
bool route_fits_method(const struct route *route, const char *method); /* HEAD fits where GET does */

/* Would it fit with a '/' behind it? */
bool route_lacks_slash(const struct route *route, const struct route_path *path);

#endif
