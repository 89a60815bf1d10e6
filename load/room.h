/* SPDX-License-Identifier: MIT */
/* Room for many descriptors: the limit is raised as far as it goes, once, by the parent of all. */
#ifndef LOAD_ROOM_H
#define LOAD_ROOM_H

/* Tries to have room for so many in each process. How many there may be then: maybe fewer. */
int room_make(int descriptors);

#endif
