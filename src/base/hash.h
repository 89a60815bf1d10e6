/* SPDX-License-Identifier: MIT */
/*
 * A keyed hash (SipHash-1-3): without the secret nobody can choose inputs that meet in one place of a table, nor foresee
 * its numbers. For tables of what clients send; no signature.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Drawn once per start, from the kernel. */
struct hash_secret {
	uint64_t word[2];
};

uint64_t hash_bytes(const struct hash_secret *secret, const void *data, size_t size);

#endif
