/* SPDX-License-Identifier: MIT */
/* Words lie one behind the other inside of the buffer; each, single-quoted again, splits into itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const char *word)
{
	static struct words again;
	char quoted[WORDS_TEXT_MAX];
	size_t size = strlen(word);

	if (size + 2 > sizeof quoted || strchr(word, '\''))
		return;
	quoted[0] = quoted[size + 1] = '\'';
	memcpy(quoted + 1, word, size);
	if (words_split(quoted, size + 2, &again, NULL) != 0 || again.count != 1 || strcmp(again.word[0], word) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct words words;
	struct sentence why = { "" };
	const char *end = words.text;

	if (words_split((const char *)data, size, &words, &why) < 0) {
		if (!why.text[0] || words.count)
			abort();
		return 0;
	}
	for (size_t i = 0; i < words.count; i++) {
		if (words.word[i] != end)
			abort();
		end = words.word[i] + strlen(words.word[i]) + 1;
		check_round_trip(words.word[i]);
	}
	if (words.word[words.count] || end > words.text + sizeof words.text)
		abort();
	return 0;
}
