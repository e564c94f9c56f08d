// Static locals: whoever finds one initialised comes after its initialiser.
// No race; with RACE the marked accesses race.
#include "pair.h"

static int initialise() {
    shared = 1; //~ race
    return 1;
}

static int get() {
    static int value = initialise();
    return value;
}

static void *first(void *argument) {
    CHECK(get() == 1);
    turn(1);
    return argument;
}

static void *second(void *argument) {
    await(1);
    IF_RACE(CHECK(shared == 1);) //~ race
    for (int i = 0; i < 3; i++)
        CHECK(get() == 1);
    CHECK(shared == 1);
    return argument;
}
