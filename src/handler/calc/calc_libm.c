/* SPDX-License-Identifier: MIT */
#include "calc/calc_libm.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

struct calc_libm calc_libm;

/* ISO C knows no conversion from an object pointer to a function pointer; POSIX promises that the bits are the same. */
static int bind_function(void *library, const char *name, double (**ret_function)(double, double))
{
	void *symbol = dlsym(library, name);

	if (!symbol)
		return -ENOENT;
	memcpy(ret_function, &symbol, sizeof symbol);
	return 0;
}

static void open_once(void)
{
	void *library = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);

	if (library && bind_function(library, "fmod", &calc_libm.fmod) == 0)
		bind_function(library, "pow", &calc_libm.pow);
}

int calc_libm_open(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, open_once);
	return calc_libm.pow ? 0 : -ENOENT;
}
