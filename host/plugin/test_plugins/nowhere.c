/* SPDX-License-Identifier: Apache-2.0 */
/* A library beside a plugin. */
int number_of_nowhere(void);
int number_of_nowhere(void) { return 4; }
