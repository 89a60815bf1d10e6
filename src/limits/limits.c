/* SPDX-License-Identifier: MIT */
#include "limits/limits.h"

#include <errno.h>

#define PREFIX4            32
#define PREFIX6            64
#define BURST              10
#define EARLY_DROP_PERCENT 30

/* BROOD_OFF and 0 are both none here: where 0 means a default, core has filled it in. */
static unsigned int none_or(int value)
{
	return value > 0 ? (unsigned int)value : 0;
}

static int or_default(int value, int fallback)
{
	return value > 0 ? value : fallback;
}

static int parse_list(const struct brood_service *service, const char *name, const char *text,
	struct cidr_list *ret_list, struct sentence *why)
{
	struct sentence what;
	int r = cidr_parse(text, ret_list, &what);

	return r < 0 ? sentence_set(why, -EINVAL, "service %s: %s: %s", service->name, name, what.text) : 0;
}

static int parse_lists(struct limits_config *config, const struct brood_service *service, struct sentence *why)
{
	int r = parse_list(service, "allow", service->allow, &config->allow, why);

	if (r == 0)
		r = parse_list(service, "deny", service->deny, &config->deny, why);
	if (r == 0)
		r = parse_list(service, "exempt", service->exempt, &config->exempt, why);
	if (r == 0)
		r = parse_list(service, "reserved_for", service->reserved_for, &config->reserved_for, why);
	return r;
}

static int parse_early(struct limits_config *config, const struct brood_service *service, struct sentence *why)
{
	unsigned int from = none_or(service->early_drop_from);
	unsigned int full = config->max_clients - config->reserved;

	if (from == 0)
		return 0;
	if (config->max_clients == 0)
		return sentence_set(why, -EINVAL,
			"service %s: early_drop_from is %u, but there is no max_clients to drop all clients at",
			service->name, from);
	if (from >= full)
		return sentence_set(why, -EINVAL,
			"service %s: early_drop_from is %u; it must be below %u, where all are dropped",
			service->name, from, full);
	config->early = (struct early){
		.from = from,
		.percent = (unsigned int)or_default(service->early_drop_percent, EARLY_DROP_PERCENT),
		.full = full,
	};
	if (config->early.percent > 100)
		return sentence_set(why, -EINVAL,
			"service %s: early_drop_percent is %u; it must be between 1 and 100", service->name,
			config->early.percent);
	return 0;
}

static int parse_reserved(struct limits_config *config, const struct brood_service *service, struct sentence *why)
{
	config->reserved = none_or(service->reserved);
	if ((config->reserved > 0) != (config->reserved_for.count > 0))
		return sentence_set(
			why, -EINVAL, "service %s: reserved and reserved_for need each other", service->name);
	if (config->reserved > 0 && config->reserved >= config->max_clients)
		return sentence_set(why, -EINVAL,
			"service %s: reserved is %u; it must be less than max_clients, which is %u", service->name,
			config->reserved, config->max_clients);
	return 0;
}

static int parse_prefixes(struct limits_config *config, const struct brood_service *service, struct sentence *why)
{
	config->prefix4 = (unsigned int)or_default(service->source_prefix4, PREFIX4);
	config->prefix6 = (unsigned int)or_default(service->source_prefix6, PREFIX6);
	if (config->prefix4 > 32 || config->prefix6 > 128)
		return sentence_set(why, -EINVAL,
			"service %s: source_prefix4 is %u and source_prefix6 is %u; they are at most 32 and 128",
			service->name, config->prefix4, config->prefix6);
	return 0;
}

static bool has_penalties(const struct penalty_config *penalty)
{
	return penalty->crash_ms > 0 || penalty->timeout_ms > 0 || penalty->blame_ms > 0;
}

bool limits_per_source(const struct limits_config *config)
{
	return config->max_per_source > 0 || config->rate.token_ns > 0 || has_penalties(&config->penalty);
}

static bool is_any(const struct limits_config *config)
{
	return limits_per_source(config) || config->max_clients > 0 || config->queue_timeout_ms > 0 ||
	       config->allow.count > 0 || config->deny.count > 0;
}

int limits_parse(struct limits_config *ret_config, const struct brood_service *service, struct sentence *why)
{
	struct limits_config config = {
		.dry_run = service->dry_run_limits == 1,
		.max_clients = none_or(service->max_clients),
		.max_per_source = none_or(service->max_per_source),
		.queue_timeout_ms = (int)none_or(service->queue_timeout_ms),
		.rate = bucket_rate_of(service->source_rate_per_min, or_default(service->source_burst, BURST)),
		.penalty = {
			.crash_ms = service->penalty_crash_ms,
			.timeout_ms = service->penalty_timeout_ms,
			.blame_ms = service->penalty_blame_ms,
			.max_ms = service->penalty_max_ms,
		},
	};
	int r = parse_prefixes(&config, service, why);

	if (r == 0)
		r = parse_lists(&config, service, why);
	if (r == 0)
		r = parse_reserved(&config, service, why);
	if (r == 0)
		r = parse_early(&config, service, why);
	if (r < 0)
		return r;
	config.any = is_any(&config);
	*ret_config = config;
	return 0;
}

bool limits_is_refusal(unsigned int reason)
{
	switch (reason) {
	case END_REFUSED_BY_LIST:
	case END_REFUSED_FULL:
	case END_REFUSED_PER_SOURCE:
	case END_REFUSED_RATE:
	case END_REFUSED_PENALTY:
	case END_REFUSED_EARLY:
	case END_REFUSED_QUEUE_TIME:
		return true;
	default:
		return false;
	}
}

/* Denied first; then, if there is a list of those who are allowed, nobody else. */
static bool is_listed_out(const struct limits_config *config, const struct source_key *peer)
{
	if (cidr_contains(&config->deny, peer))
		return true;
	return config->allow.count > 0 && !cidr_contains(&config->allow, peer);
}

static enum end_reason decide_for_source(const struct limits_config *config, const struct limits_facts *facts)
{
	if (has_penalties(&config->penalty) && penalty_holds(facts->refused_until_ns, facts->now_ns))
		return END_REFUSED_PENALTY;
	if (config->max_per_source > 0 && facts->source_clients >= config->max_per_source)
		return END_REFUSED_PER_SOURCE;
	if (!bucket_has_token(&config->rate, facts->bucket_full_ns, facts->now_ns))
		return END_REFUSED_RATE;
	return END_NONE;
}

enum end_reason limits_decide(
	const struct limits_config *config, const struct source_key *peer, const struct limits_facts *facts)
{
	bool exempt, reserved;
	enum end_reason reason;

	if (is_listed_out(config, peer))
		return END_REFUSED_BY_LIST;
	exempt = cidr_contains(&config->exempt, peer);
	reason = exempt || !source_is_somebody(peer) ? END_NONE : decide_for_source(config, facts);
	if (reason != END_NONE)
		return reason;
	reserved = cidr_contains(&config->reserved_for, peer);
	if (config->max_clients > 0 && facts->clients >= config->max_clients - (reserved ? 0 : config->reserved))
		return END_REFUSED_FULL;
	if (exempt)
		return END_NONE;
	if (!reserved && early_drops(&config->early, facts->clients, facts->random))
		return END_REFUSED_EARLY;
	return queue_wait_exceeds(&facts->queue_wait, config->queue_timeout_ms) ? END_REFUSED_QUEUE_TIME : END_NONE;
}
