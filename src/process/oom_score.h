/* SPDX-License-Identifier: MIT */
/* Who goes first when memory is out (proc(5), oom_score_adj). */
#ifndef PROCESS_OOM_SCORE_H
#define PROCESS_OOM_SCORE_H

/* This process, and those that it forks from now on, so much sooner than before. Needs no rights, but /proc, and a process
 * that has not changed its user yet: its files there are root's afterwards. 0 or -errno. */
int oom_score_raise(int by);

#endif
