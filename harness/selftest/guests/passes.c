// SPDX-License-Identifier: GPL-2.0
/* Passes. */
#include "umlock.h"

UMLOCK(.claims = "X1", .timeout = 10);

int main(void)
{
	return 0;
}
