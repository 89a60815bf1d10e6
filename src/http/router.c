/* SPDX-License-Identifier: MIT */
/* Several handlers side by side: each request goes to the one whose route fits best. Written on the public face, as a handler
 * of a user's could be; only the captures and the rest of the path are set behind it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "http/http_private.h"
#include "http/route.h"

#define ALLOW_SIZE 1024

struct mount {
	struct route route;
	const struct brood_handler *handler;
	void *app; /* as its load left it */
	bool loaded;
};

struct router {
	size_t count;
	struct mount mounts[]; /* the one to be asked first first */
};

/* ---- Moments ---- */

static int compare_mounts(const void *a, const void *b)
{
	const struct mount *one = a, *other = b;

	return route_compare(&one->route, &other->route);
}

static bool has_twins(const struct router *router)
{
	for (size_t i = 0; i + 1 < router->count; i++)
		for (size_t k = i + 1; k < router->count; k++)
			if (route_compare(&router->mounts[i].route, &router->mounts[k].route) == 0 &&
				route_same_method(&router->mounts[i].route, &router->mounts[k].route))
				return true;
	return false;
}

static int read_routes(struct router *router, const struct brood_http_route *rows)
{
	struct sentence why;

	for (size_t i = 0; i < router->count; i++) {
		struct mount *mount = &router->mounts[i];

		mount->handler = rows[i].handler;
		mount->app = rows[i].app;
		if (!mount->handler || !mount->handler->http || route_parse(rows[i].route, &mount->route, &why) < 0)
			return -EINVAL;
	}
	qsort(router->mounts, router->count, sizeof *router->mounts, compare_mounts);
	return has_twins(router) ? -EEXIST : 0;
}

static void unload_all(struct router *router)
{
	for (size_t i = router->count; i-- > 0;) {
		struct mount *mount = &router->mounts[i];

		if (mount->loaded && mount->handler->unload)
			mount->handler->unload(mount->app);
	}
	free(router);
}

static int load_all(struct router *router)
{
	for (size_t i = 0; i < router->count; i++) {
		struct mount *mount = &router->mounts[i];
		int r = mount->handler->load ? mount->handler->load(&mount->app) : 0;

		if (r < 0)
			return r;
		mount->loaded = true;
	}
	return 0;
}

static int router_load(void **app)
{
	const struct brood_http_route *rows = *app;
	struct router *router;
	size_t count = 0;
	int r;

	while (rows && rows[count].route)
		count++;
	if (count == 0 || count > BROOD_HTTP_ROUTES)
		return -EINVAL;
	router = calloc(1, sizeof *router + count * sizeof *router->mounts);
	if (!router)
		return -ENOMEM;
	router->count = count;
	r = read_routes(router, rows);
	if (r == 0)
		r = load_all(router);
	if (r < 0) {
		unload_all(router);
		return r;
	}
	*app = router;
	return 0;
}

static void router_unload(void *app)
{
	unload_all(app);
}

static void stop_first(struct router *router, size_t count)
{
	while (count-- > 0)
		if (router->mounts[count].handler->stop)
			router->mounts[count].handler->stop(router->mounts[count].app);
}

static int router_start(void *app)
{
	struct router *router = app;

	for (size_t i = 0; i < router->count; i++) {
		const struct mount *mount = &router->mounts[i];
		int r = mount->handler->start ? mount->handler->start(mount->app) : 0;

		if (r < 0) {
			stop_first(router, i);
			return r;
		}
	}
	return 0;
}

static void router_stop(void *app)
{
	struct router *router = app;

	stop_first(router, router->count);
}

static void router_tick(void *app)
{
	struct router *router = app;

	for (size_t i = 0; i < router->count; i++)
		if (router->mounts[i].handler->tick)
			router->mounts[i].handler->tick(router->mounts[i].app);
}

/* ---- A request ---- */

/* Texts of the split path, or of the route, where its default stands in braces: that is copied. */
static void capture(struct brood_http *http, const struct route *route, const struct route_path *path,
	char fallback[ROUTE_TEXT_MAX + 1])
{
	http->capture_count = 0;
	for (size_t i = 0; i < route->count && http->capture_count < BROOD_HTTP_CAPTURES; i++) {
		const struct route_segment *segment = &route->segments[i];
		struct http_capture *capture = &http->captures[http->capture_count];

		if (!segment->is_capture)
			continue;
		http->capture_count++;
		*capture = (struct http_capture){ .name = segment->text, .name_size = segment->size };
		if (i < path->count && path->segments[i][0]) {
			capture->value = path->segments[i];
			continue;
		}
		memcpy(fallback, segment->fallback, segment->fallback_size);
		fallback[segment->fallback_size] = '\0';
		capture->value = fallback;
	}
}

