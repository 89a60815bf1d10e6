/* SPDX-License-Identifier: MIT */
#include "core/admit.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "contract/transport.h"
#include "core/crowd.h"
#include "core/engine_private.h"
#include "core/tell.h"
#include "transport/address.h"

#define PEER_TEXT_SIZE 128

/* ---- Who it is ---- */

static struct queue_wait ask_queue_wait(const struct brood_conn *conn)
{
	const struct listener *listener = conn->listener;
	struct tcp_info info;
	socklen_t size = sizeof info;

	if (conn->transport->datagram || listener->connected)
		return QUEUE_WAIT_UNKNOWN;
	if (listener->family != LISTENER_TCP)
		return queue_wait_since(listener->empty_ns, conn->accepted_ns);
	if (getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
		return QUEUE_WAIT_UNKNOWN;
	return queue_wait_tcp(info.tcpi_last_data_sent);
}

static void identify(const struct admission *admission, const union conn_address *peer, socklen_t peer_size,
	uint32_t uid, struct admit_client *client)
{
	const struct limits_config *config = &admission->config;

	client->peer = source_of(&peer->any, peer_size, uid);
	client->source = source_cut(&client->peer, config->prefix4, config->prefix6);
	client->tag = 0;
	/* The exempt are not counted, either: their neighbours in the same network have no part in them. */
	if (limits_per_source(config) && source_is_somebody(&client->source) &&
		!cidr_contains(&config->exempt, &client->peer))
		client->tag = sources_tag(&admission->sources, &client->source);
}

bool admit_look(const struct service *service, struct brood_conn *conn, struct admit_client *ret_client)
{
	const struct admission *admission = service->admission;

	if (!admission)
		return false;
	identify(admission, &conn->peer, conn->peer_size, tell_uid_of(conn, true), ret_client);
	ret_client->queue_wait = admission->config.queue_timeout_ms > 0 ? ask_queue_wait(conn) : QUEUE_WAIT_UNKNOWN;
	return true;
}

/* ---- What is known about it ---- */

void admit_counts_begin(const struct service *service, const struct admit_client *client, int64_t now_ns,
	struct admit_counts *ret_counts)
{
	struct source_state state = { 0 };
	uint64_t turn = atomic_load(service->admission->turn);

	if (client->tag)
		state = sources_read(&service->admission->sources, client->tag);
	*ret_counts = (struct admit_counts){
		.clients = service->admission->clients,
		.of_source = state.clients,
		.bucket_full_ns = state.bucket_full_ns,
		.turn = turn,
		.now_ns = now_ns,
	};
}

bool admit_counts_again(const struct service *service, const struct admit_counts *counts, int *tries)
{
	return (counts->turn % 2 == 1 || atomic_load(service->admission->turn) != counts->turn) && --*tries > 0;
}

void admit_write_begin(struct service *service)
{
	if (service->admission)
		atomic_fetch_add(service->admission->turn, 1);
}

void admit_write_end(struct service *service)
{
	admit_write_begin(service);
}

void admit_counts_add(const struct service *service, const struct admit_client *client, uint64_t sibling_tag,
	int64_t sibling_accepted_ns, struct admit_counts *counts)
{
	counts->clients++;
	if (client->tag == 0 || sibling_tag != client->tag)
		return;
	counts->of_source++;
	admit_counts_ended(service, sibling_accepted_ns, counts);
}

void admit_counts_ended(const struct service *service, int64_t accepted_ns, struct admit_counts *counts)
{
	const struct bucket_rate *rate = &service->admission->config.rate;

	counts->bucket_full_ns = bucket_take_late(rate, counts->bucket_full_ns, accepted_ns, counts->now_ns);
}

/* ---- The decision ---- */

/* Without a system call, and unforeseeable without the secret. */
static uint32_t draw(const struct admission *admission, const struct brood_conn *conn)
{
	const int64_t seed[] = { (int64_t)admission->draws, conn->accepted_ns, conn->fd };

	return (uint32_t)hash_bytes(&admission->sources.secret, seed, sizeof seed);
}

/* Why, in numbers: for whoever is asked by a client that was refused. */
static void explain(struct brood_conn *conn, enum end_reason reason, const struct admit_client *client,
	const struct limits_facts *facts)
{
	char text[SOURCE_TEXT_SIZE];

	source_text(&client->source, text);
	brood_conn_note(conn, "source", text);
	switch (reason) {
	case END_REFUSED_PER_SOURCE:
		snprintf(text, sizeof text, "%u", facts->source_clients);
		brood_conn_note(conn, "clients", text);
		break;
	case END_REFUSED_FULL:
	case END_REFUSED_EARLY:
		snprintf(text, sizeof text, "%u", facts->clients);
		brood_conn_note(conn, "clients", text);
		break;
	case END_REFUSED_PENALTY:
		snprintf(text, sizeof text, "%lld",
			(long long)((facts->refused_until_ns - facts->now_ns) / NS_PER_MS));
		brood_conn_note(conn, "for_ms", text);
		break;
	case END_REFUSED_QUEUE_TIME:
		snprintf(text, sizeof text, "%s%lld", facts->queue_wait.at_most ? "≤" : "",
			(long long)facts->queue_wait.us / 1000);
		brood_conn_note(conn, "waited_ms", text);
		break;
	default:
		break;
	}
}

enum end_reason admit_judge(const struct service *service, struct brood_conn *conn, const struct admit_client *client,
	const struct admit_counts *counts, enum end_reason *ret_would)
{
	const struct admission *admission = service->admission;
	struct limits_facts facts = {
		.now_ns = conn->accepted_ns,
		.clients = counts->clients,
		.source_clients = counts->of_source,
		.bucket_full_ns = counts->bucket_full_ns,
		.queue_wait = client->queue_wait,
		.random = draw(admission, conn),
	};
	enum end_reason reason;

	if (client->tag)
		facts.refused_until_ns = sources_read(&admission->sources, client->tag).refused_until_ns;
	reason = limits_decide(&admission->config, &client->peer, &facts);
	*ret_would = admission->config.dry_run ? reason : END_NONE;
	if (reason == END_NONE || admission->config.dry_run)
		return END_NONE;
	explain(conn, reason, client, &facts);
	return reason;
}

/* ---- What follows, in the service process ---- */

static struct admission_place *place_of(const struct brood_conn *conn)
{
	struct admission *admission = conn->service->admission;

