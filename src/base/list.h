/* SPDX-License-Identifier: MIT */
/* Intrusive doubly linked list: a head and links are the same struct; an unlinked link points to itself. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void list_init(struct list *list)
{
	list->next = list->prev = list;
}

static inline bool list_empty(const struct list *list)
{
	return list->next == list;
}

static inline void list_append(struct list *head, struct list *link)
{
	link->prev = head->prev;
	link->next = head;
	head->prev->next = link;
	head->prev = link;
}

static inline void list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

/* to, which is empty, gets all of from, which then is. */
static inline void list_take_all(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	*to = *from;
	to->next->prev = to->prev->next = to;
	list_init(from);
}

/* Safe against removal of the entry in hand. */
#define list_each(pos, tmp, head)                                                       \
	for (struct list * (pos) = (head)->next, *(tmp) = (pos)->next; (pos) != (head); \
		(pos) = (tmp), (tmp) = (pos)->next)

#endif
