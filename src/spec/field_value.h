/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to field.c: single values, without the state of a parse. */
#pragma once

#include "spec/field.h"

/* "'text'", "12", "an object": what EV is, for a message. */
void field_describe(char *out, size_t size, const struct json_event *ev);
/* Reads EV (a number) into an integer of the row's size at WHERE. False: out of range or no integer; SHOULD says what
 * it must be. */
bool field_integer(const struct field *row, void *where, const struct json_event *ev, char *should,
		   size_t size);
void field_set_integer(void *where, size_t size, uint64_t value);
uint64_t field_get_integer(const void *where, size_t size);
/* NULL, or what the string must be by the row's flags and check. */
const char *field_string_flaw(const struct field *row, const char *s);
/* "did you mean 'X'?", else the words of a short table, else "". */
void field_hint(char *out, size_t size, const struct name *names, const char *word);
/* The key of TABLE nearest to KEY, or NULL. */
const char *field_nearest(const struct field *table, const char *key);
