/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to json.c and json_locate.c: what can be said about JSON text without parsing it. */
#pragma once

#include <stddef.h>

/* What yajl does not refuse, or refuses without saying where. */
enum json_flaw {
	JSON_FLAWLESS,
	JSON_FLAW_NUL_BYTE,
	JSON_FLAW_UTF8,
	JSON_FLAW_NUL_ESCAPE,
	JSON_FLAW_SURROGATE,
};

/* Offset of the first flaw, or LEN. */
size_t json_find_flaw(const char *text, size_t len, enum json_flaw *ret);
const char *json_flaw_text(enum json_flaw flaw);

/* First byte of the token that ends just before END. */
size_t json_token_start(const char *text, size_t end);
