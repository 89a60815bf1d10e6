/* SPDX-License-Identifier: MIT */
/*
 * Which limits a service has, and what they say about one client. The facts are collected by core/admit.c, whoever
 * accepts; the decision is this one function. Pure.
 */
#ifndef LIMITS_LIMITS_H
#define LIMITS_LIMITS_H

#include <brood/brood.h>

#include "base/sentence.h"
#include "contract/end_reason.h"
#include "limits/bucket.h"
#include "limits/cidr.h"
#include "limits/early.h"
#include "limits/penalty.h"
#include "limits/queue_wait.h"

/* Zero is no limit, throughout. */
struct limits_config {
	bool any; /* there is something to decide */
	bool dry_run;
	unsigned int max_clients;
	unsigned int max_per_source;
	unsigned int prefix4, prefix6;
	unsigned int reserved; /* of max_clients */
	int queue_timeout_ms;
	struct bucket_rate rate; /* of each source */
	struct early early;
	struct penalty_config penalty;
	struct cidr_list allow, deny, exempt, reserved_for;
};

/* What there is to know about a client and the service at the moment it comes. */
struct limits_facts {
	int64_t now_ns;
	unsigned int clients;        /* in hand, without it */
	unsigned int source_clients; /* of these, from its source */
	int64_t refused_until_ns;    /* its source's penalty */
	int64_t bucket_full_ns;      /* its source's bucket */
	struct queue_wait queue_wait;
	uint32_t random;
};

/* What of a service is limits: 0, or -EINVAL and a sentence; the config is then left alone. */
int limits_parse(struct limits_config *ret_config, const struct brood_service *service, struct sentence *why);

/* Whether anything about each source has to be remembered. */
bool limits_per_source(const struct limits_config *config);

/* One of the reasons that limits_decide answers. Takes any value. */
bool limits_is_refusal(unsigned int reason);

/* peer: the whole address. END_NONE: let it in. */
enum end_reason limits_decide(
	const struct limits_config *config, const struct source_key *peer, const struct limits_facts *facts);

#endif
