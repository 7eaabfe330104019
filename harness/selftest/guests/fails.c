// SPDX-License-Identifier: GPL-2.0
/* Fails, with an assertion that the report has to show. */
#include "umlock.h"
#include "kselftest_harness.h"

UMLOCK(.claims = "X1 X2", .timeout = 10);

TEST(one_is_two)
{
	ASSERT_EQ(1, 2);
}

TEST_HARNESS_MAIN
