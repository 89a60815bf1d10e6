/* SPDX-License-Identifier: MIT */
/* linked.c again, linked with -static: no libraries to map, so each child has a dozen mappings fewer to copy. */
#include "linked.c"
