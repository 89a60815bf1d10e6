/* SPDX-License-Identifier: MIT */
/* Claims about the keyed hash: it is SipHash-1-3, and its secret decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/hash.h"

/* The secret 00 01 … 0f, as in the authors' vectors, whatever the machine's byte order. */
static struct hash_secret counting_secret(void)
{
	return (struct hash_secret){ { UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) } };
}

static void it_is_siphash_1_3(void **state)
{
	struct hash_secret secret = counting_secret(), none = { { 0, 0 } };
	unsigned char bytes[20];

	(void)state;
	for (unsigned int i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)i;
	assert_true(hash_bytes(&secret, bytes, 0) == UINT64_C(0xabac0158050fc4dc));
	/* What CPython's hash() of the same bytes is with PYTHONHASHSEED=0. */
	assert_true(hash_bytes(&none, bytes, 15) == UINT64_C(0xf30eb725bb91c9ea));
	assert_true(hash_bytes(&none, bytes, 20) == UINT64_C(0x639e355ae68c0100));
	assert_true(hash_bytes(&none, "aaaaaaaa", 8) == UINT64_C(0xc501b12e18428c92));
	assert_true(hash_bytes(&none, "0123456789abcdef0123456789abcdefX", 33) == UINT64_C(0x767416875ab57f24));
}

static void each_bit_of_secret_and_data_matters(void **state)
{
	struct hash_secret secret = counting_secret();
	unsigned char data[20] = { 0 };
	uint64_t hash = hash_bytes(&secret, data, sizeof data);

	(void)state;
	for (unsigned int bit = 0; bit < 8 * sizeof data; bit++) {
		data[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_true(hash_bytes(&secret, data, sizeof data) != hash);
		data[bit / 8] = 0;
	}
	for (unsigned int bit = 0; bit < 128; bit++) {
		secret.word[bit / 64] ^= UINT64_C(1) << bit % 64;
		assert_true(hash_bytes(&secret, data, sizeof data) != hash);
		secret = counting_secret();
	}
	assert_true(hash_bytes(&secret, data, 19) != hash);
}

static void data_may_lie_anywhere(void **state)
{
	struct hash_secret secret = counting_secret();
	char memory[40] = "";

	(void)state;
	for (size_t shift = 0; shift < 8; shift++) {
		memcpy(memory + shift, "somewhere in memory", 19);
		assert_true(
			hash_bytes(&secret, memory + shift, 19) == hash_bytes(&secret, "somewhere in memory", 19));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_siphash_1_3),
		cmocka_unit_test(each_bit_of_secret_and_data_matters),
		cmocka_unit_test(data_may_lie_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
