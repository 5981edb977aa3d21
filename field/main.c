/* The program: everything is in the rooms. */
#include "satchel/cli/main.h"

int main(int argc, char **argv)
{
    return satchel_main(argc, argv);
}
