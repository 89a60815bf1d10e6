/* SPDX-License-Identifier: MIT */
/* Claims about numbers with units: every accepted form, every edge, and that nothing wraps around. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "protocol/units.h"

#define UNTOUCHED 4711

static int duration(const char *text)
{
	int ms = UNTOUCHED;
	struct sentence why = { "" };

	if (units_duration(text, &ms, &why) != 0)
		fail_msg("%s", why.text);
	return ms;
}

static void assert_duration_refused(const char *text, int error, const char *part)
{
	int ms = UNTOUCHED;
	struct sentence why = { "" };

	assert_int_equal(units_duration(text, &ms, &why), error);
	assert_int_equal(ms, UNTOUCHED);
	assert_non_null(strstr(why.text, part));
}

static void durations_have_units(void **state)
{
	(void)state;
	assert_int_equal(duration("500ms"), 500);
	assert_int_equal(duration("30s"), 30000);
	assert_int_equal(duration("5m"), 300000);
	assert_int_equal(duration("1h"), 3600000);
	assert_int_equal(duration("0"), 0);
	assert_int_equal(duration("0s"), 0);
	assert_int_equal(duration("off"), UNITS_OFF);
	assert_int_equal(duration("596h"), 596 * 3600000);
}

static void a_bare_number_is_told_its_unit(void **state)
{
	(void)state;
	assert_duration_refused("30", -EINVAL, "write 30s for seconds");
}

static void a_wrong_duration_is_refused(void **state)
{
	(void)state;
	assert_duration_refused("", -EINVAL, "not a time");
	assert_duration_refused("-1s", -EINVAL, "not a time");
	assert_duration_refused("s", -EINVAL, "not a time");
	assert_duration_refused("1.5s", -EINVAL, "has a fraction");
	assert_duration_refused("1 s", -EINVAL, "has the unit ' s'");
	assert_duration_refused("1d", -EINVAL, "has the unit 'd'");
	assert_duration_refused("OFF", -EINVAL, "not a time");
	assert_duration_refused("00000000000000000000000000000000000001s", -EINVAL, "not a time");
}

static void a_duration_never_wraps_around(void **state)
{
	(void)state;
	assert_int_equal(duration("2147483647ms"), INT_MAX);
	assert_duration_refused("2147483648ms", -ERANGE, "too long");
	assert_duration_refused("597h", -ERANGE, "too long");
	assert_duration_refused("18446744073709551616ms", -ERANGE, "too long");
	assert_duration_refused("18446744073709552s", -ERANGE, "too long");
}

static void sizes_count_in_1024(void **state)
{
	uint64_t bytes;

	(void)state;
	assert_int_equal(units_size("1500", &bytes, NULL), 0);
	assert_int_equal(bytes, 1500);
	assert_int_equal(units_size("64k", &bytes, NULL), 0);
	assert_int_equal(bytes, 65536);
	assert_int_equal(units_size("10M", &bytes, NULL), 0);
	assert_int_equal(bytes, 10485760);
	assert_int_equal(units_size("17179869183G", &bytes, NULL), 0);
	assert_true(bytes == UINT64_C(17179869183) << 30);
	assert_int_equal(units_size("17179869184G", &bytes, NULL), -ERANGE);
	assert_int_equal(units_size("1x", &bytes, NULL), -EINVAL);
	assert_int_equal(units_size("10m", &bytes, NULL), -EINVAL);
	assert_int_equal(units_size("", &bytes, NULL), -EINVAL);
}

static void whole_numbers_stay_in_their_range(void **state)
{
	struct sentence why;
	int value = UNTOUCHED;

	(void)state;
	assert_int_equal(units_int("40", 1, 100, &value, &why), 0);
	assert_int_equal(value, 40);
	assert_int_equal(units_int("-2", -3, 100, &value, &why), 0);
	assert_int_equal(value, -2);
	assert_int_equal(units_int("0", 1, 100, &value, &why), -ERANGE);
	assert_string_equal(why.text, "0 is out of range: write a number from 1 to 100");
	assert_int_equal(units_int("101", 1, 100, &value, &why), -ERANGE);
	assert_int_equal(units_int("4294967297", 1, 100, &value, &why), -ERANGE);
	assert_int_equal(units_int("99999999999999999999999", 1, INT_MAX, &value, &why), -ERANGE);
	assert_int_equal(units_int("-99999999999999999999999", INT_MIN, INT_MAX, &value, &why), -ERANGE);
	assert_int_equal(value, -2);
}

static void what_is_no_whole_number_is_refused(void **state)
{
	static const char *const wrong[] = { "", "-", "+1", " 1", "1 ", "1.0", "0x10", "ten", "1e3", "--1" };
	int value = UNTOUCHED;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(units_int(wrong[i], 0, 100, &value, NULL), -EINVAL);
	assert_int_equal(value, UNTOUCHED);
}

static void permissions_are_octal(void **state)
{
	unsigned int mode = UNTOUCHED;

	(void)state;
	assert_int_equal(units_mode("0660", &mode, NULL), 0);
	assert_int_equal(mode, 0660);
	assert_int_equal(units_mode("22", &mode, NULL), 0);
	assert_int_equal(mode, 022);
	assert_int_equal(units_mode("777", &mode, NULL), 0);
	assert_int_equal(units_mode("1000", &mode, NULL), -EINVAL);
	assert_int_equal(units_mode("77777777777777777777777", &mode, NULL), -EINVAL);
	assert_int_equal(units_mode("8", &mode, NULL), -EINVAL);
	assert_int_equal(units_mode("", &mode, NULL), -EINVAL);
	assert_int_equal(units_mode("u=rw", &mode, NULL), -EINVAL);
	assert_int_equal(mode, 0777);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_have_units),
		cmocka_unit_test(a_bare_number_is_told_its_unit),
		cmocka_unit_test(a_wrong_duration_is_refused),
		cmocka_unit_test(a_duration_never_wraps_around),
		cmocka_unit_test(sizes_count_in_1024),
		cmocka_unit_test(whole_numbers_stay_in_their_range),
		cmocka_unit_test(what_is_no_whole_number_is_refused),
		cmocka_unit_test(permissions_are_octal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
