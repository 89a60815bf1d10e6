/* SPDX-License-Identifier: MIT */
/*
 * SipHash as its authors describe it, with one round per word and three at the end. Words are read in little-endian order
 * on every machine, so that the published vectors hold on each.
 */
#include "base/hash.h"

#include <endian.h>
#include <string.h>

#define WORD         sizeof(uint64_t)
#define FINAL_ROUNDS 3
#define FINAL_MARK   0xff
#define LENGTH_SHIFT 56

struct state {
	uint64_t a, b, c, d;
};

static uint64_t rotate(uint64_t word, unsigned int bits)
{
	return word << bits | word >> (64 - bits);
}

static void mix(struct state *state)
{
	state->a += state->b;
	state->b = rotate(state->b, 13) ^ state->a;
	state->a = rotate(state->a, 32);
	state->c += state->d;
	state->d = rotate(state->d, 16) ^ state->c;
	state->a += state->d;
	state->d = rotate(state->d, 21) ^ state->a;
	state->c += state->b;
	state->b = rotate(state->b, 17) ^ state->c;
	state->c = rotate(state->c, 32);
}

static void absorb(struct state *state, uint64_t word)
{
	state->d ^= word;
	mix(state);
	state->a ^= word;
}

/* Up to eight bytes, the missing ones zero. */
static uint64_t load(const unsigned char *bytes, size_t size)
{
	uint64_t word = 0;

	memcpy(&word, bytes, size);
	return le64toh(word);
}

uint64_t hash_bytes(const struct hash_secret *secret, const void *data, size_t size)
{
	const unsigned char *bytes = data;
	struct state state = {
		.a = secret->word[0] ^ UINT64_C(0x736f6d6570736575),
		.b = secret->word[1] ^ UINT64_C(0x646f72616e646f6d),
		.c = secret->word[0] ^ UINT64_C(0x6c7967656e657261),
		.d = secret->word[1] ^ UINT64_C(0x7465646279746573),
	};
	size_t left = size;

	for (; left >= WORD; left -= WORD, bytes += WORD)
		absorb(&state, load(bytes, WORD));
	absorb(&state, load(bytes, left) | (uint64_t)size << LENGTH_SHIFT);
	state.c ^= FINAL_MARK;
	for (int i = 0; i < FINAL_ROUNDS; i++)
		mix(&state);
	return state.a ^ state.b ^ state.c ^ state.d;
}
