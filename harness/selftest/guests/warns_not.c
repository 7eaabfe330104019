// SPDX-License-Identifier: GPL-2.0
/* Declares a WARN that does not come. */
#include "umlock.h"

UMLOCK(.timeout = 10, .warn = "__kvmalloc_node");

int main(void)
{
	return 0;
}
