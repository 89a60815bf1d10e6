/* SPDX-License-Identifier: MIT */
#include "calc/calc_libm.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct calc_libm calc_libm;
static bool is_open;

/* ISO C knows no conversion from an object pointer to a function pointer; POSIX promises that the bits are the same. */
static bool bind_function(void *library, const char *name, void *ret_function)
{
	void *symbol = dlsym(library, name);

	if (symbol)
		memcpy(ret_function, &symbol, sizeof symbol);
	return symbol != NULL;
}

static void open_once(void)
{
	void *library = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);

	is_open = library && bind_function(library, "floor", &calc_libm.floor) &&
		  bind_function(library, "fmod", &calc_libm.fmod) &&
		  bind_function(library, "nearbyint", &calc_libm.nearbyint) &&
		  bind_function(library, "pow", &calc_libm.pow);
}

int calc_libm_open(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, open_once);
	return is_open ? 0 : -ENOENT;
}
