/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ketch program. */
#include "core/steps.h"

int main(void)
{
	return step_table.n == 0;
}
