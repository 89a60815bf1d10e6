/* SPDX-License-Identifier: MIT */
/*
 * Decides whether a shared object has a handler in it. Invariant: what is returned is a struct brood_handler of our
 * size with a handle: a symbol of another kind or from another version is refused, not called.
 */
#include "cli/plugin.h"

#include <ctype.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static bool is_identifier(const char *text)
{
	if (!isalpha((unsigned char)*text) && *text != '_')
		return false;
	while (isalnum((unsigned char)*text) || *text == '_')
		text++;
	return *text == '\0';
}

static int file_status(int error)
{
	return error == EACCES || error == EPERM ? EX_NOPERM : EX_NOINPUT;
}

int plugin_locate(const char *word, struct keep *keep, struct plugin *ret_plugin, struct sentence *why)
{
	char *path = keep_text(keep, word);
	char *colon = strrchr(path, ':');
	char real[PATH_MAX];

	if (colon && !is_identifier(colon + 1))
		return sentence_set(why, EX_USAGE,
			"'%s' has no symbol behind ':': write ./handler.so or ./handler.so:SYMBOL", word);
	if (colon)
		*colon = '\0';
	if (!realpath(path, real) || access(real, R_OK) < 0)
		return sentence_set(why, file_status(errno), "cannot read %s: %s", path, strerror(errno));
	ret_plugin->path = keep_text(keep, real);
	ret_plugin->symbol = colon ? colon + 1 : PLUGIN_SYMBOL;
	return 0;
}

/* The symbol's own words about itself: the size it was compiled with, and that it is data. */
static int check_symbol(const struct plugin *plugin, const void *address, struct sentence *why)
{
	const ElfW(Sym) *symbol = NULL;
	Dl_info info;

	if (!dladdr1(address, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol)
		return sentence_set(
			why, EX_CONFIG, "%s: nothing is known about its symbol %s", plugin->path, plugin->symbol);
	if (ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT)
		return sentence_set(why, EX_CONFIG, "%s: %s is no struct brood_handler but another kind of symbol",
			plugin->path, plugin->symbol);
	if (symbol->st_size != sizeof(struct brood_handler))
		return sentence_set(why, EX_CONFIG,
			"%s: %s has %zu bytes and a struct brood_handler of this version %zu: compile it "
			"against <brood/brood.h> of brood %s",
			plugin->path, plugin->symbol, (size_t)symbol->st_size, sizeof(struct brood_handler),
			brood_version());
	return 0;
}

static size_t option_size(const struct brood_option *option)
{
	switch (option->kind) {
	case BROOD_OPTION_FLAG:
		return sizeof(bool);
	case BROOD_OPTION_MS:
	case BROOD_OPTION_NUMBER:
		return sizeof(int);
	case BROOD_OPTION_STRING:
	case BROOD_OPTION_WORD:
		return sizeof(char *);
	}
	return SIZE_MAX; /* not of this version */
}

/* We are going to write where these options say. */
static int check_options(const struct plugin *plugin, const struct brood_handler *handler, struct sentence *why)
{
	for (const struct brood_option *option = handler->options; option && option->name; option++) {
		size_t size = option_size(option);

		if (size > handler->options_size || option->offset > handler->options_size - size)
			return sentence_set(why, EX_CONFIG,
				"%s: its option --%s does not fit into its %zu bytes of options (.options_size)",
				plugin->path, option->name, handler->options_size);
	}
	return 0;
}

int plugin_load(const struct plugin *plugin, const struct brood_handler **ret_handler, struct sentence *why)
{
	void *object = dlopen(plugin->path, RTLD_NOW | RTLD_LOCAL);
	const struct brood_handler *handler;
	int status;

	if (!object)
		return sentence_set(why, EX_CONFIG, "cannot load the handler: %s", dlerror());
	handler = dlsym(object, plugin->symbol);
	if (!handler)
		return sentence_set(why, EX_CONFIG,
			"%s has no symbol %s: define `const struct brood_handler %s = { .handle = ... };`",
			plugin->path, plugin->symbol, plugin->symbol);
	status = check_symbol(plugin, handler, why);
	if (status == 0 && !handler->handle)
		status = sentence_set(why, EX_CONFIG, "%s: %s has no .handle", plugin->path, plugin->symbol);
	if (status == 0)
		status = check_options(plugin, handler, why);
	if (status == 0)
		*ret_handler = handler;
	return status;
}
