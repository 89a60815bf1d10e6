/* SPDX-License-Identifier: MIT */
/*
 * Decides which variables are told that nobody reads them: BROOD_WORKRS is near an option, BROOD_CONFIG is one that has
 * no variable. No error, and silence about the rest: an environment is inherited, and BROOD_HOME may be another
 * program's.
 */
#include "cli/misspelt.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/options.h"
#include "protocol/nearest.h"

#define PREFIX "BROOD_"

static bool has_variable(const struct option *option)
{
	return option->scope != OPTION_OF_COMMAND && !option->file_only;
}

/* name: as an option would be called. */
static void look_at(const char *variable, const char *name)
{
	const struct option *option = options_find(name);
	char right[OPTIONS_VARIABLE_SIZE];
	struct nearest nearest;

	if (option && has_variable(option) && strcmp(options_variable(option, right), variable) == 0)
		return;
	if (option && option->scope == OPTION_OF_COMMAND) {
		fprintf(stderr, "brood: warning: %s is not read, write --%s\n", variable, name);
		return;
	}
	nearest_begin(&nearest, name);
	for (option = options_table; option->name; option++)
		if (has_variable(option))
			nearest_offer(&nearest, option->name);
	if (nearest_found(&nearest))
		fprintf(stderr, "brood: warning: %s is not read, did you mean %s?\n", variable,
			options_variable(options_find(nearest_found(&nearest)), right));
}

void misspelt_warn(void)
{
	for (char *const *entry = environ; entry && *entry; entry++) {
		char variable[OPTIONS_VARIABLE_SIZE], name[OPTIONS_VARIABLE_SIZE];
		size_t size = strcspn(*entry, "="), prefix = strlen(PREFIX), i;

		/* Longer than any of ours: near none. Empty: that is how scripts unset one. */
		if (strncmp(*entry, PREFIX, prefix) != 0 || size >= sizeof variable || !(*entry)[size] ||
			!(*entry)[size + 1])
			continue;
		snprintf(variable, sizeof variable, "%.*s", (int)size, *entry);
		for (i = prefix; i < size; i++)
			name[i - prefix] = variable[i] == '_' ? '-' : (char)tolower((unsigned char)variable[i]);
		name[size - prefix] = '\0';
		look_at(variable, name);
	}
}
