/* SPDX-License-Identifier: MIT */
/*
 * For memory that a process has from its parent, the kernel remembers whom else its pages may belong to (anon_vma), a link for
 * each mapping and each generation; each fork copies all links, each exit takes them out again. What is copied into new
 * memory has no past: forks of a service process cost 3 to 5 % less (docs/decisions/fork-cost.md).
 */
#ifndef PROCESS_LINEAGE_H
#define PROCESS_LINEAGE_H

/* The variables of the program and of its libraries get memory of their own, at the same addresses. Right after the fork:
 * nobody else may write to them meanwhile, no thread and no handler of a signal. Failing, it costs time and nothing else. */
void lineage_end(void);

#endif