/* Behind the slash that ends the route. */
static const char *rest_of(const char *path, const struct route *route)
{
	const char *rest = path + 1;

	for (size_t i = 0; i < route->count; i++) {
		const char *slash = strchr(rest, '/');

		if (!slash)
			return "";
		rest = slash + 1;
	}
	return route->subtree ? rest : "";
}

static void allow(struct buf *methods, const char *method, size_t size)
{
	if (methods->size > 0)
		buf_puts(methods, ", ");
	buf_put(methods, method, size);
}

/* Which methods a path has; false: none, it is not there at all. */
static bool list_methods(const struct router *router, const struct route_path *path, struct buf *methods)
{
	for (size_t i = 0; i < router->count; i++) {
		const struct route *route = &router->mounts[i].route;

		if (!route_fits_path(route, path))
			continue;
		allow(methods, route->method, route->method_size);
		if (route->method_size == 3 && memcmp(route->method, "GET", 3) == 0 && !strstr(methods->data, "HEAD"))
			allow(methods, "HEAD", 4);
	}
	return methods->size > 0;
}

static int answer_methods(struct brood_http *http, const char *methods)
{
	int r = brood_http_set(http, "Allow", methods);

	if (r < 0)
		return r;
	if (strcmp(brood_http_method(http), "OPTIONS") == 0)
		return brood_http_answer(http, 204, NULL, NULL, 0);
	return brood_http_say(http, 405, NULL);
}

/* As it was sent, so that no byte of it changes its meaning on the way; the grammar let only harmless ones pass. */
static int redirect_to_slash(struct brood_http *http)
{
	const char *target = brood_http_target(http), *query = brood_http_query(http);
	const struct http1_part *path = &http->request.path;
	const char *begin = target + (path->at - http->request.target.at);
	char location[BROOD_HTTP_ANSWER_HEAD];
	bool safe = strcmp(brood_http_method(http), "GET") == 0 || strcmp(brood_http_method(http), "HEAD") == 0;
	struct buf buf;
	int r;

	/* "//host/" would lead elsewhere, and to a browser a backslash is a slash. */
	if (path->size > 1 && (begin[1] == '/' || begin[1] == '\\'))
		return brood_http_say(http, 404, NULL);
	buf_init(&buf, location, sizeof location);
	buf_put(&buf, begin, path->size);
	buf_putc(&buf, '/');
	if (query) {
		buf_putc(&buf, '?');
		buf_puts(&buf, query);
	}
	r = buf.truncated ? -EMSGSIZE : brood_http_set(http, "Location", location);
	return r < 0 ? brood_http_say(http, 404, NULL) : brood_http_say(http, safe ? 301 : 308, NULL);
}

static int answer_without_route(struct brood_http *http, const struct router *router, const struct route_path *path)
{
	char text[ALLOW_SIZE];
	struct buf methods;

	buf_init(&methods, text, sizeof text);
	if (list_methods(router, path, &methods))
		return answer_methods(http, text);
	for (size_t i = 0; i < router->count; i++)
		if (route_lacks_slash(&router->mounts[i].route, path))
			return redirect_to_slash(http);
	return brood_http_say(http, 404, NULL);
}

/* *ret_lacks_slash: "/static/" was found for "/static", for which a route of all paths would not be better. */
static const struct mount *find(
	const struct router *router, const struct route_path *path, const char *method, bool *ret_lacks_slash)
{
	for (size_t i = 0; i < router->count; i++) {
		const struct route *route = &router->mounts[i].route;

		*ret_lacks_slash = route_lacks_slash(route, path);
		if ((*ret_lacks_slash || route_fits_path(route, path)) && route_fits_method(route, method))
			return &router->mounts[i];
	}
	return NULL;
}

static int router_serve(struct brood_http *http, void *app)
{
	char fallback[ROUTE_TEXT_MAX + 1], split[HTTP_PATH_SIZE];
	const struct router *router = app;
	const struct mount *mount;
	struct route_path path;
	bool lacks_slash;

	if (http->path[0] != '/')
		return brood_http_answer(http, 204, NULL, NULL, 0);
	strcpy(split, http->path);
	route_split(split, &path);
	mount = find(router, &path, brood_http_method(http), &lacks_slash);
	if (!mount)
		return answer_without_route(http, router, &path);
	if (lacks_slash)
		return redirect_to_slash(http);
	capture(http, &mount->route, &path, fallback);
	http->rest = rest_of(http->path, &mount->route);
	return mount->handler->http(http, mount->app);
}

const struct brood_handler brood_http_router = {
	BROOD_HTTP(router_serve),
	.load = router_load,
	.unload = router_unload,
	.start = router_start,
	.stop = router_stop,
	.tick = router_tick,
};
