/* SPDX-License-Identifier: MIT */
/* Decides the order of the course: the documents' mistakes first, then what the documents do not know. */
#include "lab/experiments.h"

#include <string.h>

const struct experiment *experiments_get(size_t number)
{
	size_t documents = 0;

	while (experiments_documents[documents].name)
		documents++;
	if (number < documents)
		return &experiments_documents[number];
	for (size_t i = 0; experiments_beyond[i].name; i++)
		if (i == number - documents)
			return &experiments_beyond[i];
	return NULL;
}

const struct experiment *experiments_find(const char *name)
{
	const struct experiment *experiment;

	for (size_t i = 0; (experiment = experiments_get(i)); i++)
		if (strcmp(experiment->name, name) == 0)
			return experiment;
	return NULL;
}

const char *experiments_program(const struct experiment *experiment)
{
	return experiment->program ? experiment->program : experiment->name;
}
