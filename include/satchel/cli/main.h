/* The command line of cli.md. */
#ifndef SATCHEL_CLI_MAIN_H
#define SATCHEL_CLI_MAIN_H

/* Runs one command; returns the exit status. */
int satchel_main(int argc, char **argv);

#endif
