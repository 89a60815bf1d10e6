/* SPDX-License-Identifier: MIT */
/* Routes: what is one, which paths and methods fit, and who is asked first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "http/route.h"

static struct route parsed(const char *text)
{
	struct sentence why = { 0 };
	struct route route;

	if (route_parse(text, &route, &why) < 0)
		fail_msg("%s: %s", text, why.text);
	return route;
}

static bool fits(const char *text, const char *path)
{
	const struct route route = parsed(text);
	struct route_path split;
	char copy[256];

	strcpy(copy, path);
	route_split(copy, &split);
	return route_fits_path(&route, &split);
}

static void literal_paths_fit_exactly(void **state)
{
	(void)state;
	assert_true(fits("/status", "/status"));
	assert_false(fits("/status", "/status/"));
	assert_false(fits("/status", "/statu"));
	assert_false(fits("/status", "/status/x"));
	assert_false(fits("/status", "/"));
	assert_true(fits("/a/b", "/a/b"));
	assert_false(fits("/a/b", "/a//b"));
}

static void a_slash_at_the_end_means_all_beneath(void **state)
{
	(void)state;
	assert_true(fits("/", "/"));
	assert_true(fits("/", "/any/thing"));
	assert_true(fits("/static/", "/static/"));
	assert_true(fits("/static/", "/static/a/b"));
	assert_true(fits("/static/", "/static//"));
	assert_false(fits("/static/", "/static"));
	assert_false(fits("/static/", "/staticx/"));
	assert_true(fits("/{user}/files/", "/ann/files/x"));
	assert_false(fits("/{user}/files/", "//files/x"));
}

static void captures_stand_for_one_segment(void **state)
{
	(void)state;
	assert_true(fits("/hi/{name}", "/hi/ann"));
	assert_false(fits("/hi/{name}", "/hi/"));
	assert_false(fits("/hi/{name}", "/hi"));
	assert_false(fits("/hi/{name}", "/hi/ann/bob"));
	assert_true(fits("/hi/{name=World}", "/hi/ann"));
	assert_true(fits("/hi/{name=World}", "/hi/"));
	assert_true(fits("/hi/{name=World}", "/hi"));
	assert_false(fits("/hi/{name=World}", "/"));
	assert_true(fits("/{name=World}", "/"));
	assert_true(fits("/{name=}", "/"));
}

static void paths_longer_than_any_route_fit_only_what_is_above(void **state)
{
	char path[2 * 40 + 1] = "";

	(void)state;
	for (int i = 0; i < 40; i++)
		strcat(path, "/a");
	assert_true(fits("/a/", path));
	assert_false(fits("/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", path));
	assert_true(fits("/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/", path));
}

static void get_includes_head_and_no_other(void **state)
{
	const struct route get = parsed("GET /x"), post = parsed("POST /x"), any = parsed("/x");

	(void)state;
	assert_true(route_fits_method(&get, "GET"));
	assert_true(route_fits_method(&get, "HEAD"));
	assert_false(route_fits_method(&get, "GETS"));
	assert_false(route_fits_method(&get, "GE"));
	assert_false(route_fits_method(&post, "HEAD"));
	assert_true(route_fits_method(&any, "BREW"));
}

/* Each is to be asked before the next. */
static const char *const order[] = {
	"/hi/status",
	"/hi/{name}/x",
	"/hi/{name}",
	"/hi/",
	"/hi",
	"/{name}/x",
	"/{name}",
	"/",
};

static void the_most_particular_is_asked_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		const struct route one = parsed(order[i]);

		assert_int_equal(route_compare(&one, &one), 0);
		for (size_t k = i + 1; k < sizeof order / sizeof *order; k++) {
			const struct route other = parsed(order[k]);

			/* Of those that no path fits both, the order does not matter, but there must be one. */
			if (route_compare(&one, &other) > 0 && (i != 3 || k != 4))
				fail_msg("%s before %s", order[k], order[i]);
			assert_int_equal(route_compare(&one, &other) < 0, route_compare(&other, &one) > 0);
		}
	}
}

static void the_same_path_with_another_name_is_the_same_route(void **state)
{
	const struct route one = parsed("/a/{x}"), other = parsed("/a/{y}"), get = parsed("GET /a/{z}");

	(void)state;
	assert_int_equal(route_compare(&one, &other), 0);
	assert_true(route_same_method(&one, &other));
	assert_int_equal(route_compare(&one, &get), 0);
	assert_false(route_same_method(&one, &get));
}

static void what_is_no_route_is_refused_with_a_sentence(void **state)
{
	static const char *const wrong[] = {
		"",
		"x",
		"GET",
		"GET  /x",
		" /x",
		"G(T /x",
		"GET x",
		"//",
		"/a//b",
		"/.",
		"/../a",
		"/a{b}",
		"/{a}b",
		"/{}",
		"/{a b}",
		"/{=x}",
		"/{a=x}/b",
		"/{a=x}/",
		"/{a}/{a}",
		"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct sentence why = { 0 };
		struct route route;

		if (route_parse(wrong[i], &route, &why) != -EINVAL)
			fail_msg("'%s' passes", wrong[i]);
		assert_non_null(strstr(why.text, "route '"));
	}
}

static void a_route_without_slash_knows_that_it_lacks_one(void **state)
{
	const struct route route = parsed("/static/");
	struct route_path split;
	char path[] = "/static", other[] = "/static/";

	(void)state;
	route_split(path, &split);
	assert_true(route_lacks_slash(&route, &split));
	route_split(other, &split);
	assert_false(route_lacks_slash(&route, &split));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literal_paths_fit_exactly),
		cmocka_unit_test(a_slash_at_the_end_means_all_beneath),
		cmocka_unit_test(captures_stand_for_one_segment),
		cmocka_unit_test(paths_longer_than_any_route_fit_only_what_is_above),
		cmocka_unit_test(get_includes_head_and_no_other),
		cmocka_unit_test(the_most_particular_is_asked_first),
		cmocka_unit_test(the_same_path_with_another_name_is_the_same_route),
		cmocka_unit_test(what_is_no_route_is_refused_with_a_sentence),
		cmocka_unit_test(a_route_without_slash_knows_that_it_lacks_one),
	};

	return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}
