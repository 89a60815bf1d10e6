/* SPDX-License-Identifier: MIT */
/* A service's totals over the exec: figures by their names, so that images of different versions understand each other. */
#ifndef SUPERVISE_LEGACY_TOTALS_H
#define SUPERVISE_LEGACY_TOTALS_H

#include <stdbool.h>

struct baton_reader;
struct baton_writer;
struct supervised;

/* What is past; and what the process that lives has counted so far, for who cannot read its board. */
void legacy_totals_write(struct baton_writer *writer, const struct supervised *service);

/* False: record is none of these. What lives goes to service->foreign.figures. */
bool legacy_totals_take(struct baton_reader *reader, const char *record, struct supervised *service);

#endif
