/* SPDX-License-Identifier: MIT */
/*
 * A library's constants before and behind its text are mappings of their own, and each fork copies each mapping: 0.7 µs
 * (docs/decisions/fork-cost.md). Neighbours of one file with one protection the kernel joins.
 */
#ifndef PROCESS_JOINT_H
#define PROCESS_JOINT_H

/* What nobody may write to of the program and its libraries gets the protection of text, as in programs that are linked with
 * -z noseparate-code, brood among them. Where that is forbidden (systemd: MemoryDenyWriteExecute) it costs time and
 * nothing else. */
void joint_make(void);

#endif
