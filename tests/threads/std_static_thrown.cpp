// Static locals: an initialiser that throws comes before the next attempt.
// No race; with RACE the marked accesses race.
#include "pair.h"

static int attempts;

static int initialise() {
    shared++; //~ race
    if (attempts++ == 0) {
        turn(1);
        usleep(20000);
        throw 1;
    }
    return 1;
}

static int get() {
    static int value = initialise();
    return value;
}

static void *first(void *argument) {
    try {
        CHECK(get() == 1);
    } catch (int) {
    }
    return argument;
}

static void *second(void *argument) {
    await(1);
    IF_RACE(shared = 7;) //~ race
    try {
        CHECK(get() == 1);
    } catch (int) {
    }
    return argument;
}
