// SPDX-License-Identifier: GPL-2.0
/* Passes, and leaves a child behind that ignores every signal it can. */
#include "bad.h"

#include <signal.h>

UMLOCK(.timeout = 10);

int main(void)
{
	if (fork())
		return 0;
	setsid();
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_IGN);
	for (;;)
		pause();
}
