/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is left of a config.json that is refused: a model without the values at fault, and without what can't be without
 * them. `ketch check` goes on with it, so that one bad value does not hide what else is wrong. Pure: no system calls.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "spec/model.h"
#include "util/cleanup.h"

enum { REST_MAX_ROUNDS = 16 };

/* A value that was taken out. */
struct rest_lack {
	char *path;   /* its JSON path in the text of its round */
	size_t index; /* element INDEX of the list that PATH is then; SIZE_MAX: a member */
	int round;
};

struct rest {
	struct rest_lack *v;
	size_t n, cap;
};

/* Takes out of JSON what spec_check() finds until it finds nothing. *ret is that model, to be freed with spec_free(), or NULL
 * where the whole document would go. 0 or -ENOMEM. */
int rest_load(struct spec **ret, struct rest *rest, const char *json, size_t len);
/* The place in the whole config of what is at WHERE (a struct err's, a JSON path) in the rest: elements that were taken out
 * count again. */
void rest_place(const struct rest *rest, char *where, size_t size);
/* Whether PATH lacks something, or is lacking itself. */
bool rest_lacks(const struct rest *rest, const char *path);
void rest_free(struct rest *rest);