	return admission ? &admission->places[conn->index] : NULL;
}

static void tell_would(
	struct service *service, const union conn_address *peer, socklen_t peer_size, enum end_reason would)
{
	char text[PEER_TEXT_SIZE];
	struct log_field fields[3];
	uint64_t unsaid;

	tally_add(&service->ledger->tally->would_refuse, 1);
	if (service->engine->log->max < BROOD_INFO || would >= END_REASONS ||
		!rarely_may(&service->ledger->would_refuse[would], &unsaid))
		return;
	address_text(&peer->any, peer_size, text, sizeof text);
	fields[0] = LOG_TEXT("peer", text);
	fields[1] = LOG_TEXT("reason", end_reason_name(would));
	fields[2] = LOG_UINT("again", unsaid);
	log_write(service->engine->log, &(struct log_record){
						.level = BROOD_INFO,
						.service = service->config.name,
						.message = "would have refused",
						.fields = fields,
						.field_count = unsaid > 0 ? 3 : 2,
					});
}

/* A count may be what refuses somebody: then it has to be right. */
static bool is_at_a_count(const struct limits_config *config, const struct admit_counts *counts)
{
	if (config->max_per_source > 0 && counts->of_source >= config->max_per_source)
		return true;
	if (config->early.from > 0 && counts->clients >= config->early.from)
		return true;
	return config->max_clients > 0 && counts->clients >= config->max_clients - config->reserved;
}

/* In a worker, those of the others as well. */
static void count_all(const struct service *service, const struct admission_place *place, int64_t now_ns,
	struct admit_counts *ret_counts)
{
	int tries = ADMIT_TRIES;

	do {
		admit_counts_begin(service, &place->client, now_ns, ret_counts);
		if (service->crowd)
			crowd_count(service, place->client.tag, ret_counts);
	} while (service->crowd && admit_counts_again(service, ret_counts, &tries));
}

/* Whom a dry run would have refused is not counted: else it would refuse others than the limits will. */
enum end_reason admit(struct service *service, struct brood_conn *conn)
{
	struct admission_place *place = place_of(conn);
	enum end_reason reason, would;
	struct admit_counts counts;

	if (!place)
		return END_NONE;
	*place = (struct admission_place){ 0 };
	admit_look(service, conn, &place->client);
	conn->queue_us = queue_wait_bounded_us(&place->client.queue_wait);
	service->admission->draws++;
	count_all(service, place, conn->accepted_ns, &counts);
	if (is_at_a_count(&service->admission->config, &counts) && admission_give_back_over(service))
		count_all(service, place, conn->accepted_ns, &counts);
	reason = admit_judge(service, conn, &place->client, &counts, &would);
	place->would = would;
	if (would != END_NONE && !service->crowd)
		tell_would(service, &conn->peer, conn->peer_size, would);
	else if (reason == END_NONE && would == END_NONE)
		admission_let_in(service, place, conn->accepted_ns);
	return reason;
}

const struct admission_place *admit_place(const struct brood_conn *conn)
{
	return place_of(conn);
}

struct queue_wait admit_queue_wait(const struct brood_conn *conn)
{
	const struct admission_place *place = place_of(conn);

	return place ? place->client.queue_wait : QUEUE_WAIT_UNKNOWN;
}

void admit_written_off(struct brood_conn *conn)
{
	const struct admission_place *place = place_of(conn);

	if (place && place->owes)
		admission_punish(conn->service, place, END_WRITTEN_OFF, conn->slot->blame[0] != '\0');
}

void admit_ended(struct brood_conn *conn, enum end_reason reason)
{
	struct admission_place *place = place_of(conn);

	if (!place)
		return;
	admission_give_back(conn->service, place);
	if (place->owes && !conn->recorded)
		admission_punish(conn->service, place, reason, conn->slot->blame[0] != '\0');
	place->owes = false;
}

void admit_harvest(struct service *service, const struct end_record *record, uint32_t uid)
{
	struct admission_place place = { 0 };

	if (!service->admission || limits_is_refusal(record->reason))
		return;
	identify(service->admission, &record->peer, record->peer_size, uid, &place.client);
	/* Of those that serve many, the arrival took the token. */
	if (!service->model.ops->many)
		admission_enter(service, &place, record->accepted_ns, clock_now_ns());
	admission_punish(
		service, &place, (enum end_reason)record->reason, record->has_texts && record->blame[0] != '\0');
}

void admit_arrival(struct service *service, const struct end_record *record)
{
	struct admission_place place = { 0 };

	if (!service->admission)
		return;
	identify(service->admission, &record->peer, record->peer_size, record->uid, &place.client);
	admission_enter(service, &place, record->accepted_ns, clock_now_ns());
}

void admit_tell_would(struct service *service, const struct end_record *record, enum end_reason would)
{
	tell_would(service, &record->peer, record->peer_size, would);
}
